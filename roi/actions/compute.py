"""A scenario version's run: asked for, computed from the version alone, published in one transaction."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import roi.engine
from demand.actions import runs
from demand.models import Run
from roi.engine.break_even import HEADLINE_KEYS, break_even
from roi.engine.cash_flow import CashFlow, cash_flow
from roi.engine.contributions import contributions
from roi.engine.infusion_center import Center, inputs_of
from roi.engine.inputs import InputError
from roi.engine.uncertainty import DRAWS, uncertainty
from roi.models import ScenarioLine, ScenarioResult, ScenarioVersion

ROWS_AT_ONCE = 1000
SEED = 1


@lru_cache(maxsize=1)
def engine_version() -> str:
    """The code that computes, as 12 hex characters: any change of it is another version."""
    root = Path(roi.engine.__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*root.glob("*.py"), *root.glob("sql/*.sql")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def request_scenario_run(version: ScenarioVersion, *, seed: int = SEED, draws: int | None = None, user=None) -> Run:
    """Ask for a version's results. The same version, seed, draws and engine give the existing run. The caller sends it to the queue."""
    inputs = {"version": version.pk, "sha256": sha256(version.inputs), "data_run": version.inputs["market"]["run_id"]}
    return runs.request_run(
        Run.Kind.SCENARIO,
        subject_id=version.pk,
        inputs=inputs,
        parameters={"seed": seed, "draws": draws or DRAWS},
        engine_version=engine_version(),
        user=user,
    )


def perform_scenario(claim: runs.Claim) -> None:
    """Compute the claimed run and publish its result and its lines."""
    run = Run.objects.get(pk=claim.run_id)
    version = ScenarioVersion.objects.filter(pk=run.subject_id).first()
    if version is None:
        runs.fail_run(claim, "The scenario was deleted before its results were computed.")
        return
    report = runs.StageReport(claim)
    seed, draws = run.parameters["seed"], run.parameters.get("draws", DRAWS)
    try:
        center = Center.from_json(version.inputs)
        report("cash flow", 0.0)
        result = cash_flow(inputs_of(center))
        report("draws", 0.2)
        summary = summarized(center, result, seed, draws)
    except InputError as error:
        runs.fail_run(claim, f"{error} Open the scenario, correct this input and save it again.")
        return
    data_run = Run.objects.filter(pk=version.inputs["market"]["run_id"]).first()

    def publish():
        made = ScenarioResult.objects.create(version=version, run=run, data_run=data_run, summary=summary)
        rows = [ScenarioLine(result=made, **row) for row in lines(result)]
        ScenarioLine.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)

    headline = {"npv_cents": {baseline: value.npv_cents for baseline, value in result.values.items()}}
    runs.finish_run(claim, result=headline, result_hash=sha256(summary), stages=report.finished(), publish=publish)


def summarized(center: Center, result: CashFlow, seed: int, draws: int) -> dict:
    """What a page needs of a result; the lines stand in their table."""
    whole = result.as_json()
    del whole["worlds_cents"]
    for baseline in whole["baselines"].values():
        del baseline["lines_cents"]
    whole["break_even"] = {key: vars(solved) for key, solved in break_even(center, HEADLINE_KEYS).items()}
    found = contributions(center, inputs_of(center), result)
    whole["contributions"] = {
        way: [{"name": list(row.name), "npv_cents": row.npv_cents, "infusions": row.infusions} for row in rows]
        for way, rows in found.items()
    }
    whole["uncertainty"] = uncertainty(center, seed, draws).as_json()
    return whole


def lines(result: CashFlow) -> list[dict]:
    """Value by baseline, month and line item, in cents; what is zero is left out."""
    return [
        {"baseline": baseline, "month": month, "line_item": line, "cents": cents}
        for baseline, value in result.values.items()
        for line, flows in value.lines.items()
        for month, cents in enumerate(flows)
        if cents
    ]


def sha256(values) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
