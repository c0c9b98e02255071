"""The world as it stands at its clock: current-state tables over the read-only world.sqlite.

Built once at start-up in a private temporary database that SQLite deletes by itself, so that a page
is an indexed range scan. Nothing here knows HTTP; the vendors' shapes are in ``stripe_api`` and
``salesforce_api``.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

# The id by which lists of these objects are filtered most; others are owned by their parent.
_OWNER_PATHS = {
    "balance_transaction": "$.source",
    "credit_note": "$.invoice",
    "dispute": "$.charge",
    "invoice_payment": "$.invoice",
    "invoiceitem": "$.invoice",
    "refund": "$.charge",
    "subscription_item": "$.subscription",
}

_INTERNAL_TABLES = {"stripe_objects", "meta"}
# The org's number and time fields; flags, dates and ids are told by their names, the rest is text.
_NUMBERS = {
    "Amount",
    "Amount__c",
    "ContractTerm",
    "Flat_Price__c",
    "From_Quantity__c",
    "ListPrice",
    "Minimum_Amount__c",
    "Package_Size__c",
    "Payment_Terms_Days__c",
    "Quantity",
    "To_Quantity__c",
    "TotalAmount",
    "TotalPrice",
    "UnitPrice",
}
_INSTANTS = {"ActivatedDate", "CreatedDate", "LastModifiedDate", "SystemModstamp"}


class WorldError(RuntimeError):
    """The folder holds no world that can be served; the message says which file and what to do."""


@dataclass(frozen=True)
class Field:
    """One field of an sObject: its name and Salesforce type."""

    name: str
    type: str


@dataclass(frozen=True)
class SObject:
    """One sObject: its fields in order and the table that holds its current rows."""

    name: str
    fields: tuple[Field, ...]

    @property
    def table(self) -> str:
        return f'current."{self.name}"'

    def field(self, name: str) -> Field | None:
        return next((f for f in self.fields if f.name.lower() == name.lower()), None)


def _field_type(name: str) -> str:
    if name == "Id":
        return "id"
    if name in _NUMBERS:
        return "double"
    if re.match(r"Is_?[A-Z]", name):
        return "boolean"
    if name in _INSTANTS:
        return "datetime"
    return "date" if name.endswith(("Date", "Date__c")) else "string"


class World:
    """One world opened for reading at a clock (default: its end). Errors: WorldError."""

    def __init__(self, folder: Path, clock: int | None = None) -> None:
        self.folder = folder
        store = folder / "world.sqlite"
        if not store.is_file():
            raise WorldError(f"{store} is missing: build the world first (tieout sandbox serve)")
        self.db = sqlite3.connect(
            f"file:{store}?mode=ro", uri=True, check_same_thread=False, isolation_level=None
        )
        self.db.execute("attach database '' as current")
        self.db.execute("pragma cache_size = -65536")
        self.db.execute("pragma mmap_size = 1073741824")
        row = self.db.execute("select value from meta where key = 'clock'").fetchone()
        if row is None:
            raise WorldError(f"{store}: table meta has no clock: build the world again")
        self.clock = int(row[0]) if clock is None else min(clock, int(row[0]))
        self.now = datetime.fromtimestamp(self.clock, UTC)
        self.shelves: dict[tuple[str, str], int] = {}
        self.accounts: frozenset[str] = frozenset()
        self.sobjects: dict[str, SObject] = {}
        self._shelve_stripe()
        self._copy_salesforce()

    def close(self) -> None:
        self.db.close()

    def shelf(self, account: str, object_type: str) -> int:
        """The number under which an account's objects of one type stand; -1 when there are none."""
        return self.shelves.get((account, object_type), -1)

    def _shelve_stripe(self) -> None:
        pairs = self.db.execute("select distinct account, object from stripe_objects").fetchall()
        self.shelves = {pair: number for number, pair in enumerate(sorted(pairs))}
        self.accounts = frozenset(account for account, _ in pairs)
        self.db.execute("create table current.shelves (account, object, shelf, owner_path)")
        self.db.executemany(
            "insert into current.shelves values (?, ?, ?, ?)",
            [(a, o, n, _OWNER_PATHS.get(o)) for (a, o), n in self.shelves.items()],
        )
        self.db.execute(
            "create table current.objects (shelf integer, created integer, id text,"
            " owner text, version integer,"
            " primary key (shelf, created, id)) without rowid"
        )
        self.db.execute(
            "insert into current.objects"
            " select k.shelf, v.created, v.id, case when k.owner_path is null then v.parent"
            "   else coalesce((select json_extract(b.body, k.owner_path) from stripe_objects as b"
            "     where b.rowid = v.version), v.parent) end,"
            "   v.version"
            " from (select account, object, id, created, parent, rowid as version,"
            "         row_number() over (partition by account, object, id"
            "           order by known_at desc, rowid desc) as age"
            "       from stripe_objects where known_at <= ?) as v"
            " join current.shelves as k on k.account = v.account and k.object = v.object"
            " where v.age = 1"
            " order by k.shelf, v.created, v.id",
            (self.clock,),
        )
        self.db.execute("create index current.objects_by_id on objects (shelf, id)")
        self.db.execute("create index current.objects_by_owner on objects (shelf, owner)")

    def _copy_salesforce(self) -> None:
        names = [
            name
            for (name,) in self.db.execute(
                "select name from main.sqlite_master where type = 'table'"
                " and name not like 'sqlite_%' order by name"
            )
            if name not in _INTERNAL_TABLES
        ]
        for name in names:
            columns = [row[1] for row in self.db.execute(f'pragma main.table_info("{name}")')]
            if "known_at" not in columns:
                continue
            fields = tuple(Field(c, _field_type(c)) for c in columns if c != "known_at")
            self.sobjects[name] = SObject(name, fields)
            listed = ", ".join(f'"{field.name}"' for field in fields)
            # Numbers compare as numbers; a text in their place stays the text it is.
            typed = ", ".join(
                f'"{field.name}" numeric' if field.type == "double" else f'"{field.name}"'
                for field in fields
            )
            self.db.execute(f'create table current."{name}" ({typed})')
            self.db.execute(
                f'insert into current."{name}" select {listed} from'
                f" (select *, row_number() over (partition by Id"
                f"    order by known_at desc, rowid desc) as version_age"
                f'  from main."{name}" where known_at <= ?) where version_age = 1 order by Id',
                (self.clock,),
            )
            self.db.execute(f'create index current."{name}_by_id" on "{name}" (Id)')
            self.db.execute(f'create index current."{name}_by_change" on "{name}" (SystemModstamp)')
