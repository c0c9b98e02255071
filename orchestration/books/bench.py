"""Times a close against DuckDB copying the same lines once, at a size a large company has.

Belongs here: made-up lines of the real shape and the measurement. The ratio is the figure; seconds depend
on the machine. Each case runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from orchestration.books.difference import session
from orchestration.books.lines import quoted
from orchestration.books.posting import Act, close

OPENING_MONTH, CLOSING_MONTH = date(2026, 5, 1), date(2026, 6, 1)
CASES = {"nothing changed": 0, "one entry in 50 changed": 50, "every entry changed": 1}


@dataclass(frozen=True)
class Timing:
    """One case: lines computed, lines posted by the close, seconds, the yardstick, peak memory."""

    case: str
    computed_lines: int
    posted_lines: int
    seconds: float
    yardstick_seconds: float
    peak_bytes: int

    @property
    def ratio(self) -> float:
        return self.seconds / self.yardstick_seconds


def _make_events(con: duckdb.DuckDBPyConnection, entries: int) -> None:
    """One row an entry; the lines are computed from them while the close runs."""
    con.execute(
        f"""create table events as select
            'revenue:802' || md5((i // 40)::varchar)[:15] || ':' || i as entry_key,
            case i % 3 when 0 then 'US01' when 1 then 'US02' else 'UK01' end as entity_id,
            case i % 3 when 2 then 'GBP' else 'USD' end as currency,
            date '2025-01-01' + (i * 510 // {entries})::int as entry_date,
            '800' || md5((i // 100)::varchar)[:15] as contract_id,
            '802' || md5((i // 40)::varchar)[:15] as obligation_id,
            '001' || md5((i // 200)::varchar)[:15] as customer_id,
            (i * 7919) % 1000000 + 1 as amount_minor,
            i
        from range({entries}) as numbers(i)"""
    )


def _compute_view(con: duckdb.DuckDBPyConnection, name: str, every: int) -> None:
    """Two lines an event; every ``every``-th entry has another amount than before (0: none)."""
    amount = (
        f"amount_minor + case when i % {every} = 0 then 1 else 0 end" if every else "amount_minor"
    )
    con.execute(
        f"""create or replace view {name} as
        select entry_key, 'revenue' as entry_type,
            'recognised to date less recognised before' as rule, entity_id, entry_date,
            date_trunc('month', entry_date)::date as period, currency,
            unnest(['2100', '4010']) as account_code, unnest([{amount}, 0]) as debit_minor,
            unnest([0, {amount}]) as credit_minor, 'on_demand' as stream, contract_id,
            obligation_id, customer_id, null::varchar as invoice_id,
            'salesforce:order_item:' || obligation_id as evidence_ref
        from events"""
    )


def time_close(folder: Path, case: str, lines: int) -> Timing:
    """Post ``lines`` lines, then time the close that computes, compares, posts and seals again."""
    act = Act(
        period=OPENING_MONTH,
        cut_off=datetime(2026, 7, 1, tzinfo=UTC),
        policy_hash="bench",
        code_revision="bench",
        prepared_by="bench",
        approved_by="reviewer",
        sealed_at=datetime(2026, 7, 1, tzinfo=UTC),
    )
    root = folder / "books"
    with session(None, folder / "scratch") as con:
        con.execute(f"attach {quoted(str(folder / 'events.duckdb'))} as source; use source")
        _make_events(con, lines // 2)
        _compute_view(con, "before", 0)
        _compute_view(con, "after", CASES[case])
        first = close(root, con, "before", act)
        started = time.monotonic()
        # The rows a close writes, read and written once with DuckDB's own defaults.
        con.execute(
            f"copy (select * from read_parquet({quoted(str(first.entries[0]))})) "
            f"to {quoted(str(folder / 'copy.parquet'))} (format parquet)"
        )
        yardstick = time.monotonic() - started
        started = time.monotonic()
        con.execute("create temp table computed as from after")
        second = close(root, con, "computed", replace(act, period=CLOSING_MONTH))
        seconds = time.monotonic() - started
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return Timing(case, first.rows, second.rows, seconds, yardstick, peak)


def main(folder: str, case: str, lines: str) -> None:
    """Print one timing as a line of JSON; ``orchestration.bench`` runs this as a process."""
    import json
    from dataclasses import asdict

    print(json.dumps(asdict(time_close(Path(folder), case, int(lines)))))


if __name__ == "__main__":
    main(*sys.argv[1:4])
