"""A scenario file's inputs -> the `Center` they describe, every part of the type the engine reads; grain: one version."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from decimal import Decimal
from typing import get_args, get_origin, get_type_hints

from roi.engine.center_fields import FIELDS
from roi.engine.infusion_center import Center
from roi.engine.market import ELSEWHERE, HOSPITAL, RISK_STATUSES, Cell
from roi.engine.options import OPTIONS
from roi.engine.scenario_file import FileRefused
from roi.engine.typed_volumes import LONGEST, measured_of

UNREADABLE = "This version of the product cannot read the scenario's inputs{}; export it again from a server that is up to date."
LARGEST = Decimal("1e15")  # cents or infusions; no market has more, and floats still tell one from the next


def read_center(inputs: Mapping) -> Center:
    """FileRefused where a part is missing, unknown, or no value of its type."""
    try:
        center = Center.from_json(inputs)
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError):
        raise FileRefused(UNREADABLE.format("")) from None
    if wrong := _misfit(center, Center, "inputs"):
        raise FileRefused(UNREADABLE.format(f" (“{wrong}”)"))
    if center.option not in OPTIONS:
        raise FileRefused(UNREADABLE.format(f" (the option “{center.option[:40]}” is not known)"))
    if set(center.answers) != set(FIELDS):
        raise FileRefused(UNREADABLE.format(" (the questions answered are not those asked here)"))
    if any(set(ends) != {"low", "high"} for ends in center.spreads.values()):
        raise FileRefused(UNREADABLE.format(" (“spreads”)"))
    if set(center.begun_with) not in (set(), {"place", "measure", "amount"}):
        raise FileRefused(UNREADABLE.format(" (“begun_with”)"))
    if center.market.risk_status not in ("", *RISK_STATUSES) or center.market.risk_off < 0:
        raise FileRefused(UNREADABLE.format(" (“risk_status”)"))
    if not all(_whole(cell) for cell in center.market.cells):
        raise FileRefused(UNREADABLE.format(" (“cells”)"))
    return center


def _whole(cell: Cell) -> bool:
    """Patients are at the hospital, with what it is allowed, or elsewhere; some were measured, and no more leave than are there; what rates
    become is not below zero, and words typed are no longer than those typed here."""
    if measured_of(cell) <= 0:
        return False
    if any(chance < 0 for chance in cell.risk) or sum(cell.risk) > 1 or bool(cell.risk) != bool(cell.risk_from):
        return False
    typed = cell.typed_over
    if typed and max(len(typed.reason), len(typed.said_by)) > LONGEST:
        return False
    changes = (cell.site_changes, cell.hospital_changes, *(offer.changes for offer in cell.offers.values()))
    if any(min(change.drug, change.administration) < 0 for one in changes for change in one):
        return False
    return cell.place == ELSEWHERE or (cell.place == HOSPITAL and None not in (cell.hospital_allowed, cell.hospital_administration))


def _misfit(value, kind, name: str) -> str:
    """The first part that is no value of its annotation; empty where all are."""
    parts = get_args(kind)
    if get_origin(kind) is tuple:
        return next((wrong for one in value if (wrong := _misfit(one, parts[0], name))), "") if isinstance(value, tuple) else name
    if get_origin(kind) is Mapping:
        if not isinstance(value, Mapping):
            return name
        return next((wrong for key, one in value.items() if (wrong := _misfit(one, parts[1], f"{name}.{key}"[:80]))), "")
    if not isinstance(value, kind) or (isinstance(value, Decimal) and not (value.is_finite() and abs(value) <= LARGEST)):
        return name
    if not is_dataclass(value):
        return ""
    hints = get_type_hints(type(value))
    return next((wrong for key, hint in hints.items() if (wrong := _misfit(getattr(value, key), hint, key))), "")
