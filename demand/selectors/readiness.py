"""What an extract can answer: its columns, its perspective, and the registers that are on file beside it."""

from collections.abc import Mapping

from demand.engine.fill import shares
from demand.engine.readiness import Inputs, Readiness, readiness
from demand.models import Extract, Order, WhiteBagEvent
from demand.selectors.measured import filled
from payers.models import Policy
from sites.models import Prescriber, Site, ZipCentroid

REGISTERS = {
    "sites": Site,
    "prescribers": Prescriber,
    "zip_centroids": ZipCentroid,
    "policies": Policy,
    "orders": Order,
    "white_bag_events": WhiteBagEvent,
}


def registers() -> frozenset[str]:
    """The registers and logs that hold something now."""
    return frozenset(name for name, model in REGISTERS.items() if model.objects.exists())


def readiness_of(columns: Mapping[str, Mapping[str, float]], perspective: str) -> Readiness:
    """For a dry run: filled shares by kind and column (`engine.fill`), before anything is committed."""
    return readiness(Inputs(columns, perspective, registers()))


def extract_readiness(extract: Extract) -> Readiness:
    return readiness_of(shares(filled(extract)), extract.perspective)
