"""The close as an asset with a partition a month: materialising a partition posts, seals and publishes it.

Thin: the act is ``orchestration.closing``. Never part of a scheduled run, because a close names two people
and is a decision; a partition that cannot close fails with exactly what blocks it.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import duckdb

from orchestration import books
from orchestration.closing import COMPUTED, Closed, Person, close_period, open_at
from orchestration.defs.resources import TieoutResource
from orchestration.defs.transformation import node_names
from orchestration.settings import Settings

KEY = dg.AssetKey(["books", "close"])
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2025-01-01", timezone="Etc/UTC")
STILL_OPEN = """
    select count(*), coalesce(sum(gross_minor), 0) from marts.rpt_recast_bridge
    where not is_posted and cause <> 'opening difference' and period <= ?
"""


class CloseConfig(dg.Config):
    """Who closes, who approves, and how. ``approvals`` are ENTITY:CURRENCY:MINOR[:note]."""

    prepared_by: str
    approved_by: str
    reason: str = ""
    go_live: bool = False
    approvals: list[str] = []


def _people(config: CloseConfig) -> Person:
    approvals = []
    for text in config.approvals:
        entity, currency, minor, *note = text.split(":", 3)
        approvals.append(
            books.Approval(entity, currency, int(minor), config.approved_by, "".join(note))
        )
    return Person(config.prepared_by, config.approved_by, tuple(approvals))


def _metadata(done: Closed) -> dict[str, Any]:
    batch = done.batch
    assert batch is not None
    prior: dict[str, int] = {}
    for amount in batch.manifest["prior_period"]:
        name = f"{amount['cause']} {amount['entity_id']} {amount['currency']}"
        prior[name] = prior.get(name, 0) + amount["result_minor"]
    columns = ("entity_id", "currency", "account_code", "debit_minor", "credit_minor")
    return {
        "batch": batch.batch_id,
        "seal": batch.seal,
        "dagster/row_count": batch.rows,
        "totals": dg.MetadataValue.table(
            [
                dg.TableRecord({name: row[name] for name in columns})
                for row in batch.manifest["totals"]
            ],
            schema=dg.TableSchema([dg.TableColumn(name) for name in columns]),
        )
        if batch.manifest["totals"]
        else "nothing moved",
        "prior-period result by cause, minor units": prior,
        "opening differences": len(done.opening_differences),
        "published": done.published,
        **{
            f"packet {path.stem} ({path.suffix[1:]})": dg.MetadataValue.path(str(path))
            for path in done.packets
        },
    }


def _checks(settings: Settings, period: date) -> Iterator[dg.AssetCheckResult]:
    problems = books.verify(settings.books)
    yield dg.AssetCheckResult(
        check_name="chain_verifies",
        passed=not problems,
        metadata={"problems": [str(problem) for problem in problems]},
    )
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        rows, gross = connection.execute(STILL_OPEN, [period]).fetchone() or (0, 0)
    yield dg.AssetCheckResult(
        check_name="closed_months_are_posted",
        passed=not rows,
        metadata={"bridge lines not posted": rows, "gross, minor units": int(gross)},
    )


@dg.asset(
    key=KEY,
    partitions_def=MONTHS,
    group_name="close",
    owners=["team:controller"],
    kinds={"parquet", "excel"},
    pool="warehouse",
    deps=[node_names()[COMPUTED.rpartition(".")[2]]],
    check_specs=[
        dg.AssetCheckSpec(
            "chain_verifies", asset=KEY, description="Every byte of the books fits its seal."
        ),
        dg.AssetCheckSpec(
            "closed_months_are_posted",
            asset=KEY,
            description="Nothing computed for this month or an earlier one is left unposted.",
        ),
    ],
    description=(
        "A month of the books: the difference between what the evidence says and what was posted, "
        "sealed into the chain, with its packet. Closing again needs a reopening with a reason."
    ),
)
def close(
    context: dg.AssetExecutionContext, config: CloseConfig, tieout: TieoutResource
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    settings = tieout.settings()
    period = date.fromisoformat(context.partition_key)
    people = _people(config)
    try:
        if config.go_live:
            done = open_at(settings, period, people)
        else:
            done = close_period(settings, period, people, reason=config.reason)
    except books.BooksError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    yield dg.MaterializeResult(metadata=_metadata(done))
    yield from _checks(settings, period)


ASSETS = [close]
