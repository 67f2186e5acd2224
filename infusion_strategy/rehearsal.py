"""Detected versus planted: how much of the rehearsal system's truth a run found, and what a perfect reader could have found."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand import storage
from demand.access import access_dashboard, sees_small_counts
from demand.charts.figure import Column, Figure, Table
from demand.engine.rehearsal_score import LEAKAGE_WITHIN, Measure, Score, score
from demand.models import Run
from demand.selectors.coverage import coverage
from demand.selectors.facts import results_key
from infusion_strategy.actions.rehearsal import NAME

RECENT = 50  # runs to look back over for one of the rehearsal's claims alone
TITLES = {
    "infusions_counted": "Infusions counted",
    "site_class": "Class of site",
    "white_bag_precision": "White bagging: precision",
    "white_bag_recall": "White bagging: recall",
    "leakage_months_within": "Months with the right leakage rate",
    "leakage_worst_error": "Leakage rate: largest error",
    "episode_outcome": "Outcome of episodes",
    "exposure_date": "First day exposed to a policy",
    "exposure_date_hidden_too": "First day exposed, hidden ones too",
}


@dataclass(frozen=True)
class Row:
    """A measure as the page writes it. `verdict`: reached, missed, or empty where no goal is set."""

    measure: Measure
    title: str
    goal: str
    verdict: str


@require_safe
def detected(request):
    """The newest run of the rehearsal's claims alone against the key."""
    access_dashboard(request.user)
    run = _rehearsal_run()
    found = _score(run) if run else None
    context = {"run": run, "see_rows": sees_small_counts(request.user)}
    if found:
        rows = [_row(measure) for measure in found.measures]
        context |= {
            "score": found,
            "held": [row for row in rows if row.goal],
            "others": [row for row in rows if not row.goal],
            "figure": _months(found, context["see_rows"]),
            "coverage": coverage(run),
        }
    return render(request, "rehearsal/detected.html", context)


def _rehearsal_run() -> Run | None:
    """A run that also holds other claims would count those as invented by the pipeline."""
    for run in Run.objects.published()[:RECENT]:
        if [extract["name"] for extract in run.inputs.get("extracts", [])] == [NAME]:
            return run
    return None


def _score(run: Run) -> Score | None:
    key = f"score|{results_key(run)}"
    return cache.get_or_set(key, lambda: _compare(run), timeout=24 * 3600)


def _compare(run: Run) -> Score | None:
    """None where the key or the run's files are not on this host."""
    (extract,) = run.inputs["extracts"]
    identities = sorted(storage.identities_folder().glob(f"{extract['id']}.*.parquet"))
    try:
        return score(
            Path(settings.DATA_DIR) / "rehearsal" / "truth", storage.run_folder(run.pk), identities[-1] if identities else None
        )
    except FileNotFoundError:
        return None


def _row(measure: Measure) -> Row:
    error = measure.name == "leakage_worst_error"
    goal = (
        ""
        if measure.goal is None
        else f"{'at most' if error else 'at least'} {100 * measure.goal:.1f}{' points' if error else '%'}"
    )
    verdict = {True: "reached", False: "missed", None: ""}[measure.passed]
    return Row(measure, TITLES.get(measure.name, measure.name.replace("_", " ").capitalize()), goal, verdict)


def _months(found: Score, see_counts: bool) -> Figure:
    months = [month for month in found.months if month.mature]
    columns = [Column("month", "Month"), Column("planted_rate", "Planted", "percent"), Column("found_rate", "Detected", "percent")]
    rows = [(month.month, month.planted_rate, month.found_rate) for month in months]
    if see_counts:
        columns += [Column("planted_leaks", "Planted, left", "count"), Column("found_leaks", "Detected, left", "count")]
        rows = [(*row, month.planted_leaks, month.found_leaks) for row, month in zip(rows, months, strict=True)]
    errors = [abs(month.error) for month in months if month.error is not None]
    worst = max(errors, default=None)
    lines = [("Planted", "planted_rate", "var(--c-unknown)", "dot"), ("Detected", "found_rate", "var(--c-leak)", "solid")]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": [f"{month.month}-01" for month in months],
            "y": [None if getattr(month, field) is None else 100 * getattr(month, field) for month in months],
            "line": {"color": color, "width": 2, "dash": dash},
            "marker": {"size": 4},
            "hovertemplate": "%{x|%b %Y}: %{y:.1f}%<extra>" + name.lower() + "</extra>",
        }
        for name, field, color, dash in lines
    ]
    layout = {
        "height": 300,
        "margin": {"b": 60, "t": 12},
        "xaxis": {"type": "date", "tickformat": "%b %Y", "nticks": 8, "showgrid": False},
        "yaxis": {"ticksuffix": "%", "rangemode": "tozero", "title": {"text": "leakage rate", "standoff": 6}},
    }
    return Figure(
        key="planted",
        title="Leakage rate by month, planted and detected",
        reading="No month is mature yet."
        if worst is None
        else f"In {sum(error <= LEAKAGE_WITHIN for error in errors)} of {len(errors)} mature months the detected rate is within "
        f"{100 * LEAKAGE_WITHIN:.1f} percentage points of the planted one; the largest distance is {100 * worst:.2f} points.",
        direction="Closer together is better.",
        table=Table("Leakage rate of mature months, by named prescribers", tuple(columns), tuple(rows)),
        chart={"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}}},
        folded=True,
    )
