"""The whole books as Beancount text, so that a program nobody here wrote can check and read them.

One transaction an entry and batch, dated in its posting month; cause, rule, evidence and economic month are
metadata. A foreign line carries its worth in the entity's own currency as a total price, so each transaction
balances there; what has a worth and no amount is posted in that currency. Closes with a balance assertion
for every account and currency, which ``bean-check`` proves.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb

from orchestration.books.lines import files_relation
from orchestration.books.store import entry_files, next_period
from orchestration.export.cells import major_text
from orchestration.export.journals import ChartOfNames, ExportError

ROOTS = {
    "asset": "Assets",
    "contra_asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "revenue": "Income",
    "contra_revenue": "Income",
    "expense": "Expenses",
}
CHUNK = 50_000


def read_account_types(seeds: Path) -> dict[str, str]:
    """The type of each account from the chart of accounts."""
    with (seeds / "accounts.csv").open(newline="") as file:
        return {row["account_code"]: row["account_type"] for row in csv.DictReader(file)}


def account(entity: str, code: str, names: ChartOfNames, types: dict[str, str]) -> str:
    """``Assets:US01:1100-Accounts-receivable``. Errors: ExportError for a code outside the chart."""
    if code not in types:
        raise ExportError(f"account {code} is not in seeds/accounts.csv: add it with its type")
    name = re.sub(r"[^A-Za-z0-9]+", "-", names.accounts[code]).strip("-")
    return f"{ROOTS[types[code]]}:{entity}:{code}-{name}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# A price cannot be negative: a line whose two amounts differ in sign, or that has only one of them, is
# posted apart in each currency.
_PRICED = "currency <> functional_currency and amount_minor <> 0 and sign(amount_minor) * functional_minor >= 0"
_APART = f"currency <> functional_currency and functional_minor <> 0 and not ({_PRICED})"


def _transactions(
    con: duckdb.DuckDBPyConnection, files: list[Path], names: ChartOfNames, types: dict[str, str]
) -> Iterator[str]:
    # A line of an earlier month is dated on the first day of the month that carries it, so that it
    # reads apart from the month's own. Lines of one transaction follow each other in this order.
    con.execute(
        f"""select min(case when period = posting_period then coalesce(entry_date, period)
                else posting_period end) over (
                    partition by batch_id, entry_key, entity_id, currency, period, cause) as dated,
            batch_id, entry_key, entity_id, currency, entry_type, rule, cause, period, evidence_ref,
            account_code, amount_minor, functional_currency, functional_minor,
            coalesce({_PRICED}, false), coalesce({_APART}, false)
        from {files_relation(files)} where amount_minor <> 0 or functional_minor <> 0
        order by dated, batch_id, entry_key, entity_id, currency, period, cause,
            rule nulls first, account_code, evidence_ref nulls first, amount_minor, functional_minor"""
    )
    open_key: tuple[object, ...] | None = None
    while chunk := con.fetchmany(CHUNK):
        for row in chunk:
            dated, batch, entry, entity, currency, kind, rule, cause, month = row[:9]
            key = (dated, batch, entry, entity, currency, month, cause)
            if key != open_key:
                open_key = key
                yield f"\n{dated} * {_quoted(kind)} {_quoted(entry)}\n"
                yield f"  batch: {_quoted(batch)}\n  rule: {_quoted(rule or '')}\n"
                yield f"  cause: {_quoted(cause)}\n  economic_period: {_quoted(f'{month:%Y-%m}')}\n"
            evidence, code, amount, own, worth, is_priced, is_apart = row[9:]
            name = account(entity, code, names, types)
            for money in _amounts(amount, currency, worth, own, is_priced, is_apart, names):
                yield f"  {name}  {money}\n"
                if evidence:
                    yield f"    evidence: {_quoted(evidence)}\n"


def _amounts(
    amount: int,
    currency: str,
    worth: int | None,
    own: str | None,
    is_priced: bool,
    is_apart: bool,
    names: ChartOfNames,
) -> Iterator[str]:
    """A line as Beancount writes amounts: with its total price, or apart in each currency."""
    if amount:
        price = abs(worth or 0) if is_priced else 0
        written = f"{major_text(amount, names.exponent(currency))} {currency}"
        if own and own != currency:
            written += f" @@ {major_text(price, names.exponent(own))} {own}"
        yield written
    if is_apart and own:
        yield f"{major_text(worth or 0, names.exponent(own))} {own}"


def write(root: Path, names: ChartOfNames, types: dict[str, str], out: Path) -> Path:
    """Write the books as ``books.beancount`` into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "books.beancount"
    files = entry_files(root)
    with duckdb.connect() as con, path.open("w", encoding="utf-8") as file:
        balances = con.execute(
            f"""with lines as (
                select *, min(least(coalesce(entry_date, period), posting_period, period)) over (
                    partition by entity_id, account_code) as first
                from {files_relation(files)}
            ),
            held as (
                select entity_id, account_code, currency, amount_minor, first, posting_period
                from lines where amount_minor <> 0
                union all
                select entity_id, account_code, functional_currency, functional_minor, first,
                    posting_period
                from lines where {_APART}
            )
            select entity_id, account_code, currency, sum(amount_minor)::bigint, min(first),
                max(posting_period)
            from held group by entity_id, account_code, currency order by all"""
        ).fetchall()
        file.write('option "title" "Tieout: books as reported"\n')
        for code in sorted({names.entities.get(row[0], row[0]) for row in balances}):
            file.write(f"; entity {code}\n")
        opened: dict[str, tuple[date, set[str]]] = {}
        for entity, code, currency, _, first, _ in balances:
            name = account(entity, code, names, types)
            since, currencies = opened.get(name, (first, set()))
            opened[name] = (min(since, first), currencies | {currency})
        owned = {
            row[0]: row[1]
            for row in con.execute(
                f"select distinct entity_id, functional_currency from {files_relation(files)} "
                "where functional_currency is not null order by all"
            ).fetchall()
        }
        for currency in sorted(set(owned.values())):
            file.write(f'option "operating_currency" "{currency}"\n')
        for name, (since, currencies) in sorted(opened.items()):
            file.write(f"{since} open {name} {','.join(sorted(currencies))}\n")
        file.writelines(_transactions(con, files, names, types))
        # A balance assertion speaks of the morning of its day.
        after = max((row[5] for row in balances), default=date(1970, 1, 1))
        day = next_period(after) + timedelta(days=1)
        file.write("\n")
        for entity, code, currency, balance, _, _ in balances:
            money = major_text(balance, names.exponent(currency))
            name = account(entity, code, names, types)
            # Without a tolerance of its own, Beancount lets a balance be off by one minor unit.
            file.write(f"{day} balance {name}  {money} ~ 0 {currency}\n")
    return path
