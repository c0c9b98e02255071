"""The catalogue of planted defects: how many of each kind, who gets one, and the truth the pipeline never reads.

A kind is tried on every customer from its target on until one has a place for it. One defect an order item
and month, so that none hides another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

# Kinds planted while a customer is written, in the order of their first targets.
CUSTOMER_KINDS = (
    "CREDITS_NOT_APPLIED",
    "BILLED_PRICE_MISMATCH",
    "USAGE_LATE",
    "SHORT_PAYMENT",
    "ORDER_NOT_BILLED",
    "BILLED_AFTER_TERMINATION",
    "USAGE_NOT_BILLED",
    "BILLED_WITHOUT_ORDER",
    "USAGE_DUPLICATE_BILLED",
    "OVERPAYMENT",
    "BILLED_QUANTITY_MISMATCH",
    "UNKNOWN_SKU",
    "USAGE_RATE_MISMATCH",
    "PAID_WITHOUT_RECEIPT",
    "BILLED_TWICE",
    "BILLED_WRONG_ENTITY",
    "USAGE_CORRECTED_AFTER_INVOICE",
    "DUPLICATE_PAYMENT",
    "BILLED_WITHOUT_USAGE",
    "RECEIPT_NOT_RECORDED",
    "BILLED_WRONG_CURRENCY",
)
# Kinds planted once all customers are written.
WORLD_KINDS = (
    "UNKNOWN_TENANT",
    "UNIDENTIFIED_RECEIPT",
    "PAYOUT_NOT_IN_BANK",
    "PAYOUT_AMOUNT_MISMATCH",
    "DEPOSIT_WITHOUT_PAYOUT",
    "DEPOSIT_DUPLICATED",
    "GL_MANUAL_JOURNAL",
    "GL_MISSING_POSTING",
    "GL_WRONG_PERIOD",
    "GL_WRONG_ENTITY",
    "GL_AMOUNT_MISMATCH",
    "INTERCOMPANY_ONE_SIDED",
    "ORDER_WITHOUT_ACCOUNT",
    "ORDER_UNKNOWN_CURRENCY",
    "ORDER_UNKNOWN_PRODUCT",
    "ORDER_UNKNOWN_BILLING",
    "RECORD_QUARANTINED",
    "FILE_TRUNCATED",
    "FILE_CONTROL_TOTAL",
    "FILE_DUPLICATED",
    "METERING_DAY_EMPTY",
    "CUSTOMER_AMBIGUOUS",
)
# Occurrences a customer at a rate of 1: 0.02 over 200 customers plants two of each kind.
DENSITY = 0.5
# Journals and files do not grow with the number of customers; neither do their defects.
MOST = {
    kind: 6
    for kind in WORLD_KINDS
    if kind.startswith(("GL_", "INTERCOMPANY_", "FILE_", "METERING_"))
    or "PAYOUT" in kind
    or "DEPOSIT" in kind
}


@dataclass(frozen=True)
class Defect:
    """One row of the truth."""

    reason_code: str
    entity: str | None
    customer_id: str | None
    period: date | None
    ref: str
    amount: int | None


@dataclass
class Catalogue:
    """Plans defects and remembers the truth."""

    size: int
    rate: float
    handoffs: dict[str, str]
    truth: list[Defect] = field(default_factory=list)
    _targets: dict[str, list[int]] = field(default_factory=dict)
    _current: int = 0
    _used: set[tuple[str, date]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for place, kind in enumerate(CUSTOMER_KINDS):
            count = self.count(kind)
            self._targets[kind] = [
                int(self.size * 0.7 * (turn + place / len(CUSTOMER_KINDS)) / count)
                for turn in range(count)
            ]

    def count(self, kind: str) -> int:
        """How many of a kind this world holds: at least one unless the rate is zero."""
        if self.rate <= 0:
            return 0
        wanted = max(1, round(self.rate * self.size * DENSITY))
        return min(wanted, MOST.get(kind, wanted))

    def start_customer(self, index: int) -> None:
        """Begin a customer: places used by an earlier one are forgotten."""
        self._current = index
        self._used = set()

    def wants(self, kind: str) -> bool:
        """Whether the kind is still to be planted at or before this customer."""
        targets = self._targets[kind]
        return bool(targets) and targets[0] <= self._current

    def is_free(self, item_id: str, month: date) -> bool:
        """Whether no defect holds this order item and month."""
        return (item_id, month) not in self._used

    def take(self, kind: str, item_id: str | None = None, month: date | None = None) -> None:
        """Plant the kind here and reserve its order item and month."""
        self._targets[kind].pop(0)
        if item_id is not None and month is not None:
            self._used.add((item_id, month))

    def record(
        self,
        kind: str,
        *,
        ref: str,
        entity: str | None = None,
        customer_id: str | None = None,
        period: date | None = None,
        amount: int | None = None,
    ) -> None:
        """Write one row of truth. The amount is what the defect puts at stake, without sign."""
        stake = None if amount is None else abs(amount)
        self.truth.append(Defect(kind, entity, customer_id, period, ref, stake))

    def truth_rows(self) -> list[dict[str, object]]:
        """The truth file's rows, in the order planted within each reason code."""
        ordered = sorted(self.truth, key=lambda defect: defect.reason_code)
        return [
            {
                "defect_id": f"D{number:05d}",
                "reason_code": defect.reason_code,
                "handoff": self.handoffs[defect.reason_code],
                "entity_id": defect.entity,
                "customer_id": defect.customer_id,
                "period": defect.period.isoformat() if defect.period else None,
                "ref": defect.ref,
                "amount_minor": defect.amount,
            }
            for number, defect in enumerate(ordered, 1)
        ]
