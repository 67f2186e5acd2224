"""A claims run and the dated registers -> the `Market` that a scenario rests on; grain: one cell of at least 11 people.

Each strand of infusions gets its prices (at the hospital where it is, and at the new site) and its fate under the policies;
strands that share payer, line of business, therapy and fate become one cell, its amounts the means over infusions.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as with_default
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from demand.engine.capacity import USUAL_CHAIR_MINUTES
from roi.engine.leaving import Fate, Law, fate, known_fate
from roi.engine.market import BETTER, HOSPITAL, Cell, Market, Offer, RateChange
from roi.engine.marks import BORROWED, GUESSED, MEASURED, Source
from roi.engine.options import INFUSION_CENTER, SITE_CLASSES
from roi.engine.prices import MEDICARE, Paid, PriceBook
from roi.engine.strand_prices import Later, Priced, Pricing, used_biosimilars, usual_doses
from roi.engine.terms import MEDICARE_PAID_SHARE
from roi.engine.volumes import Likely, Strand, Window, read_volumes

POOLED_THERAPIES, POOLED_PAYERS, OTHER = "pooled therapies", "pooled payers", "other"
_PLACES = Decimal("0.0001")
_CHANCE = Decimal("0.000001")


class CellKey(NamedTuple):
    place: str
    payer: str
    line_of_business: str
    family: str
    fate: Fate


@dataclass(frozen=True)
class PolicyBook:
    """Policy documents, state laws, and the chair minutes and 340B sites that the registers give. `denials`: by payer, the share of
    what the claims allow that revenue cycle wrote off, over that of all payers. `bound`: (person, family, class of site) that the
    clinical line keeps apart."""

    policies: Sequence[Mapping]
    laws: Sequence[Law]
    chair_minutes: Mapping[str, int]
    sites_340b: Sequence[str]
    denials: Mapping[str, Decimal] = with_default(default_factory=dict)
    bound: Sequence[tuple[int, str, str]] = ()


@dataclass(frozen=True)
class RiskBook:
    """The run's risks to move: their Parquet, what the model card says of them, and by what share of the moves the last forecast was off."""

    path: Path
    status: str
    off: Decimal


def measure_market(
    run_id: int,
    infusions: Path,
    facts: Path,
    prices: PriceBook,
    policies: PolicyBook,
    *,
    exposure: Path | None = None,
    risk: RiskBook | None = None,
    name: str = "",
    on: dt.date,
) -> Market | None:
    """A run's Parquet and the dated registers -> Market with prices as of `on`, the site's those of an infusion center; None where the
    run has no infusion. Without the run's exposures the policies' documents say who leaves, and nobody leaves by risk: whom a policy
    explains is not known then."""

    found: dict[int, Priced] = {}

    def cells_of(strands: list[Strand], window: Window) -> dict[int, CellKey]:
        pricing = Pricing(prices, on, usual_doses(strands), used_biosimilars(strands, prices, on))
        found.update({strand.strand_no: each for strand in strands if (each := pricing.of(strand)) is not None})
        until = _month_after(window.last_month)
        return {
            number: CellKey(
                each.strand.place,
                each.strand.payer,
                each.strand.line_of_business,
                each.strand.family,
                known_fate(each.strand, policies.policies)
                if window.knows_exposure and each.strand.place == HOSPITAL
                else fate(each.strand, policies.policies, policies.laws, until),
            )
            for number, each in found.items()
        }

    used = risk.path if risk and risk.status == BETTER and exposure else None
    volumes = read_volumes(
        infusions, facts, exposure, policies.sites_340b, cells_of, wider, risk=used, market=name, bound=policies.bound
    )
    if volumes is None:
        return None
    cells = [
        _at_risk(
            _cell(key, [found[strand.strand_no] for strand in strands], volumes.window.months, policies, prices),
            volumes.likely.get(key),
            sum(strand.infusions for strand in strands),
        ).at_class(INFUSION_CENTER)
        for key, strands in volumes.cells.items()
    ]
    cells.sort(key=lambda cell: (cell.place, cell.payer, cell.line_of_business, cell.family, cell.policy_id))
    priced = sum(each.strand.infusions for each in found.values())
    return Market(
        run_id=run_id,
        name=name,
        first_month=volumes.window.first_month,
        last_month=volumes.window.last_month,
        mature=volumes.window.mature,
        quarter=prices.quarter,
        cells=tuple(cells),
        left_out=_share(volumes.left_out, volumes.infusions),
        unpriced=_share(volumes.infusions - priced, volumes.infusions),
        risk_status=risk.status if risk and exposure else "",
        risk_off=risk.off if used else Decimal(0),
    )


