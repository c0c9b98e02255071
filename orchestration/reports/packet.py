"""The close packet: one workbook a reviewer can recalculate, from frames that the caller has read.

Belongs here: sheets, live formulas, and text that cannot run. The tie-outs are formulas over the other sheets,
so a changed cell shows. Does not belong: reading marts or books, and any figure of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.reports.sheets import (
    INK,
    PAPER,
    RULE,
    PacketError,
    Table,
    for_print,
    head,
    mark,
    money_format,
    put,
    rows_of,
    settle,
)

TIES, OFF = "ties", "DOES NOT TIE"


@dataclass(frozen=True)
class Rollforward:
    """Opening, movements and closing of a balance; ``sign`` is -1 where a credit balance is shown
    as positive. The frame has ``entity_id, currency, opening_minor, …_minor, closing_minor``."""

    title: str
    account_codes: tuple[str, ...]
    sign: int
    frame: pd.DataFrame


@dataclass(frozen=True)
class PacketData:
    """Everything a packet shows. Frames carry ``entity_id`` and ``currency`` and minor units.

    ``trial_balance``: account_code, account_name, opening_minor, debit_minor, credit_minor,
    closing_minor (debit positive) of the period, as reported. ``journal``: reference, entry_type,
    account_code, cause, economic_period, debit_minor, credit_minor posted in the period.
    Both may carry ``functional_currency`` and the same amounts as ``functional_…_minor``.
    ``general_ledger``: account_code, closing_minor of the ERP (may be empty); further amounts are what
    explains the difference of the books from it.
    ``manifest``: that of the batch which sealed the period. ``revenue_by_month``: period, stream,
    amount_minor. The other frames are shown as they are.
    """

    period: date
    scope: str
    manifest: Mapping[str, Any]
    exponents: Mapping[str, int]
    trial_balance: pd.DataFrame
    journal: pd.DataFrame
    rollforwards: Sequence[Rollforward] = ()
    general_ledger: pd.DataFrame = field(default_factory=pd.DataFrame)
    prior_period: pd.DataFrame = field(default_factory=pd.DataFrame)
    exceptions: pd.DataFrame = field(default_factory=pd.DataFrame)
    controls: pd.DataFrame = field(default_factory=pd.DataFrame)
    checklist: pd.DataFrame = field(default_factory=pd.DataFrame)
    flux: pd.DataFrame = field(default_factory=pd.DataFrame)
    revenue_by_month: pd.DataFrame = field(default_factory=pd.DataFrame)


def for_entity(data: PacketData, entity_id: str) -> PacketData:
    """The same packet with one entity's rows; frames without ``entity_id`` stay whole."""

    def mine(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["entity_id"] == entity_id] if "entity_id" in frame else frame

    return replace(
        data,
        scope=entity_id,
        trial_balance=mine(data.trial_balance),
        journal=mine(data.journal),
        rollforwards=tuple(
            replace(rollforward, frame=mine(rollforward.frame)) for rollforward in data.rollforwards
        ),
        general_ledger=mine(data.general_ledger),
        prior_period=mine(data.prior_period),
        exceptions=mine(data.exceptions),
        flux=mine(data.flux),
        revenue_by_month=mine(data.revenue_by_month),
    )


def _sumifs(table: Table, amount: str, **where: str) -> str:
    tests = ",".join(f"{table.range(name)},{cell}" for name, cell in where.items())
    return f"SUMIFS({table.range(amount)},{tests})"


