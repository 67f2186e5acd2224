"""A scenario's market -> the tables of its volumes and prices, group by group."""

from decimal import Decimal

from demand.charts.figure import Column, Figure, Table
from demand.words import line_of_business
from roi.engine.cell_terms import hospital_terms, site_terms
from roi.engine.cents import round_half_up
from roi.engine.infusion_center import Center, values_of
from roi.engine.market import ELSEWHERE, HOSPITAL, Cell
from roi.selectors.inputs import fate_words

_GROUP = (
    Column("payer", "Payer"),
    Column("lob", "Line of business"),
    Column("family", "Therapy"),
)


def figures(center: Center) -> tuple[Figure, ...]:
    value = values_of(center)
    return _hospital(center, value), _elsewhere(center, value)


def _hospital(center: Center, value: dict) -> Figure:
    cells = center.market.at(HOSPITAL)
    columns = (
        *_GROUP,
        Column("infusions", "Infusions a month (about)"),
        Column("fate", "Under the policies"),
        Column("hospital_allowed", "Allowed at the hospital", "exact_cents"),
        Column("site_allowed", "Allowed at the new site", "exact_cents"),
        Column("hospital_margin", "Margin at the hospital", "exact_cents"),
        Column("benefit", "340B there", "exact_cents"),
        Column("site_margin", "Margin at the new site", "exact_cents"),
        Column("mark", "New site's price is"),
    )
    rows = tuple(
        (
            *_group(cell),
            _infusions(cell),
            fate_words(cell, value["hospital_affiliated"]),
            _cents(cell.hospital_allowed),
            _cents(cell.site_drug + cell.site_administration),
            _cents(hospital_terms(cell, value).margin),
            _cents(hospital_terms(cell, value).benefit_340b),
            _cents(site_terms(cell, value).margin),
            cell.site_source.mark,
        )
        for cell in cells
    )
    leaving = sum((cell.infusions_per_month for cell in cells if cell.leaves_on), Decimal(0))
    total = sum((cell.infusions_per_month for cell in cells), Decimal(0))
    earns_less = [cell for cell in cells if site_terms(cell, value).margin < hospital_terms(cell, value).margin]
    losing = sum((cell.infusions_per_month for cell in earns_less), Decimal(0))
    reading = (
        f"Of {total:,.0f} infusions a month in our hospitals policies in force or announced take {leaving:,.0f}; "
        f"on {losing:,.0f} the new site would earn less than the hospital does."
        if cells
        else "No group of 11 people or more is infused in our hospitals in this market."
    )
    return Figure(
        key="hospital-groups",
        title="Patients in our hospitals",
        reading=reading,
        direction="Amounts are means of an infusion: drug and administration, margin after drug cost, denials and waste.",
        table=Table("Groups in our hospital departments", columns, rows),
        folded=True,
    )


def _elsewhere(center: Center, value: dict) -> Figure:
    cells = center.market.at(ELSEWHERE)
    columns = (
        *_GROUP,
        Column("infusions", "Infusions a month (about)"),
        Column("fate", "Under the policies"),
        Column("site_allowed", "Allowed at the new site", "exact_cents"),
        Column("site_margin", "Margin at the new site", "exact_cents"),
        Column("mark", "New site's price is"),
    )
    rows = tuple(
        (
            *_group(cell),
            _infusions(cell),
            "may not come to this site (policy)" if fate_words(cell, value["hospital_affiliated"]) != "stay" else "may come",
            _cents(cell.site_drug + cell.site_administration),
            _cents(site_terms(cell, value).margin),
            cell.site_source.mark,
        )
        for cell in cells
    )
    total = sum((cell.infusions_per_month for cell in cells), Decimal(0))
    return Figure(
        key="elsewhere-groups",
        title="Our prescribers' patients infused elsewhere",
        reading=f"{total:,.0f} infusions a month of our prescribers are given elsewhere; the new volume is a share of them."
        if cells
        else "No group of 11 people or more of our prescribers' patients is infused elsewhere in this market.",
        table=Table("Groups infused at sites of others", columns, rows),
        folded=True,
    )


def _infusions(cell: Cell) -> str:
    measured = f" (typed over {cell.typed_over.measured:,.0f})" if cell.typed_over else ""
    return f"{cell.infusions_per_month:,.0f}{measured}"


def _group(cell: Cell) -> tuple:
    return cell.payer, line_of_business(cell.line_of_business), cell.family


def _cents(amount: Decimal | None) -> int | None:
    return None if amount is None else round_half_up(amount)
