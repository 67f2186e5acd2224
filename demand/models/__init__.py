from demand.models.extracts import Extract, ExtractFile
from demand.models.feeds import Feed, FeedTable
from demand.models.logs import Denial, Order, PatientImpact, WhiteBagEvent
from demand.models.results import LeakageCell
from demand.models.runs import Run

__all__ = [
    "Denial",
    "Extract",
    "ExtractFile",
    "Feed",
    "FeedTable",
    "LeakageCell",
    "Order",
    "PatientImpact",
    "Run",
    "WhiteBagEvent",
]
