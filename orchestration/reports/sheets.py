"""Sheets of a workbook as tables whose ranges formulas can refer to; text that cannot run; money by currency.

Belongs here: what any workbook of ours needs. Does not belong: what a particular workbook shows.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.export.cells import inert, major

EXCEL_ROWS = 1_048_576
INK, PAPER, RULE = "17212B", "F3F6F9", "C9D2DB"
HEADER = Font(bold=True, color="FFFFFF")
HEADER_FILL = PatternFill("solid", fgColor=INK)
GOOD = PatternFill("solid", bgColor="DDF2E3")
BAD = PatternFill("solid", bgColor="F9D9D4")


class PacketError(ValueError):
    """A packet cannot be made; the message names the frame and the column or currency."""


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values: no NaN, no numpy."""
    return [
        {str(name): _plain(str(name), value) for name, value in row.items()}
        for row in frame.to_dict(orient="records")
    ]


def _plain(name: str, value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if name.endswith("_minor") and isinstance(value, float):
        # pandas turns integers beside a null into floats; beyond 2^53 they have lost units already.
        if not value.is_integer() or abs(value) >= 2**53:
            raise PacketError(f"{name} came as {value!r}: give the column as Int64")
        return int(value)
    if isinstance(value, pd.Timestamp):
        return value.date()
    return value.item() if hasattr(value, "item") else value


def words(name: str) -> str:
    return name.removesuffix("_minor").replace("_", " ").capitalize()


class Table:
    """A sheet with one table, and the ranges by which formulas on other sheets refer to it."""

    def __init__(
        self,
        workbook: Workbook,
        title: str,
        rows: list[dict[str, Any]],
        columns: Sequence[str],
        exponents: Mapping[str, int],
    ) -> None:
        if len(rows) >= EXCEL_ROWS:
            raise PacketError(
                f"{title} has {len(rows)} rows, more than a sheet holds: summarise it"
            )
        self.sheet: Worksheet = workbook.create_sheet(title)
        self.title, self.rows, self.columns = title, rows, list(columns)
        self.exponents = exponents
        self.first, self.last = 2, max(len(rows) + 1, 2)
        head(self.sheet, 1, [words(name) for name in self.columns])
        for place, row in enumerate(rows, start=2):
            for position, name in enumerate(self.columns, start=1):
                put(self.sheet, place, position, self._value(name, row), self._format(name, row))
        self.sheet.freeze_panes = "A2"
        self.sheet.auto_filter.ref = f"A1:{get_column_letter(len(self.columns))}{self.last}"
        fit(self.sheet)
        for_print(self.sheet)

    def _exponent(self, row: Mapping[str, Any], name: str = "") -> int:
        currency = row.get("functional_currency" if name.startswith("functional_") else "currency")
        if currency not in self.exponents:
            raise PacketError(f"{self.title}: currency {currency} has no exponent in the seeds")
        return self.exponents[str(currency)]

    def _value(self, name: str, row: Mapping[str, Any]) -> Any:
        value = row.get(name)
        if name.endswith("_minor") and value is not None:
            return major(int(value), self._exponent(row, name))
        return value

    def _format(self, name: str, row: Mapping[str, Any]) -> str | None:
        return money_format(self._exponent(row, name)) if name.endswith("_minor") else None

    def range(self, name: str) -> str:
        letter = get_column_letter(self.columns.index(name) + 1)
        return f"'{self.title}'!${letter}${self.first}:${letter}${self.last}"

    def cell(self, name: str, place: int) -> str:
        return f"'{self.title}'!${get_column_letter(self.columns.index(name) + 1)}${place}"

    def add_formula(self, title: str, formulas: Iterable[str], *, is_check: bool = True) -> None:
        """One more column of live formulas, one a row; a check is green where it comes out as nothing."""
        position = len(self.columns) + 1
        self.columns.append(title)
        head(self.sheet, 1, [words(title)], start=position)
        for place, (row, formula) in enumerate(zip(self.rows, formulas, strict=True), start=2):
            cell = self.sheet.cell(place, position, formula)
            cell.number_format = money_format(self._exponent(row))
        letter = get_column_letter(position)
        if is_check:
            mark(self.sheet, f"{letter}{self.first}:{letter}{self.last}", "0")
        self.sheet.column_dimensions[letter].width = 18
        self.sheet.auto_filter.ref = f"A1:{letter}{self.last}"


def money_format(exponent: int) -> str:
    shape = "#,##0" + ("." + "0" * exponent if exponent else "")
    return f"{shape};[Red]-{shape};{shape}"


def put(sheet: Worksheet, row: int, column: int, value: Any, number_format: str | None) -> None:
    """Write a value; text is inert and stays text, whatever it begins with."""
    cell = sheet.cell(row, column)
    if isinstance(value, bool):
        cell.value = "yes" if value else "no"
    elif isinstance(value, int | Decimal | date | datetime):
        cell.value = value
    elif value is not None:
        cell.value = inert(str(value))
        cell.data_type = "s"
    if number_format:
        cell.number_format = number_format


def head(sheet: Worksheet, row: int, titles: Sequence[str], start: int = 1) -> None:
    for position, title in enumerate(titles, start=start):
        cell = sheet.cell(row, position, title)
        cell.font, cell.fill = HEADER, HEADER_FILL
        cell.alignment = Alignment(vertical="center", wrap_text=True)


def mark(sheet: Worksheet, where: str, good: str) -> None:
    """Green where the cell holds ``good``, red where it does not."""
    sheet.conditional_formatting.add(where, CellIsRule("equal", [good], fill=GOOD))
    sheet.conditional_formatting.add(where, CellIsRule("notEqual", [good], fill=BAD))


def for_print(sheet: Worksheet) -> None:
    """Landscape, as wide as a page, the header on each page, and which sheet and page this is."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    sheet.oddFooter.left.text, sheet.oddFooter.right.text = "&A", "&P / &N"


def fit(sheet: Worksheet, most: int = 60) -> None:
    for column in sheet.columns:
        longest = max(
            (len(str(cell.value)) for cell in column if cell.value is not None), default=8
        )
        letter = get_column_letter(column[0].column or 1)
        sheet.column_dimensions[letter].width = min(max(longest + 3, 11), most)


def settle(written: Path, path: Path) -> None:
    """Pack the workbook again without the time of its making, so that equal data give equal bytes."""
    stamp = b"2000-01-01T00:00:00Z"
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(path, "w") as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
            target.writestr(
                zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
            )
    written.unlink()
