"""Claims, runs and results are not edited by hand: the admin site has none of them. Their changes are audited all the same."""

from auditlog.registry import auditlog

from demand.models import Extract

# A file's name may name a patient and a run changes every second, so neither is in the log; uploads note themselves.
auditlog.register(Extract, exclude_fields=["counts", "loaded_at", "refusal"])
