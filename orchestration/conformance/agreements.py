"""A case's terms and judgements as Salesforce records and policy rows.

Money stays in major units in Salesforce, as there; policy seeds hold minor units. A field or seed that the
models do not read yet is written all the same: evidence does not depend on who reads it.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from orchestration.conformance.case import Case
from orchestration.conformance.records import Evidence, Names, instant
from orchestration.conformance.terms import Contract, Item, Order, Product, SellingPrice, Tier
from orchestration.conformance.values import minor

FIRST_DAY = date(2000, 1, 1)
ORDER_TYPES = {
    "new": "New",
    "renewal": "Renewal",
    "amendment": "Amendment",
    "termination": "Termination",
}
REVENUE_ACCOUNTS = {
    "on_demand": "4010",
    "prepaid_credits": "4020",
    "reserved_capacity": "4030",
    "commit": "4040",
    "platform_seats": "4050",
    "services": "4060",
    "marketplace": "4070",
}
BASIS_POINTS = 10_000


class Agreements:
    """Writes who agreed what with whom, and how it is to be recognised."""

    def __init__(self, case: Case, evidence: Evidence) -> None:
        self.case, self.evidence, self.name = case, evidence, Names(case)

    def write(self) -> None:
        for entity in self.case.entities:
            self.evidence.rule(
                "entities",
                entity_id=self.name(entity.id),
                entity_name=f"{self.case.id} {entity.id}",
                country=entity.country,
                functional_currency=entity.currency,
                joined_on=FIRST_DAY,
                stripe_account_id=f"acct_{self.name(entity.id)}",
            )
        self._customers()
        for product in self.case.products:
            self._product(product)
        for number, price in enumerate(self.case.selling_prices):
            self._selling_price(price, number)
        for contract in self.case.contracts:
            self._contract(contract)
        self._options()
        self._estimates()
        self._progress()

    def _sobject(self, name: str, known: date, **fields: Any) -> None:
        standard = {
            "CreatedDate": instant(known),
            "LastModifiedDate": instant(known),
            "SystemModstamp": instant(known),
            "IsDeleted": False,
        }
        self.evidence.record("salesforce", name, None, known, {**fields, **standard})

    def _customers(self) -> None:
        for customer in self.case.customers:
            entity = customer.entity or self.case.entities[0].id
            self._sobject(
                "account",
                FIRST_DAY,
                Id=self.name(customer.id),
                Name=self.name(customer.id),
                Type="Customer",
                BillingCountryCode=customer.country,
                CurrencyIsoCode=self.case.currency,
                Entity__c=self.name(entity),
                Stripe_Customer_Id__c=f"cus_{self.name(customer.id)}",
                Metering_Tenant_Id__c=f"tenant_{self.name(customer.id)}",
                Payment_Terms_Days__c=30,
                OwnerId=None,
            )
            if not customer.collectable:
                self._collectable(customer.id, FIRST_DAY, False)
            if customer.collectable_from:
                self._collectable(customer.id, customer.collectable_from, True)

    def _collectable(self, customer: str, day: date, verdict: bool) -> None:
        self.evidence.rule(
            "collectability",
            customer_id=self.name(customer),
            effective_from=day,
            is_collectable=verdict,
        )

    def _product(self, product: Product) -> None:
        self._sobject(
            "product",
            FIRST_DAY,
            Id=self.name(product.id),
            ProductCode=self.name(product.id),
            Name=product.id,
            Family=product.stream,
            IsActive=True,
        )
        joins = product.joins
        self.evidence.rule(
            "product_policies",
            sku=self.name(product.id),
            product_name=product.id,
            stream=product.stream,
            pattern=product.pattern,
            is_usage=product.is_usage,
            unit=product.unit,
            principal_or_agent=product.role,
            supplier_share_bps=int(product.supplier_share * BASIS_POINTS),
            revenue_account=REVENUE_ACCOUNTS[product.stream],
            effective_from=FIRST_DAY,
            effective_to=None,
            is_refundable=product.refundable,
            joins_sku=self.name(joins.product) if joins else None,
            joins_over=joins.over if joins else None,
            joins_until=joins.until if joins else None,
        )

    def _selling_price(self, price: SellingPrice, number: int) -> None:
        currency = price.currency or self.case.currency
        dates = {"effective_from": price.valid_from, "effective_to": price.valid_to}
        amounts = {
            "low_minor": _minor(price.low, currency),
            "ssp_minor": _minor(price.amount, currency),
            "high_minor": _minor(price.high, currency),
        }
        for sku in price.bundle:
            self.evidence.rule(
                "bundle_selling_prices",
                bundle_id=self.name(f"bundle-{number}"),
                sku=self.name(sku),
                currency=currency,
                **dates,
                bundle_minor=amounts["ssp_minor"],
                ssp_source=price.source,
            )
        if price.product:
            self.evidence.rule(
                "standalone_selling_prices",
                sku=self.name(price.product),
                currency=currency,
                ssp_basis=price.basis,
                **dates,
                **amounts,
                ssp_source=price.source,
            )

    def _contract(self, contract: Contract) -> None:
        items = [item for order in contract.orders for item in order.items]
        first = contract.orders[0].signed
        self._sobject(
            "contract",
            first,
            Id=self.name(contract.id),
            AccountId=self.name(contract.customer or self.case.customers[0].id),
            ContractNumber=self.name(contract.id),
            Status="Activated",
            StartDate=min((item.service.start for item in items), default=first),
            EndDate=max((item.service.last_day for item in items), default=first),
            ContractTerm=None,
            CurrencyIsoCode=self.case.currency_of(contract),
            Entity__c=self._entity(contract),
            Contract_Kind__c=contract.kind,
            Is_Cancellable__c=contract.cancellable,
            Negotiated_With__c=";".join(map(self.name, contract.negotiated_with)) or None,
        )
        for order in contract.orders:
            self._order(contract, order)

    def _entity(self, contract: Contract) -> str:
        return self.name(contract.entity or self.case.entities[0].id)

    def _order(self, contract: Contract, order: Order) -> None:
        currency = self.case.currency_of(contract)
        self._sobject(
            "order",
            order.signed,
            Id=self.name(order.id),
            OrderNumber=self.name(order.id),
            AccountId=self.name(contract.customer or self.case.customers[0].id),
            ContractId=self.name(contract.id),
            OpportunityId=None,
            Status="Activated",
            EffectiveDate=order.effective_date,
            EndDate=max(
                (item.service.last_day for item in order.items), default=order.effective_date
            ),
            Type=ORDER_TYPES[order.type],
            OriginalOrderId=self.name(order.amends) if order.amends else None,
            ActivatedDate=instant(order.signed),
            TotalAmount=sum((item.price for item in order.items), Decimal(0)),
            CurrencyIsoCode=currency,
            Entity__c=self._entity(contract),
            Contract_Kind__c=contract.kind,
            Modification_Method__c=order.method,
            Payment_Terms_Days__c=30,
            PoNumber=None,
        )
        for number, item in enumerate(order.items, 1):
            self._item(contract, order, item, number)
        for discount in order.discounts:
            self.evidence.rule(
                "price_estimates",
                estimate_id=self.name(discount.id),
                contract_id=self.name(contract.id),
                kind="discount",
                known_date=order.signed,
                obligation_ids="|".join(map(self.name, discount.items)),
                is_satisfied=False,
                method="stated",
                amount_minor=minor(discount.amount, currency),
            )

    def _item(self, contract: Contract, order: Order, item: Item, number: int) -> None:
        commitment = item.commitment
        unit_price = item.price / item.quantity if item.quantity else item.price
        self._sobject(
            "order_item",
            order.signed,
            Id=self.name(item.id),
            OrderId=self.name(order.id),
            OrderItemNumber=f"{number:010d}",
            Product2Id=self.name(item.product),
            PricebookEntryId=None,
            OriginalOrderItemId=self.name(item.changes) if item.changes else None,
            Quantity=item.quantity,
            UnitPrice=unit_price.quantize(Decimal("1.00")),
            ListPrice=unit_price.quantize(Decimal("1.00")),
            TotalPrice=item.price,
            ServiceDate=item.service.start,
            EndDate=item.service.last_day,
            Capacity_Available_Date__c=item.available,
            Billing_Frequency__c=item.billing,
            Description=item.id,
            Minimum_Amount__c=commitment.amount if commitment else None,
            Minimum_Period__c=commitment.every if commitment else None,
            Minimum_Anchor__c=commitment.anchor if commitment else None,
        )
        for index, tier in enumerate(self._tiers(item), 1):
            self._sobject(
                "rate_tier",
                order.signed,
                Id=f"{self.name(item.id)}-tier-{index}",
                OrderItemId__c=self.name(item.id),
                Tier_Model__c=tier.model,
                From_Quantity__c=tier.above,
                To_Quantity__c=tier.up_to,
                Unit_Price__c=f"{tier.unit_price:f}",
                Package_Size__c=tier.package,
                Flat_Price__c=tier.flat,
            )
        for milestone in item.milestones:
            self._sobject(
                "milestone",
                milestone.completed or order.signed,
                Id=self.name(milestone.id),
                OrderItemId__c=self.name(item.id),
                Name=milestone.id,
                Amount__c=milestone.amount,
                Due_Date__c=milestone.due,
                Completed_Date__c=milestone.completed,
            )
        if item.financing:
            currency = self.case.currency_of(contract)
            self.evidence.rule(
                "financing_terms",
                obligation_id=self.name(item.id),
                annual_rate=item.financing.rate,
                payment_date=item.financing.paid,
                cash_price_minor=_minor(item.financing.cash_price, currency),
            )

    def _tiers(self, item: Item) -> tuple[Tier, ...]:
        """The rate card; usage priced in another item's units is priced at what such a unit cost."""
        if item.draws:
            bought = next(other for _, _, other in self.case.items() if other.id == item.draws.item)
            return (Tier(unit_price=item.draws.units * bought.price / bought.quantity),)
        if item.tiers:
            return item.tiers
        rated_already = {usage.product for usage in self.case.usage if usage.amounts}
        return (Tier(unit_price=Decimal(1)),) if item.product in rated_already else ()

    def _options(self) -> None:
        currencies = {order.id: self.case.currency_of(c) for c, order in self.case.orders()}
        for option in self.case.options:
            currency = currencies[option.order]
            derived = option.derived
            self.evidence.rule(
                "material_rights",
                option_id=self.name(option.id),
                order_id=self.name(option.order),
                ssp_minor=_minor(option.selling_price, currency),
                purchases_minor=_minor(derived.purchases, currency) if derived else None,
                discount=derived.discount if derived else None,
                general_discount=derived.general_discount if derived else None,
                likelihood=derived.likelihood if derived else None,
                units=option.units,
                # The day after the last on which it can be exercised.
                expires_date=option.expires + timedelta(days=1) if option.expires else None,
            )
            for kind, rows in (("expected", option.expected), ("exercised", option.exercised)):
                for row in rows:
                    self.evidence.rule(
                        "material_right_units",
                        option_id=self.name(option.id),
                        kind=kind,
                        on_date=row.on,
                        units=row.units,
                    )

    def _estimates(self) -> None:
        currencies = {c.id: self.case.currency_of(c) for c in self.case.contracts}
        for estimate in self.case.estimates:
            currency = currencies[estimate.contract]
            days = estimate.target.days
            self.evidence.rule(
                "price_estimates",
                estimate_id=self.name(estimate.id),
                contract_id=self.name(estimate.contract),
                kind=estimate.kind,
                known_date=estimate.known,
                obligation_ids="|".join(map(self.name, estimate.target.items)) or None,
                days_from=days.start if days else None,
                days_to=days.end if days else None,
                is_satisfied=estimate.target.satisfied,
                method=estimate.method,
                amount_minor=_minor(estimate.amount, currency),
                per_unit_amount=estimate.per_unit,
                constrained_to_minor=_minor(estimate.constrained_to, currency),
                cap_minor=_minor(estimate.cap, currency),
                at_risk_minor=_minor(estimate.at_risk, currency),
            )
            for number, outcome in enumerate(estimate.outcomes, 1):
                self.evidence.rule(
                    "price_estimate_outcomes",
                    estimate_id=self.name(estimate.id),
                    known_date=estimate.known,
                    outcome_no=number,
                    amount_minor=minor(outcome.amount, currency),
                    probability=outcome.probability,
                )

    def _progress(self) -> None:
        items = {item.id: (contract, item) for contract, _, item in self.case.items()}
        for row in self.case.progress:
            contract, item = items[row.item]
            currency = self.case.currency_of(contract)
            changes = [
                other.quantity
                for _, order, other in self.case.items()
                if other.changes == item.id and order.effective_date <= row.on
            ]
            if row.complete is not None:
                measure, part, whole = "complete", row.complete, Decimal(1)
            elif row.units is not None:
                measure, part, whole = "units", row.units, sum(changes, item.quantity)
            else:
                assert row.cost is not None and row.expected_cost is not None
                measure, part, whole = "cost", row.cost, row.expected_cost
            self.evidence.rule(
                "progress_measurements",
                obligation_id=self.name(row.item),
                measured_date=row.on,
                measure=measure,
                part=part,
                whole=whole,
                at_cost_minor=minor(row.at_cost, currency),
            )


def _minor(amount: Decimal | None, currency: str) -> int | None:
    return None if amount is None else minor(amount, currency)
