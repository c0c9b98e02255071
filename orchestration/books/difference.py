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
    SHORT_ORDER,
    TOTAL_ORDER,
    computed_select,
    posted_select,
    quoted,
)
from orchestration.books.store import BooksError

# The lines to post: a view over the differences and their causes, because copying them costs as much as
# finding them. ``SUMMARY`` holds what a manifest says of them, from one pass.
LINES = "books_lines"
SUMMARY = "books_summary"
RAW, RAW_BEFORE, CAUSES_FOUND = "books_raw", "books_raw_before", "books_causes"
OWN = ", ".join((*(column.name for column in COLUMNS), *AMOUNTS))
ENTRY = ("entry_key", "entity_id", "currency", "period")
# Entries that a policy shapes: when it changes and no baseline says by how much, theirs is the cause.
POLICY_TYPES = ("revenue", *causes.FOLLOWERS)
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
    into = "functional_currency" if "rate" in holes else "null"
    row = con.execute(
        f"select case {which} end, entry_key, entity_id, period, currency, {into} from {relation} "
        f"where {' or '.join(holes.values())} order by all limit 1"
    ).fetchone()
    if row is None:
        return
    what, entry, entity, period, currency, functional = row
    where = f"entry {entry} ({entity}, {period}, {currency})"
    if what == "rate":
        raise IncompleteLineError(
            f"missing rate: {where} has no functional amount; "
            f"land a rate of {currency} in {functional} up to that month or extend the rate policy"
        )
    raise IncompleteLineError(f"{where} has no {what}: the rule that made it is at fault")


def subtract(con: duckdb.DuckDBPyConnection, plus: str, minus: str | None, into: str) -> None:
    """Leave ``plus − minus`` in the temporary table ``into``, proved balanced.

    Lines are matched by a 128-bit hash of their identity, because grouping by the text itself costs
    four times as much: two different lines of 20M meet with a chance of 1e-24. ``entry_1`` and
    ``entry_2`` name the entry of a line in the same way. ``is_known``: something was posted for it.
    """
    identity = ", ".join(IDENTITY)
    columns = ", ".join((*(column.name for column in COLUMNS), *AMOUNTS))
    hashes = f"hash({identity}) as line_1, hash('second', {identity}) as line_2"
    entry = ", ".join(ENTRY)
    entries = f"hash({entry}) as entry_1, hash('second', {entry}) as entry_2"
    if minus is None:
        con.execute(
            f"""create or replace temp table {into} as
            select {columns}, {entries}, false as is_known from ({plus})
            where amount_minor <> 0 or coalesce(functional_minor, 0) <> 0"""
        )
        require_balanced(con, into)
        return
    con.execute(
        f"""create or replace temp table books_changed as
        with both_sides as (
            select {hashes}, amount_minor, functional_minor, true as is_plus from ({plus})
            union all
            select {hashes}, -amount_minor, -functional_minor, false from ({minus})
        )
        select line_1, line_2, (count(*) filter (is_plus))::int as plus_rows,
            (sum(amount_minor) filter (not is_plus))::bigint as posted_minor,
            (sum(functional_minor) filter (not is_plus))::bigint as posted_functional_minor
        from both_sides group by line_1, line_2
        having sum(amount_minor) <> 0 or coalesce(sum(functional_minor), 0) <> 0"""
    )
    # A computed line keeps its description and takes off what was posted for it; several lines of
    # one identity pass as they are while nothing was posted for them.
    con.execute(
        f"""create or replace temp table {into} as
        with fresh as (
            select {columns}, {hashes}, {entries} from ({plus})
        ),
        netted as (
            select fresh.* exclude (line_1, line_2) replace (
                amount_minor + coalesce(posted_minor, 0) as amount_minor,
                case when functional_minor is not null or posted_functional_minor is not null
                    then coalesce(functional_minor, 0) + coalesce(posted_functional_minor, 0)
                end as functional_minor),
                posted_minor is not null as is_known
            from fresh inner join books_changed using (line_1, line_2)
            where plus_rows = 1 or posted_minor is null
        )
        select * from netted where amount_minor <> 0 or coalesce(functional_minor, 0) <> 0"""
    )
    # What is left: lines that are gone, and several computed lines against something posted. A semi
    # join on projected hashes: the same as `exists` makes DuckDB group all lines first.
    described = ", ".join(
        f"coalesce(min({name}) filter (where is_plus), min({name})) as {name}"
        for name in DESCRIPTION
    )
    con.execute(
        f"""insert into {into}
        select {columns}, {entries}, true as is_known from (
            select {identity}, {described}, sum(amount_minor)::bigint as amount_minor,
                sum(functional_minor)::bigint as functional_minor
            from (
                select *, true as is_plus, {hashes} from ({plus})
                union all
                select * replace (-amount_minor as amount_minor,
                    -functional_minor as functional_minor), false as is_plus, {hashes}
                from ({minus})
            ) as both_sides
            semi join (
                from books_changed where plus_rows <> 1 and posted_minor is not null
            ) as changed using (line_1, line_2)
            group by {identity}
            having sum(amount_minor) <> 0 or coalesce(sum(functional_minor), 0) <> 0
        ) as left_over"""
    )
    con.execute("drop table books_changed")
    require_balanced(con, into)


