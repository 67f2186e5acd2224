"""An Excel workbook in the house's formats: numbers, sheets with title, note and head, pages that print."""

from collections.abc import Iterable
from io import BytesIO
from math import ceil

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

FIRST_ROW = 4  # of a sheet's rows, counted from 0: title, note, an empty row, the head
CENTS = 100
LETTER = 1
PAGE_WIDTH = 230  # characters that can be read on a page
LINE = 15  # points
MONEY = "#,##0.00;[Red]-#,##0.00;–"  # nothing is a dash
FOLDED = {"level": 1, "hidden": True}


def row_height(texts: Iterable[str], widths: Iterable[float], bold: bool = False) -> float:
    """Points that wrapped texts need in columns so wide; not every program fits rows to their texts by itself."""
    fits = 0.8 if bold else 0.95
    lines = (ceil(len(text) / (width * fits)) for text, width in zip(texts, widths, strict=False) if text)
    return LINE * max(lines, default=1)


def pages_wide(widths: Iterable[float]) -> int:
    """Sheets of paper side by side on which columns so wide can still be read."""
    return 1 + int(sum(widths) // PAGE_WIDTH)


class Book:
    """An open workbook. Texts are never taken for formulas or links. Blue cells are what a reader may change."""

    def __init__(self, stream: BytesIO):
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self.book = Workbook(stream, options)
        self.title = self.book.add_format({"bold": True, "font_size": 14})
        self.note = self.book.add_format({"font_color": "#555555"})
        self.head = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.head_number = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "align": "right"})
        self.money = self.book.add_format({"num_format": MONEY, "valign": "top"})
        self.total = self.book.add_format({"num_format": MONEY, "bold": True, "top": 1})
        self.label_total = self.book.add_format({"bold": True, "top": 1})
        self.share = self.book.add_format({"num_format": "0.0%", "valign": "top"})
        self.share_right = self.book.add_format({"num_format": "0.0%", "align": "right"})
        self.exact = self.book.add_format({"num_format": "#,##0.0000;-#,##0.0000;–", "font_color": "#777777"})
        self.factor = self.book.add_format({"num_format": "0.000000"})
        self.number = self.book.add_format({"num_format": "#,##0.00"})
        self.tenths = self.book.add_format({"num_format": "#,##0.0"})
        self.right = self.book.add_format({"align": "right"})
        self.wrap = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.plain = self.book.add_format()
        self._blue: dict[tuple[str, str], object] = {}

    def blue(self, number_format: str, align: str = "right"):
        """The format of a cell that may be changed."""
        if (number_format, align) not in self._blue:
            look = {"num_format": number_format, "font_color": "#0000FF", "align": align, "valign": "top"}
            self._blue[number_format, align] = self.book.add_format(look)
        return self._blue[number_format, align]

    def sheet(self, name: str, title: str, note: str, head: Iterable[str], widths: Iterable[float], words: int = 1):
        """A sheet with its head; the first `words` columns hold text, the others numbers. Wide ones print on pages side by side."""
        head, widths = list(head), list(widths)
        sheet = self.book.add_worksheet(name)
        sheet.write_string(0, 0, title, self.title)
        sheet.write_string(1, 0, note, self.note)
        for column, text in enumerate(head):
            sheet.write_string(FIRST_ROW - 1, column, text, self.head if column < words else self.head_number)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_row(FIRST_ROW - 1, row_height(head, widths, bold=True))
        sheet.freeze_panes(FIRST_ROW, 1)
        sheet.set_paper(LETTER)
        sheet.set_landscape()
        sheet.fit_to_pages(pages_wide(widths), 0)
        sheet.repeat_rows(FIRST_ROW - 1)
        sheet.repeat_columns(0)
        sheet.set_footer("&L&A&RPage &P of &N")
        return sheet


def sum_of_columns(made: Book, sheet, row: int, sums: list[int], first_column: int) -> None:
    """A line of totals under rows that begin at FIRST_ROW."""
    for column in range(first_column):
        sheet.write_string(row, column, "" if column else "Value", made.label_total)
    for column, cents in enumerate(sums, start=first_column):
        at = xl_col_to_name(column)
        items = f"{at}{FIRST_ROW + 1}:{at}{row}"
        sheet.write_formula(row, column, f"=ROUND(SUM({items}),2)" if row > FIRST_ROW else "=0", made.total, cents / CENTS)
