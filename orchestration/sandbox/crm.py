"""Writes the Salesforce view of the company: accounts, opportunities, contracts, orders with items, the catalogue.

Money leaves minor units here and becomes the major-unit number Salesforce shows.
"""

from __future__ import annotations

from datetime import date, timedelta

from .agreements import PRICE_SCALE, Contract, Item, Order
from .calendars import add_months, months_between, salesforce_time, unix
from .catalog import FIXED_CENTS, fixed_price
from .context import Context
from .people import Customer
from .store import SOBJECTS, Store

OWNERS = ("Dana Whitfield", "Ravi Menon", "Elena Kovac", "Tom Adeyemi", "Grace Lindqvist")
DISCONTINUED = "GPU-B300-RES"  # sold once by mistake: no product policy knows it


def number(minor: int) -> float:
    """Major units as the JSON number Salesforce sends; exact at two places."""
    return minor / 100


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


class Crm:
    """Writes Salesforce records; ``put`` adds one version of a record."""

    def __init__(self, store: Store, context: Context) -> None:
        self.store = store
        self.context = context
        self.ids = context.ids

    def put(
        self,
        name: str,
        values: dict[str, object],
        created: int,
        modified: int | None = None,
        *,
        deleted: bool = False,
    ) -> None:
        """Write one version of a record; fields not given are null."""
        at = created if modified is None else modified
        stamp = salesforce_time(at)
        fields = [values.get(field) for field in SOBJECTS[name]]
        unknown = values.keys() - set(SOBJECTS[name])
        if unknown:
            raise ValueError(f"sandbox: {name} has no field {sorted(unknown)}")
        audit = (salesforce_time(created), stamp, stamp, int(deleted), at)
        self.store.sobject(name, (*fields, *audit))

    def catalogue(self) -> None:
        """Users, products and price books."""
        at = unix(add_months(self.context.start, -8))
        ids = self.ids
        for place, name in enumerate(OWNERS):
            email = f"{name.split()[0].lower()}@lumencompute.example"
            self.put(
                "User",
                {"Id": ids.salesforce("User", place), "Name": name, "Email": email, "IsActive": 1},
                at,
            )
        book = ids.salesforce("Pricebook2", "standard")
        self.put(
            "Pricebook2",
            {"Id": book, "Name": "Standard Price Book", "IsStandard": 1, "IsActive": 1},
            at,
        )
        skus = [(s.sku, s.name, s.stream) for s in self.context.policies.skus.values()]
        skus.append((DISCONTINUED, "Reserved B300 capacity (pilot)", "reserved_capacity"))
        for sku, name, family in skus:
            self.put(
                "Product2",
                {
                    "Id": ids.salesforce("Product2", sku),
                    "ProductCode": sku,
                    "Name": name,
                    "Family": family,
                    "IsActive": 1,
                },
                at,
            )
            for currency in ("USD", "GBP", "EUR"):
                price = fixed_price(sku, currency) if sku in FIXED_CENTS else 0
                self.put(
                    "PricebookEntry",
                    {
                        "Id": ids.salesforce("PricebookEntry", f"{sku}/{currency}"),
                        "Pricebook2Id": book,
                        "Product2Id": ids.salesforce("Product2", sku),
                        "UnitPrice": number(price),
                        "CurrencyIsoCode": currency,
                        "IsActive": 1,
                    },
                    at,
                )

    def owner(self, customer: Customer) -> str:
        """The user who owns the customer's records."""
        return self.ids.salesforce("User", customer.owner)

    def account(self, customer: Customer) -> None:
        """The account, first as a prospect's, then linked to billing and metering."""
        values: dict[str, object] = {
            "Id": customer.account_id,
            "Name": customer.name,
            "Type": "Customer",
            "BillingCountryCode": customer.country,
            "CurrencyIsoCode": customer.currency,
            "Entity__c": customer.entity,
            "Stripe_Customer_Id__c": customer.stripe_id,
            "Metering_Tenant_Id__c": customer.tenant_id,
            "Payment_Terms_Days__c": customer.terms,
            "OwnerId": self.owner(customer),
        }
        early = {"Type": "Prospect", "Stripe_Customer_Id__c": None, "Metering_Tenant_Id__c": None}
        self.put("Account", values | early, customer.created - 86_400)
        self.put("Account", values, customer.created - 86_400, customer.created + 600)

    def contract(self, customer: Customer, contract: Contract) -> None:
        """The contract with its orders; each renewal moves its end."""
        live = [order for order in contract.live_orders() if order.type in ("New", "Renewal")]
        for order in live:
            values: dict[str, object] = {
                "Id": contract.id,
                "AccountId": customer.account_id,
                "ContractNumber": contract.number,
                "Status": "Activated",
                "StartDate": contract.start.isoformat(),
                "EndDate": (order.end - timedelta(days=1)).isoformat(),
                "ContractTerm": months_between(contract.start, order.end),
                "CurrencyIsoCode": contract.currency,
                "Entity__c": contract.entity,
                "Contract_Kind__c": contract.kind,
                "Is_Cancellable__c": int(contract.cancellable),
                "Negotiated_With__c": contract.negotiated_with,
            }
            self.put("Contract", values, contract.created, order.activated)
        for order in contract.orders:
            self.order(customer, contract, order)

    def opportunity(
        self, customer: Customer, order: Order, currency: str, amount: object, *, deleted: bool
    ) -> None:
        """The opportunity an order was won from."""
        won = not order.draft
        values: dict[str, object] = {
            "Id": order.opportunity_id,
            "AccountId": customer.account_id,
            "Name": f"{customer.name} - {order.type}",
            "StageName": "Closed Won" if won else "Closed Lost",
            "CloseDate": salesforce_time(order.activated)[:10],
            "Amount": amount,
            "CurrencyIsoCode": currency,
            "IsWon": int(won),
            "IsClosed": 1,
            "Type": "New Business" if order.type == "New" else "Existing Business",
            "OwnerId": self.owner(customer),
        }
        begun = order.created - 20 * 86_400
        early = {"StageName": "Proposal", "IsWon": 0, "IsClosed": 0}
        self.put("Opportunity", values | early, begun)
        self.put("Opportunity", values, begun, order.activated, deleted=deleted)

    def order(self, customer: Customer, contract: Contract, order: Order) -> None:
        """An order: drafted, then activated (or deleted), with its items."""
        if order.opportunity_id is not None:
            self.opportunity(customer, order, contract.currency, number(order.total), deleted=False)
        values: dict[str, object] = {
            "Id": order.id,
            "OrderNumber": order.number,
            "AccountId": customer.account_id,
            "ContractId": contract.id,
            "OpportunityId": order.opportunity_id,
            "Status": "Draft",
            "EffectiveDate": order.effective.isoformat(),
            "EndDate": (order.end - timedelta(days=1)).isoformat(),
            "Type": order.type,
            "OriginalOrderId": order.original_id,
            "ActivatedDate": None,
            "TotalAmount": number(order.total),
            "CurrencyIsoCode": contract.currency,
            "Entity__c": contract.entity,
            "Contract_Kind__c": order.kind,
            "Modification_Method__c": order.method,
            "Payment_Terms_Days__c": customer.terms,
            "PoNumber": order.po_number,
        }
        self.put("Order", values, order.created)
        if order.deleted:
            self.put("Order", values, order.created, order.activated, deleted=True)
        else:
            active = {"Status": "Activated", "ActivatedDate": salesforce_time(order.activated)}
            self.put("Order", values | active, order.created, order.activated)
        for place, item in enumerate(order.items, 1):
            self.item(order, item, place, contract.currency)

    def item(self, order: Order, item: Item, place: int, currency: str) -> None:
        """An order item with its tiers and milestones."""
        created, gone = order.created + 60, item.removed or order.deleted
        values: dict[str, object] = {
            "Id": item.id,
            "OrderId": order.id,
            "OrderItemNumber": f"{order.number}-{place:02d}",
            "Product2Id": self.ids.salesforce("Product2", item.sku),
            "PricebookEntryId": self.ids.salesforce("PricebookEntry", f"{item.sku}/{currency}"),
            "Quantity": float(item.quantity),
            "UnitPrice": number(item.unit_price),
            "ListPrice": number(item.list_price),
            "TotalPrice": number(item.total),
            "ServiceDate": item.start.isoformat(),
            "EndDate": (item.end - timedelta(days=1)).isoformat(),
            "Capacity_Available_Date__c": _day(item.capacity),
            "Billing_Frequency__c": item.frequency,
            "Description": item.description,
        }
        self.put("OrderItem", values, created)
        if gone:
            self.put("OrderItem", values, created, order.created + 1_800, deleted=True)
        for tier in item.tiers:
            whole, part = divmod(tier.price, PRICE_SCALE)
            values = {
                "Id": tier.id,
                "OrderItemId__c": item.id,
                "Tier_Model__c": tier.model,
                "From_Quantity__c": float(tier.lower),
                "To_Quantity__c": None if tier.upto is None else float(tier.upto),
                "Unit_Price__c": f"{whole}.{part:010d}",
                "Package_Size__c": None if tier.package is None else float(tier.package),
            }
            self.put("Rate_Tier__c", values, created, deleted=gone)
        for milestone in item.milestones:
            self.milestone(item, milestone.id, created, gone)

    def milestone(self, item: Item, milestone_id: str, created: int, gone: bool) -> None:
        """A milestone, and its completion."""
        milestone = next(m for m in item.milestones if m.id == milestone_id)
        values: dict[str, object] = {
            "Id": milestone.id,
            "OrderItemId__c": item.id,
            "Name": milestone.name,
            "Amount__c": number(milestone.amount),
            "Due_Date__c": milestone.due.isoformat(),
            "Completed_Date__c": None,
        }
        self.put("Milestone__c", values, created, deleted=gone)
        if milestone.completed is not None and not gone:
            done = {"Completed_Date__c": milestone.completed.isoformat()}
            self.put("Milestone__c", values | done, created, unix(milestone.completed, 7))


def write_crm(crm: Crm, customer: Customer, contracts: list[Contract]) -> None:
    """Everything Salesforce holds of one customer."""
    crm.account(customer)
    for contract in contracts:
        crm.contract(customer, contract)
