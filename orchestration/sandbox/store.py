"""The store of a world: one SQLite file, written in batches, read-only afterwards.

Several versions of a record may exist; ``known_at`` is when a version became visible.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

BATCH = 5_000
# One table an sObject; every one also has the audit fields. Names are Salesforce's, __c the company's own.
AUDIT_FIELDS = ("CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted")
SOBJECTS: dict[str, tuple[str, ...]] = {
    "Account": (
        "Id", "Name", "Type", "BillingCountryCode", "CurrencyIsoCode", "Entity__c",
        "Stripe_Customer_Id__c", "Metering_Tenant_Id__c", "Payment_Terms_Days__c", "OwnerId",
    ),
    "Opportunity": (
        "Id", "AccountId", "Name", "StageName", "CloseDate", "Amount", "CurrencyIsoCode",
        "IsWon", "IsClosed", "Type", "OwnerId",
    ),
    "Contract": (
        "Id", "AccountId", "ContractNumber", "Status", "StartDate", "EndDate", "ContractTerm",
        "CurrencyIsoCode", "Entity__c", "Contract_Kind__c", "Is_Cancellable__c", "Negotiated_With__c",
    ),
    "Order": (
        "Id", "OrderNumber", "AccountId", "ContractId", "OpportunityId", "Status", "EffectiveDate",
        "EndDate", "Type", "OriginalOrderId", "ActivatedDate", "TotalAmount", "CurrencyIsoCode",
        "Entity__c", "Contract_Kind__c", "Modification_Method__c", "Payment_Terms_Days__c",
        "PoNumber",
    ),
    "OrderItem": (
        "Id", "OrderId", "OrderItemNumber", "Product2Id", "PricebookEntryId", "Quantity",
        "UnitPrice", "ListPrice", "TotalPrice", "ServiceDate", "EndDate",
        "Capacity_Available_Date__c", "Billing_Frequency__c", "Description", "OriginalOrderItemId",
        "Minimum_Amount__c", "Minimum_Period__c", "Minimum_Anchor__c",
    ),
    "Rate_Tier__c": (
        "Id", "OrderItemId__c", "Tier_Model__c", "From_Quantity__c", "To_Quantity__c",
        "Unit_Price__c", "Package_Size__c", "Flat_Price__c",
    ),
    "Milestone__c": (
        "Id", "OrderItemId__c", "Name", "Amount__c", "Due_Date__c", "Completed_Date__c",
    ),
    "Product2": ("Id", "ProductCode", "Name", "Family", "IsActive"),
    "Pricebook2": ("Id", "Name", "IsStandard", "IsActive"),
    "PricebookEntry": (
        "Id", "Pricebook2Id", "Product2Id", "UnitPrice", "CurrencyIsoCode", "IsActive",
    ),
    "User": ("Id", "Name", "Email", "IsActive"),
}  # fmt: skip


class Store:
    """Writes a world's SQLite file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.executescript(
            "pragma page_size=16384; pragma journal_mode=off; pragma synchronous=off; pragma cache_size=-64000;"
        )
        self._connection.execute("create table meta (key text primary key, value text)")
        self._connection.execute(
            "create table stripe_objects (account text, object text, id text, created integer, "
            "known_at integer, parent text, body text)"
        )
        self._insert = {}
        for name, fields in SOBJECTS.items():
            columns = [*fields, *AUDIT_FIELDS, "known_at"]
            quoted = ", ".join(f'"{column}"' for column in columns)
            self._connection.execute(f'create table "{name}" ({quoted})')
            marks = ", ".join("?" * len(columns))
            self._insert[name] = f'insert into "{name}" values ({marks})'
        self._rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in SOBJECTS}
        self._objects: list[tuple[object, ...]] = []

    def stripe(
        self,
        account: str,
        kind: str,
        object_id: str,
        created: int,
        known_at: int,
        parent: str | None,
        body: str,
    ) -> None:
        """Add one version of a Stripe object."""
        self._objects.append((account, kind, object_id, created, known_at, parent, body))
        if len(self._objects) >= BATCH:
            self._flush_objects()

    def sobject(self, name: str, row: tuple[object, ...]) -> None:
        """Add one version of a Salesforce record: its fields, the audit fields, known_at."""
        rows = self._rows[name]
        rows.append(row)
        if len(rows) >= BATCH:
            self._flush_rows(name)

    def _flush_objects(self) -> None:
        self._connection.executemany(
            "insert into stripe_objects values (?,?,?,?,?,?,?)", self._objects
        )
        self._objects.clear()

    def _flush_rows(self, name: str) -> None:
        self._connection.executemany(self._insert[name], self._rows[name])
        self._rows[name].clear()

    def close(self, meta: dict[str, str]) -> None:
        """Write what is left, the meta table and the indexes."""
        self._flush_objects()
        for name in SOBJECTS:
            self._flush_rows(name)
        self._connection.executemany("insert into meta values (?,?)", sorted(meta.items()))
        self._connection.execute(
            "create index stripe_objects_list on stripe_objects (account, object, created desc, id desc)"
        )
        for name in SOBJECTS:
            self._connection.execute(f'create index "{name}_ids" on "{name}" (Id, known_at)')
        self._connection.commit()
        self._connection.close()
