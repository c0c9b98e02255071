"""Builds one world: a pure function of seed, size, end, months and defect rate.

Customers are written one after the other; what concerns the whole company (payouts, bank, ERP, faults of evidence)
follows. The world appears by one rename, so a build that dies leaves nothing half done.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import date
from hashlib import sha256
from pathlib import Path

from . import bad_evidence
from .agreements import Contract
from .bank_files import write_statements
from .billing import Billing, bill
from .bookkeeping import book_customer
from .calendars import unix
from .cash import Settlement, settle
from .context import Context, make_context
from .contracts import write_contracts
from .crm import Crm, write_crm
from .erp import post_journals, write_erp
from .metering import MeteringDrop
from .people import Customer, make_customer
from .policies import SEEDS
from .postings import Postings
from .rates import write_rates
from .store import Store
from .stripe_catalog import write_catalog, write_customer, write_grants, write_subscriptions
from .stripe_documents import write_documents
from .treasury import Scratch, settle_balances
from .usage import CustomerUsage, meter

# What serves a world rather than writes it: a change there keeps existing worlds.
SERVING = {
    "server.py",
    "process.py",
    "replies.py",
    "stripe_lists.py",
    "soql.py",
    "faults.py",
    "current.py",
    "clock.py",
}


def stamp_of(
    *, seed: int, size: int, end: date, months: int, defect_rate: float
) -> dict[str, object]:
    """What a world depends on: its parameters, and the code and policies that wrote it."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name not in SERVING and not path.name.endswith("_api.py"):
            digest.update(path.read_bytes())
    for path in sorted(SEEDS.glob("*.csv")):
        digest.update(path.read_bytes())
    return {
        "seed": seed,
        "size": size,
        "end": end.isoformat(),
        "months": months,
        "defect_rate": defect_rate,
        "generator": digest.hexdigest()[:16],
    }


def build_world(
    out: Path, *, seed: int, size: int, end: date, months: int, defect_rate: float
) -> None:
    """Write the world at ``out``; one with the same stamp is left as it is."""
    if size < 1 or months < 3:
        raise ValueError(f"sandbox: size {size} and months {months}: need at least 1 and 3")
    stamp = stamp_of(seed=seed, size=size, end=end, months=months, defect_rate=defect_rate)
    stamp_file = out / "world.json"
    if stamp_file.exists() and json.loads(stamp_file.read_text()) == stamp:
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    building = out.parent / f".{out.name}.building-{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    try:
        _write(building, make_context(seed, size, end, months, defect_rate), stamp)
        if out.exists():
            old = out.parent / f".{out.name}.old-{os.getpid()}"
            shutil.rmtree(old, ignore_errors=True)
            out.rename(old)
            building.rename(out)
            shutil.rmtree(old)
        else:
            building.rename(out)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def agree(context: Context, index: int) -> tuple[Customer, list[Contract], CustomerUsage]:
    """A customer, what it agreed and what it used."""
    customer = make_customer(index, seed=context.seed, ids=context.ids, start=context.start)
    context.catalogue.start_customer(index)
    contracts = write_contracts(context, customer)
    return customer, contracts, meter(context, customer, contracts)


def trade(
    context: Context, customer: Customer, contracts: list[Contract], usage: CustomerUsage
) -> tuple[Billing, Settlement]:
    """What a customer was billed and paid."""
    billing = bill(context, customer, contracts, usage)
    return billing, settle(context, customer, billing)


def _write(root: Path, context: Context, stamp: dict[str, object]) -> None:
    drops = root / "drops"
    store = Store(root / "world.sqlite")
    scratch = Scratch(root / "scratch.sqlite")
    postings = Postings()
    crm = Crm(store, context)
    crm.catalogue()
    write_catalog(store, context, context.policies)
    drop = MeteringDrop(
        drops / "metering", context.start, context.end, bad_evidence.empty_days(context)
    )
    first: Customer | None = None
    for index in range(context.size):
        customer, contracts, usage = agree(context, index)
        first = first or customer
        billing, settlement = trade(context, customer, contracts, usage)
        write_crm(crm, customer, contracts)
        write_subscriptions(store, context, customer, contracts)
        write_customer(store, context, customer)
        write_grants(store, context, customer, billing.grants)
        scratch.add_txns(write_documents(store, context, customer, billing.invoices))
        scratch.add_bank(receipt.line for receipt in settlement.receipts)
        book_customer(context, postings, contracts, billing, settlement)
        drop.add(customer.tenant_id, usage.rows)
    assert first is not None
    bad_evidence.unknown_tenants(context, drop)
    bad_evidence.bad_orders(crm, context, first)
    bad_evidence.ambiguous_customers(store, crm, context, first)
    drop.close()
    settle_balances(context, store, scratch, postings)
    statements = {
        account.account_id: write_statements(
            drops / "bank", account, scratch.bank(account.account_id)
        )
        for account in context.policies.bank_accounts.values()
    }
    scratch.close()
    (root / "scratch.sqlite").unlink()
    bad_evidence.bad_files(drops, context, statements)
    write_erp(drops / "erp", context, post_journals(context, postings))
    write_rates(drops / "fx", context)
    store.close(
        {
            "clock": str(context.clock),
            "seed": str(context.seed),
            "size": str(context.size),
            "start": str(unix(context.start)),
        }
    )
    truth = {"params": stamp, "defects": context.catalogue.truth_rows()}
    (root / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")
    (root / "world.json").write_text(json.dumps(stamp, indent=1) + "\n")
