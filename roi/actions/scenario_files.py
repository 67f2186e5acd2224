"""A scenario out to one file and in from one, with the check that it returns the same here to the cent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from demand.models import Run
from roi.actions.compute import engine_version
from roi.actions.scenarios import Refused, Saved, create_scenario
from roi.engine.cash_flow import BASELINES, cash_flow
from roi.engine.center_file import read_center
from roi.engine.infusion_center import inputs_of
from roi.engine.scenario_file import ScenarioFile, check_name
from roi.models import ScenarioResult

NOT_HERE = (
    "The claims run that this scenario was built on is not on this server; import it once more and let it be computed from the inputs "
    "that the file contains."
)


@dataclass(frozen=True)
class Imported:
    """What was saved, whether its claims run is here, and the net present values of the file and of this server, in cents."""

    saved: Saved
    data_run: Run | None
    stated: Mapping[str, int]
    found: Mapping[str, int]
    same_engine: bool

    @property
    def is_same(self) -> bool:
        return dict(self.stated) == dict(self.found)

    def sentence(self) -> str:
        if self.is_same:
            return "The net present values computed here are the file's, to the cent."
        because = "though the engine is the same" if self.same_engine else "because another version of the engine wrote the file"
        return f"The net present values computed here differ from the file's, {because}; compare before you rely on either."


def exported(result: ScenarioResult) -> ScenarioFile:
    """A computed version as its file."""
    version, run, data = result.version, result.run, result.data_run
    return ScenarioFile(
        name=version.scenario.name,
        kind=version.scenario.kind,
        version=version.number,
        note=version.note,
        inputs=version.inputs,
        seed=run.parameters["seed"],
        draws=run.parameters["draws"],
        engine_version=run.engine_version,
        data_run=data.pk if data else None,
        data_hash=data.result_hash if data else "",
        result_hash=run.result_hash,
        npv_cents={baseline: value["npv_cents"] for baseline, value in result.summary["baselines"].items()},
    )


def import_scenario(user, file: ScenarioFile, *, name: str = "", from_inputs: bool = False) -> Imported:
    """A new scenario of the file's inputs, seed and draws. Refused where its claims run is not here, unless `from_inputs`.

    FileRefused where they are not of the shape the engine reads, InputError where it cannot compute them; nothing is written before.
    """
    here = Run.objects.published().filter(result_hash=file.data_hash).first() if file.data_hash else None
    if here is None and not from_inputs:
        raise Refused(NOT_HERE)
    check_name(name or file.name)
    center = read_center(file.inputs)
    center = replace(center, market=replace(center.market, run_id=here.pk if here else None))
    try:
        found = cash_flow(inputs_of(center))
    except ArithmeticError:
        raise Refused("The numbers of the file are too large to compute with; export the scenario again.") from None
    values = {baseline: found.values[baseline].npv_cents for baseline in BASELINES}
    note = f"Imported: version {file.version} of “{file.name}”" + ("" if here else ", computed from the file's inputs")
    saved = create_scenario(user, name or file.name, center, note, seed=file.seed, draws=file.draws)
    return Imported(saved, here, file.npv_cents, values, file.engine_version == engine_version())
