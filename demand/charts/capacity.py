"""Chair-hours of a site or the system by month, what changes them, and each site's month without room."""

import datetime as dt

from demand.capacity_words import PARTS, month_words
from demand.charts.figure import Column, Figure, Table
from demand.engine.capacity import GROWTH, LEAVING, TODAY, Ahead, Capacity, SiteCapacity, driver_hours
from demand.engine.capacity_shown import SYSTEM
from demand.engine.disclosure import HIDDEN
from demand.selectors.capacity import HISTORY_MONTHS, CapacityPage

FORMULA = "Chair-hours needed = infusions × chair minutes ÷ 60 ÷ (1 − no-shows) ÷ share of our infusions in the claims. Room = chairs × hours a week × 52 ÷ 12 × target use."


def figures(page: CapacityPage) -> list[Figure]:
    if not page.chosen.site.ahead or page.chosen.hidden:
        return [by_site(page)]
    return [ahead(page), changes(page), by_site(page)]


def ahead(page: CapacityPage) -> Figure:
    site = page.chosen.site
    keys = list(site.ahead[-1].parts)
    past = sorted(site.history)[-HISTORY_MONTHS:]
    columns = (
        Column("month", "Month", "month"),
        Column("what", "What"),
        Column("hours", "Chair-hours needed", "count"),
        *(Column(key, PARTS[key], "count") for key in keys),
        Column("room", "Room", "count"),
        Column("use", "Of room", "percent"),
    )
    rows = [_past_row(page, month, keys) for month in past] + [_ahead_row(site, month, keys) for month in site.ahead]
    return Figure(
        key="ahead",
        title=f"{_capital(site.place.name)}: chair-hours needed and room for them",
        reading=reading(site),
        direction=FORMULA,
        table=Table("Chair-hours a month; the parts of a month ahead add up to its hours", columns, tuple(rows)),
        chart=_ahead_chart(page, past),
        folded=True,
        tall=True,
    )


def _past_row(page: CapacityPage, month: dt.date, keys: list[str]) -> tuple:
    site = page.chosen.site
    hours = HIDDEN if month in page.chosen.hidden_months else site.history[month]
    complete = "seen" if page.result.last_month and month <= page.result.last_month else "seen, not complete"
    return (month, complete, hours, *(None for _ in keys), site.usable_in(month), _share(hours, site.usable_in(month)))


def _ahead_row(site: SiteCapacity, month: Ahead, keys: list[str]) -> tuple:
    return (
        month.month,
        "ahead",
        month.hours,
        *(month.parts[key] for key in keys),
        site.usable_in(month.month),
        _share(month.hours, site.usable_in(month.month)),
    )


def _share(hours, room):
    return HIDDEN if hours is HIDDEN else hours / room if room else None


def reading(site: SiteCapacity) -> str:
    name = _capital(site.place.name)
    if not site.today:
        return f"{name} has no infusion in the complete months."
    now = f"{name} needs {site.today:,.0f} chair-hours a month today"
    if site.usable is None:
        return f"{now}. Chairs or opening hours are not stated, so it cannot be told when it fills."
    share = f" ({100 * site.today / site.usable:.0f}% of it)" if site.usable else ""
    now += f" and has room for {site.usable:,.0f} at its target use{share}"
    if site.is_full_now:
        return f"{now}: it is full already."
    if site.month_full:
        return f"{now}. With these assumptions it is full in {site.month_full:%B %Y}."
    return f"{now}. With these assumptions it does not fill before {site.ahead[-1].month:%B %Y}."


