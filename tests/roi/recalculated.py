"""An XLSX's bytes -> every cell as a spreadsheet would recalculate it; the values written beside formulas are not looked at.

Knows the functions that our workbooks use and no other: what it does not know fails.
"""

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CELL = r"\$?([A-Z]{1,3})\$?(\d+)"
TOKEN = re.compile(rf"(?:(?:'((?:[^']|'')+)'|([A-Za-z]+))!)?{CELL}(?::{CELL})?(?![\w(])")


class Recalculated:
    def __init__(self, content: bytes):
        book = ZipFile(BytesIO(content))
        strings = [
            "".join(text.text or "" for text in item.iter(f"{MAIN}t"))
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        names = [sheet.get("name") for sheet in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{MAIN}sheet")]
        self.formulas, self.values = {}, {}
        for number, name in enumerate(names, start=1):
            for cell in ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")).iter(f"{MAIN}c"):
                formula, value = cell.find(f"{MAIN}f"), cell.find(f"{MAIN}v")
                if formula is not None:
                    self.formulas[name, cell.get("r")] = formula.text
                elif value is not None:
                    self.values[name, cell.get("r")] = strings[int(value.text)] if cell.get("t") == "s" else float(value.text)

    def at(self, sheet: str, cell: str):
        key = (sheet, cell)
        if key not in self.values and key in self.formulas:
            self.values[key] = self._evaluated(sheet, self.formulas[key])
        return self.values.get(key)

    def column(self, sheet: str, letter: str) -> list:
        """A column's cells from top to bottom, as far as there are any."""
        rows = sorted(
            int(cell[len(letter) :])
            for name, cell in {*self.values, *self.formulas}
            if name == sheet and re.fullmatch(rf"{letter}\d+", cell)
        )
        return [self.at(sheet, f"{letter}{row}") for row in rows]

    def _evaluated(self, sheet: str, formula: str):
        def reference(found):
            name = (found[1] or found[2] or sheet).replace("''", "'")
            if found[5] is None:
                return f"one({name!r}, {found[3] + found[4]!r})"
            return f"many({name!r}, {found[3]!r}, {found[4]}, {found[5]!r}, {found[6]})"

        text = TOKEN.sub(reference, formula).replace("^", "**")
        return eval(text, {"__builtins__": {}}, FUNCTIONS | {"one": lambda *of: self.at(*of) or 0.0, "many": self._many})

    def _many(self, sheet: str, first: str, top: int, last: str, bottom: int) -> list:
        letters = [_letters(number) for number in range(_number(first), _number(last) + 1)]
        return [self.at(sheet, f"{letter}{row}") for row in range(top, bottom + 1) for letter in letters]


def _number(letters: str) -> int:
    total = 0
    for letter in letters:
        total = total * 26 + ord(letter) - 64
    return total


def _letters(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def _numbers(cells) -> list[float]:
    flat = [one for cell in cells for one in (cell if isinstance(cell, list) else [cell])]
    return [one for one in flat if isinstance(one, float | int)]


def _round(number: float, places: int) -> float:
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


FUNCTIONS = {
    "SUM": lambda *cells: math.fsum(_numbers(cells)),
    "MIN": lambda *cells: min(_numbers(cells)),
    "MAX": lambda *cells: max(_numbers(cells)),
    "ROUND": _round,
    "ROUNDUP": lambda number, places: math.ceil(number * 10**places - 1e-9) / 10**places,
    "SUMPRODUCT": lambda first, second: math.fsum(a * b for a, b in zip(first, second, strict=True)),
    "SUMIF": lambda where, is_it, amounts: math.fsum(
        b for a, b in zip(where, amounts, strict=True) if a == is_it and b is not None
    ),
}
