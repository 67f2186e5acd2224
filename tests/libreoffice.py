"""Workbooks as LibreOffice recalculates them, whatever values were written beside their formulas."""

import re
import subprocess
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from python_calamine import CalamineWorkbook

WRONG = 424242
# Calc's setting "Recalculation on file load": always, for this profile.
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""
_FORMULA = re.compile(r"(<c [^>]*>)<f>(.*?)</f><v>[^<]*</v></c>")
_ERROR = re.compile(r'<c r="(\w+)"[^>]* t="e"[^>]*>.*?<v>([^<]*)</v></c>')

Sheets = dict[str, list[list]]


class LibreOffice:
    """`soffice` with a profile of its own in `folder`."""

    def __init__(self, binary: str, folder: Path):
        self.binary, self.folder = binary, folder
        user = folder / "profile" / "user"
        user.mkdir(parents=True)
        (user / "registrymodifications.xcu").write_text(SETTINGS)

    def recalculated(self, books: dict[str, bytes]) -> dict[str, Sheets]:
        """By name: an XLSX with wrong values beside every formula -> its sheets as rows of cells, recalculated; one start for all.
        AssertionError names cells that hold an error."""
        asked, answered = self.folder / "asked", self.folder / "answered"
        asked.mkdir(exist_ok=True)
        for name, content in books.items():
            (asked / f"{name}.xlsx").write_bytes(spoiled(content))
        files = [str(asked / f"{name}.xlsx") for name in books]
        self.convert("xlsx:Calc MS Excel 2007 XML", answered, *files)
        made = {name: (answered / f"{name}.xlsx").read_bytes() for name in books}
        wrong = {name: found for name, content in made.items() if (found := errors(content))}
        assert not wrong, wrong
        return {name: sheets(content) for name, content in made.items()}

    def convert(self, to: str, into: Path, *files: str) -> None:
        profile = f"-env:UserInstallation={(self.folder / 'profile').as_uri()}"
        command = [self.binary, profile, "--headless", "--norestore", "--convert-to", to, "--outdir", str(into), *files]
        subprocess.run(command, check=True, capture_output=True, timeout=300)


def sheets(content: bytes) -> Sheets:
    """An XLSX's values by sheet, from A1 on."""
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def formulas(content: bytes) -> list[str]:
    return [formula for xml in _sheet_files(content).values() for _, formula in _FORMULA.findall(xml)]


def errors(content: bytes) -> list[tuple[str, ...]]:
    """(sheet's file, cell, error) of every cell that could not be calculated, such as #NAME?."""
    return [(name, *found) for name, xml in _sheet_files(content).items() for found in _ERROR.findall(xml)]


def spoiled(content: bytes) -> bytes:
    """The workbook with one and the same wrong value beside each formula."""
    return _with_sheets(content, lambda name, xml: _FORMULA.sub(rf"\1<f>\2</f><v>{WRONG}</v></c>", xml))


def changed(content: bytes, cells: dict[tuple[str, str], float | str]) -> bytes:
    """The workbook as somebody saves it who typed other values into cells: by (sheet, cell). KeyError where there is no such cell."""
    numbers = {name: number for number, name in enumerate(sheets(content), start=1)}
    left = dict(cells)

    def typed(file: str, xml: str) -> str:
        for (sheet, cell), value in cells.items():
            if file == f"xl/worksheets/sheet{numbers[sheet]}.xml":
                kind = "" if isinstance(value, float | int) else ' t="str"'
                new = rf'<c r="{cell}"\1{kind}><v>{escape(str(value))}</v></c>'
                xml, found = re.subn(rf'<c r="{cell}"((?: s="\d+")?)[^>]*>(?:<v>[^<]*</v>)</c>', new, xml)
                if found:
                    del left[sheet, cell]
        return xml

    made = _with_sheets(content, typed)
    if left:
        raise KeyError(*left)
    return made


def _sheet_files(content: bytes) -> dict[str, str]:
    with ZipFile(BytesIO(content)) as book:
        return {name: book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")}


def _with_sheets(content: bytes, edit) -> bytes:
    stream = BytesIO()
    with ZipFile(BytesIO(content)) as book, ZipFile(stream, "w", ZIP_DEFLATED) as made:
        for name in book.namelist():
            data = book.read(name)
            made.writestr(name, edit(name, data.decode()).encode() if name.startswith("xl/worksheets/sheet") else data)
    return stream.getvalue()
