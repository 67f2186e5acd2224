from demand.models.clinical_line import DrugRule, RetentionLine, SignedStands
from demand.models.dark import DarkResolution
from demand.models.extracts import ColumnMapping, Extract, ExtractFile
from demand.models.feeds import Feed, FeedTable
from demand.models.logs import ClinicalFact, Denial, LogChange, LogLoad, Order, PatientImpact, Settlement, WhiteBagEvent
from demand.models.results import LeakageCell
from demand.models.runs import Run
from demand.models.uploads import Upload

__all__ = [
    "ClinicalFact",
    "ColumnMapping",
    "DarkResolution",
    "Denial",
    "DrugRule",
    "Extract",
    "ExtractFile",
    "Feed",
    "FeedTable",
    "LeakageCell",
    "LogChange",
    "LogLoad",
    "Order",
    "PatientImpact",
    "RetentionLine",
    "Run",
    "Settlement",
    "SignedStands",
    "Upload",
    "WhiteBagEvent",
]
