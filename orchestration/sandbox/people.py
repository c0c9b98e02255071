"""Who the customers are: entity, country, currency, how they pay, and their identity in each system.

Twenty slots repeat. A slot fixes entity, contract kinds and habits, so that a world of twenty holds every kind.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from .calendars import unix
from .ids import Ids

CARD, WIRE = "charge_automatically", "send_invoice"


@dataclass(frozen=True)
class Slot:
    """What the position of a customer in the score of twenty decides."""

    entity: str
    kinds: tuple[str, ...]
    method: str
    currency: str = "USD"
    country: str = "US"
    batch: bool = False


SLOTS = (
    Slot("US01", ("on_demand",), CARD),
    Slot("US01", ("prepaid_credits",), WIRE, batch=True),
    Slot("US01", ("bundle",), WIRE),
    Slot("US01", ("commit_annual",), WIRE),
    Slot("US01", ("seats_annual",), CARD),
    Slot("US01", ("services",), WIRE),
    Slot("US01", ("on_demand", "seats_monthly"), CARD),
    Slot("US01", ("reserved_monthly",), CARD),
    Slot("US01", ("commit_bundle",), WIRE, batch=True),
    Slot("US01", ("prepaid_promo",), CARD),
    Slot("US01", ("seats_monthly",), CARD),
    Slot("US02", ("marketplace",), CARD),
    Slot("US02", ("reserved_fleet", "marketplace"), WIRE, batch=True),
    Slot("US02", ("on_demand_volume",), WIRE),
    Slot("US02", ("commit_quarterly",), CARD),
    Slot("UK01", ("on_demand",), CARD, "GBP", "GB"),
    Slot("UK01", ("bundle",), WIRE, "GBP", "GB", batch=True),
    Slot("UK01", ("prepaid_credits",), WIRE, "EUR", "DE"),
    Slot("UK01", ("seats_monthly",), CARD, "USD", "AE"),
    Slot("UK01", ("services", "reserved_monthly"), WIRE, "EUR", "FR"),
)
_ROTATION = (("EUR", "DE"), ("USD", "AE"), ("GBP", "GB"), ("EUR", "FR"), ("GBP", "JE"))

_FIRST = [
    "Acme",
    "Alder",
    "Amber",
    "Apex",
    "Arbor",
    "Argon",
    "Aster",
    "Atlas",
    "Aurora",
    "Basalt",
    "Beacon",
    "Birch",
    "Blue",
    "Bright",
    "Cedar",
    "Cirrus",
    "Clear",
    "Cobalt",
    "Copper",
    "Coral",
    "Crest",
    "Delta",
    "Ember",
    "Fable",
    "Falcon",
    "Fern",
    "Flint",
    "Gale",
    "Garnet",
    "Granite",
    "Harbor",
    "Hazel",
    "Helio",
    "Indigo",
    "Iris",
    "Jade",
    "Juniper",
    "Kestrel",
    "Lark",
    "Linden",
    "Lumen",
    "Maple",
    "Meridian",
    "Mistral",
    "Nimbus",
    "North",
    "Onyx",
    "Opal",
    "Orchid",
    "Otter",
    "Pine",
    "Polar",
    "Quartz",
    "Quill",
    "Raven",
    "Ridge",
    "Rowan",
    "Sable",
    "Sage",
    "Sierra",
    "Slate",
    "Solar",
    "Sparrow",
    "Summit",
    "Tern",
    "Tidal",
    "Timber",
    "Umber",
    "Vale",
    "Vector",
    "Verdant",
    "Violet",
    "Willow",
    "Zephyr",
]
_SECOND = [
    "Robotics",
    "Genomics",
    "Analytics",
    "Studios",
    "Systems",
    "Labs",
    "Software",
    "Motors",
    "Health",
    "Biotech",
    "Media",
    "Games",
    "Vision",
    "Language",
    "Weather",
    "Maritime",
    "Logistics",
    "Energy",
    "Materials",
    "Finance",
    "Insurance",
    "Research",
    "Dynamics",
    "Imaging",
]
_FORM = {"US": "Inc", "GB": "Ltd", "DE": "GmbH", "FR": "SAS", "AE": "FZ LLC", "JE": "Limited"}


@dataclass
class Customer:
    """One customer with its identities."""

    index: int
    slot: int
    round: int
    kinds: tuple[str, ...]
    entity: str
    currency: str
    country: str
    method: str
    batch: bool
    name: str
    email: str
    account_id: str
    stripe_id: str
    tenant_id: str
    invoice_prefix: str
    terms: int
    owner: int
    created: int
    has_metadata: bool
    rng: random.Random
    region: int
    invoice_count: int = 0
    # Stripe customer of the same account in another entity's Stripe account, made when first needed.
    twins: dict[str, Twin] = field(default_factory=dict)

    @property
    def is_taxed(self) -> bool:
        return self.entity == "UK01" and self.country == "GB"

    @property
    def pays_by_card(self) -> bool:
        return self.method == CARD

    def next_number(self, entity: str) -> str:
        """The next invoice number: customer prefix and sequence, as Stripe writes it."""
        if entity != self.entity:
            twin = self.twins[entity]
            twin.invoice_count += 1
            return f"{twin.invoice_prefix}-{twin.invoice_count:04d}"
        self.invoice_count += 1
        return f"{self.invoice_prefix}-{self.invoice_count:04d}"

    def stripe_customer(self, entity: str) -> str:
        """The customer's id in an entity's Stripe account."""
        return self.stripe_id if entity == self.entity else self.twins[entity].stripe_id


@dataclass
class Twin:
    """The customer as another entity's Stripe account knows it."""

    stripe_id: str
    invoice_prefix: str
    created: int
    invoice_count: int = 0


def make_twin(customer: Customer, entity: str, ids: Ids, created: int) -> None:
    """Give the customer a record in another entity's Stripe account."""
    key = f"{customer.index}/{entity}"
    customer.twins.setdefault(
        entity,
        Twin(ids.stripe("cus", f"twin/{key}"), ids.code("prefix", f"twin/{key}", 8), created),
    )


def make_customer(index: int, *, seed: int, ids: Ids, start: date) -> Customer:
    """The customer with this index; its own random stream depends on seed and index alone."""
    rng = random.Random(f"tieout/{seed}/customer/{index}")
    number, turn = index % len(SLOTS), index // len(SLOTS)
    slot = SLOTS[number]
    currency, country = slot.currency, slot.country
    if slot.entity == "UK01" and turn:
        currency, country = _ROTATION[(number + turn) % len(_ROTATION)]
    name = f"{rng.choice(_FIRST)} {rng.choice(_SECOND)}"
    if turn:
        name = f"{name} {turn + 1}"
    name = f"{name} {_FORM[country]}"
    tenant = f"tnt-{ids.code('tenant', index, 10).lower()}"
    return Customer(
        index=index,
        slot=number,
        round=turn,
        kinds=slot.kinds,
        entity=slot.entity,
        currency=currency,
        country=country,
        method=slot.method,
        batch=slot.batch,
        name=name,
        email=f"billing@{name.split()[0].lower()}-{tenant[4:]}.example",
        account_id=ids.salesforce("Account", index),
        stripe_id=ids.stripe("cus", index),
        tenant_id=tenant,
        invoice_prefix=ids.code("prefix", index, 8),
        terms=30 if slot.method == WIRE else 0,
        owner=rng.randrange(5),
        created=unix(start - timedelta(days=rng.randrange(30, 400)), 9, rng.randrange(60)),
        has_metadata=number != 3 and rng.random() >= 0.03,
        rng=rng,
        region=rng.randrange(4),
    )
