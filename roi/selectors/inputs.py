"""A version's inputs as people read them: answers with their unit and source, the market's tables, and what rests on what."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from demand.words import line_of_business
from roi.engine.center_fields import FIELDS, SECTIONS
from roi.engine.field import MONEY, MONTH, SHARES, YES_NO
from roi.engine.infusion_center import Answer, Center, bars_site, read_value
from roi.engine.market import BETTER, ELSEWHERE, HOSPITAL, Cell, Market
from roi.engine.marks import BORROWED, GUESSED, MARKS, MEASURED, Source, mark_counts
from roi.engine.spreads import leaves_by_risk
from roi.engine.typed_volumes import VolumeKey, measured_of, volumes_of


@dataclass(frozen=True)
class ShownInput:
    key: str
    label: str
    value: str
    source: Source | None


@dataclass(frozen=True)
class ShownSection:
    title: str
    inputs: tuple[ShownInput, ...]


@dataclass(frozen=True)
class Debt:
    """How many inputs are measured, borrowed and guessed, and the share of each."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def shares(self) -> list[tuple[str, int, float]]:
        return [(mark, self.counts[mark], self.counts[mark] / self.total) for mark in MARKS]

    def sentence(self) -> str:
        guessed = self.counts[GUESSED]
        return (
            f"Of {self.total} inputs {self.counts[MEASURED]} are measured in this system's own data, {self.counts[BORROWED]} are "
            f"borrowed from a dated source and {guessed} are guessed ({100 * guessed / self.total:.0f} %)."
        )


def shown_sections(center: Center) -> tuple[ShownSection, ...]:
    """Every answer by section, the data's own inputs last."""
    sections = [
        ShownSection(
            section.title,
            tuple(
                ShownInput(
                    field.key, field.label, shown_value(field.key, center.answers[field.key]), center.answers[field.key].source
                )
                for field in section.fields
                if center.kind.asks(field.key)
            ),
        )
        for section in SECTIONS
        if any(center.kind.asks(field.key) for field in section.fields)
    ]
    return (*sections, ShownSection("From the data", data_inputs(center)))


def shown_value(key: str, answer: Answer) -> str:
    """An answer with its unit: $80,000 a chair; 8 % a year; Jan 2027."""
    field, text = FIELDS[key], answer.text.strip()
    if field.kind == YES_NO:
        return text
    if field.kind == MONTH:
        return f"{read_value(key, text):%b %Y}"
    if field.kind == SHARES:
        return ", ".join(part.strip() for part in text.split(",")) + " %"
    if field.kind == MONEY:
        return f"${_thousands(text)}{field.unit.removeprefix('$')}"
    return f"{_thousands(text)} {field.unit}".strip() if field.kind != "text" else text


def _thousands(text: str) -> str:
    cleaned = text.replace(",", "").replace("−", "-").removeprefix("$").removesuffix("%").strip()
    return f"{Decimal(cleaned):,f}".replace("-", "−")


