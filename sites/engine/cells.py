"""One cell's text -> one typed value; every parser raises BadCell with a rule and what a right cell looks like.

A parser is given trimmed text that is not blank. Codes stay text, dates are dates, money is integer cents.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

Parser = Callable[[str], object]


class BadCell(ValueError):
    """A cell that cannot be what its column says. `rule` is short and stable, the message says what would be right."""

    def __init__(self, rule: str, message: str):
        super().__init__(message)
        self.rule = rule


def text(most: int = 200) -> Parser:
    """Text of at most `most` characters."""

    def parse(cell: str) -> str:
        if len(cell) > most:
            raise BadCell("length", f"is longer than {most} characters")
        return cell

    return parse


def choice(*allowed: str) -> Parser:
    """One of a closed set, in any letter case."""

    def parse(cell: str) -> str:
        if cell.lower() not in allowed:
            raise BadCell("choice", f"must be one of {', '.join(allowed)}")
        return cell.lower()

    return parse


def flag(cell: str) -> bool:
    """true or false, as people and spreadsheets write them."""
    word = cell.lower()
    if word in ("true", "t", "yes", "y", "1"):
        return True
    if word in ("false", "f", "no", "n", "0"):
        return False
    raise BadCell("flag", "must be true or false")


def day(cell: str) -> dt.date:
    """A date written year-month-day."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell, re.ASCII):
        raise BadCell("date", "must be a date written year-month-day, such as 2026-01-31")
    try:
        date = dt.date.fromisoformat(cell)
    except ValueError:
        raise BadCell("date", "is no day of the calendar") from None
    if not 1900 <= date.year < 2200:
        raise BadCell("date", "must lie between 1900 and 2199")
    return date


def whole(low: int = 0, high: int = 2_147_483_647) -> Parser:
    """A whole number within low … high."""

    def parse(cell: str) -> int:
        if not re.fullmatch(r"-?\d{1,12}", cell, re.ASCII) or not low <= int(cell) <= high:
            raise BadCell("whole_number", f"must be a whole number from {low:,} to {high:,}")
        return int(cell)

    return parse


def _decimal(cell: str) -> Decimal | None:
    """Plain decimal notation only: no exponents, no inf, no NaN, no thousands separators."""
    if not re.fullmatch(r"-?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", cell, re.ASCII):
        return None
    try:
        return Decimal(cell)
    except InvalidOperation:
        return None


def number(low: float, high: float) -> Parser:
    """A number within low … high, as float."""

    def parse(cell: str) -> float:
        value = _decimal(cell)
        if value is None or not low <= value <= high:
            raise BadCell("number", f"must be a number from {low:,} to {high:,}")
        return float(value)

    return parse


def decimal(places: int, high: int = 1_000_000_000) -> Parser:
    """An exact number from 0 to `high` with at most `places` decimals."""

    def parse(cell: str) -> Decimal:
        value = _decimal(cell)
        if value is None or not 0 <= value <= high:
            raise BadCell("number", f"must be a number from 0 to {high:,}")
        if value != round(value, places):
            raise BadCell("decimals", f"has more than {places} decimals")
        return round(value, places)

    return parse


def cents(cell: str) -> int:
    """Dollars with at most two decimals, as integer cents. A dollar sign and thousands separators are not accepted."""
    value = _decimal(cell)
    if value is None or abs(value) > 1_000_000_000:
        raise BadCell("amount", "must be an amount in dollars such as 1234.50, without sign or separators")
    if value * 100 != int(value * 100):
        raise BadCell("amount", "has fractions of a cent")
    return int(value * 100)


def npi(cell: str) -> str:
    """A national provider number: ten digits. Its check digit is a warning's matter (`npi_check_digit_fits`)."""
    if not re.fullmatch(r"\d{10}", cell, re.ASCII):
        raise BadCell("npi", "must be a provider number of ten digits")
    return cell


NPI_PERIOD = re.compile(r"(\S+)(?:\s+from\s+(\S+))?(?:\s+to\s+(\S+))?", re.ASCII)


