"""Names of prescriber numbers, as the roster last knew them."""

from collections.abc import Iterable

from sites.models import Prescriber


def prescriber_names(npis: Iterable[str | None]) -> dict[str, str]:
    """npi -> name; numbers without a name on the roster are not in it."""
    asked = {npi for npi in npis if npi}
    return {
        npi: name for npi, name in Prescriber.objects.filter(npi__in=asked).order_by("starts_on").values_list("npi", "name") if name
    }
