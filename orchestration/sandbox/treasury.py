"""Processor balances, payouts and bank lines of the whole company, with the faults of the payout handoff.

Payouts leave every Monday, arrive on Wednesday and carry everything available by then, net of fees. Facts wait in a
scratch database, so that the number of customers does not decide the memory.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from . import stripe_shapes as shapes
from .amounts import divide_half_even
from .calendars import add_months, business_day, month_first, unix
from .context import Context
from .documents import BankLine
from .policies import BankAccount
from .postings import CASH, CLEARING, TREASURY, UNAPPLIED, Postings
from .store import Store
from .stripe_cards import BalanceTxn, txn_body
from .stripe_catalog import Projection

PAYOUT_DEFECTS = (
    "PAYOUT_NOT_IN_BANK",
    "PAYOUT_AMOUNT_MISMATCH",
    "DEPOSIT_DUPLICATED",
    "DEPOSIT_WITHOUT_PAYOUT",
)


class Scratch:
    """Balance transactions and bank lines of all customers, kept out of memory."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.executescript(
            "pragma journal_mode=off; pragma synchronous=off;"
            "create table txns (account, currency, created integer, available integer, id, amount integer,"
            " fee integer, type, category, source, customer);"
            "create table bank (account_id, entity, currency, booked integer, amount integer, kind,"
            " reference, payer, text, customer_reference);"
        )

    def add_txns(self, txns: Iterable[BalanceTxn]) -> None:
        """Keep balance transactions for the payouts."""
        self._connection.executemany(
            "insert into txns values (?,?,?,?,?,?,?,?,?,?,?)",
            [
                (t.account, t.currency, t.created, t.available, t.id, t.amount, t.fee, t.type,
                 t.category, t.source, t.customer)
                for t in txns
            ],
        )  # fmt: skip

    def add_bank(self, lines: Iterable[BankLine]) -> None:
        """Keep bank lines for the statements."""
        self._connection.executemany(
            "insert into bank values (?,?,?,?,?,?,?,?,?,?)",
            [
                (x.account_id, x.entity, x.currency, x.booked.toordinal(), x.amount, x.kind,
                 x.reference, x.payer, x.text, x.customer_reference)
                for x in lines
            ],
        )  # fmt: skip

    def txns(self, account: str, currency: str) -> Iterator[BalanceTxn]:
        """Balance transactions of an account and currency in order of availability."""
        rows = self._connection.execute(
            "select id, account, currency, created, available, amount, fee, type, category, source,"
            " customer from txns where account = ? and currency = ? order by available, created, id",
            (account, currency),
        )
        return (BalanceTxn(*row) for row in rows)

    def bank(self, account_id: str) -> Iterator[BankLine]:
        """Bank lines of an account in order of day and reference."""
        rows = self._connection.execute(
            "select account_id, entity, currency, booked, amount, kind, reference, payer, text,"
            " customer_reference from bank where account_id = ? order by booked, reference",
            (account_id,),
        )
        for row in rows:
            account, entity, currency, booked, amount, kind, reference, payer, text, named = row
            day = date.fromordinal(booked)
            yield BankLine(
                account, entity, currency, day, amount, kind, reference, payer, text, named
            )

    def close(self) -> None:
        """Close the database; its file may then be deleted."""
        self._connection.close()