def wider(key: CellKey) -> CellKey | None:
    """The next wider cell of one that is too small: who leaves in one quarter together, then therapies, then payers, then without
    their policy, then all."""
    if key.fate.leaves_on is not None and not key.fate.by_quarter:
        return key._replace(fate=replace(key.fate, leaves_on=_quarter(key.fate.leaves_on), by_quarter=True))
    if key.family != POOLED_THERAPIES:
        return key._replace(family=POOLED_THERAPIES)
    if key.payer != POOLED_PAYERS:
        return key._replace(payer=POOLED_PAYERS)
    if key.fate != Fate():
        return key._replace(fate=Fate())
    if key.line_of_business != OTHER:
        return key._replace(line_of_business=OTHER)
    return None


def _cell(key: CellKey, priced: list[Priced], months: int, policies: PolicyBook, book: PriceBook) -> Cell:
    number = sum(each.strand.infusions for each in priced)

    def mean(amount: Callable[[Priced], Decimal]) -> Decimal:
        return _mean([(each.strand.infusions, amount(each)) for each in priced])

    bought = number - sum(each.strand.white_bagged for each in priced)
    at_hospital = key.place == HOSPITAL
    allowed, allowed_source = _hospital_allowed(priced) if at_hospital else (None, Source(GUESSED))
    negotiated = (row.effective_from for row in book.dated.rules.negotiated if row.family == key.family)
    return Cell(
        place=key.place,
        payer=key.payer,
        line_of_business=key.line_of_business,
        family=key.family,
        infusions_per_month=_round(Decimal(number) / months),
        hospital_allowed=allowed,
        hospital_administration=mean(lambda each: each.at_hospital.administration) if at_hospital else None,
        hospital_source=allowed_source,
        site_drug=Decimal(0),
        site_administration=Decimal(0),
        site_source=Source(GUESSED),
        limit=mean(lambda each: each.limit),
        asp=mean(lambda each: each.asp),
        biosimilar_asp=mean(lambda each: each.biosimilar_asp or each.asp) if any(each.biosimilar_asp for each in priced) else None,
        white_bag_share=_in_steps(sum(each.strand.white_bagged for each in priced), number),
        share_340b=_in_steps(sum(each.strand.bought_at_340b for each in priced), bought),
        chair_minutes=mean(lambda each: Decimal(policies.chair_minutes.get(each.strand.family) or USUAL_CHAIR_MINUTES)),
        leaves_on=key.fate.leaves_on,
        policy_id=key.fate.policy_id,
        bars_affiliated=key.fate.bars_affiliated,
        negotiated_from=next(negotiated, None) if key.line_of_business == MEDICARE else None,
        denial_index=policies.denials.get(key.payer, Decimal(1)),
        patient_share=_share(
            sum(each.strand.patient_cents for each in priced),
            sum(each.strand.allowed_cents for each in priced if each.strand.with_allowed),
        ),
        offers={site_class: offer for site_class in SITE_CLASSES if (offer := _offer(site_class, priced, number))},
        excluded=tuple(site_class for site_class in SITE_CLASSES if site_class in key.fate.excluded),
        hospital_changes=_changes(priced, lambda later: later.at_hospital) if at_hospital else (),
    )


def _changes(priced: list[Priced], paid: Callable[[Later], Paid | None]) -> tuple[RateChange, ...]:
    """From each later day on which a contract rate begins: the mean price as a share of the first; days that change nothing are left out."""
    days = sorted({one.since for each in priced for one in each.later})

    def means(day: dt.date) -> tuple[Decimal, Decimal]:
        on_day = [(each.strand.infusions, paid(each.on(day))) for each in priced]
        return _mean([(n, one.drug) for n, one in on_day]), _mean([(n, one.administration) for n, one in on_day])

    found: list[RateChange] = []
    first = before = means(dt.date.min) if days else None
    for day in days:
        now = means(day)
        if now != before:
            shares = ((a / b).quantize(_CHANCE) if b else Decimal(1) for a, b in zip(now, first, strict=True))
            found.append(RateChange(day, *shares))
        before = now
    return tuple(found)


