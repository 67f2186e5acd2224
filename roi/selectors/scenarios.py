"""Scenarios as pages, the API and the commands show them: the list, one scenario with its results, two side by side."""

from dataclasses import dataclass

from django.db.models import Max

from demand.models import Run
from demand.selectors.coverage import unseen_in_runs
from roi.access import access_scenarios, access_version
from roi.engine.infusion_center import Center
from roi.models import Scenario, ScenarioLine, ScenarioResult, ScenarioVersion
from roi.selectors.changes import InputPair, ResultPair, input_pairs, result_pairs
from roi.selectors.inputs import Debt, ShownSection, debt, market_notes, market_words, risk_note, shown_sections
from sites.converters import whole_number


@dataclass(frozen=True)
class ListedScenario:
    """`result` is the newest version's; where it is not there yet, the last good one of an earlier version."""

    scenario: Scenario
    version: ScenarioVersion
    result: ScenarioResult | None
    run: Run | None

    @property
    def stale(self) -> bool:
        return self.result is not None and self.result.version_id != self.version.pk


@dataclass(frozen=True)
class Change:
    """What a version changed against the one before it."""

    old: ScenarioVersion
    inputs: tuple[InputPair, ...]
    results: tuple[ResultPair, ...]
    computed: bool


@dataclass(frozen=True)
class ScenarioPage:
    """One version with everything its page shows."""

    scenario: Scenario
    version: ScenarioVersion
    newest_number: int
    versions: tuple[ScenarioVersion, ...]
    center: Center
    sections: tuple[ShownSection, ...]
    debt: Debt
    covers: str
    notes: list[str]
    run: Run | None
    result: ScenarioResult | None
    lines: tuple[tuple[str, int, str, int], ...]
    change: Change | None

    @property
    def is_newest(self) -> bool:
        return self.version.number == self.newest_number

    @property
    def stale(self) -> bool:
        return self.result is not None and self.result.version_id != self.version.pk

    @property
    def under_way(self) -> bool:
        return self.run is not None and self.run.status in (Run.Status.QUEUED, Run.Status.RUNNING)


def listed(user, archived: bool = False) -> list[ListedScenario]:
    """All scenarios (or the archived ones) with their newest version, result and run; four queries whatever their number."""
    scenarios = list(access_scenarios(user).filter(archived_at__isnull=not archived).annotate(newest=Max("versions__number")))
    versions = ScenarioVersion.objects.filter(scenario__in=scenarios).select_related("created_by").defer("inputs")
    by_scenario = {(version.scenario_id, version.number): version for version in versions}
    results: dict[int, ScenarioResult] = {}
    for result in (
        ScenarioResult.objects.filter(version__in=versions.values("pk")).order_by("version__number", "pk").select_related("version")
    ):
        results[result.version.scenario_id] = result
    newest = {scenario.pk: by_scenario[scenario.pk, scenario.newest] for scenario in scenarios}
    runs = {run.subject_id: run for run in _runs([version.pk for version in newest.values()])}
    return [
        ListedScenario(scenario, newest[scenario.pk], results.get(scenario.pk), runs.get(newest[scenario.pk].pk))
        for scenario in scenarios
    ]


def under_way() -> int:
    """How many computations of scenarios wait or run."""
    return Run.objects.under_way().filter(kind=Run.Kind.SCENARIO).count()


def named_scenario(text: str) -> Scenario | None:
    """A scenario by its name, else by its number."""
    found = Scenario.objects.filter(name=text).first()
    return found or (Scenario.objects.filter(pk=whole_number(text)).first())


def page(user, pk: int, number: int | None = None) -> ScenarioPage:
    """A scenario's version (the newest without a number); 404 where there is none."""
    version = access_version(user, pk, number)
    versions = tuple(ScenarioVersion.objects.filter(scenario=pk).select_related("created_by").defer("inputs").order_by("-number"))
    run = next(iter(_runs([version.pk], newest_first=True)), None)
    results = ScenarioResult.objects.filter(version__scenario=pk, version__number__lte=version.number).select_related(
        "version", "run"
    )
    result = results.order_by("-version__number", "-pk").first()
    center = Center.from_json(version.inputs)
    return ScenarioPage(
        scenario=version.scenario,
        version=version,
        newest_number=versions[0].number,
        versions=versions,
        center=center,
        sections=shown_sections(center),
        debt=debt(center),
        covers=market_words(center.market),
        notes=[*market_notes(center.market), risk_note(center)],
        run=run,
        result=result,
        lines=value_lines(result) if result else (),
        change=_change(version, center, result) if version.number > 1 else None,
    )


def unseen(version_ids: list[int]) -> str:
    """What the claims behind these versions cannot see, where they are a provider's own billing; else empty."""
    runs = ScenarioVersion.objects.filter(pk__in=version_ids).values_list("inputs__market__run_id", flat=True)
    return unseen_in_runs({run for run in runs if run})


def compared(user, pk: int, number: int | None = None) -> tuple[ScenarioVersion, Center, dict | None]:
    """One side of a comparison: a version, its inputs and its result's summary (None: not computed)."""
    version = access_version(user, pk, number)
    return version, Center.from_json(version.inputs), summary_of(version)


def value_lines(result: ScenarioResult) -> tuple[tuple[str, int, str, int], ...]:
    """(baseline, month, line item, cents) of a result."""
    lines = ScenarioLine.objects.filter(result=result).order_by("baseline", "month", "line_item")
    return tuple(lines.values_list("baseline", "month", "line_item", "cents"))


def scenario_rows(run: Run) -> list[tuple]:
    """The rows of `export scenario`: run id, scenario, baseline, month, line item, cents."""
    lines = ScenarioLine.objects.filter(result__run=run).order_by("baseline", "month", "line_item")
    columns = ("result__run_id", "result__version__scenario__name", "baseline", "month", "line_item", "cents")
    return list(lines.values_list(*columns))


def _change(version: ScenarioVersion, center: Center, result: ScenarioResult | None) -> Change:
    old = ScenarioVersion.objects.filter(scenario=version.scenario_id, number__lt=version.number).order_by("-number").first()
    new_summary = result.summary if result and result.version_id == version.pk else None
    old_summary = summary_of(old)
    pairs = input_pairs(Center.from_json(old.inputs), center)
    return Change(
        old=old,
        inputs=tuple(pair for pair in pairs if pair.differs),
        results=result_pairs(old_summary, new_summary),
        computed=bool(old_summary and new_summary),
    )


def summary_of(version: ScenarioVersion) -> dict | None:
    """What a version returned, newest engine first; None where it was never computed."""
    return ScenarioResult.objects.filter(version=version).order_by("-pk").values_list("summary", flat=True).first()


def _runs(version_ids: list[int], newest_first: bool = False):
    return Run.objects.filter(kind=Run.Kind.SCENARIO, subject_id__in=version_ids).order_by("-pk" if newest_first else "pk")