class Treasury:
    """Writes payouts and the company's own bank lines."""

    def __init__(
        self, context: Context, store: Store, scratch: Scratch, postings: Postings
    ) -> None:
        self.context = context
        self.store = store
        self.scratch = scratch
        self.postings = postings
        self.rng = random.Random(f"tieout/{context.seed}/treasury")
        self.paid: list[tuple[BankAccount, str, int, date]] = []

    def run(self) -> None:
        """Payouts, their deposits, unidentified receipts, then the monthly sweeps."""
        for account in self.context.policies.bank_accounts.values():
            self._payouts(account)
        faults = self._choose_faults()
        for number, (account, payout_id, amount, day) in enumerate(self.paid):
            self._deposit(account, payout_id, amount, day, faults.get(number, ""))
        self._unknown_deposits()
        self._unidentified()
        for account in self.context.policies.bank_accounts.values():
            self._sweeps(account)

    # Payouts --------------------------------------------------------------------------------

    def _payouts(self, account: BankAccount) -> None:
        monday = self.context.start + timedelta(days=-self.context.start.weekday() % 7)
        waiting: list[BalanceTxn] = []
        source = self.scratch.txns(account.entity, account.currency)
        following = next(source, None)
        while monday < self.context.end:
            while following is not None and following.available <= unix(monday):
                waiting.append(following)
                following = next(source, None)
            total = sum(txn.net for txn in waiting)
            if total > 0:
                self._payout(account, monday, total, waiting)
                waiting = []
            monday += timedelta(days=7)

    def _payout(
        self, account: BankAccount, monday: date, amount: int, txns: list[BalanceTxn]
    ) -> None:
        ids, clock = self.context.ids, self.context.clock
        pen = Projection(self.store, ids, account.entity)
        key = f"{account.account_id}/{monday.isoformat()}"
        created, arrival = unix(monday, 0, 5), monday + timedelta(days=2)
        payout_id = ids.stripe("po", key)
        own = BalanceTxn(
            ids.stripe("txn", f"payout/{key}"), account.entity, account.currency, created, created,
            -amount, 0, "payout", "payout", payout_id, "",
        )  # fmt: skip
        body = shapes.PAYOUT | {
            "id": payout_id,
            "amount": amount,
            "arrival_date": unix(arrival),
            "balance_transaction": own.id,
            "created": created,
            "currency": account.currency.lower(),
            "destination": ids.stripe("ba", account.account_id),
            "metadata": {},
            "status": "in_transit",
            "trace_id": {"status": "supported", "value": self.trace(payout_id)},
        }
        pen.put(body, created, event="payout.created")
        arrived = unix(arrival, 6)
        if arrived <= clock:
            pen.put(body | {"status": "paid"}, arrived, event="payout.paid")
            self.paid.append((account, payout_id, amount, arrival))
        pen.put(txn_body(own, clock), created)
        for txn in [*txns, own]:
            pen.put(
                txn_body(txn, clock), created, created=txn.created, parent=payout_id,
                kind="payout_transaction",
            )  # fmt: skip

    def trace(self, payout_id: str) -> str:
        """The trace id a bank may show instead of the payout's id."""
        return f"TR{self.context.ids.code('trace', payout_id, 14)}"

    # Deposits -------------------------------------------------------------------------------

    def _choose_faults(self) -> dict[int, str]:
        """By position in ``paid``: the fault of that deposit."""
        last = self.context.end - timedelta(days=12)
        free = [number for number, payout in enumerate(self.paid) if payout[3] < last]
        self.rng.shuffle(free)
        faults = {}
        for kind in PAYOUT_DEFECTS[:3]:
            for _ in range(min(self.context.catalogue.count(kind), len(free))):
                faults[free.pop()] = kind
        return faults

    def _line(
        self, account: BankAccount, day: date, amount: int, kind: str, text: str, key: str
    ) -> BankLine:
        line = BankLine(
            account_id=account.account_id,
            entity=account.entity,
            currency=account.currency,
            booked=day,
            amount=amount,
            kind=kind,
            reference=self.context.ids.code("bank", key, 12),
            payer="STRIPE PAYMENTS" if kind == "processor_payout" else "",
            text=text,
        )
        self.scratch.add_bank([line])
        return line

    def _post(self, line: BankLine, account_code: str, entry_type: str = "payout") -> None:
        self.postings.post(
            line.entity, month_first(line.booked), entry_type, line.currency, CASH,
            [(account_code, line.amount)],
        )  # fmt: skip

    def _record(self, kind: str, account: BankAccount, ref: str, day: date, amount: int) -> None:
        self.context.catalogue.record(
            kind, ref=ref, entity=account.entity, period=month_first(day), amount=amount
        )

    def _deposit(
        self, account: BankAccount, payout_id: str, amount: int, day: date, fault: str
    ) -> None:
        name = payout_id if self.rng.random() < 0.6 else f"TRACE {self.trace(payout_id)}"
        text, kind = f"STRIPE PAYOUT {name}", "processor_payout"
        if fault == "PAYOUT_NOT_IN_BANK":
            self._record(fault, account, f"stripe:payout:{payout_id}", day, amount)
            return
        received = amount
        if fault == "PAYOUT_AMOUNT_MISMATCH":
            short = min(amount // 2, self.rng.choice((1_500, 2_500, 4_000)))
            received = amount - short
            self._record(fault, account, f"stripe:payout:{payout_id}", day, short)
        line = self._line(account, day, received, kind, text, payout_id)
        self._post(line, CLEARING)
        if fault == "DEPOSIT_DUPLICATED":
            again = self._line(
                account, business_day(day + timedelta(days=1)), received, kind, text,
                f"again/{payout_id}",
            )  # fmt: skip
            self._post(again, UNAPPLIED)
            self._record(fault, account, again.ref, again.booked, received)

    def _random_day(self) -> date:
        span = (self.context.end - self.context.start).days
        day = self.context.start + timedelta(days=self.rng.randrange(span // 3, span - 25))
        return business_day(day)

    def _accounts(self) -> list[BankAccount]:
        return list(self.context.policies.bank_accounts.values())

    def _unknown_deposits(self) -> None:
        kind = "DEPOSIT_WITHOUT_PAYOUT"
        for turn in range(self.context.catalogue.count(kind)):
            account, day = self.rng.choice(self._accounts()), self._random_day()
            amount = self.rng.randrange(10_000, 900_000)
            stray = self.context.ids.stripe("po", f"nobody/{turn}")
            line = self._line(
                account, day, amount, "processor_payout", f"STRIPE PAYOUT {stray}", f"stray/{turn}"
            )
            self._post(line, UNAPPLIED)
            self._record(kind, account, line.ref, day, amount)

    def _unidentified(self) -> None:
        kind = "UNIDENTIFIED_RECEIPT"
        for turn in range(self.context.catalogue.count(kind)):
            account, day = self.rng.choice(self._accounts()), self._random_day()
            line = BankLine(
                account_id=account.account_id,
                entity=account.entity,
                currency=account.currency,
                booked=day,
                amount=self.rng.randrange(50_000, 2_500_000),
                kind="customer_receipt",
                reference=self.context.ids.code("bank", f"unidentified/{turn}", 12),
                payer=f"GREYWATER HOLDINGS {turn + 1}",
                text="PAYMENT AS AGREED",
            )
            self.scratch.add_bank([line])
            self._post(line, UNAPPLIED, "receipt_bank")
            self._record(kind, account, line.ref, day, line.amount)

    # Sweeps ---------------------------------------------------------------------------------

    def _sweeps(self, account: BankAccount) -> None:
        """On the 25th most of the balance goes to treasury, in whole thousands."""
        lines = self.scratch.bank(account.account_id)
        following = next(lines, None)
        balance = 0
        sweeps = []
        for month in self.context.months:
            day = business_day(month.replace(day=25))
            if day >= self.context.end or day >= add_months(month, 1):
                continue
            while following is not None and following.booked < day:
                balance += following.amount
                following = next(lines, None)
            amount = divide_half_even(balance * 85, 100) // 100_000 * 100_000
            if amount > 0:
                balance -= amount
                sweeps.append((day, amount))
        for day, amount in sweeps:
            line = self._line(
                account, day, -amount, "sweep", "SWEEP TO TREASURY",
                f"sweep/{account.account_id}/{day}",
            )  # fmt: skip
            self._post(line, TREASURY, "sweep")


def settle_balances(context: Context, store: Store, scratch: Scratch, postings: Postings) -> None:
    """Pay out the processor balances and complete the bank."""
    Treasury(context, store, scratch, postings).run()