def require_balanced(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Debits equal credits in each entry, entity, currency and economic month, so that the books
    balance by posting and by economic period. Errors: UnbalancedError naming an entry."""
    for amount, what, culprit in (
        ("amount_minor", "currency", "the rule"),
        ("functional_minor", "functional_currency", "the remeasurement rule"),
    ):
        row = con.execute(
            f"""with off as (
                select entry_1, entry_2, sum({amount}) as off_minor from {table}
                where {amount} is not null group by entry_1, entry_2 having sum({amount}) <> 0
            )
            select entry_key, entity_id, {what}, off_minor, rule
            from {table} inner join off using (entry_1, entry_2) order by all limit 1"""
        ).fetchone()
        if row:
            entry, entity, currency, off, rule = row
            raise UnbalancedError(
                f"entry {entry} of {entity} in {currency} is off by {off} minor units "
                f"(rule: {rule}): nothing was posted; correct {culprit}"
            )


def _add_causes(
    con: duckdb.DuckDBPyConnection, raw: str, posting: date, policy_types: Sequence[str]
) -> str:
    """Find the causes of the lines of ``raw``; the select of those lines with their cause (SQL text)."""
    month = f"date {quoted(posting.isoformat())}"
    con.execute(
        f"""create or replace temp table books_entries as
        with prior as (
            select * from {raw} where period < {month}
        ),
        entries as (
            select entry_1, entry_2, min(period) as period, min(entry_type) as entry_type,
                max(stream) as stream, max(contract_id) as contract_id,
                bool_or(is_known) as is_known,
                -sum(case when {causes.is_profit_and_loss()} then amount_minor else 0 end)
                    as result_minor
            from prior group by entry_1, entry_2
        ),
        reduced as (
            select distinct contract_id, period from prior
            where entry_type in {causes.REDUCTIONS} and contract_id is not null
        ),
        flagged as (
            select entries.*, reduced.contract_id is not null as is_reduced
            from entries left join reduced using (contract_id, period)
        )
        select entry_1, entry_2, entry_type, contract_id, period, {causes.own_cause()} as own_cause
        from flagged"""
    )
    # A follower takes the cause of the latest entry of its contract up to its own month.
    con.execute(
        f"""create or replace temp table {CAUSES_FOUND} as
        with leaders as (
            select contract_id, period, min(own_cause) as cause from books_entries
            where own_cause is not null and contract_id is not null
                and contract_id in (
                    select contract_id from books_entries where own_cause is null
                )
            group by contract_id, period
        )
        select entry_1, entry_2, own_cause as cause from books_entries
        where own_cause is not null
        union all
        select entry_1, entry_2, coalesce(leaders.cause, {quoted(causes.CORRECTION)})
        from (from books_entries where own_cause is null) as followers
        asof left join leaders
            on followers.contract_id = leaders.contract_id and followers.period >= leaders.period"""
    )
    con.execute("drop table books_entries")
    policy = ", ".join(quoted(name) for name in policy_types) or "null"
    return f"""select {OWN}, case
            when period >= {month} then {quoted(causes.CURRENT)}
            when entry_type in ({policy}) then {quoted(causes.POLICY)}
            else {CAUSES_FOUND}.cause end as cause
        from {raw} left join {CAUSES_FOUND} using (entry_1, entry_2)"""


def discard(con: duckdb.DuckDBPyConnection) -> None:
    """Forget the lines of an earlier act."""
    con.execute(f"drop view if exists {LINES}")
    for table in (RAW, RAW_BEFORE, CAUSES_FOUND, SUMMARY):
        con.execute(f"drop table if exists {table}")


def resting_order(con: duckdb.DuckDBPyConnection) -> str:
    """The order of lines at rest, as far as it decides anything (SQL text).

    Most lines are alone with their account in their entry (``ENTRY``): then the columns that would
    tell them apart from others need not be sorted by. Two that meet in a 64-bit hash only cost the longer sort.
    """
    raw = f"(from {RAW})"
    present = con.execute(f"select 1 from duckdb_tables() where table_name = '{RAW_BEFORE}'")
    if present.fetchone():
        raw = f"(from {RAW} union all from {RAW_BEFORE})"
    tied = con.execute(
        f"""select 1 from {raw} group by hash(entry_1, entry_2, account_code) having count(*) > 1 limit 1"""
    ).fetchone()
    return TOTAL_ORDER if tied else SHORT_ORDER


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
    discard(con)
    if is_opening or not posted:
        subtract(con, plus, None, RAW)
        cause = quoted(causes.OPENING)
        if not is_opening:
            cause = f"case when period < {through} then {cause} else {quoted(causes.CURRENT)} end"
        lines = f"select {OWN}, {cause} as cause from {RAW}"
    elif baseline is None:
        subtract(con, plus, minus, RAW)
        lines = _add_causes(con, RAW, posting, POLICY_TYPES if policy_changed else ())
    else:
        require_complete(con, baseline)
        before = computed_select(con, baseline, through)
        subtract(con, before, minus, RAW_BEFORE)
        lines = _add_causes(con, RAW_BEFORE, posting, ())
        subtract(con, plus, before, RAW)
        lines += f""" union all
            select {OWN}, case when period < {through}
            then {quoted(causes.POLICY)} else {quoted(causes.CURRENT)} end as cause from {RAW}"""
    con.execute(f"create temp view {LINES} as {lines}")
    con.execute(
        f"""create temp table {SUMMARY} as
        select entity_id, currency, functional_currency, period, cause, account_code, count(*) as lines,
            sum(greatest(amount_minor, 0)) as debit_minor,
            sum(greatest(-amount_minor, 0)) as credit_minor,
            -- What has an amount in the entity's own currency alone: exchange differences and other rates.
            coalesce(sum(greatest(functional_minor, 0)) filter (amount_minor = 0), 0) as own_debit_minor,
            coalesce(sum(greatest(-functional_minor, 0)) filter (amount_minor = 0), 0) as own_credit_minor
        from {LINES} group by all"""
    )
