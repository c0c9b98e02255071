"""The close packet: its formulas give the tie-outs, its text cannot run, equal data give equal bytes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import range_boundaries

from orchestration.reports.close_page import write_close_report
from orchestration.reports.packet import PacketData, Rollforward, for_entity, write_packet
from orchestration.reports.sheets import PacketError

MARCH = date(2026, 3, 1)


def balance(entity: str, currency: str, code: str, name: str, opening: int, net: int) -> dict:
    return {
        "entity_id": entity,
        "currency": currency,
        "account_code": code,
        "account_name": name,
        "opening_minor": opening,
        "debit_minor": max(net, 0),
        "credit_minor": max(-net, 0),
        "closing_minor": opening + net,
    }


def posted(entity: str, currency: str, kind: str, code: str, net: int, cause: str) -> dict:
    return {
        "reference": f"{entity}|2026-03|{kind}|{currency}",
        "entity_id": entity,
        "currency": currency,
        "entry_type": kind,
        "account_code": code,
        "cause": cause,
        "economic_period": MARCH,
        "debit_minor": max(net, 0),
        "credit_minor": max(-net, 0),
    }


@pytest.fixture
def data() -> PacketData:
    """US01 bills 120.05 and recognises 70.00; UK01 bills 900 yen. Opening balances stand before."""
    current = "current period"
    return PacketData(
        period=MARCH,
        scope="Consolidated",
        manifest={
            "batch_id": "000003-close",
            "seal": "ab12" * 16,
            "approved_by": "=cmd|' /C calc'!A1",
        },
        exponents={"USD": 2, "JPY": 0},
        trial_balance=pd.DataFrame(
            [
                balance("US01", "USD", "1100", "Accounts receivable", 500_00, 120_05),
                balance("US01", "USD", "2100", "Deferred revenue", -500_00, -50_05),
                balance("US01", "USD", "4010", "Revenue: on-demand", 0, -70_00),
                balance("UK01", "JPY", "1100", "Accounts receivable", 0, 900),
                balance("UK01", "JPY", "2100", "Deferred revenue", 0, -900),
            ]
        ),
        journal=pd.DataFrame(
            [
                posted("US01", "USD", "invoice", "1100", 120_05, current),
                posted("US01", "USD", "invoice", "2100", -120_05, current),
                posted("US01", "USD", "revenue", "2100", 70_00, "late usage"),
                posted("US01", "USD", "revenue", "4010", -70_00, "late usage"),
                posted("UK01", "JPY", "invoice", "1100", 900, current),
                posted("UK01", "JPY", "invoice", "2100", -900, current),
            ]
        ),
        rollforwards=(
            Rollforward(
                "Deferred revenue",
                ("2100",),
                -1,
                pd.DataFrame(
                    [
                        ("US01", "USD", 500_00, 120_05, -70_00, 550_05),
                        ("UK01", "JPY", 0, 900, 0, 900),
                    ],
                    columns=["entity_id", "currency", "opening_minor", "billed_minor"]
                    + ["recognised_minor", "closing_minor"],
                ),
            ),
        ),
        general_ledger=pd.DataFrame(
            [("US01", "USD", "1100", 620_05)],
            columns=["entity_id", "currency", "account_code", "closing_minor"],
        ),
        prior_period=pd.DataFrame(
            [("US01", "USD", "2026-02", "late usage", 70_00)],
            columns=["entity_id", "currency", "period", "cause", "result_minor"],
        ),
        exceptions=pd.DataFrame(
            [("US01", "USD", '=HYPERLINK("x")', -5_00), ("US01", "USD", "@SUM(A1)", None)],
            columns=["entity_id", "currency", "detail", "difference_minor"],
        ),
        controls=pd.DataFrame(
            [("CTL-BK-01", "+balanced", True)], columns=["control_id", "title", "passed"]
        ),
        revenue_by_month=pd.DataFrame(
            [
                ("US01", "USD", date(2026, month, 1), "on_demand", 60_00 + month)
                for month in (1, 2, 3)
            ],
            columns=["entity_id", "currency", "period", "stream", "amount_minor"],
        ),
    )


class Sheets:
    """Works out the few formulas the packet uses, in decimals: SUMIFS, SUM, ROUND, IF, COUNT…"""

    def __init__(self, book: Workbook) -> None:
        self.book = book

    def cells(self, reference: str, sheet: str) -> list[Any]:
        name, _, where = reference.rpartition("!")
        left, top, right, bottom = range_boundaries(where.replace("$", ""))
        page = self.book[name.strip("'") or sheet]
        return [
            self.value(page.title, row, column)
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        ]

    def value(self, sheet: str, row: int, column: int) -> Any:
        found = self.book[sheet].cell(row, column).value
        if str(found).startswith("="):
            return self.work_out(found[1:], sheet)
        return Decimal(str(found)) if isinstance(found, int | float) else found

    def work_out(self, formula: str, sheet: str) -> Any:
        ranges: list[list[Any]] = []

        def name_range(match: re.Match[str]) -> str:
            ranges.append(self.cells(match[0], sheet))
            return f"R[{len(ranges) - 1}]" + ("" if ":" in match[0] else "[0]")

        python = re.sub(r"('[^']+'!)?\$?[A-Z]+\$?\d+(:\$?[A-Z]+\$?\d+)?", name_range, formula)
        python = re.sub(r"(?<![<>=])=(?!=)", "==", python)
        return eval(python, {"R": ranges, **FUNCTIONS})


def _number(value: Any) -> Decimal:
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) else Decimal(0)


def _sumifs(amounts: list, *tests: Any) -> Decimal:
    columns, wanted = tests[::2], tests[1::2]
    return sum(
        (
            _number(amount)
            for place, amount in enumerate(amounts)
            if all(column[place] == want for column, want in zip(columns, wanted, strict=True))
        ),
        Decimal(0),
    )


FUNCTIONS = {
    "SUMIFS": _sumifs,
    "SUM": lambda cells: sum(map(_number, cells), Decimal(0)),
    "ROUND": lambda value, digits: round(_number(value), digits),
    "IF": lambda test, yes, no: yes if test else no,
    "COUNTA": lambda cells: sum(cell is not None for cell in cells),
    "COUNTIF": lambda cells, want: sum(cell == want for cell in cells),
}


def tie_outs(path: Path) -> list[tuple[Any, ...]]:
    book = load_workbook(path)
    sheets, page = Sheets(book), book["Tie-outs"]
    return [
        tuple(sheets.value("Tie-outs", row, column) for column in range(1, 9))
        for row in range(2, page.max_row + 1)
    ]


def test_every_tie_out_of_books_that_tie_comes_out_of_live_formulas(data, tmp_path):
    found = tie_outs(write_packet(data, tmp_path / "packet.xlsx"))
    assert {row[0] for row in found} == {
        "Posted debits = credits",
        "Trial balance sums to zero",
        "Movement of the account = journal",
        "Deferred revenue = trial balance",
        "Subledger = general ledger, exceptions named",
    }
    assert {row[7] for row in found} == {"ties"}
    deferred = next(
        row for row in found if row[:3] == ("Deferred revenue = trial balance", "US01", "USD")
    )
    assert deferred[4:7] == (Decimal("550.05"), Decimal("550.05"), 0)
    # Debits of March: 120.05 billed and 70.00 recognised.
    assert next(row for row in found if row[1] == "US01")[4] == Decimal("190.05")


def test_a_cent_changed_in_a_sheet_shows_in_the_tie_outs(data, tmp_path):
    path = write_packet(data, tmp_path / "packet.xlsx")
    book = load_workbook(path)
    page = book["Trial balance"]
    assert page["H2"].value == 620.05
    page["H2"].value = 620.06
    book.save(path)
    off = [row for row in tie_outs(path) if row[7] != "ties"]
    assert [(row[0], row[6]) for row in off] == [
        ("Trial balance sums to zero", Decimal("0.01")),
        ("Subledger = general ledger, exceptions named", Decimal("0.01")),
    ]
    sheets = Sheets(load_workbook(path))
    assert sheets.value("Trial balance", 2, 9) == Decimal("-0.01")


def test_a_rollforward_shows_by_itself_that_it_does_not_add_up(data, tmp_path):
    wrong = data.rollforwards[0].frame.assign(billed_minor=[120_06, 900])
    data = replace(data, rollforwards=(replace(data.rollforwards[0], frame=wrong),))
    sheets = Sheets(load_workbook(write_packet(data, tmp_path / "packet.xlsx")))
    assert [sheets.value("Deferred revenue", row, 7) for row in (2, 3)] == [Decimal("0.01"), 0]


def test_text_of_the_sources_cannot_run(data, tmp_path):
    book = load_workbook(write_packet(data, tmp_path / "packet.xlsx"))
    assert book["Exceptions"]["C2"].value == '\'=HYPERLINK("x")'
    assert book["Exceptions"]["C3"].value == "'@SUM(A1)"
    assert book["Controls"]["B2"].value == "'+balanced"
    texts = [
        cell
        for page in book
        for row in page.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@"))
    ]
    assert texts and all(
        cell.parent.title in {"Tie-outs", "Cover", "Trial balance", "Deferred revenue"}
        and cell.value.startswith(("=ROUND", "=IF", "=COUNT"))
        for cell in texts
    )


def test_amounts_stay_numbers_of_their_currencys_scale(data, tmp_path):
    page = load_workbook(write_packet(data, tmp_path / "packet.xlsx"))["Trial balance"]
    assert (page["H2"].value, page["H5"].value) == (620.05, 900)
    assert page["H5"].number_format.startswith("#,##0;")


def test_equal_data_give_equal_bytes(data, tmp_path):
    first = write_packet(data, tmp_path / "a.xlsx").read_bytes()
    assert write_packet(data, tmp_path / "b.xlsx").read_bytes() == first


def test_a_packet_of_one_entity_holds_only_its_rows(data, tmp_path):
    found = tie_outs(write_packet(for_entity(data, "UK01"), tmp_path / "uk.xlsx"))
    assert {row[1] for row in found} == {"UK01"} and {row[7] for row in found} == {"ties"}


def test_the_sign_off_sheet_carries_the_seal_to_note_elsewhere(data, tmp_path):
    page = load_workbook(write_packet(data, tmp_path / "packet.xlsx"))["Sign-off"]
    assert page["B3"].value == "ab12" * 16
    assert [page.cell(row, 1).value for row in (6, 7, 8)] == [
        "Prepared by (Revenue accounting)",
        "Approved by (Controller)",
        "Signed off by (CFO)",
    ]


def test_an_amount_that_pandas_has_rounded_is_refused(data, tmp_path):
    rounded = data.exceptions.assign(difference_minor=[2.0**60, None])
    with pytest.raises(PacketError, match="give the column as Int64"):
        write_packet(replace(data, exceptions=rounded), tmp_path / "packet.xlsx")


def test_a_frame_without_its_columns_is_refused_by_name(data, tmp_path):
    with pytest.raises(PacketError, match="Journal has no column cause"):
        write_packet(
            replace(data, journal=data.journal.drop(columns=["cause"])), tmp_path / "packet.xlsx"
        )


def test_a_currency_without_scale_is_refused_by_name(data, tmp_path):
    with pytest.raises(PacketError, match="currency JPY has no exponent"):
        write_packet(replace(data, exponents={"USD": 2}), tmp_path / "packet.xlsx")


def test_the_report_stands_alone_and_escapes_what_the_sources_wrote(data, tmp_path):
    data = replace(data, exceptions=data.exceptions.assign(detail="<script>alert(1)</script>"))
    page = write_close_report(data, tmp_path / "close.html").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert "data:image/png;base64," in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "March 2026" in page and "late usage" in page and "70.00" in page


def test_an_empty_close_still_makes_both_documents(data, tmp_path):
    nothing = pd.DataFrame()
    bare = replace(
        data,
        rollforwards=(),
        general_ledger=nothing,
        prior_period=nothing,
        exceptions=nothing,
        controls=nothing,
        revenue_by_month=nothing,
        trial_balance=data.trial_balance.head(0),
        journal=data.journal.head(0),
    )
    write_packet(bare, tmp_path / "packet.xlsx")
    assert "Nothing of earlier months" in write_close_report(bare, tmp_path / "c.html").read_text()