def _ahead_chart(page: CapacityPage, past: list[dt.date]) -> dict:
    site, last = page.chosen.site, page.result.last_month
    seen = [month for month in past if month <= last]
    late = [month for month in past if month > last]
    months = [f"{month:%Y-%m-%d}" for month in (*seen, *(one.month for one in site.ahead))]
    data = [
        _line("Seen", seen, [None if m in page.chosen.hidden_months else site.history[m] for m in seen], "var(--c-1)", "solid"),
        _line("Ahead", [last, *(m.month for m in site.ahead)], [site.today, *(m.hours for m in site.ahead)], "var(--c-1)", "dot"),
    ]
    if late:
        hours = [None if m in page.chosen.hidden_months else site.history[m] for m in late]
        data.append(
            {
                **_line("Seen, not complete", late, hours, "var(--c-6)", "solid"),
                "mode": "markers",
                "marker": {"symbol": "circle-open", "size": 7, "color": "var(--c-6)"},
            }
        )
    if site.usable is not None:
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": "Room at target use", "x": months,
                "y": [site.usable_in(dt.date.fromisoformat(month)) for month in months],
                "line": {"color": "var(--c-2)", "width": 2, "dash": "dash", "shape": "hv"},
                "hovertemplate": "room for %{y:,.0f} hours<extra></extra>",
            }
        )  # fmt: skip
    layout = {
        "height": 380,
        "margin": {"b": 30, "t": 24},
        "legend": {"orientation": "h", "y": -0.14},
        "xaxis": {"type": "date", "tickformat": "%b %Y", "nticks": 8, "showgrid": False},
        "yaxis": {"rangemode": "tozero", "tickformat": ",", "nticks": 6, "title": {"text": "chair-hours a month", "standoff": 6}},
    }
    if site.month_full and not site.is_full_now:
        layout["annotations"] = [
            {
                "x": f"{site.month_full:%Y-%m-%d}", "y": site.usable_in(site.month_full), "text": f"full {site.month_full:%b %Y}", "showarrow": True,
                "arrowhead": 0, "ax": -10, "ay": -32, "font": {"color": "var(--ink)"}, "arrowcolor": "var(--line-strong)",
            }
        ]  # fmt: skip
    return {"data": data, "layout": layout, "narrow": {"xaxis": {"nticks": 4}, "font": {"size": 10.5}}}


def _line(name: str, months, hours, color: str, dash: str) -> dict:
    return {
        "type": "scatter", "mode": "lines+markers" if dash == "solid" else "lines", "name": name,
        "x": [f"{month:%Y-%m-%d}" for month in months], "y": hours, "connectgaps": False,
        "line": {"color": color, "width": 2.5, "dash": dash}, "marker": {"size": 5},
        "hovertemplate": "%{x|%b %Y}: %{y:,.0f} hours<extra>" + name + "</extra>",
    }  # fmt: skip


def changes(page: CapacityPage) -> Figure:
    """Every driver with and without it: those that are off with what they would do."""
    site = page.chosen.site
    last, number = site.ahead[-1], len(site.ahead)
    rows = [(PARTS[GROWTH], "on", last.parts[GROWTH])]
    rows += [
        (PARTS[one.key], "on" if one.on else "off", driver_hours(site.by_line, one, number)) for one in page.assumptions.drivers
    ]
    rows.append((PARTS[LEAVING], _policies_word(page), last.parts[LEAVING] if page.policies and page.has_exposure else None))
    month = f"{last.month:%B %Y}"
    with_it = [None if hours is None else last.hours + (hours if state == "off" else 0) for _, state, hours in rows]
    return Figure(
        key="drivers",
        title=f"What changes the hours by {month}",
        reading=_changes_reading(rows, month),
        table=Table(
            f"Chair-hours a month in {month}; today's {site.today:,.0f} and the drivers that are on add up to {last.hours:,.0f}",
            (
                Column("driver", "Driver"),
                Column("state", "Switch"),
                Column("hours", "It changes", "count"),
                Column("with", "Hours with it", "count"),
                Column("without", "Hours without it", "count"),
            ),
            tuple((*row, hours, None if row[2] is None else hours - row[2]) for row, hours in zip(rows, with_it, strict=True)),
            total=("All that are on", "", last.hours - last.parts[TODAY], last.hours, last.parts[TODAY]),
        ),
        chart=_changes_chart([row for row in rows if row[2] is not None]),
    )


def _policies_word(page: CapacityPage) -> str:
    return "not known" if not page.has_exposure else "on" if page.policies else "off"


