"""The outcome of every row, the slow and obvious way: one row after the other, lists and dictionaries, no SQL.

Rows are dictionaries as `builders.medical` makes them, with sequence, file_no and row_number; amounts as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

AMOUNTS = ("service_unit_quantity", "paid_amount", "allowed_amount", "charge_amount")
EVENT = ("data_source", "person_id", "hcpcs_code", "claim_line_start_date", "billing_npi", "facility_npi", "rendering_npi")
PLACE = ("sequence", "file_no", "row_number")


def outcomes(rows: Sequence[dict]) -> dict[tuple, tuple[str, str]]:
    """(sequence, file_no, row_number) -> (outcome, rule); rule is '' for accepted rows."""
    answer: dict[tuple, tuple[str, str]] = {}
    standing: list[dict] = []
    for row in sorted(rows, key=place):
        twin = next((other for other in standing if same(row, other)), None)
        if twin:
            answer[place(row)] = ("duplicate", "DUPLICATE_ROW")
            row["twin"] = place(twin)
        else:
            standing.append(row)
    reverse(standing, answer)
    for row in rows:
        if answer.get(row.get("twin"), ("", ""))[1] == "NEGATIVE_UNMATCHED":
            answer[place(row)] = ("rejected", "NEGATIVE_UNMATCHED")
    left = [row for row in standing if place(row) not in answer]
    for row in left:
        newest = max((other for other in left if key(other) == key(row)), key=age)
        rule = replaced(row, [other for other in left if claim(other) == claim(row)])
        if newest is not row:
            answer[place(row)] = ("superseded", "OLDER_VERSION")
        elif rule:
            answer[place(row)] = ("superseded", rule)
    return {place(row): answer.get(place(row), ("accepted", "")) for row in rows}


def place(row: dict) -> tuple:
    return tuple(row[name] for name in PLACE)


def claim(row: dict) -> tuple:
    return row["data_source"], row["claim_id"]


def key(row: dict) -> tuple:
    return *claim(row), int(row["claim_line_number"])


def same(row: dict, other: dict) -> bool:
    return all(row[name] == other[name] for name in row if name not in (*PLACE, "twin"))


def age(row: dict) -> tuple:
    return row["paid_date"] or "", row.get("file_date") or "", *place(row)


def amounts(row: dict) -> tuple:
    return tuple(Fraction(row[name]) if row[name] else None for name in AMOUNTS)


def negative(row: dict) -> bool:
    return any(amount is not None and amount < 0 for amount in amounts(row))


def reverse(rows: list[dict], answer: dict) -> None:
    """Each negative row takes the nearest earlier row that is still open, in the order of extract, dates and place."""
    done: list[dict] = []
    for row in sorted(rows, key=lambda row: (row["sequence"], row["paid_date"] or "", row.get("file_date") or "", *place(row))):
        if negative(row):
            wanted = tuple(None if amount is None else -amount for amount in amounts(row))
            open_rows = [
                other
                for other in done
                if place(other) not in answer and amounts(other) == wanted and all(other[name] == row[name] for name in EVENT)
            ]
            if open_rows:
                answer[place(row)] = answer[place(open_rows[-1])] = ("superseded", "REVERSED")
            else:
                answer[place(row)] = ("rejected", "NEGATIVE_UNMATCHED")
        done.append(row)


def replaced(row: dict, rows: list[dict]) -> str:
    """Bill type frequency 8 voids the claim up to its date, frequency 7 replaces it."""

    def frequency(one: dict) -> str:
        return one["bill_type_code"].lstrip("0")[2:3]

    def dates(one: dict) -> tuple:
        return one["paid_date"] or "", one.get("file_date") or ""

    if frequency(row) == "8" or any(frequency(one) == "8" and dates(row) <= dates(one) for one in rows):
        return "CLAIM_VOIDED"
    if frequency(row) != "7" and any(frequency(one) == "7" and dates(row) <= dates(one) for one in rows):
        return "CLAIM_REPLACED"
    return ""


def split_cents(paid: int, weights: Sequence[int]) -> list[int]:
    """Whole cents by weight that add up: floors first, what is left to the largest remainders, then to the first."""
    total = sum(weights)
    exact = [Fraction(paid * weight, total) for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(exact[place] - shares[place]), weights[place] == 0, place))
    for winner in by_remainder[: paid - sum(shares)]:
        shares[winner] += 1
    return shares
