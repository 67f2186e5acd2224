"""What every figure means, room by room: the words of definitions.md for the people who read the brief."""

from demand.metrics import brief, data, leakage, markets, patients, policies, scenarios, white_bags
from demand.metrics.metric import SQL_FOLDER, Metric
from demand.metrics.settings import SETTINGS

__all__ = ["METRICS", "SETTINGS", "Metric", "stages"]

ROOMS = (brief, leakage, white_bags, patients, policies, markets, scenarios, data)
METRICS = {metric.slug: metric for room in ROOMS for metric in room.METRICS}


def stages() -> list[tuple[str, str]]:
    """(file, what its first comment says) of every SQL stage there is."""
    found = []
    for path in sorted(SQL_FOLDER.glob("*.sql")):
        first = path.read_text(encoding="utf-8").lstrip().splitlines()[0] if path.stat().st_size else ""
        found.append((path.name, first.removeprefix("--").strip()))
    return found
