"""Times the revenue schedule of many plain contracts, made by the production models from raw evidence on.

Belongs here: made-up evidence (in set-based SQL), the dbt run over it and the yardstick. The ratio is the
figure. Nothing here knows how a schedule is computed: the models under ``dbt_project/`` are what runs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb

from orchestration import dbt
from orchestration.landing import build_raw
from orchestration.settings import Settings

# What makes the schedule out of priced obligations; the rest of the run leads up to it.
ROOM = "model.tieout."
TARGET = "revenue_schedule"
MONTHS = 24


@dataclass(frozen=True)
class Yardstick:
    """DuckDB generating rows and summing them, without reading or writing anything."""

    name: str
    rows: int
    seconds: float


@dataclass(frozen=True)
class ScheduleTiming:
    """One size: what the models took, by room, and what they made."""

    contracts: int
    schedule_rows: int
    contract_days: int
    recognised_minor: int
    stated_minor: int
    room_seconds: dict[str, float]
    model_seconds: dict[str, float]
    yardsticks: tuple[Yardstick, ...]

    @classmethod
    def from_json(cls, text: str) -> ScheduleTiming:
        known = json.loads(text)
        return cls(**{**known, "yardsticks": tuple(Yardstick(**y) for y in known["yardsticks"])})

    @classmethod
    def best(cls, runs: Sequence[ScheduleTiming]) -> ScheduleTiming:
        """The fastest run, beside the fastest of each yardstick."""
        fastest = min(runs, key=lambda run: run.schedule_seconds)
        sticks = zip(*(run.yardsticks for run in runs), strict=True)
        return replace(
            fastest,
            yardsticks=tuple(min(same, key=lambda stick: stick.seconds) for same in sticks),
        )

    @property
    def schedule_seconds(self) -> float:
        return self.room_seconds["revenue"]

    @property
    def total_seconds(self) -> float:
        return sum(self.room_seconds.values())


# One account for four contracts, one order of one item each: seats for 24 months, starting on any day of
# two years, at a price that does not divide by the days. Ids are as long as Salesforce's.
_CONTRACTS = """
    select
        i,
        '001' || lpad((i // 4)::varchar, 15, '0') as account_id,
        '800' || lpad(i::varchar, 15, '0') as contract_id,
        '801' || lpad(i::varchar, 15, '0') as order_id,
        '802' || lpad(i::varchar, 15, '0') as order_item_id,
        date '2024-07-01' + (i * 7919 % 730)::int as start_date,
        (date '2024-07-01' + (i * 7919 % 730)::int + interval {months} month)::date as end_date,
        10000 + i * 104729 % 9000000 as price_minor
    from range({contracts}) as numbers(i)
"""
_ACCOUNT = """json_object('Id', account_id, 'Name', 'Customer ' || account_id, 'Type', 'Customer',
    'BillingCountryCode', 'US', 'CurrencyIsoCode', 'USD', 'Entity__c', 'US01',
    'Payment_Terms_Days__c', 30, 'CreatedDate', '2024-06-01T00:00:00.000+0000')"""
_CONTRACT = """json_object('Id', contract_id, 'AccountId', account_id, 'ContractNumber', i::varchar,
    'Status', 'Activated', 'StartDate', start_date::varchar, 'EndDate', (end_date - 1)::varchar,
    'ContractTerm', {months}, 'CurrencyIsoCode', 'USD', 'Entity__c', 'US01',
    'Contract_Kind__c', 'platform_seats', 'CreatedDate', '2024-06-02T00:00:00.000+0000')"""
_ORDER = """json_object('Id', order_id, 'OrderNumber', i::varchar, 'AccountId', account_id,
    'ContractId', contract_id, 'Status', 'Activated', 'EffectiveDate', start_date::varchar,
    'EndDate', (end_date - 1)::varchar, 'Type', 'New', 'ActivatedDate', '2024-06-03T00:00:00.000+0000',
    'TotalAmount', (price_minor / 100)::decimal(18, 2), 'CurrencyIsoCode', 'USD',
    'Entity__c', 'US01', 'Contract_Kind__c', 'platform_seats', 'Payment_Terms_Days__c', 30,
    'CreatedDate', '2024-06-03T00:00:00.000+0000')"""
_ITEM = """json_object('Id', order_item_id, 'OrderId', order_id, 'OrderItemNumber', i::varchar,
    'Product2Id', '01t000000000000001', 'Quantity', 1,
    'UnitPrice', (price_minor / 100)::decimal(18, 2), 'TotalPrice', (price_minor / 100)::decimal(18, 2),
    'ServiceDate', start_date::varchar, 'EndDate', (end_date - 1)::varchar,
    'Billing_Frequency__c', 'annual', 'CreatedDate', '2024-06-03T00:00:00.000+0000')"""
_PRODUCT = """json_object('Id', '01t000000000000001', 'ProductCode', 'SEAT-PLATFORM',
    'Name', 'Platform seats', 'Family', 'platform_seats', 'IsActive', true)"""
_OBJECTS = {
    "account": ("account_id", _ACCOUNT, "where i % 4 = 0"),
    "contract": ("contract_id", _CONTRACT, ""),
    "order": ("order_id", _ORDER, ""),
    "order_item": ("order_item_id", _ITEM, ""),
    "product": ("'01t000000000000001'", _PRODUCT, "where i = 0"),
}


def _evidence(folder: Path, contracts: int) -> dict[str, str]:
    """Write the evidence as Parquet in the shape of landed records; relation by raw name."""
    folder.mkdir(parents=True)
    relations = {}
    made = _CONTRACTS.format(contracts=contracts, months=MONTHS)
    for name, (key, payload, where) in _OBJECTS.items():
        file = folder / f"{name}.parquet"
        duckdb.execute(
            f"""copy (
                select 'salesforce' as _source, '{name}' as _object, null::varchar as _entity,
                    {key} as _id, timestamp '2024-06-03 00:00:00' as _version_at, false as _deleted,
                    timestamp '2024-06-04 00:00:00' as _landed_at, 'bench' as _load_id,
                    {payload.format(months=MONTHS)}::varchar as payload
                from ({made}) {where}
            ) to '{file}' (format parquet)"""
        )
        relations[f"salesforce__{name}"] = f"read_parquet('{file}')"
    return relations


def prepare(settings: Settings, contracts: int) -> None:
    """A scratch warehouse with the policies and the evidence of ``contracts`` contracts, no model built."""
    from orchestration.books import posted_relation

    further = _evidence(settings.home / "evidence", contracts)
    further["books__entry"] = posted_relation(settings.books)
    build_raw(settings.warehouse, settings.landing, further)
    dbt.run(settings, "seed")


def run_models(settings: Settings) -> None:
    """The production models from staging to the schedule. Errors: DbtError."""
    dbt.run(settings, "run", "--select", f"+{TARGET}")


def _model_seconds(settings: Settings) -> tuple[dict[str, float], dict[str, float]]:
    """Execution time of each model and of each room, as dbt recorded it (models side by side add up)."""
    results = json.loads((settings.dbt_target / "run_results.json").read_text())["results"]
    manifest = json.loads((settings.dbt_target / "manifest.json").read_text())["nodes"]
    models: dict[str, float] = {}
    rooms: dict[str, float] = {}
    for result in results:
        room = manifest[result["unique_id"]]["fqn"][1]
        models[result["unique_id"].removeprefix(ROOM)] = float(result["execution_time"])
        rooms[room] = rooms.get(room, 0.0) + float(result["execution_time"])
    return models, rooms


@contextmanager
def _timed(seconds: list[float]) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds.append(time.monotonic() - started)


def yardsticks(contracts: int, schedule_rows: int, repeats: int = 3) -> tuple[Yardstick, ...]:
    """The same number of rows generated and summed, in three readings of "rows"; best of ``repeats``.

    Days summed a contract and month is the schedule's own work: a daily-ratable schedule covers days and
    states a sum a month. The others are a single sum over as many days, and over as many results.
    """
    made = _CONTRACTS.format(contracts=contracts, months=MONTHS)
    days = f"""select c.i, c.price_minor, c.start_date
        + unnest(range(0, (c.end_date - c.start_date)::bigint))::int as day from ({made}) as c"""
    counted = duckdb.execute(f"select sum(end_date - start_date) from ({made})").fetchone()
    day_rows = int(counted[0]) if counted else 0
    queries = (
        (
            "days, summed a contract and month",
            day_rows,
            f"select count(*), sum(s) from (select i, date_trunc('month', day) as month, "
            f"sum(price_minor) as s from ({days}) group by all)",
        ),
        (
            "days, one sum",
            day_rows,
            f"select sum(i) from generate_series(1, {day_rows}) as t(i)",
        ),
        (
            "schedule rows, one sum",
            schedule_rows,
            f"select sum(i) from generate_series(1, {schedule_rows}) as t(i)",
        ),
    )
    found = []
    for name, rows, query in queries:
        seconds: list[float] = []
        for _ in range(repeats):
            with _timed(seconds), duckdb.connect() as con:
                con.execute("set threads = 2")
                con.execute(query).fetchall()
        found.append(Yardstick(name, rows, min(seconds)))
    return tuple(found)


def timing(settings: Settings, contracts: int) -> ScheduleTiming:
    """Read what the last run made and took, and time the yardsticks."""
    models, rooms = _model_seconds(settings)
    with duckdb.connect(str(settings.warehouse), read_only=True) as con:
        row = con.execute(
            f"select count(*), sum(net_revenue_minor), (select sum(price_minor) from "
            f"({_CONTRACTS.format(contracts=contracts, months=MONTHS)})) from revenue.{TARGET}"
        ).fetchone()
    assert row is not None
    sticks = yardsticks(contracts, int(row[0]))
    return ScheduleTiming(
        contracts, int(row[0]), sticks[0].rows, int(row[1]), int(row[2]), rooms, models, sticks
    )


def main(home: str, action: str, contracts: str) -> None:
    """One step as a process of its own, so that memory can be measured from outside."""
    from orchestration import settings as config

    settings = config.load({"TIEOUT_HOME": home})
    if action == "prepare":
        prepare(settings, int(contracts))
    elif action == "run":
        run_models(settings)
    else:
        print(json.dumps(asdict(timing(settings, int(contracts)))))


if __name__ == "__main__":
    main(*sys.argv[1:4])
