"""What the registers and the newest claims run say about a market, for a scenario to be frozen into its version."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
from django.db.models import Max, Min, Sum

from demand import storage
from demand.engine.disclosure import SMALLEST_SHOWN
from demand.engine.drug_suitability import SITE_CLASSES
from demand.engine.verdicts import MUST_STAY, SHOULD_NOT
from demand.models import Denial, LeakageCell, Run
from demand.selectors.clinical_line import judged, saved_line, standing_version
from demand.selectors.facts import ResultsMissing
from payers.models import AspLimit, DrugFamily, Policy, StateLaw
from payers.selectors.prices import price_book as dated_prices
from roi.actions.scenarios import Refused
from roi.engine.leaving import Law
from roi.engine.market import Market
from roi.engine.measure_market import PolicyBook, RiskBook, measure_market
from roi.engine.prices import PriceBook
from sites.models import Site

ALLOWED = """
SELECT payer, sum(allowed_cents)::BIGINT FROM infusion
WHERE ownership = 'owned' AND service_date BETWEEN ? AND ?
GROUP BY payer HAVING count(DISTINCT person_no) >= ?
"""


@dataclass(frozen=True)
class DataAtHand:
    """The published run that a new scenario would read, its markets, and the last month it has claims of."""

    run: Run
    markets: tuple[str, ...]
    last_month: dt.date | None


def newest_run() -> Run | None:
    """The published claims run that new scenarios read."""
    return Run.objects.published().first()


def data_at_hand() -> DataAtHand | None:
    """None where nothing has been computed yet."""
    run = newest_run()
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
    exposure = folder / "exposure.parquet"
    return measure_market(
        run.pk,
        folder / "infusions.parquet",
        folder / "facts.parquet",
        price_book(on),
        policy_book(run, folder / "infusions.parquet"),
        exposure=exposure if exposure.exists() else None,
        risk=risk_book(run),
        name=name,
        on=on,
    )


def risk_book(run: Run) -> RiskBook | None:
    """The run's risks to move, with what its model card says; None where the run keeps none. By what share of the moves the last
    forecast was off is told in steps of 5 %, so that it gives no few people away."""
    card, path = (run.result or {}).get("move_risk"), storage.run_folder(run.pk) / "risk.parquet"
    if not card or not path.exists():
        return None
    judged = card["evaluation"] or {}
    expected, moved = judged.get("expected"), judged.get("moved")
    off = abs(Decimal(moved) / Decimal(str(expected)) - 1) if expected and moved is not None else Decimal(0)
    return RiskBook(path, card["status"], (off * 20).quantize(Decimal(1)) / 20)


def price_book(on: dt.date) -> PriceBook:
    """Every dated price on file; of a family's biosimilars that have a payment limit on that day the cheapest stands for them all."""
    dated = dated_prices()
    quarter = AspLimit.objects.order_by("-quarter_start").values_list("quarter_start", flat=True).first()
    families = DrugFamily.objects.values_list(
        "family", "infusion_minutes", "planned_self_injection", "self_administered_family_form"
    )
    biosimilars: dict[str, tuple[Decimal, str]] = {}
    for code in sorted({row.hcpcs_code for row in dated.rules.add_ons}):
        asp, unit = dated.asp(code, on), dated.unit(code, on)
        if asp and unit:
            offered = (asp.average_sales_price / unit.amount, code)
            biosimilars[unit.family] = min(biosimilars.get(unit.family, offered), offered)
    return PriceBook(
        dated=dated,
        minutes={family: minutes for family, minutes, *_ in families if minutes},
        self_injected=frozenset(family for family, _, *forms in families if any(forms)),
        biosimilars={family: code for family, (_, code) in biosimilars.items()},
        quarter=f"{quarter:%Y-%m-%d}" if quarter else "",
    )


def policy_book(run: Run, infusions: Path) -> PolicyBook:
    laws = StateLaw.objects.values_list("state", "shields_from", "effective_from", "effective_to")
    return PolicyBook(
        policies=list(Policy.objects.on_file().values_list("document", flat=True)),
        laws=[Law(*row) for row in laws],
        chair_minutes={family: minutes for family, minutes in DrugFamily.objects.values_list("family", "chair_minutes") if minutes},
        denials=denial_indexes(infusions),
        bound=kept_apart(run),
        sites_340b=list(Site.objects.on_file().filter(is_340b=True).values_list("site_id", flat=True)),
    )


def denial_indexes(infusions: Path) -> dict[str, Decimal]:
    """By payer: what revenue cycle wrote off in our log ÷ what the claims allow in the log's months, over the same of all payers.

    Only payers with claims of 11 people or more in those months; no log, no index: every payer then denies alike.
    """
    logged = Denial.objects.filter(written_off_cents__isnull=False, service_date__isnull=False).exclude(payer="")
    span = logged.aggregate(first=Min("service_date"), last=Max("service_date"))
    if span["first"] is None:
        return {}
    lost = {row["payer"]: row["lost"] for row in logged.values("payer").order_by().annotate(lost=Sum("written_off_cents"))}
    with duckdb.connect() as connection:
        connection.read_parquet(str(infusions)).create_view("infusion")
        rows = connection.execute(ALLOWED, [span["first"], span["last"], SMALLEST_SHOWN]).fetchall()
    allowed = {payer: cents for payer, cents in rows if cents and payer in lost}
    if not allowed or not sum(lost[payer] for payer in allowed):
        return {}
    overall = Decimal(sum(lost[payer] for payer in allowed)) / sum(allowed.values())
    return {payer: (Decimal(lost[payer]) / cents / overall).quantize(Decimal("0.0001")) for payer, cents in allowed.items()}


def kept_apart(run: Run) -> list[tuple[int, str, str]]:
    """(person, family, class of site) that the standing clinical line keeps apart: must stay, or should not go there. A run that does not
    keep what the line asks keeps nobody apart; who cannot be judged may move."""
    try:
        found = judged(run, saved_line(standing_version()))
    except ResultsMissing:
        return []
    people, families = found.values.numbers["person_no"], found.values.texts["family"]
    kept = np.argwhere((found.verdict == MUST_STAY) | (found.verdict == SHOULD_NOT))
    return [(int(people[row]), str(families[row]), SITE_CLASSES[column]) for row, column in kept]
