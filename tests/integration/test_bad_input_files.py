"""What drops may hold: damaged, doubled, empty or strange files are told apart and the rest is read."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration import settings as config
from orchestration.landing import Load, build_raw
from orchestration.settings import Drops, Settings
from orchestration.sources.pull import PullResult, pull

# Opening 1,000.00 + 250.50 - 40.25 = closing 1,210.25; the four amounts sum to 250100.
BAI2 = """\
01,BANK,ACME,250304,0600,1,,,2/
02,ACME,BANK,1,250303,,USD,2/
03,4400001001,USD,010,100000,,/
88,015,121025,,/
16,195,25050,,REF1,,PAYER: Northwind Ltd REMIT: INV-7/
16,495,4025,,REF2,,SWEEP TO TREASURY/
49,250100,5/
98,250100,1,7/
99,250100,1,9/
"""
NEXT_DAY = BAI2.replace("250303", "250304").replace("REF", "NEXT").replace("INV-7", "INV-8")
USAGE = {
    "event_id": ["e1", "e2", "e3"],
    "tenant_id": ["t1", "t1", "t2"],
    "sku": ["GPU", "GPU", "TOKENS"],
    "quantity": [Decimal("1.500000"), Decimal("0.000001"), Decimal("90071992547.409931")],
    "unit": ["hour", "hour", "token"],
    "event_at": [datetime(2025, 3, 3, 23, 59, 59)] * 3,
    "ingested_at": [datetime(2025, 3, 4, 1)] * 3,
    "kind": ["usage", "usage", "correction"],
    "revision": [1, 1, 2],
    "region": ["eu", "eu", None],
}
USAGE_TYPES = {
    "event_id": pa.string(),
    "tenant_id": pa.string(),
    "sku": pa.string(),
    "quantity": pa.decimal128(18, 6),
    "unit": pa.string(),
    "event_at": pa.timestamp("us"),
    "ingested_at": pa.timestamp("us"),
    "kind": pa.string(),
    "revision": pa.int32(),
    "region": pa.string(),
}
TRIAL_BALANCE = """\
entity_id,period,account_code,account_name,currency,opening,debit,credit,closing
US01,2025-03,1000,Cash,USD,10.00,5.25,1.00,14.25
US01,2025-03,2100,Deferred revenue,USD,-10.00,1.00,5.25,-14.25
"""
JOURNAL = """\
journal_id,line_no,entity_id,period,posted_on,account_code,currency,debit,credit,source,reference,memo
JE-1,1,US01,2025-03,2025-03-31,1000,USD,5.25,0.00,TIEOUT,"US01|2025-03|invoice|USD",
JE-1,2,US01,2025-03,2025-03-31,2100,USD,0.00,5.25,TIEOUT,"US01|2025-03|invoice|USD",
"""
RATES = "date,base,quote,rate\n2025-03-03,EUR,USD,1.04123456\n2025-03-04,EUR,USD,1.05\n"


@pytest.fixture
def drops(tmp_path: Path) -> Path:
    """A drop of each source with nothing wrong in it."""
    root = tmp_path / "drops"
    write(root / "bank/4400001001/2025-03-03.bai2", BAI2)
    write(root / "erp/US01/2025-03/trial_balance.csv", TRIAL_BALANCE)
    write(root / "erp/US01/2025-03/journal.csv", JOURNAL)
    write(root / "fx/2025-03.csv", RATES)
    usage(root / "metering/2025-03-03/usage-0001.parquet")
    return root


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def usage(path: Path, rows: int = 3, **changed: Any) -> Path:
    columns = {name: values[:rows] for name, values in USAGE.items()}
    types = dict(USAGE_TYPES)
    for name, value in changed.items():
        if value is None:
            del columns[name], types[name]
        else:
            columns[name] = value[0][:rows]
            types[name] = value[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns, pa.schema(types)), path)
    return path


@pytest.fixture
def settings(drops: Path, tmp_path: Path) -> Settings:
    base = config.load({"TIEOUT_HOME": str(tmp_path / "home")})
    return replace(base, drops=Drops.below(drops))


FILES = ["metering", "bank", "erp", "fx"]


def pulled(settings: Settings, *sources: str) -> dict[str, PullResult]:
    results = pull(settings, list(sources) or FILES)
    return {f"{result.source}.{result.object}": result for result in results}


def landed(settings: Settings, query: str) -> list[tuple]:
    build_raw(settings.warehouse, settings.landing)
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def seen(settings: Settings) -> dict[str, str]:
    return dict(landed(settings, "select file, status from raw.landing__file"))


def refused(settings: Settings) -> list[tuple[str, str, str]]:
    return landed(
        settings, "select _file, reason_code, reason from raw.landing__quarantine order by all"
    )


def test_clean_drops_land_typed_exact_and_once(settings):
    rows = {name: result.rows for name, result in pulled(settings).items()}
    assert rows == {
        "metering.usage_event": 3,
        "bank.statement": 1,
        "bank.transaction": 2,
        "erp.trial_balance": 2,
        "erp.journal_line": 2,
        "fx.rate": 2,
    }
    assert landed(
        settings,
        "select _id, booked_date, amount_minor, payer_name from raw.bank__transaction order by 1",
    ) == [
        ("4400001001:2025-03-03:REF1", date(2025, 3, 3), 25050, "Northwind Ltd"),
        ("4400001001:2025-03-03:REF2", date(2025, 3, 3), -4025, ""),
    ]
    assert landed(settings, "select sum(quantity) from raw.metering__usage_event") == [
        # 1.500000 + 0.000001 + 90071992547.409931: more digits than a double holds.
        (Decimal("90071992548.909932"),)
    ]
    assert landed(
        settings, "select sum(closing_minor), sum(debit_minor) from raw.erp__trial_balance"
    ) == [(0, 625)]
    assert landed(settings, "select rate from raw.fx__rate order by rate_date limit 1") == [
        (Decimal("1.04123456"),)
    ]
    assert {name: result.rows for name, result in pulled(settings).items()} == dict.fromkeys(
        rows, 0
    )


def test_files_are_known_at_the_end_of_their_day_or_month(settings):
    pulled(settings)
    stamps = {
        name: landed(settings, f"select distinct _version_at from raw.{name}")
        for name in ("metering__usage_event", "bank__statement", "erp__journal_line", "fx__rate")
    }
    day, month = datetime(2025, 3, 3, 23, 59, 59), datetime(2025, 3, 31, 23, 59, 59)
    assert stamps == {
        "metering__usage_event": [(day,)],
        "bank__statement": [(day,)],
        "erp__journal_line": [(month,)],
        "fx__rate": [(month,)],
    }


def test_the_original_bank_file_is_kept_beside_what_was_read_from_it(settings, drops):
    original = drops / "bank/4400001001/2025-03-03.bai2"
    load_id = pulled(settings)["bank.statement"].load_id
    folder = settings.landing / "bank/statement" / str(load_id) / "original"
    assert (folder / "bank/4400001001/2025-03-03.bai2").read_bytes() == original.read_bytes()


def test_half_a_bank_file_is_refused_whole_and_its_neighbours_are_read(settings, drops):
    half = write(drops / "bank/4400001001/2025-03-04.bai2", NEXT_DAY[: len(NEXT_DAY) // 2])
    assert pulled(settings)["bank.transaction"].rows == 2
    ((file, code, reason),) = refused(settings)
    assert (file, code) == ("bank/4400001001/2025-03-04.bai2", "FILE_TRUNCATED")
    assert "ends before its trailer" in reason and "ask for the file again" in reason
    assert seen(settings)[file] == "quarantined"
    # The bank sends it again under the same name: other content, so it is read.
    half.write_text(NEXT_DAY)
    assert pulled(settings)["bank.transaction"].rows == 2
    assert landed(settings, "select count(*) from raw.bank__statement") == [(2,)]


def test_control_totals_that_do_not_tie_refuse_the_file(settings, drops):
    write(
        drops / "bank/4400001001/2025-03-04.bai2", NEXT_DAY.replace("16,195,25050", "16,195,25060")
    )
    assert pulled(settings)["bank.transaction"].rows == 2
    ((file, code, reason),) = refused(settings)
    assert code == "FILE_CONTROL_TOTAL"
    # 250100 + 10 = 250110 is what the changed line makes of the account.
    assert "line 7: account 4400001001 totals 250110, its trailer says 250100" in reason


def test_a_file_dropped_twice_is_read_once_and_the_copy_is_named(settings, drops):
    folder = drops / "bank/4400001001"
    shutil.copy(folder / "2025-03-03.bai2", folder / "2025-03-03-copy.bai2")
    shutil.copy(folder / "2025-03-03.bai2", folder / "2025-03-03 (1).bai2")
    assert pulled(settings)["bank.transaction"].rows == 2
    assert landed(
        settings,
        "select file, reason_code, reason from raw.landing__file where status = 'duplicate' order by 1",
    ) == [
        (
            f"bank/4400001001/{name}",
            "FILE_DUPLICATED",
            "the same as bank/4400001001/2025-03-03.bai2",
        )
        for name in ("2025-03-03 (1).bai2", "2025-03-03-copy.bai2")
    ]


def test_a_copy_that_comes_with_a_later_pull_is_known_too(settings, drops):
    pulled(settings)
    first = drops / "metering/2025-03-03/usage-0001.parquet"
    (drops / "metering/2025-03-04").mkdir()
    shutil.copy(first, drops / "metering/2025-03-04/usage-0001.parquet")
    assert pulled(settings)["metering.usage_event"].rows == 0
    assert seen(settings)["metering/2025-03-04/usage-0001.parquet"] == "duplicate"
    assert landed(settings, "select count(*) from raw.metering__usage_event") == [(3,)]


def test_an_empty_day_of_metering_is_a_file_with_no_rows_and_no_copy_of_another(settings, drops):
    for day in ("2025-03-04", "2025-03-05"):
        usage(drops / f"metering/{day}/usage-0001.parquet", rows=0)
    pulled(settings)
    assert landed(
        settings,
        "select file, rows, status, first_day from raw.landing__file where source = 'metering'"
        " order by 1",
    ) == [
        ("metering/2025-03-03/usage-0001.parquet", 3, "read", date(2025, 3, 3)),
        ("metering/2025-03-04/usage-0001.parquet", 0, "read", None),
        ("metering/2025-03-05/usage-0001.parquet", 0, "read", None),
    ]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"sku": None}, "column sku is missing"),
        (
            {"quantity": ([1.5, 2.5, 3.5], pa.float64())},
            "column quantity is double, not decimal(18,6)",
        ),
        ({"event_at": (["a", "b", "c"], pa.string())}, "column event_at is string, not timestamp"),
    ],
)
def test_a_metering_file_of_other_columns_is_refused_by_name(settings, drops, changed, problem):
    usage(drops / "metering/2025-03-04/usage-0001.parquet", **changed)
    assert pulled(settings)["metering.usage_event"].rows == 3
    ((file, code, reason),) = refused(settings)
    assert (file, code) == ("metering/2025-03-04/usage-0001.parquet", "RECORD_QUARANTINED")
    assert problem in reason


def test_a_new_metering_column_is_drift(settings, drops):
    zone = (["a", "b", "c"], pa.string())
    usage(drops / "metering/2025-03-04/usage-0001.parquet", zone=zone)
    assert pulled(settings)["metering.usage_event"].rows == 6
    assert landed(settings, "select drift from raw.landing__load where source = 'metering'") == [
        (["zone"],)
    ]


def test_metering_rows_without_tenant_or_of_unknown_kind_are_set_aside_one_by_one(settings, drops):
    usage(
        drops / "metering/2025-03-04/usage-0001.parquet",
        event_id=(["f1", "f2", "f3"], pa.string()),
        tenant_id=([None, "t", "t"], pa.string()),
        kind=(["usage", "guess", "usage"], pa.string()),
    )
    assert pulled(settings)["metering.usage_event"].rows == 4
    kept = landed(
        settings, "select _id, reason_code, payload from raw.landing__quarantine order by 1"
    )
    assert [(row[0], row[1]) for row in kept] == [
        ("f1", "RECORD_QUARANTINED"),
        ("f2", "RECORD_QUARANTINED"),
    ]
    assert '"kind":"guess"' in kept[1][2]


@pytest.mark.parametrize("share", [0.5, 0.98])
def test_a_metering_file_cut_off_is_refused_and_the_other_days_are_read(settings, drops, share):
    path = usage(drops / "metering/2025-03-04/usage-0001.parquet")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert pulled(settings)["metering.usage_event"].rows == 3
    ((_, code, reason),) = refused(settings)
    assert code == "FILE_TRUNCATED" and "not whole Parquet" in reason


def test_a_metering_file_damaged_inside_is_refused_and_the_other_days_are_read(settings, drops):
    path = drops / "metering/2025-03-04/usage-0001.parquet"
    path.parent.mkdir(parents=True)
    many = 4000
    table = pa.table(
        {name: (values * many)[:many] for name, values in USAGE.items()}, pa.schema(USAGE_TYPES)
    )
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[8 : len(content) // 2] = bytes(len(content) // 2 - 8)
    path.write_bytes(content)
    assert pulled(settings)["metering.usage_event"].rows == 3
    ((file, code, _),) = refused(settings)
    assert (file, code) == ("metering/2025-03-04/usage-0001.parquet", "FILE_TRUNCATED")


def test_a_trial_balance_row_of_unknown_currency_or_amount_is_set_aside(settings, drops):
    spoilt = TRIAL_BALANCE.replace("1000,Cash,USD", "1000,Cash,XTS").replace("-14.25", "n/a")
    write(drops / "erp/US01/2025-04/trial_balance.csv", spoilt.replace("2025-03", "2025-04"))
    assert pulled(settings)["erp.trial_balance"].rows == 2
    reasons = [reason for _, _, reason in refused(settings)]
    assert "line 2: currency 'XTS' is not in seeds/currencies.csv" in reasons[0]
    assert "line 3: amount 'n/a' is not a number" in reasons[1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (JOURNAL[:-30], "FILE_TRUNCATED"),
        (JOURNAL.rstrip("\n"), "FILE_TRUNCATED"),
        ("", "FILE_TRUNCATED"),
        (JOURNAL.replace("line_no", "lines"), "RECORD_QUARANTINED"),
    ],
)
def test_a_journal_cut_off_or_of_other_columns_is_refused_whole(settings, drops, text, code):
    write(drops / "erp/US01/2025-04/journal.csv", text)
    assert pulled(settings)["erp.journal_line"].rows == 2
    ((file, found, _),) = refused(settings)
    assert (file, found) == ("erp/US01/2025-04/journal.csv", code)


def test_exports_without_rows_are_alike_and_none_is_a_copy(settings, drops):
    header = JOURNAL.splitlines()[0] + "\n"
    for month in ("2025-01", "2025-02"):
        write(drops / f"erp/US01/{month}/journal.csv", header)
    pulled(settings)
    assert set(seen(settings).values()) == {"read"}


def test_a_rate_of_too_many_places_or_none_is_set_aside(settings, drops):
    write(
        drops / "fx/2025-04.csv",
        "date,base,quote,rate\n2025-04-01,EUR,USD,0\n2025-04-02,EUR,USD,1.0123456789\n",
    )
    assert pulled(settings)["fx.rate"].rows == 2
    assert len(refused(settings)) == 2


def test_a_drop_folder_that_does_not_exist_is_an_error_that_says_so(settings, drops):
    shutil.rmtree(drops / "bank")
    results = pulled(settings)
    assert "folder" in str(results["bank.statement"].error)
    assert "TIEOUT_DROPS" in str(results["bank.statement"].action)
    assert results["erp.trial_balance"].rows == 2
    failing = landed(settings, "select source, object from raw.landing__pull_failure order by 2")
    assert failing == [("bank", "statement"), ("bank", "transaction")]


def test_files_still_being_written_are_left_for_the_next_pull(settings, drops):
    write(drops / "bank/4400001001/.2025-03-04.bai2", NEXT_DAY)
    write(drops / "bank/4400001001/2025-03-05.bai2.part", NEXT_DAY)
    pulled(settings)
    assert list(name for name in seen(settings) if name.startswith("bank")) == [
        "bank/4400001001/2025-03-03.bai2"
    ]


def test_a_kill_between_lines_and_statements_loses_and_doubles_nothing(
    settings, drops, monkeypatch
):
    commit = Load.commit

    def killed(load: Load, **options: bool) -> str | None:
        if load.object == "statement":
            raise KeyboardInterrupt
        return commit(load, **options)

    monkeypatch.setattr(Load, "commit", killed)
    with pytest.raises(KeyboardInterrupt):
        pull(settings, ["bank"])
    monkeypatch.setattr(Load, "commit", commit)
    # Another file arrives before the pull is tried again.
    write(drops / "bank/4400001001/2025-03-04.bai2", NEXT_DAY)
    pulled(settings)
    assert landed(settings, "select count(*), count(distinct _id) from raw.bank__transaction") == [
        (4, 4)
    ]
    assert landed(settings, "select count(*) from raw.bank__statement") == [(2,)]
