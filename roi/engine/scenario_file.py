"""One version of a scenario with its seed and results <-> the JSON text that computes the same to the cent elsewhere; grain: one version.

The inputs hold the frozen market (volumes, prices, policies), so that they alone recompute. The claims run behind them is named by its
result's hash, because run numbers differ from server to server. A checksum tells inputs that were edited by hand.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

FORMAT = "infusion strategy scenario, form 1"
LONGEST = 5_000_000
MOST_DRAWS = 100_000
LONGEST_NAME, LONGEST_NOTE = 120, 300
_NUMBER, _NUMBER_OR_NONE = "a whole number", "a whole number or null"
_SHAPES = {
    "name": "text", "kind": "text", "version": _NUMBER, "note": "text", "seed": _NUMBER, "draws": _NUMBER, "engine_version": "text",
    "data_run": _NUMBER_OR_NONE, "data_hash": "text", "result_hash": "text",
}  # fmt: skip


class FileRefused(ValueError):
    """The text is no scenario that can be computed; the message is one sentence that says why and what to do."""


@dataclass(frozen=True)
class ScenarioFile:
    """`data_hash` is empty where the claims run was gone when the file was written; `npv_cents` by baseline."""

    name: str
    kind: str
    version: int
    note: str
    inputs: Mapping
    seed: int
    draws: int
    engine_version: str
    data_run: int | None
    data_hash: str
    result_hash: str
    npv_cents: Mapping[str, int]

    def as_text(self) -> str:
        return (
            json.dumps({"format": FORMAT, **asdict(self), "inputs_sha256": checksum(self.inputs)}, indent=1, sort_keys=True) + "\n"
        )


def checksum(values) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def read_scenario_file(text: str) -> ScenarioFile:
    """The file's text -> its parts. FileRefused where it is none of ours, was cut off or was changed."""
    if len(text) > LONGEST:
        raise FileRefused("The file is larger than any scenario; choose the file that a scenario's page exported.")
    try:
        found = json.loads(text)
        whole = json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise FileRefused("The file holds objects within objects without end; export the scenario again.") from None
    except ValueError:  # UnicodeEncodeError too: half a character
        raise FileRefused("The file is not complete JSON; export the scenario again and do not open it in between.") from None
    if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
        raise FileRefused("The file is no exported scenario; choose the file that a scenario's page exported.")
    if b"\\u0000" in whole:
        raise FileRefused("The file holds a character that cannot be stored (NUL); export the scenario again.")
    stated = found.pop("inputs_sha256", None)
    if set(found) != set(ScenarioFile.__annotations__) or not isinstance(found["inputs"], dict):
        raise FileRefused("The file is not whole: a part of the scenario is missing; export it again.")
    if stated != checksum(found["inputs"]):
        raise FileRefused(
            "The inputs were changed after the file was written; import the file as exported, then change the scenario."
        )
    _check_shapes(found)
    for name, most in (("seed", 2**63 - 1), ("draws", MOST_DRAWS)):
        if not 0 < found[name] + (name == "seed") <= most:
            raise FileRefused(f"The {name} of the file is not a number that can be used; export the scenario again.")
    return ScenarioFile(**found)


def _check_shapes(found: Mapping) -> None:
    for name, shape in _SHAPES.items():
        value = found[name]
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (isinstance(value, str) if shape == "text" else whole or (shape == _NUMBER_OR_NONE and value is None)):
            raise FileRefused(f"“{name}” in the file is not {shape}; export the scenario again.")
    values = found["npv_cents"]
    if not isinstance(values, dict) or not all(isinstance(cents, int) and not isinstance(cents, bool) for cents in values.values()):
        raise FileRefused("“npv_cents” in the file is not whole cents by baseline; export the scenario again.")
    check_name(found["name"])
    if len(found["note"]) > LONGEST_NOTE:
        raise FileRefused(f"The note in the file is longer than {LONGEST_NOTE} characters; export the scenario again.")


def check_name(name: str) -> None:
    """FileRefused where a scenario cannot be called that."""
    if not name.strip() or len(name) > LONGEST_NAME or "\0" in name:
        raise FileRefused(f"The name of the scenario needs 1 to {LONGEST_NAME} characters, none of them NUL; choose another.")