def npis(cell: str) -> tuple[str, ...]:
    """Provider numbers separated by ; in the order given, each once: "1234567893" or "1234567893 from 2025-01-01 to 2026-01-01".

    Half-open: the first day that no longer counts comes after "to".
    """
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in cell.split(";"))):
        said = NPI_PERIOD.fullmatch(part)
        if said is None:
            raise BadCell(
                "npi", "must be a provider number of ten digits, or one with its dates: 1234567893 from 2025-01-01 to 2026-01-01"
            )
        number, start, end = npi(said[1]), said[2] and day(said[2]), said[3] and day(said[3])
        if start and end and end <= start:
            raise BadCell("period", f"has {number} end before it begins")
        text = number + (f" from {start}" if start else "") + (f" to {end}" if end else "")
        if found.setdefault(number, text) != text:
            raise BadCell("npi", f"names {number} twice with different dates; keep one of them")
    return tuple(found.values())


def npi_period(text: str) -> tuple[str, dt.date | None, dt.date | None]:
    """One of `npis` -> the number, its first day, the first day that no longer counts."""
    number, start, end = NPI_PERIOD.fullmatch(text).groups()
    return number, start and dt.date.fromisoformat(start), end and dt.date.fromisoformat(end)


def npi_check_digit_fits(number: str) -> bool:
    """Luhn's check over 80840 + NPI (CMS, NPI check digit). `number` has ten digits."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed("80840" + number))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def names(most: int) -> Parser:
    """Names separated by ; as one text, each once in the order given: "A; B"."""
    whole_text = text(most)

    def parse(cell: str) -> str:
        found = dict.fromkeys(" ".join(part.split()) for part in re.split(r"[;\n]", cell) if part.strip())
        return whole_text("; ".join(found))

    return parse


def chairs_by_month(cell: str) -> str:
    """Steps such as "2026-07: 14 chairs, 50 hours", separated by ; or on lines, as one text in the order of their months."""
    steps = {}
    for part in re.split(r"[;\n]", cell):
        if not part.strip():
            continue
        found = re.fullmatch(
            r"\s*(\d{4}-(?:0[1-9]|1[0-2]))\s*[:,]\s*(\d{1,3})(?: chairs?)?\s*,\s*(\d{1,3}(?:\.\d)?)(?: hours?)?\s*", part, re.ASCII
        )
        if found is None or not 0 < float(found[3]) <= 168 or not 1900 <= int(found[1][:4]) < 2200:
            raise BadCell("chairs_by_month", "must be steps such as 2026-07: 14 chairs, 50 hours (hours a week, at most 168)")
        if found[1] in steps:
            raise BadCell("chairs_by_month", f"names {found[1]} twice; keep one of them")
        steps[found[1]] = f"{found[1]}: {int(found[2])} chairs, {Decimal(found[3]).normalize():f} hours"
    return "; ".join(steps[month] for month in sorted(steps))


def chair_steps(steps: str) -> list[tuple[dt.date, int, Decimal]]:
    """The text of `chairs_by_month` -> (first of the month, chairs, hours a week)."""
    parts = [re.findall(r"[\d.-]+", part) for part in steps.split("; ") if part]
    return [(dt.date.fromisoformat(f"{month}-01"), int(chairs), Decimal(hours)) for month, chairs, hours in parts]


def hcpcs(cell: str) -> str:
    """A HCPCS or CPT code: five characters, upper case."""
    code = cell.upper()
    if not re.fullmatch(r"[A-Z]\d{4}|\d{4}[A-Z0-9]", code, re.ASCII):
        raise BadCell("hcpcs", "must be a code of five characters, such as J1745")
    return code


def state(cell: str) -> str:
    """A state's two letters."""
    if not re.fullmatch(r"[A-Za-z]{2}", cell, re.ASCII):
        raise BadCell("state", "must be a state's two letters, such as OH")
    return cell.upper()


def zip_code(cell: str) -> str:
    """A ZIP code, five digits or nine with a hyphen. Fewer digits mean that a spreadsheet ate a leading zero."""
    if re.fullmatch(r"\d{3,4}", cell, re.ASCII):
        raise BadCell("zip_code", "has lost a leading zero; keep the column as text, five digits such as 02139")
    if not re.fullmatch(r"\d{5}(-\d{4})?", cell, re.ASCII):
        raise BadCell("zip_code", "must be five digits such as 02139, or nine such as 02139-4307")
    return cell


def five_digit_zip(cell: str) -> str:
    """The five digits of a ZIP code, of ZIP+4 too."""
    return zip_code(cell)[:5]


def taxonomy(cell: str) -> str:
    """A NUCC taxonomy code: ten characters that end with X."""
    code = cell.upper()
    if not re.fullmatch(r"[0-9A-Z]{9}X", code, re.ASCII):
        raise BadCell("taxonomy", "must be a taxonomy code of ten characters that ends with X, such as 261QI0500X")
    return code
