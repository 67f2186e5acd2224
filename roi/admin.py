"""What is written to the audit log of scenarios. They are changed on their pages, where every change is a version, not here."""

from auditlog.registry import auditlog

from roi.models import Approval, Formulary, Scenario, ScenarioVersion

auditlog.register(Scenario)
auditlog.register(ScenarioVersion, exclude_fields=["inputs"])  # a version holds its inputs for good; the log need not
auditlog.register(Approval)
auditlog.register(Formulary, exclude_fields=["rows"])