def data_inputs(center: Center) -> tuple[ShownInput, ...]:
    """What the market brings, one input for each kind of number and each kind of source it rests on."""
    market = center.market
    here, elsewhere = market.at(HOSPITAL), market.at(ELSEWHERE)
    claims = Source(MEASURED, run_words(market), f"{market.last_month:%Y-%m}")
    made = [
        ShownInput(key, label, _as_measured(cells), claims)
        for key, label, cells in (
            ("data_volumes", "Infusions in our hospitals", here),
            ("data_elsewhere", "Infusions of our prescribers' patients elsewhere", elsewhere),
        )
    ]
    for volume in volumes_of(market):
        if volume.typed:
            shown = f"{_plain(volume.used)} a month; measured: {volume.measured:,.1f}"
            said = Source(GUESSED, f"{volume.typed.reason} ({volume.typed.said_by})")
            name = volume_name(volume.key)
            made.append(ShownInput(f"data_typed: {name}", f"Volume typed over: {name}", shown, said))
    made += _prices("data_hospital", "What the hospital is allowed", here, lambda cell: cell.hospital_source)
    made += _prices("data_site", "What contracts allow at the new site", market.cells, lambda cell: cell.site_source)
    made.append(
        ShownInput(
            "data_limits",
            "Medicare's payment limits",
            f"{len(market.cells)} groups",
            Source(BORROWED, "CMS ASP payment limits", market.quarter),
        )
    )
    leaving = [cell for cell in here if cell.leaves_on]
    if leaving:
        policies = ", ".join(sorted({cell.policy_id for cell in leaving}))
        made.append(
            ShownInput(
                "data_policies", "When policies make patients leave", policies, Source(BORROWED, "Payers' policies on file", "")
            )
        )
    for (since, payer, where), shares in _rate_changes(market).items():
        contract = f"Contract of {payer} {where} from {since:%Y-%m-%d} on"
        made.append(
            ShownInput(
                f"data_rate: {contract}",
                contract,
                f"{'; '.join(shares)} of what it pays first",
                Source(BORROWED, "Contract rates on file, dated ahead", f"{since:%Y-%m-%d}"),
            )
        )
    if leaves_by_risk(center):
        text = f"{run_words(market)}: risk to move, better than the base rate on months it had not seen"
        made.append(
            ShownInput(
                "data_risk",
                "Leave our hospitals without a policy within 12 months",
                f"{_likely(here):,.0f} of {_sum(here):,.0f} infusions a month",
                Source(MEASURED, text, f"{next(cell.risk_from for cell in here if cell.risk):%Y-%m}"),
            )
        )
    return tuple(made)


def _as_measured(cells) -> str:
    """172 a month; where some of them are typed over, the others, and how many were measured in all."""
    used = f"{_sum(cell for cell in cells if not cell.typed_over):,.0f} a month"
    if not any(cell.typed_over for cell in cells):
        return used
    return f"{used} as measured, besides volumes typed over (measured in all: {sum(map(measured_of, cells)):,.0f})"


def typed_words(market: Market) -> str:
    """Volumes typed over, as name and infusions a month; empty where there is none."""
    return ", ".join(f"{volume_name(volume.key)}: {_plain(volume.used)}" for volume in volumes_of(market) if volume.typed)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():,f}"


def _rate_changes(market: Market) -> dict[tuple[dt.date, str, str], list[str]]:
    """By (day, payer, where) of contract rates that begin later, in the order of their days: what they then pay, each once."""
    found: dict[tuple[dt.date, str, str], list[str]] = {}
    for cell in market.cells:
        for where, changes in (("at the new site", cell.site_changes), ("at the hospital", cell.hospital_changes)):
            for change in changes:
                paid = f"drugs {change.drug * 100:.1f} %, administration {change.administration * 100:.1f} %"
                said = found.setdefault((change.since, cell.payer, where), [])
                said += [paid] if paid not in said else []
    return dict(sorted(found.items()))


def volume_name(key: VolumeKey) -> str:
    """Plan A, commercial, infliximab; of patients elsewhere it says so."""
    elsewhere = "" if key.place == HOSPITAL else ", elsewhere"
    return f"{key.payer}, {line_of_business(key.line_of_business)}, {key.family}{elsewhere}"


def _likely(cells) -> Decimal:
    return sum((cell.infusions_per_month * sum(cell.risk) for cell in cells), Decimal(0))


