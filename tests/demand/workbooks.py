"""Small workbooks (XLSX) as a spreadsheet program writes them, made from rows: text, numbers, dates, errors, hidden rows."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STYLES = f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'


class Error(str):
    """A cell that holds an error such as #REF!."""


class Raw(str):
    """A cell's XML as it is."""


def _cell(value: object) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, Raw):
        return value
    if isinstance(value, Error):
        return f'<c t="e"><v>{value}</v></c>'
    if isinstance(value, dt.date):
        return f'<c s="1"><v>{(value - dt.date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def workbook(path: Path, *sheets: list[list], hidden: tuple[int, ...] = (), first_row: int = 1, tail: str = "") -> Path:
    """Write sheets (rows of cells, the header first). `hidden`: row numbers hidden in every sheet; `tail`: XML behind the data."""
    names = [f"Sheet{number}" for number in range(1, len(sheets) + 1)]
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in range(1, len(sheets) + 1)
    )
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="rId1" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1))
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{listed}</sheets></workbook>')
        styles = f'<Relationship Id="styles" Type="{_LINKS}/styles" Target="styles.xml"/>'
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{relations}">{links}{styles}</Relationships>')
        archive.writestr("xl/styles.xml", _STYLES)
        for number, rows in enumerate(sheets, 1):
            body = []
            for place, row in enumerate(rows, first_row):
                mark = ' hidden="1"' if place in hidden else ""
                body.append(f'<row r="{place}"{mark}>{"".join(_cell(value) for value in row)}</row>')
            data = f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(body)}</sheetData>{tail}</worksheet>'
            archive.writestr(f"xl/worksheets/sheet{number}.xml", data)
    return path
