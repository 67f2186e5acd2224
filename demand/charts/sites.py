"""A site's figures: volume by month, use of its chairs, therapies and payers."""

from demand import words
from demand.charts.brief import MARKS
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, percent, shortened
from demand.charts.site_measures import site_measures
from demand.engine.disclosure import HIDDEN
from demand.selectors.dashboard import OUTCOMES
from demand.selectors.site_attention import FULL
from demand.selectors.sites import Share, SiteMonth, SitePage

BARS = 10


def figures(page: SitePage) -> tuple[Figure, ...]:
    made = [_volume(page)] if page.months else []
    if any(month.chair_use is not None for month in page.months):
        made.append(_chairs(page.months))
    if page.detail and page.detail.infusions:
        made += [_mix("therapy", "Therapy", page.detail.families), _mix("payer", "Payer", page.detail.payers)]
    if page.detail and page.detail.measured:
        made += site_measures(page.detail.measured)
    return tuple(made)


def _volume(page: SitePage) -> Figure:
    shown = [outcome for outcome in OUTCOMES if any(outcome in month.outcomes for month in page.months)]
    columns = (Column("month", "Month", "month"), *(Column(outcome, words.OUTCOMES[outcome], "count") for outcome in shown))
    rows = tuple((month.day, *(month.outcomes.get(outcome, 0) for outcome in shown)) for month in page.months)
    data = [
        {
            "type": "bar", "name": words.OUTCOMES[outcome], "x": [f"{month.day:%Y-%m}-01" for month in page.months],
            "y": [0 if month.outcomes.get(outcome, 0) is HIDDEN else month.outcomes.get(outcome, 0) for month in page.months],
            "marker": MARKS[outcome], "hovertemplate": "%{x|%b %Y}: %{y:,} infusions<extra>" + words.OUTCOMES[outcome] + "</extra>",
        }
        for outcome in shown
    ]  # fmt: skip
    hidden = sum(1 for month in page.months if HIDDEN in month.outcomes.values())
    layout = {
        "barmode": "stack", "bargap": 0.15, "showlegend": len(shown) > 1, "height": 260, "legend": {"orientation": "h", "y": 1.15},
        "yaxis": {"title": {"text": "infusions"}, "rangemode": "tozero", "tickformat": ","}, "xaxis": {"type": "date"},
    }  # fmt: skip
    return Figure(
        "volume", "Infusions by month", _volume_words(page), Table("Infusions that named prescribers of ours ordered, by month and outcome", columns, rows),
        {"data": data, "layout": layout}, folded=True,
        note=f"{hidden} of {len(page.months)} months have a count that may not be shown; it is not drawn." if hidden else "",
    )  # fmt: skip


def _volume_words(page: SitePage) -> str:
    if page.infusions is HIDDEN:
        return "How many infusions our prescribers ordered here is hidden in part, because it is small or would give a small count away."
    first, last = page.months[0].day, page.months[-1].day
    said = f"From {first:%B %Y} to {last:%B %Y} our prescribers ordered {count(page.infusions)} infusions here"
    recent = [month for month in page.months if month.mature]
    known = [sum(month.outcomes.values()) for month in recent if HIDDEN not in month.outcomes.values()]
    if len(known) == len(recent) >= 24:
        now, before = sum(known[-12:]), sum(known[-24:-12])
        if before:
            return f"{said}; the last twelve complete months had {abs(now / before - 1):.0%} {'more' if now >= before else 'fewer'} than the twelve before."
    return f"{said}."


def _chairs(months: tuple[SiteMonth, ...]) -> Figure:
    known = [month for month in months if month.chair_use is not None]
    columns = (
        Column("month", "Month", "month"), Column("needed", "Chair hours needed", "count"), Column("open", "Chair hours open", "count"),
        Column("use", "Use of chairs", "percent"), Column("complete", "Month complete"),
    )  # fmt: skip
    rows = tuple((one.day, one.needed_hours, one.open_hours, one.chair_use, "yes" if one.mature else "not yet") for one in known)
    top = max(known, key=lambda month: month.chair_use)
    over = sum(1 for month in known if month.chair_use > FULL)
    x = [f"{month.day:%Y-%m}-01" for month in known]
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "name": "Use of chairs", "x": x, "y": [100 * month.chair_use for month in known],
            "line": {"color": "var(--c-kept)", "width": 2}, "marker": {"size": 5}, "hovertemplate": "%{x|%b %Y}: %{y:.0f}%<extra></extra>",
        },
        {
            "type": "scatter", "mode": "lines", "name": "Nearly full", "x": [x[0], x[-1]], "y": [100 * FULL, 100 * FULL],
            "line": {"color": "var(--line-strong)", "width": 1, "dash": "dash"}, "hoverinfo": "skip",
        },
    ]  # fmt: skip
    layout = {
        "showlegend": False, "height": 240, "xaxis": {"type": "date"},
        "yaxis": {"title": {"text": "% of chair hours"}, "rangemode": "tozero", "ticksuffix": "%"},
    }  # fmt: skip
    return Figure(
        "chairs", "Use of chairs",
        f"Use was highest in {top.day:%B %Y} ({percent(top.chair_use)}); {over} of {len(known)} months were above {FULL:.0%}, the dashed line.",
        Table("Chair hours needed (infusions × chair minutes of their drug) and open (chairs × open hours)", columns, rows),
        {"data": data, "layout": layout}, direction="Neither way is good by itself: empty chairs cost money, full ones send patients away.", folded=True,
        note="Everything given here counts, whoever ordered it. Only what the claims show: other use of the chairs comes on top.",
    )  # fmt: skip


def _mix(key: str, heading: str, shares: tuple[Share, ...]) -> Figure:
    total = sum(share.infusions for share in shares)
    columns = (
        Column(key, heading), Column("infusions", "Infusions", "count"), Column("share", "Share", "percent"), Column("people", "People", "count"),
        Column("allowed_cents", "Allowed", "cents"), Column("per", "Allowed per infusion", "cents"), Column("white_bagged", "White-bagged", "percent"),
    )  # fmt: skip
    rows = tuple(
        (
            words.named(share.label), share.infusions, share.infusions / total, share.people, share.allowed_cents,
            round(share.allowed_cents / share.infusions) if share.allowed_cents else None, share.white_bagged / share.infusions,
        )
        for share in shares
    )  # fmt: skip
    drawn = shares[:BARS][::-1]
    data = [
        {
            "type": "bar", "orientation": "h", "y": [shortened(words.named(share.label)) for share in drawn],
            "x": [share.infusions for share in drawn], "marker": {"color": "var(--c-kept)"}, "hovertemplate": "%{y}: %{x:,} infusions<extra></extra>",
        }
    ]  # fmt: skip
    layout = {
        "showlegend": False,
        "height": 70 + 26 * len(drawn),
        "xaxis": {"tickformat": ",", "nticks": 5},
        "yaxis": {"ticksuffix": "  "},
    }
    top = shares[0]
    return Figure(
        key, f"By {heading.lower()}", f"{words.named(top.label)} has most infusions here: {percent(top.infusions / total)} of {count(total)}.",
        Table(f"Infusions given here by {heading.lower()}, whoever ordered them", columns, rows), {"data": data, "layout": layout},
    )  # fmt: skip
