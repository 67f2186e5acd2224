"""What payers and patients pay for the same drug and dose by kind of site -> a chart of the middle payer and the table of all."""

from decimal import Decimal

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import shortened
from payers import words as payer_words
from roi import words
from roi.charts.home import cents
from roi.selectors.site_costs import SiteCosts

METRIC = "patient-and-payer-cost"
HOSPITAL, CENTER = ("hopd_on_campus", "hopd_off_campus"), ("infusion_center", "physician_office")


def site_costs(found: SiteCosts) -> Figure:
    columns = (
        Column("payer", "Payer"),
        Column("site", "Kind of site"),
        Column("allowed", "Allowed", "exact_cents"),
        Column("payer_pays", "Payer pays", "exact_cents"),
        Column("patient_pays", "Patient pays", "exact_cents"),
        Column("payer_saves", "Payer saves against hospital", "exact_cents"),
        Column("patient_saves", "Patient saves", "exact_cents"),
        Column("note", "Note", "prose"),
    )
    rows = tuple(
        (
            f"{row.offer.payer}, {row.offer.plan}".removesuffix(", "),
            row.offer.site_class_in_words,
            cents(row.shares and row.shares.allowed),
            cents(row.shares and row.shares.payer),
            cents(row.shares and row.shares.patient),
            cents(row.payer_saves),
            cents(row.patient_saves),
            "; ".join(dict.fromkeys(gap.reason for gap in row.offer.price.gaps)),
        )
        for row in found.rows
    )
    return Figure(
        key="site-costs",
        title="What payers and patients pay by kind of site",
        reading=_reading(found),
        direction="Bars are the middle payer's amounts. Hospital is the dearest department of the same payer and plan.",
        table=Table(f"{found.prices.question.family}, one infusion of the same dose", columns, rows),
        chart=_chart(found),
        metric=METRIC,
    )


def _reading(found: SiteCosts) -> str:
    there, away = (found.middle(classes, "patient") for classes in (HOSPITAL, CENTER))
    paid, less = (found.middle(classes, "payer") for classes in (HOSPITAL, CENTER))
    if None in (there, away, paid, less):
        return "Prices at hospitals or at centers and offices are not on file, so the two cannot be compared."
    return (
        f"In the middle of the payers a patient pays {_short(there)} at a hospital and {_short(away)} at a center or office, "
        f"the payer {_short(paid)} and {_short(less)}."
    )


def _short(amount: Decimal) -> str:
    return words.dollars_short(cents(amount))


def _chart(found: SiteCosts) -> dict | None:
    classes = [
        name for name in dict.fromkeys(row.offer.site_class for row in found.rows) if found.middle((name,), "payer") is not None
    ]
    if not classes:
        return None
    names = [shortened(payer_words.SITE_CLASSES[name].capitalize()) for name in classes]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": names,
            "x": [float(round(found.middle((name,), part) / 100, 2)) for name in classes],
            "marker": {"color": color},
            "hovertemplate": f"%{{y}}, {label.lower()}: %{{x:$,.2f}}<extra></extra>",
        }
        for part, label, color in (("payer", "Payer pays", "var(--c-kept)"), ("patient", "Patient pays", "var(--c-leak)"))
    ]
    layout = {
        "height": 110 + 36 * len(names),
        "barmode": "stack",
        "bargap": 0.35,
        "legend": {"orientation": "h", "y": 1.12},
        "xaxis": {"tickformat": "$,.0f", "nticks": 6},
        "yaxis": {"autorange": "reversed", "ticksuffix": "  "},
        "margin": {"b": 40, "r": 12},
    }
    return {"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 3}}}
