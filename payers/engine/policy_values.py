"""One value of a policy file and the path to it -> the value as a document keeps it, or WrongValue; grain: one value.

Each check is made for one kind of value: text, a word of a closed set, a date, a code, a list, a mapping with known keys only.
"""

import copy
import datetime as dt
import re
from collections.abc import Callable

Check = Callable[[object, str], object]
NEEDED = object()


class WrongValue(ValueError):
    """What is wrong with the value at `path`, such as scope.states[2]."""

    def __init__(self, path: str, message: str):
        super().__init__(message)
        self.path = path


def text(most: int) -> Check:
    def check(value: object, path: str) -> str:
        if not isinstance(value, str) or not value.strip():
            raise WrongValue(path, "must be text (put quotes around it)")
        if len(value.strip()) > most:
            raise WrongValue(path, f"is longer than {most} characters")
        return value.strip()

    return check


def word(*allowed: str) -> Check:
    def check(value: object, path: str) -> str:
        if value not in allowed:
            raise WrongValue(path, f"is “{value}”, must be one of {', '.join(allowed)}")
        return str(value)

    return check


def flag(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise WrongValue(path, "must be true or false")
    return value


def day(value: object, path: str) -> str:
    """A date as ISO text. YAML is read with dates as text, so that a day of no calendar is refused by name."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise WrongValue(path, "must be a date written year-month-day, such as 2026-01-31")
    try:
        return dt.date.fromisoformat(value).isoformat()
    except ValueError:
        raise WrongValue(path, f"is “{value}”, no day of the calendar") from None


def whole(low: int, high: int) -> Check:
    def check(value: object, path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise WrongValue(path, f"must be a whole number from {low} to {high}")
        return value

    return check


def number(low: float, high: float) -> Check:
    def check(value: object, path: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise WrongValue(path, f"must be a number from {low:g} to {high:g}")
        return value

    return check


def hcpcs(value: object, path: str) -> str:
    code = str(value).strip().upper()
    if not re.fullmatch(r"[A-Z]\d{4}|\d{4}[A-Z0-9]", code, re.ASCII):
        raise WrongValue(path, f"is “{value}”, must be a code of five characters such as J1745")
    return code


def lower_text(value: object, path: str) -> str:
    return str(text(100)(value, path)).lower()


def state(value: object, path: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{2}", value):
        raise WrongValue(path, f"is “{value}”, must be a state's two letters such as OH")
    return value


def each(check: Check) -> Check:
    """A list whose items all pass the check."""

    def check_all(value: object, path: str) -> list:
        if not isinstance(value, list):
            raise WrongValue(path, "must be a list, such as [a, b]")
        return [check(item, f"{path}[{place}]") for place, item in enumerate(value, start=1)]

    return check_all


def words(check: Check) -> Check:
    """A list of words, each once."""
    return lambda value, path: list(dict.fromkeys(each(check)(value, path)))


def mapping(schema: dict[str, tuple[Check, object]]) -> Check:
    """A mapping with these keys and no other: (check, default where the key is absent or null, or NEEDED)."""

    def check(value: object, path: str) -> dict:
        here = f"{path}." if path else ""
        if not isinstance(value, dict):
            raise WrongValue(path or "the file", f"must be keys and values: {', '.join(schema)}")
        for key in value:
            if key not in schema:
                raise WrongValue(f"{here}{key}", f"is not a key of the schema ({', '.join(schema)})")
        missing = [key for key, (_, default) in schema.items() if default is NEEDED and value.get(key) is None]
        if missing:
            raise WrongValue(f"{here}{missing[0]}", "is missing")
        return {
            key: copy.deepcopy(default) if value.get(key) is None else check_value(value[key], f"{here}{key}")
            for key, (check_value, default) in schema.items()
        }

    return check
