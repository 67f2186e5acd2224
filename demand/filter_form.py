"""The selects of a page's filter form: what a run's figures can be narrowed to, and what the address has chosen."""

from demand import words
from demand.access import sees_small_counts
from demand.filters import NOT_REGISTERED, PLACES, WORDS, DashboardFilters
from demand.selectors.dashboard import Choices
from sites.models import Site

LABELS = {"line_of_business": words.line_of_business}


def site_names() -> dict[str, str]:
    return dict(Site.objects.values_list("site_id", "name")) | {NOT_REGISTERED: "all that are not in the register"}


def fields(found: Choices, filters: DashboardFilters, user) -> list[dict]:
    """One select per filter. A value that the run does not have stays chosen, so that the form says what the address says.

    Sites and owners are offered to those who may ask for them (demand.selectors.hidden).
    """
    made = []
    places = PLACES if sees_small_counts(user) or filters.places else {}
    names = site_names() if places else {}
    for name, label in (WORDS | places).items():
        values = list(getattr(found, name))
        chosen = getattr(filters, name)
        if chosen and chosen not in values:
            values.insert(0, chosen)
        written = (lambda value: names.get(value, value)) if name == "site" else LABELS.get(name, words.named)
        made.append({"name": name, "label": label, "chosen": chosen, "options": [(value, written(value)) for value in values]})
    return made