def _changes_reading(rows: list[tuple], month: str) -> str:
    on = [row for row in rows if row[1] == "on" and row[2] is not None]
    biggest = max(on, key=lambda row: abs(row[2]), default=None)
    if biggest is None or abs(biggest[2]) < 0.5:
        return f"Nothing changes the hours by {month}: every driver is at nothing or off."
    return f"The largest change by {month} is from {biggest[0].lower()}: {biggest[2]:+,.0f} chair-hours a month."


def _changes_chart(rows: list[tuple]) -> dict:
    rows = rows[::-1]
    colors = ["var(--c-apart)" if state == "off" else "var(--c-2)" if hours < 0 else "var(--c-1)" for _, state, hours in rows]
    return {
        "data": [
            {
                "type": "bar", "orientation": "h", "x": [hours for _, _, hours in rows],
                "y": [f"{name} (off)" if state == "off" else name for name, state, _ in rows],
                "marker": {"color": colors}, "text": [f"{hours:+,.0f}" for _, _, hours in rows], "textposition": "outside",
                "cliponaxis": False, "hoverinfo": "skip",
            }
        ],
        "layout": {
            "height": 80 + 32 * len(rows), "showlegend": False, "margin": {"t": 4, "b": 40, "r": 48},
            "xaxis": {"tickformat": ",", "title": {"text": "chair-hours a month", "standoff": 4}},
            "yaxis": {"showgrid": False},
        },
    }  # fmt: skip


def by_site(page: CapacityPage) -> Figure:
    result = page.result
    shown = [
        _site_row(one, one.place.site_id in page.hidden.sites) for one in sorted(result.sites, key=lambda one: _urgency(one, page))
    ]
    columns = (
        Column("site", "Site"),
        Column("chairs", "Chairs", "count"),
        Column("needed", "Chairs needed today", "tenths"),
        Column("hours", "Chair-hours needed today", "count"),
        Column("open", "Open", "count"),
        Column("room", "Room at target use", "count"),
        Column("use", "Use of open hours", "percent"),
        Column("full", "Full in"),
    )
    return Figure(
        key="sites",
        title="Site by site",
        reading=_sites_reading(result, page),
        direction="A site is full in the first month whose hours reach its open hours at target use.",
        table=Table(
            "Chair-hours a month; the sites add up to the system",
            columns,
            tuple(shown),
            total=_site_row(result.system, SYSTEM in page.hidden.sites),
        ),
    )


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _urgency(one: SiteCapacity, page: CapacityPage) -> tuple:
    """Full ones first, then by the month in which they fill; those that may not be told of last, by name."""
    if one.place.site_id in page.hidden.sites:
        return (3, one.place.name)
    if one.is_full_now:
        return (0, one.place.name)
    return (1, one.month_full) if one.month_full else (2, one.place.name)


def _site_row(one: SiteCapacity, hidden: bool) -> tuple:
    chairs, open_hours = one.place.chairs, one.place.open_hours
    if hidden:
        return (one.place.name, chairs, HIDDEN, HIDDEN, open_hours, one.usable, HIDDEN, "hidden")
    if not one.place.site_id:  # the system: its chairs are of many hours
        chairs, open_hours = None, None if one.usable is None else one.usable / one.target_use
    use = one.today / open_hours if open_hours else None
    return (_capital(one.place.name), chairs, one.chairs_today, one.today, open_hours, one.usable, use, month_words(one))


def _sites_reading(result: Capacity, page: CapacityPage) -> str:
    known = [one for one in result.sites if one.usable and one.place.site_id not in page.hidden.sites]
    full = [one for one in known if one.is_full_now]
    soon = sorted((one for one in known if one.month_full and not one.is_full_now), key=lambda one: one.month_full)
    parts = []
    if full:
        parts.append(
            f"{len(full)} of {len(known)} sites {'is' if len(full) == 1 else 'are'} full today ({', '.join(one.place.name for one in full[:3])})"
        )
    if soon:
        parts.append(f"{soon[0].place.name} fills {'next' if full else 'first'}, in {soon[0].month_full:%B %Y}")
    if not parts:
        return "No site fills in the time looked at." if known else "No site of ours has stated chairs and hours."
    return "; ".join(parts) + "."
