"""Tables as a workbook that spreadsheets open; text is never taken for a formula."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import xlsxwriter

Cell = str | int | float | date | None
WIDTH = 18


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: the first row is what the columns are called."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def as_workbook(sheets: Sequence[Sheet]) -> bytes:
    """Write the sheets into one .xlsx file; an empty cell where there is no figure."""
    written = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(written, options) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            page.freeze_panes(1, 0)
            page.set_column(0, len(sheet.columns) - 1, WIDTH)
            page.write_row(0, 0, sheet.columns, head)
            for n, row in enumerate(sheet.rows, start=1):
                cells = [str(cell) if isinstance(cell, date) else cell for cell in row]
                page.write_row(n, 0, cells)
    return written.getvalue()