def _at_risk(cell: Cell, likely: Likely | None, infusions: int) -> Cell:
    """The cell with the mean chances of those who may leave without a policy, told of a share of the cell in steps of 5 %, so that it
    gives no few people away."""
    if likely is None:
        return cell
    share = _in_steps(likely.infusions, infusions)
    chances = [(share * chance / likely.infusions).scaleb(-7).quantize(_CHANCE) for chance in likely.chances]
    return replace(cell, risk=tuple(chances), risk_from=likely.first)


def _offer(site_class: str, priced: list[Priced], number: int) -> Offer | None:
    """Means over the infusions that can be given at the class of site; None where none of them can. Of these the clinical line may keep
    some away: the share is told in steps of 5 %, so that it gives no few people away."""
    able = [each for each in priced if site_class in each.at_sites]
    found = [(each.strand.infusions, *each.at_sites[site_class]) for each in able]
    if not found:
        return None
    return Offer(
        drug=_mean([(weight, paid.drug) for weight, paid, _ in found]),
        administration=_mean([(weight, paid.administration) for weight, paid, _ in found]),
        biosimilar_drug=_mean([(weight, paid.drug if other is None else other) for weight, paid, other in found])
        if any(other is not None for *_, other in found)
        else None,
        share=_share(sum(weight for weight, *_ in found), number) * _may_move(site_class, able),
        source=_weightiest([(weight, paid.source) for weight, paid, _ in found]),
        changes=_changes(able, lambda later: later.at_sites[site_class]),
    )


def _may_move(site_class: str, priced: list[Priced]) -> Decimal:
    kept = sum(each.strand.kept_from(site_class) for each in priced)
    return 1 - _in_steps(kept, sum(each.strand.infusions for each in priced))


def _mean(weighted: list[tuple[int, Decimal]]) -> Decimal:
    return _round(sum((weight * amount for weight, amount in weighted), Decimal(0)) / sum(weight for weight, _ in weighted))


def _hospital_allowed(priced: list[Priced]) -> tuple[Decimal, Source]:
    """Mean allowed amount of what the hospital bought and billed; where no claim tells it, as its contract has it. Medicare pays
    less than it allows: sequestration takes 2 % of its 80 %."""
    known = sum(each.strand.with_allowed for each in priced)
    if known:
        paid = sum(
            (
                each.strand.allowed_cents * (MEDICARE_PAID_SHARE if each.strand.line_of_business == MEDICARE else 1)
                for each in priced
            ),
            Decimal(0),
        )
        return _round(paid / known), Source(MEASURED, "Allowed amounts of the claims")
    number = sum(each.strand.infusions for each in priced)
    total = sum(((each.at_hospital.drug + each.at_hospital.administration) * each.strand.infusions for each in priced), Decimal(0))
    return _round(total / number), _weightiest([(each.strand.infusions, each.at_hospital.source) for each in priced])


def _weightiest(sources: list[tuple[int, Source]]) -> Source:
    """The source that most infusions rest on."""
    weights: dict[Source, int] = {}
    for number, source in sources:
        weights[source] = weights.get(source, 0) + number
    return max(weights, key=lambda source: (weights[source], source.mark == BORROWED, source.text))


def _quarter(month: dt.date) -> dt.date:
    return month.replace(month=(month.month - 1) // 3 * 3 + 1, day=1)


def _month_after(month: dt.date) -> dt.date:
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def _share(part: int, whole: int) -> Decimal:
    return _round(Decimal(part) / whole) if whole else Decimal(0)


def _in_steps(part: int, whole: int) -> Decimal:
    """A share in steps of 5 %: an exact one, times the cell's infusions, would tell a few people's."""
    return (Decimal(part) / whole * 20).quantize(Decimal(1)) / 20 if whole else Decimal(0)


def _round(number: Decimal) -> Decimal:
    return number.quantize(_PLACES)
