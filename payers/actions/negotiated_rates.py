"""Hospitals' published negotiated rates into the database, as the benchmark of our own; a file replaces that of its month."""

from pathlib import Path

from django.db import transaction

from payers.engine.negotiated_rates import month_or_refuse, read_negotiated_rates
from payers.models import DrugCode, NegotiatedRate, ServiceCode
from sites.actions.registers import Loaded, store

KEY = ["hospital", "hcpcs_code", "payer", "plan", "methodology", "published_on"]


@transaction.atomic
def load_negotiated_rates(path: Path, name: str | None = None, month: str = "") -> Loaded:
    """One published file. `name` is what people call it; `month` (year-month) where its name does not say it."""
    name = name or path.name
    published_on = month_or_refuse(name, month)
    known = {*DrugCode.objects.values_list("hcpcs_code", flat=True), *ServiceCode.objects.values_list("hcpcs_code", flat=True)}
    benchmark = read_negotiated_rates(path, known, name)
    source = f"hospitals' published rates (45 CFR 180.50), {published_on:%Y-%m}"
    rows = [vars(rate) | {"published_on": published_on, "source": source} for rate in benchmark.rates]
    gone = NegotiatedRate.objects.filter(published_on=published_on)
    given = {tuple(row[key] for key in KEY) for row in rows}
    gone = [pk for pk, *key in gone.values_list("pk", *KEY) if tuple(key) not in given]
    for start in range(0, len(gone), 500):
        NegotiatedRate.objects.filter(pk__in=gone[start : start + 500]).delete()
    stored = store(NegotiatedRate, KEY, rows)
    notes = {
        "published_on": published_on.isoformat(),
        "rows_read": benchmark.rows_read,
        "hospitals": len(benchmark.hospitals),
        "held_aside": benchmark.aside,
        "of_other_codes": benchmark.other_codes,
        "no_longer_published": len(gone),
    }
    return Loaded(Path(name).name, stored, benchmark.rejected, (), notes)
