"""The policy seeds of dbt_project, read as data: entities, bank accounts, SKUs, prices, accounts, reason codes."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

# The version of the policies under which the company's own ERP books.
BOOKED = "reported"
SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"


@dataclass(frozen=True)
class Sku:
    """What the product policy says of one SKU."""

    sku: str
    name: str
    stream: str
    pattern: str
    is_usage: bool
    unit: str
    supplier_share_bps: int
    revenue_account: str


@dataclass(frozen=True)
class Ssp:
    """Standalone selling price: its basis and amount."""

    basis: str
    minor: int


@dataclass(frozen=True)
class BankAccount:
    """A collection account of an entity in one currency."""

    account_id: str
    entity: str
    currency: str
    format: str
    bank_name: str


@dataclass(frozen=True)
class Supply:
    """Who supplies the capacity of a SKU that another entity sells, and its share of the revenue."""

    supplier: str
    share_bps: int
    start: str
    end: str

    def covers(self, month: date) -> bool:
        """Whether a month of revenue falls under it."""
        return self.start <= month.isoformat() and (not self.end or month.isoformat() < self.end)


def _rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


class Policies:
    """All seeds the sandbox needs."""

    def __init__(self) -> None:
        self.skus = {
            row["sku"]: Sku(
                row["sku"],
                row["product_name"],
                row["stream"],
                row["pattern"],
                row["is_usage"] == "true",
                row["unit"],
                int(row["supplier_share_bps"]),
                row["revenue_account"],
            )
            for row in _rows("product_policies")
        }
        self.ssp = {
            (row["sku"], row["currency"]): Ssp(row["ssp_basis"], int(row["ssp_minor"] or 0))
            for row in _rows("standalone_selling_prices")
        }
        self.own_skus = [
            row for row in _rows("product_policy_versions") if row["policy_id"] == BOOKED
        ]
        self.own_ssp = [
            row for row in _rows("selling_price_versions") if row["policy_id"] == BOOKED
        ]
        self.entities = {row["entity_id"]: row for row in _rows("entities")}
        self.supplies: dict[tuple[str, str], list[Supply]] = {}
        for row in _rows("intercompany_agreements"):
            self.supplies.setdefault((row["selling_entity_id"], row["sku"]), []).append(
                Supply(
                    row["supplying_entity_id"],
                    int(row["transfer_bps"]),
                    row["effective_from"],
                    row["effective_to"],
                )
            )
        self.account_names = {r["account_code"]: r["account_name"] for r in _rows("accounts")}
        self.handoffs = {r["reason_code"]: r["handoff"] for r in _rows("reason_codes")}
        self.defect_codes = [
            r["reason_code"] for r in _rows("reason_codes") if r["is_defect"] == "true"
        ]
        self.bank_accounts = {
            (row["entity_id"], row["currency"]): BankAccount(
                row["bank_account_id"],
                row["entity_id"],
                row["currency"],
                row["bank_format"],
                row["bank_name"],
            )
            for row in _rows("bank_accounts")
        }

    def sku_of(self, sku: str, entity: str, day: date) -> Sku:
        """The policy of a SKU for service of an entity that starts on a day: its own, or everybody's."""
        found = self.skus[sku]
        for row in self.own_skus:
            if row["sku"] == sku and row["entity_id"] in ("*", entity) and _holds(row, day):
                found = replace(
                    found,
                    stream=row["stream"] or found.stream,
                    pattern=row["pattern"] or found.pattern,
                    revenue_account=row["revenue_account"] or found.revenue_account,
                )
        return found

    def ssp_of(self, sku: str, currency: str, entity: str, day: date) -> Ssp:
        """The selling price for an order of an entity that is signed on a day."""
        for row in self.own_ssp:
            same = row["sku"] == sku and row["currency"] == currency
            if same and row["entity_id"] in ("*", entity) and _holds(row, day):
                return Ssp(row["ssp_basis"], int(row["ssp_minor"] or 0))
        return self.ssp[sku, currency]


def _holds(row: dict[str, str], day: date) -> bool:
    """Whether a dated row is in effect on a day; its end is the first day that is not covered."""
    ends = row["effective_to"]
    return date.fromisoformat(row["effective_from"]) <= day and (
        not ends or day < date.fromisoformat(ends)
    )


@lru_cache(maxsize=1)
def load_policies() -> Policies:
    """The seeds, read once a process."""
    return Policies()