def risk_note(center: Center) -> str:
    """Who leaves without a policy, or why nobody is counted to."""
    market = center.market
    if not market.risk_status:
        return "Who leaves without a policy is left out: when this version was read its claims run kept no risks to move, or not whom policies reach."
    if market.risk_status != BETTER:
        why = {
            "no better": "its forecast of moves was no better than the base rate",
            "too few": "too few moves came to learn from or to judge the forecast by",
        }[market.risk_status]
        return f"Who leaves without a policy is left out: {why}, says the model card of {run_words(market).lower()}."
    here = market.at(HOSPITAL)
    found = [cell.risk_from for cell in here if cell.risk]
    if not found:
        return "Who leaves without a policy is left out: no group has 11 people or more whom no policy reaches."
    said = (
        f"without a policy {_likely(here):,.0f} of {_sum(here):,.0f} infusions a month in our hospitals would leave within 12 months "
        f"from {found[0]:%b %Y} on, the run's forecast says, which beat the base rate on months it had not seen"
    )
    if not leaves_by_risk(center):
        return f"Who leaves without a policy is switched off here; {said}."
    return f"{said[0].upper()}{said[1:]}. Whom a policy reaches is not counted again; neither is who leaves later, nor who may leave of groups of fewer than 11 people."


def _prices(key: str, label: str, cells, source_of) -> list[ShownInput]:
    """One row for each mark: how many groups' prices rest on it, with the sources named."""
    rows = []
    for mark in MARKS:
        found = [source_of(cell) for cell in cells if source_of(cell).mark == mark]
        if found:
            names = sorted({source.text for source in found if source.text})
            text = "; ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            as_of = max((source.as_of for source in found), default="")
            rows.append(ShownInput(f"{key}_{mark}", label, f"{len(found)} groups", Source(mark, text, as_of)))
    return rows


def debt(center: Center) -> Debt:
    sources = [shown.source for section in shown_sections(center) for shown in section.inputs if shown.source]
    return Debt(mark_counts(sources))


def _sum(cells) -> Decimal:
    return sum((cell.infusions_per_month for cell in cells), Decimal(0))


def market_words(market: Market) -> str:
    """What the volumes cover: all markets, Oct 2025 to Mar 2026, claims run 7."""
    place = f"the {market.name} market" if market.name else "all markets"
    immature = "" if market.mature else ", months that are not complete"
    return f"{place}, {market.first_month:%b %Y} to {market.last_month:%b %Y}{immature}, {run_words(market).lower()}"


def run_words(market: Market) -> str:
    return f"Claims run {market.run_id}" if market.run_id else "Claims of another server, as imported"


def market_notes(market: Market) -> list[str]:
    """What the market leaves out, in sentences."""
    notes = []
    if market.left_out:
        notes.append(f"{_percent(market.left_out)} of infusions are left out: groups of fewer than 11 people must not be shown.")
    if market.unpriced:
        notes.append(
            f"{_percent(market.unpriced)} of infusions are left out: no Medicare payment limit is on file to price the drug by."
        )
    infusions = _sum(market.cells)
    able = sum((cell.infusions_per_month * cell.site_share for cell in market.cells), Decimal(0))
    if able < infusions:
        notes.append(
            f"{_percent(able / infusions)} of infusions can be given at this kind of site: the clinical line, the drugs' forms and what "
            "Medicare covers there keep the others away, before anybody is asked to come."
        )
    if any(cell.white_bag_share or cell.share_340b for cell in market.cells):
        notes.append("White-bagged and 340B shares of a group are told in steps of 5 %, so that they give no few people away.")
    if not market.mature:
        notes.append("The claims run has no mature month: volumes of its newest months are too low.")
    return notes


def _percent(share: Decimal) -> str:
    return "Less than 1 %" if share < Decimal("0.01") else f"{share * 100:.0f} %"


def fate_words(cell: Cell, hospital_affiliated: bool) -> str:
    """What becomes of a cell's patients under the policies."""
    if cell.off_formulary:
        return (
            f"leave {cell.leaves_on:%b %Y} ({cell.policy_id}); not on the formulary" if cell.leaves_on else "not on the formulary"
        )
    barred = bars_site(cell, hospital_affiliated)
    if cell.leaves_on:
        return f"leave {cell.leaves_on:%b %Y} ({cell.policy_id})" + ("; may not come to this site either" if barred else "")
    likely = f"; {sum(cell.risk) * 100:.0f} % likely to leave within a year" if cell.risk else ""
    return ("may not come to this site (policy)" if barred else "stay") + likely
