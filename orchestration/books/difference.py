"""posting = computed − posted, line by line, as SQL over two relations of one shape.

Belongs here: the difference, its causes, and the proofs that a difference may be posted at all
(complete, in a currency with a rate, balanced). Works set-wise in DuckDB and spills to disk, so that
ten million lines fit in a few gigabytes. Does not belong: files, periods, approvals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from orchestration.books import causes
from orchestration.books.lines import (
    AMOUNTS,
    COLUMNS,
    DESCRIPTION,
    IDENTITY,
    computed_select,
    files_relation,
    posted_select,
    quoted,
)
from orchestration.books.store import BooksError

LINES = "books_lines"
MEMORY_LIMIT = "4GB"


class UnbalancedError(BooksError):
    """An entry does not balance in its entity and currency."""


class IncompleteLineError(BooksError):
    """A line lacks what a posting needs: amount, account, period, currency or rate."""


@contextmanager
def session(warehouse: Path | None, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for posting: bounded memory, spilling below ``scratch``, warehouse read-only.

    The warehouse keeps its own name (``tieout.ledger.ledger_entry_lines``) because its views carry it.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    try:
        con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        con.execute(f"set temp_directory = {quoted(str(scratch))}")
        con.execute("set preserve_insertion_order = true")
        con.execute("set enable_progress_bar = false")
        if warehouse is not None:
            if not warehouse.exists():
                raise BooksError(f"no warehouse at {warehouse}: run `tieout build` first")
            con.execute(f"attach {quoted(str(warehouse))} as {warehouse.stem} (read_only)")
        yield con
    finally:
        con.close()


def require_complete(con: duckdb.DuckDBPyConnection, relation: str) -> None:
    """Refuse a computed relation with a hole in it. Errors: IncompleteLineError naming the entry."""
    present = {row[0] for row in con.execute(f"describe select * from {relation}").fetchall()}
    needed = [column.name for column in COLUMNS if column.required and column.name in present]
    holes = {name: f"{name} is null" for name in [*needed, "debit_minor", "credit_minor"]}
    if {"functional_currency", "functional_minor"} <= present:
        holes["rate"] = "functional_currency is not null and functional_minor is null"
    which = " ".join(f"when {test} then {quoted(name)}" for name, test in holes.items())
    row = con.execute(
        f"select case {which} end, entry_key, entity_id, period, currency from {relation} "
        f"where {' or '.join(holes.values())} order by all limit 1"
    ).fetchone()
    if row is None:
        return
    what, entry, entity, period, currency = row
    where = f"entry {entry} ({entity}, {period}, {currency})"
    if what == "rate":
        raise IncompleteLineError(
            f"missing rate: {where} has no functional amount; "
            f"land a rate for {currency} up to that month or extend the rate policy"
        )
    raise IncompleteLineError(f"{where} has no {what}: the rule that made it is at fault")


def subtract(con: duckdb.DuckDBPyConnection, plus: str, minus: str, into: str) -> None:
    """Leave ``plus − minus`` in the temporary table ``into``.

    Lines are first compared by a 128-bit hash of their identity and only those whose sums differ are
    looked at in full, because grouping by the text itself costs four times as much. Two different
    lines would have to agree in both hashes and in amount to be missed: 1e-24 for 20M lines.
    """
    identity = ", ".join(IDENTITY)
    con.execute(
        f"""create or replace temp table books_changed as
        with both_sides as (
            select {identity}, amount_minor, functional_minor, true as is_plus from ({plus})
            union all
            select {identity}, -amount_minor, -functional_minor, false from ({minus})
        )
        select hash({identity}) as h1, hash('second', {identity}) as h2, bool_and(is_plus) as is_new
        from both_sides group by h1, h2
        having sum(amount_minor) <> 0 or coalesce(sum(functional_minor), 0) <> 0"""
    )
    described = ", ".join(
        f"coalesce(min({name}) filter (where is_plus), min({name})) as {name}"
        for name in DESCRIPTION
    )
    columns = ", ".join((*(column.name for column in COLUMNS), *AMOUNTS))
    hashes = f"hash({identity}) as h1, hash('second', {identity}) as h2"
    # A line that nothing was posted for passes as it is; the rest nets to one line an identity.
    # A semi join on projected hashes: the same as `exists` makes DuckDB group all lines first.
    con.execute(
        f"""create or replace temp table {into} as
        select {columns} from (select *, {hashes} from ({plus})) as fresh
        semi join (from books_changed where is_new) as changed using (h1, h2)
        where amount_minor <> 0 or coalesce(functional_minor, 0) <> 0"""
    )
    con.execute(
        f"""insert into {into}
        select {columns} from (
            select {identity}, {described}, sum(amount_minor)::bigint as amount_minor,
                sum(functional_minor)::bigint as functional_minor
            from (
                select *, true as is_plus, {hashes} from ({plus})
                union all
                select * replace (-amount_minor as amount_minor,
                    -functional_minor as functional_minor), false as is_plus, {hashes}
                from ({minus})
            ) as both_sides
            semi join (from books_changed where not is_new) as changed using (h1, h2)
            group by {identity}
            having sum(amount_minor) <> 0 or coalesce(sum(functional_minor), 0) <> 0
        ) as netted"""
    )
    con.execute("drop table books_changed")


def require_balanced(con: duckdb.DuckDBPyConnection, table: str = LINES) -> None:
    """Debits equal credits in each entry, entity, currency and economic month, so that the books
    balance by posting and by economic period. Errors: UnbalancedError naming an entry."""
    row = con.execute(
        f"""select entry_key, entity_id, currency, sum(amount_minor) as off_minor, min(rule)
        from {table} group by entry_key, entity_id, currency, period
        having sum(amount_minor) <> 0
        order by all limit 1"""
    ).fetchone()
    if row:
        entry, entity, currency, off, rule = row
        raise UnbalancedError(
            f"entry {entry} of {entity} in {currency} is off by {off} minor units "
            f"(rule: {rule}): nothing was posted; correct the rule"
        )
    row = con.execute(
        f"""select entry_key, entity_id, functional_currency, sum(functional_minor)
        from {table} where functional_minor is not null
        group by entry_key, entity_id, functional_currency having sum(functional_minor) <> 0
        order by all limit 1"""
    ).fetchone()
    if row:
        raise UnbalancedError(
            f"entry {row[0]} of {row[1]} is off by {row[3]} minor units of its functional currency "
            f"{row[2]}: nothing was posted; correct the remeasurement rule"
        )


def _with_causes(
    con: duckdb.DuckDBPyConnection,
    table: str,
    into: str,
    *,
    posting: date,
    posted: Sequence[Path],
    policy_types: Sequence[str],
) -> None:
    """Leave the lines of ``table`` with their cause in ``into``."""
    posting_sql = f"date {quoted(posting.isoformat())}"
    key = "entry_key, entity_id, currency, period"
    con.execute(
        f"""create or replace temp table books_entries as
        with prior as (
            select * from {table} where period < {posting_sql}
        ),
        entries as (
            select {key}, min(entry_type) as entry_type, max(stream) as stream,
                max(contract_id) as contract_id,
                -sum(case when {causes.is_profit_and_loss()} then amount_minor else 0 end)
                    as result_minor
            from prior group by {key}
        ),
        known as (
            select distinct entry_key from {files_relation(posted)}
            where entry_key in (select entry_key from entries)
        ),
        reduced as (
            select distinct contract_id, period from prior
            where entry_type in {causes.REDUCTIONS} and contract_id is not null
        ),
        flagged as (
            select entries.*, known.entry_key is not null as is_known,
                reduced.contract_id is not null as is_reduced
            from entries left join known using (entry_key)
            left join reduced using (contract_id, period)
        )
        select *, {causes.own_cause()} as own_cause from flagged"""
    )
    # A follower takes the cause of the latest entry of its contract up to its own month.
    con.execute(
        f"""create or replace temp table books_causes as
        with leaders as (
            select contract_id, period, min(own_cause) as cause from books_entries
            where own_cause is not null and contract_id is not null
            group by contract_id, period
        )
        select {", ".join("entries." + name.strip() for name in key.split(","))},
            coalesce(entries.own_cause, leaders.cause, {quoted(causes.CORRECTION)}) as cause
        from books_entries as entries
        asof left join leaders
            on entries.contract_id = leaders.contract_id and entries.period >= leaders.period"""
    )
    policy = ", ".join(quoted(name) for name in policy_types) or "null"
    con.execute(
        f"""create or replace temp table {into} as
        select {table}.*, case
            when {table}.period >= {posting_sql} then {quoted(causes.CURRENT)}
            when {table}.entry_type in ({policy}) then {quoted(causes.POLICY)}
            else books_causes.cause end as cause
        from {table} left join books_causes using ({key})"""
    )
    con.execute("drop table books_entries; drop table books_causes")


def compute_lines(
    con: duckdb.DuckDBPyConnection,
    computed: str,
    *,
    posting: date,
    posted: Sequence[Path],
    baseline: str | None = None,
    policy_changed: bool = False,
    is_opening: bool = False,
    released: Sequence[str] = (),
    extra: str | None = None,
) -> None:
    """Leave the lines to post in ``LINES``, proved complete and balanced.

    ``baseline`` is what the previous policies say of today's evidence: it splits the effect of a
    policy from that of late evidence exactly. ``extra`` is a select of further computed lines.
    Opening differences stay as posted until their entry key is ``released``.
    """
    through = f"date {quoted(posting.isoformat())}"
    require_complete(con, computed)
    plus = computed_select(con, computed, through)
    if extra:
        plus = f"{plus} union all {extra}"
    held = f"entry_type <> {quoted(causes.OPENING_DIFFERENCE)}"
    if released:
        held += f" or entry_key in ({', '.join(quoted(entry) for entry in released)})"
    minus = posted_select(posted, held)
    if is_opening or not posted:
        subtract(con, plus, minus, "books_raw")
        cause = quoted(causes.OPENING)
        if not is_opening:
            cause = f"case when period < {through} then {cause} else {quoted(causes.CURRENT)} end"
        con.execute(
            f"create or replace temp table {LINES} as select *, {cause} as cause from books_raw"
        )
    elif baseline is None:
        subtract(con, plus, minus, "books_raw")
        types = ("revenue", *causes.FOLLOWERS) if policy_changed else ()
        _with_causes(con, "books_raw", LINES, posting=posting, posted=posted, policy_types=types)
    else:
        require_complete(con, baseline)
        before = computed_select(con, baseline, through)
        subtract(con, before, minus, "books_raw")
        _with_causes(con, "books_raw", LINES, posting=posting, posted=posted, policy_types=())
        subtract(con, plus, before, "books_raw")
        con.execute(
            f"""insert into {LINES} select *, case when period < {through}
            then {quoted(causes.POLICY)} else {quoted(causes.CURRENT)} end from books_raw"""
        )
    con.execute("drop table books_raw")
    require_balanced(con)