def _books(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return sorted({(str(row["entity_id"]), str(row["currency"])) for row in rows})


def _own_books(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return sorted({(str(row["entity_id"]), str(row["functional_currency"])) for row in rows})


class TieOuts:
    """The sheet of tie-outs: left and right are formulas, so is their difference."""

    COLUMNS = ("Tie-out", "Entity", "Currency", "Account", "Left", "Right", "Difference", "Result")

    def __init__(self, workbook: Workbook, exponents: Mapping[str, int]) -> None:
        self.sheet: Worksheet = workbook.create_sheet("Tie-outs")
        self.exponents, self.place = exponents, 1
        head(self.sheet, 1, self.COLUMNS)
        self.sheet.freeze_panes = "A2"

    def add(
        self, title: str, entity: str, currency: str, account: str, left: str, right: str
    ) -> None:
        """``left`` and ``right`` are formulas that may refer to $B (entity), $C and $D of their row."""
        self.place += 1
        row, exponent = self.place, self.exponents[currency]
        for position, text in enumerate((title, entity, currency, account), start=1):
            put(self.sheet, row, position, text, "@")
        for position, formula in (
            (5, f"=ROUND({left},{exponent})"),
            (6, f"=ROUND({right},{exponent})"),
            (7, f"=ROUND(E{row}-F{row},{exponent})"),
        ):
            cell = self.sheet.cell(row, position, formula)
            cell.number_format = money_format(exponent)
        self.sheet.cell(row, 8, f'=IF(G{row}=0,"{TIES}","{OFF}")')

    def finish(self) -> None:
        last = max(self.place, 2)
        self.sheet.auto_filter.ref = f"A1:H{last}"
        for_print(self.sheet)
        mark(self.sheet, f"H2:H{last}", f'"{TIES}"')
        for letter, width in zip("ABCDEFGH", (50, 10, 11, 12, 20, 20, 14, 16), strict=True):
            self.sheet.column_dimensions[letter].width = width


def _cover(workbook: Workbook, data: PacketData, last_tie: int) -> None:
    sheet = workbook.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Cover"
    sheet.sheet_view.showGridLines = False
    sheet["A1"] = f"Close of {data.period:%B %Y}"
    sheet["A1"].font = Font(bold=True, size=20, color=INK)
    put(sheet, 2, 1, data.scope, None)
    stated = data.manifest
    facts = (
        ("Sealed by batch", stated.get("batch_id")),
        ("Seal", stated.get("seal")),
        ("Evidence to", stated.get("cut_off")),
        ("Evidence hash", stated.get("evidence_hash")),
        ("Policy hash", stated.get("policy_hash")),
        ("Code revision", stated.get("code_revision")),
        ("Prepared by", stated.get("prepared_by")),
        ("Approved by", stated.get("approved_by")),
        ("Reason", stated.get("reason") or "—"),
    )
    for place, (name, value) in enumerate(facts, start=4):
        put(sheet, place, 1, name, None)
        sheet.cell(place, 1).font = Font(bold=True, color=INK)
        put(sheet, place, 2, value, "@")
    place = len(facts) + 5
    for name, formula in (
        ("Tie-outs", f"=COUNTA('Tie-outs'!H2:H{last_tie})"),
        ("Tie-outs that do not tie", f"=COUNTIF('Tie-outs'!H2:H{last_tie},\"{OFF}\")"),
    ):
        sheet.cell(place, 1, name).font = Font(bold=True, color=INK)
        sheet.cell(place, 2, formula).alignment = Alignment(horizontal="left")
        place += 1
    mark(sheet, f"B{place - 1}", "0")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 72


def _sign_off(workbook: Workbook, data: PacketData) -> None:
    sheet = workbook.create_sheet("Sign-off")
    sheet.sheet_view.showGridLines = False
    sheet["A1"] = f"Sign-off, {data.period:%B %Y}, {data.scope}"
    sheet["A1"].font = Font(bold=True, size=16, color=INK)
    sheet["A2"] = (
        "By signing, each person confirms to have read the tie-outs, the prior-period amounts, the "
        "exceptions and the controls of this packet. Note the seal outside the books: "
        "`tieout verify --seal` finds any later change of the chain with it."
    )
    sheet["A2"].alignment = Alignment(wrap_text=True, vertical="top")
    sheet.merge_cells("A2:E2")
    sheet.row_dimensions[2].height = 48
    put(sheet, 3, 1, "Seal", None)
    put(sheet, 3, 2, data.manifest.get("seal"), "@")
    head(sheet, 5, ("Role", "Name", "Date", "Signature", "Remarks"))
    people = (
        ("Prepared by (Revenue accounting)", data.manifest.get("prepared_by")),
        ("Approved by (Controller)", data.manifest.get("approved_by")),
        ("Signed off by (CFO)", ""),
    )
    thin = Side(style="thin", color=RULE)
    for place, (role, name) in enumerate(people, start=6):
        put(sheet, place, 1, role, None)
        put(sheet, place, 2, name, None)
        sheet.row_dimensions[place].height = 30
        for position in range(1, 6):
            sheet.cell(place, position).border = Border(bottom=thin)
            sheet.cell(place, position).fill = PatternFill("solid", fgColor=PAPER)
    for letter, width in zip("ABCDE", (34, 26, 16, 30, 40), strict=True):
        sheet.column_dimensions[letter].width = width


def _tie(tie_outs: TieOuts, tables: Mapping[str, Table], data: PacketData) -> None:
    """The tie-outs of the packet, each a pair of formulas over its sheets."""
    balance, journal = tables["Trial balance"], tables["Journal"]
    where = {"entity_id": "$B{0}", "currency": "$C{0}", "account_code": "$D{0}"}

    def at(*names: str) -> dict[str, str]:
        return {name: where[name].format(tie_outs.place + 1) for name in names}

    pair = ("entity_id", "currency")
    for entity, currency in _books(journal.rows):
        debit, credit = (
            _sumifs(journal, side, **at(*pair)) for side in ("debit_minor", "credit_minor")
        )
        tie_outs.add("Posted debits = credits", entity, currency, "", debit, credit)
    own_currency = {"entity_id": "$B{0}", "functional_currency": "$C{0}"}
    for table, title, names in (
        (journal, "Posted debits = credits, entity's currency", ("debit", "credit")),
        (balance, "Trial balance sums to zero, entity's currency", ("closing",)),
    ):
        columns = [f"functional_{name}_minor" for name in names]
        if columns[0] not in table.columns:
            continue
        for entity, currency in _own_books(table.rows):
            place = {key: cell.format(tie_outs.place + 1) for key, cell in own_currency.items()}
            sums = [_sumifs(table, column, **place) for column in columns]
            tie_outs.add(title, entity, currency, "", sums[0], sums[1] if sums[1:] else "0")
    for entity, currency in _books(balance.rows):
        closing = _sumifs(balance, "closing_minor", **at(*pair))
        tie_outs.add("Trial balance sums to zero", entity, currency, "", closing, "0")
    for row in balance.rows:
        own = (*pair, "account_code")
        movement = (
            f"{_sumifs(balance, 'debit_minor', **at(*own))}"
            f"-{_sumifs(balance, 'credit_minor', **at(*own))}"
        )
        posted = (
            f"{_sumifs(journal, 'debit_minor', **at(*own))}"
            f"-{_sumifs(journal, 'credit_minor', **at(*own))}"
        )
        tie_outs.add(
            "Movement of the account = journal",
            row["entity_id"],
            row["currency"],
            row["account_code"],
            movement,
            posted,
        )
    for rollforward in data.rollforwards:
        table = tables[rollforward.title]
        for entity, currency in _books(table.rows):
            left = _sumifs(table, "closing_minor", **at(*pair))
            terms = [
                f"{_sumifs(balance, 'closing_minor', **at(*pair), account_code=quoted)}"
                for quoted in (f'"{code}"' for code in rollforward.account_codes)
            ]
            right = f"{rollforward.sign}*({'+'.join(terms)})"
            tie_outs.add(
                f"{rollforward.title} = trial balance",
                entity,
                currency,
                "+".join(rollforward.account_codes),
                left,
                right,
            )
    if "General ledger" in tables:
        ledger = tables["General ledger"]
        amounts = [name for name in ledger.columns if name.endswith("_minor")]
        for row in ledger.rows:
            own = (*pair, "account_code")
            tie_outs.add(
                "Subledger = general ledger, exceptions named",
                row["entity_id"],
                row["currency"],
                row["account_code"],
                _sumifs(balance, "closing_minor", **at(*own)),
                "+".join(_sumifs(ledger, name, **at(*own)) for name in amounts),
            )


def _own_currency_sheet(workbook: Workbook, balance: Table, exponents: Mapping[str, int]) -> None:
    """Balances in each entity's own currency, added up over the currencies of the trial balance."""
    if "functional_closing_minor" not in balance.columns:
        return
    keys = ("entity_id", "functional_currency", "account_code", "account_name")
    found = sorted({tuple(str(row[key]) for key in keys) for row in balance.rows})
    names = ("entity_id", "currency", "account_code", "account_name")
    rows = [dict(zip(names, key, strict=True)) for key in found]
    table = Table(workbook, "Own-currency balances", rows, names, exponents)
    for title in ("opening", "debit", "credit", "closing"):
        amount = balance.range(f"functional_{title}_minor")
        tests = (
            f"{balance.range('entity_id')},$A{{0}},{balance.range('functional_currency')},$B{{0}},"
            f"{balance.range('account_code')},$C{{0}}"
        )
        table.add_formula(
            title,
            (f"=SUMIFS({amount},{tests.format(place)})" for place in range(2, len(rows) + 2)),
            is_check=False,
        )
    table.add_formula(
        "difference",
        (
            f"=ROUND(E{place}+F{place}-G{place}-H{place},{exponents[row['currency']]})"
            for place, row in enumerate(rows, start=2)
        ),
    )


def _rollforward_table(
    workbook: Workbook, rollforward: Rollforward, exponents: Mapping[str, int]
) -> Table:
    rows = rows_of(rollforward.frame)
    names = [str(name) for name in rollforward.frame.columns if name != "period"]
    missing = {"entity_id", "currency", "opening_minor", "closing_minor"} - set(names)
    if missing:
        raise PacketError(f"rollforward {rollforward.title} has no {', '.join(sorted(missing))}")
    movements = [
        name
        for name in names
        if name.endswith("_minor") and name not in {"opening_minor", "closing_minor"}
    ]
    columns = ["entity_id", "currency", "opening_minor", *movements, "closing_minor"]
    table = Table(workbook, rollforward.title, rows, columns, exponents)
    first, last = (
        get_column_letter(columns.index(name) + 1) for name in ("opening_minor", "closing_minor")
    )
    before = get_column_letter(columns.index("closing_minor"))
    table.add_formula(
        "difference",
        (
            f"=ROUND(SUM({first}{place}:{before}{place})-{last}{place},"
            f"{exponents[str(row['currency'])]})"
            for place, row in enumerate(rows, start=2)
        ),
    )
    return table


def write_packet(data: PacketData, path: Path) -> Path:
    """Write the workbook; equal data give equal bytes. Errors: PacketError naming what is missing."""
    workbook = Workbook()
    tie_outs = TieOuts(workbook, data.exponents)
    tables: dict[str, Table] = {}
    sheets: list[tuple[str, pd.DataFrame, tuple[str, ...]]] = [
        (
            "Trial balance",
            data.trial_balance,
            ("entity_id", "currency", "account_code", "account_name", "opening_minor")
            + ("debit_minor", "credit_minor", "closing_minor"),
        ),
        (
            "Journal",
            data.journal,
            ("reference", "entity_id", "currency", "entry_type", "account_code", "cause")
            + ("economic_period", "debit_minor", "credit_minor"),
        ),
    ]
    if len(data.general_ledger):
        sheets.append(
            (
                "General ledger",
                data.general_ledger,
                ("entity_id", "currency", "account_code", "closing_minor"),
            )
        )
    for title, frame, columns in sheets:
        missing = sorted(set(columns) - set(frame.columns))
        if missing:
            raise PacketError(f"{title} has no column {', '.join(missing)}")
        further = [str(name) for name in frame.columns if str(name) not in columns]
        shown = (*columns, *further)
        tables[title] = Table(workbook, title, rows_of(frame), shown, data.exponents)
    balance = tables["Trial balance"]
    balance.add_formula(
        "difference",
        (
            f"=ROUND(E{place}+F{place}-G{place}-H{place},{data.exponents[str(row['currency'])]})"
            for place, row in enumerate(balance.rows, start=2)
        ),
    )
    _own_currency_sheet(workbook, balance, data.exponents)
    for rollforward in data.rollforwards:
        tables[rollforward.title] = _rollforward_table(workbook, rollforward, data.exponents)
    for title, frame in (
        ("Prior periods", data.prior_period),
        ("Flux", data.flux),
        ("Exceptions", data.exceptions),
        ("Controls", data.controls),
        ("Checklist", data.checklist),
    ):
        names = [str(name) for name in frame.columns] or ["nothing_to_show"]
        tables[title] = Table(workbook, title, rows_of(frame), names, data.exponents)
    _tie(tie_outs, tables, data)
    tie_outs.finish()
    _cover(workbook, data, max(tie_outs.place, 2))
    _sign_off(workbook, data)
    workbook.calculation.fullCalcOnLoad = True
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    workbook.save(beside)
    settle(beside, path)
    return path
