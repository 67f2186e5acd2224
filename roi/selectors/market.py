"""What the registers and the newest claims run say about a market, for a scenario to be frozen into its version."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from demand import storage
from demand.models import LeakageCell, Run
from payers.models import AdministrationFee, AspLimit, DrugCode, DrugFamily, Policy, StateLaw
from payers.selectors.prices import price_book as dated_prices
from roi.actions.scenarios import Refused
from roi.engine.leaving import Law
from roi.engine.market import Market
from roi.engine.measure_market import PolicyBook, measure_market
from roi.engine.prices import PriceBook
from sites.models import Site


@dataclass(frozen=True)
class DataAtHand:
    """The published run that a new scenario would read, its markets, and the last month it has claims of."""

    run: Run
    markets: tuple[str, ...]
    last_month: dt.date | None


def has_data() -> bool:
    return Run.objects.published().exists()


def data_at_hand() -> DataAtHand | None:
    """None where nothing has been computed yet."""
    run = Run.objects.published().first()
    if run is None:
        return None
    cells = LeakageCell.objects.filter(run=run)
    # Without order_by() the model's own order would make every row distinct.
    markets = sorted(set(cells.order_by().values_list("market", flat=True).distinct()) - {"unknown", ""})
    last = cells.order_by("-month").values_list("month", flat=True).first()
    return DataAtHand(run, tuple(markets), last)


def read_market(run: Run, name: str, on: dt.date) -> Market | None:
    """Volumes of a run's market ("" for all), at the prices of a day; None where the run has no infusion.

    Refused where the run's files are not in storage.
    """
    folder = storage.run_folder(run.pk)
    if not (folder / "infusions.parquet").exists():
        raise Refused(f"The files of claims run {run.pk} are not in storage any more; recompute, then save the scenario again.")
    return measure_market(
        run.pk, folder / "infusions.parquet", folder / "facts.parquet", price_book(on), policy_book(), name=name, on=on
    )


def price_book(on: dt.date) -> PriceBook:
    """Contracts, units, and of payment limits and fees the newest that were published by that day (else the oldest there are)."""
    limits = _newest(AspLimit.objects.values_list("hcpcs_code", "quarter_start", "payment_limit"), on)
    fees = _newest(AdministrationFee.objects.values_list("hcpcs_code", "effective_from", "amount"), on)
    units = _newest(DrugCode.objects.values_list("hcpcs_code", "effective_from", "unit_amount"), on)
    every = dated_prices()
    asps = {code: every.asp(code, day) for code, (day, _) in limits.items()}
    return PriceBook(
        rates=[rate for rate in every.rates if not rate.site_id],
        average_sales_prices={code: asp.average_sales_price for code, asp in asps.items()},
        limits={code: amount for code, (_, amount) in limits.items()},
        units={code: Decimal(str(amount)) for code, (_, amount) in units.items()},
        fees={code: amount for code, (_, amount) in fees.items()},
        quarter=max((day for day, _ in limits.values()), default=None) and f"{max(day for day, _ in limits.values()):%Y-%m-%d}",
    )


def policy_book() -> PolicyBook:
    laws = StateLaw.objects.values_list("state", "shields_from", "effective_from", "effective_to")
    return PolicyBook(
        policies=list(Policy.objects.on_file().values_list("document", flat=True)),
        laws=[Law(*row) for row in laws],
        chair_minutes={family: minutes for family, minutes in DrugFamily.objects.values_list("family", "chair_minutes") if minutes},
        sites_340b=list(Site.objects.on_file().filter(is_340b=True).values_list("site_id", flat=True)),
    )


def _newest(rows, on: dt.date) -> dict:
    """(code, date, amount) rows -> (date, amount) by code: the newest that began by the day, else the first to come."""
    found: dict = {}
    for code, day, amount in rows:
        before = found.get(code)
        if before is None or (day <= on and (before[0] > on or day > before[0])) or (on < day < before[0]):
            found[code] = (day, amount)
    return found
