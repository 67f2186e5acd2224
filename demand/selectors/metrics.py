"""A headline figure's value in the run that pages show, and the settings it was computed by."""

from demand.charts.brief import Headline, headlines
from demand.engine.parameters import Parameters
from demand.filters import DashboardFilters
from demand.metrics import SETTINGS
from demand.models import Run
from demand.selectors.dashboard import dashboard
from demand.selectors.facts import ResultsMissing


def current_value(run: Run, slug: str, see_small: bool) -> Headline | None:
    """The figure over everything in the run; None for a metric that is not one number."""
    try:
        board = dashboard(run, DashboardFilters(), see_small)
    except ResultsMissing:
        return None
    return next((headline for headline in headlines(board) if headline.metric == slug), None)


def parameters(run: Run | None, names: tuple[str, ...]) -> list[tuple[str, str, object, object]]:
    """(name, its meaning, value in the run, default) of the named settings."""
    defaults = Parameters().as_json()
    used = run.parameters if run else {}
    return [(name, SETTINGS.get(name, ""), used.get(name, defaults[name]), defaults[name]) for name in names if name in defaults]
