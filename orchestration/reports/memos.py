"""A five-step memo of each contract, from its own data, as a reviewer reads it.

Writes ``reports/memos``: a page a contract and an index. One query a section serves all contracts;
nothing is recomputed here, and no text but the policy's own words and paragraphs is added.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from expectations.pages import environment, major
from orchestration.reports import figures
from orchestration.reports.figures import ReportError, Row
from orchestration.settings import Settings

TEMPLATES = Path(__file__).with_name("templates")
FOLDER = "memos"

# Why a promise of this pattern is distinct, when its revenue is earned, and where the standard says so.
PATTERNS: dict[str, tuple[str, str, str]] = {
    "ratable_daily": (
        "A series of distinct days of the same service, usable on its own.",
        "Over time, evenly by day: the customer consumes the service as it is provided.",
        "606-10-25-14(b), 25-15, 25-27(a), 25-31",
    ),
    "ratable_monthly": (
        "A series of distinct months of the same service, usable on its own.",
        "Over time, evenly by month: the customer consumes the service as it is provided.",
        "606-10-25-14(b), 25-15, 25-27(a), 25-31",
    ),
    "ratable_second": (
        "A series of distinct increments of the same service, usable on its own.",
        "Over time, evenly by second: the customer consumes the service as it is provided.",
        "606-10-25-14(b), 25-15, 25-27(a), 25-31",
    ),
    "point_in_time": (
        "A good the customer can use on its own and that no other promise changes.",
        "At the point in time at which control passes.",
        "606-10-25-19 to 25-22, 25-30",
    ),
    "milestone": (
        "A project the customer benefits from apart from the other promises of the contract.",
        "As each milestone is completed, for its amount.",
        "606-10-25-19 to 25-22, 25-31, 55-17",
    ),
    "percent_complete": (
        "One project: its parts are inputs to a combined output, distinct only together.",
        "Over time, by the measured share of completion.",
        "606-10-25-21, 25-27, 25-31",
    ),
    "as_used": (
        "A series of distinct days of access, each priced by what was used of it.",
        "As used: each day's variable price belongs to that day.",
        "606-10-25-14(b), 32-40, 55-18",
    ),
    "commit_drawdown": (
        "A stand-ready commitment to serve usage up to its amount, apart from other promises.",
        "As usage draws the commitment down; what is not drawn by breakage or at expiry.",
        "606-10-25-14(b), 25-31, 55-46 to 55-49",
    ),
    "prepaid_credit": (
        "Credit the customer may spend on any service in scope, apart from other promises.",
        "As usage spends the credit; unexercised rights by breakage or at expiry.",
        "606-10-25-31, 55-46 to 55-49",
    ),
    "material_right": (
        "An option that gives a material right the customer would not have without the contract.",
        "When the option is exercised or expires.",
        "606-10-55-41 to 55-45",
    ),
}

# Not distinct: the promise joins the service it enables.
JOINED = (
    "Not distinct: a set-up that transfers no service of its own. It joins {}{}.",
    "606-10-25-21, 55-50 to 55-53",
)
METHODS = {
    "none": "a new contract",
    "separate": "a separate contract",
    "prospective": "prospectively: what remains is shared again",
    "catch_up": "by a cumulative catch-up",
    "termination": "a termination",
}
# Documents that take a part of the price back; the other kinds of adjustment are estimates, unless named here.
TAKEN_BACK = {"credit_note", "dispute_lost", "refund", "void", "write_off", "recovery"}
NOT_ESTIMATES = {
    "catch_up": "Changed by later orders",
    "financing": "Interest of the financing component",
    "true_up": "Shortfalls below an agreed minimum",
}

SECTIONS = {
    "versions": """
        select * from contracts.contract_versions
        order by contract_id, version_no
    """,
    "combinations": "select * from contracts.contract_combinations order by all",
    "holds": """
        select holds.contract_id, holds.hold_reason, holds.held_minor, reasons.description
        from marts.dim_contracts as holds
        left join policy.reason_codes as reasons
            on holds.hold_reason = reasons.reason_code and reasons.handoff = 'evidence'
        where holds.hold_reason is not null
        order by holds.contract_id
    """,
    "changes": """
        select contract_id, modification_method, cast(sum(stated_price_minor) as bigint) as amount_minor
        from contracts.order_changes
        group by contract_id, modification_method
        order by contract_id, modification_method
    """,
    "adjustments": """
        select
            obligations.contract_id, obligations.is_usage, adjustments.kind,
            cast(sum(adjustments.amount_minor) as bigint) as amount_minor
        from pricing.price_adjustments as adjustments
        inner join contracts.obligations as obligations using (obligation_id)
        where adjustments.known_date < (
            select max(measured_to) from contracts.measurement_dates where is_actual
        )
        group by all
        order by all
    """,
    "standing": """
        select
            contract_id,
            cast(sum(price_minor) as bigint) as price_minor,
            cast(sum(case when is_usage then price_minor else 0 end) as bigint) as usage_minor,
            cast(sum(recognised_minor) as bigint) as recognised_minor
        from (
            select
                contract_id, obligation_id, is_usage,
                coalesce(
                    max_by(price_minor, measured_to) filter (where is_actual),
                    min_by(price_minor, measured_to)
                ) as price_minor,
                coalesce(
                    max_by(recognised_to_date_minor, measured_to) filter (where is_actual), 0
                ) as recognised_minor
            from revenue.revenue_schedule
            group by contract_id, obligation_id, is_usage
        )
        group by contract_id
        order by contract_id
    """,
    "obligations": """
        select
            obligations.*, products.product_name, products.joins_sku, products.joins_over,
            products.joins_until
        from contracts.obligations as obligations
        left join contracts.product_policies_in_force as products
            on obligations.entity_id = products.entity_id
            and obligations.sku = products.sku
            and obligations.booked_date >= products.effective_from
            and (products.effective_to is null or obligations.booked_date < products.effective_to)
        order by contract_id, obligations.effective_date, order_id, obligation_id
    """,
    "allocations": """
        select
            allocations.*, obligations.sku, selling_prices.low_minor, selling_prices.ssp_minor,
            selling_prices.high_minor, selling_prices.ssp_source,
            cast(sum(allocations.ssp_weight) over (
                partition by allocations.allocation_group
            ) as bigint) as group_weight
        from pricing.price_allocations as allocations
        inner join contracts.obligations as obligations using (obligation_id)
        left join contracts.selling_prices_in_force as selling_prices
            on obligations.entity_id = selling_prices.entity_id
            and obligations.sku = selling_prices.sku
            and obligations.currency = selling_prices.currency
            and obligations.booked_date >= selling_prices.effective_from
            and (
                selling_prices.effective_to is null
                or obligations.booked_date < selling_prices.effective_to
            )
        order by contract_id, order_id, obligation_id
    """,
    "estimates": """
        select estimates.*, effects.estimated_minor, effects.effective_minor
        from policy.price_estimates as estimates
        left join pricing.variable_estimates as effects using (estimate_id, known_date)
        order by estimates.contract_id, estimates.known_date, estimates.estimate_id
    """,
    "reductions": """
        select * from pricing.price_reductions
        where not is_suspense
        order by contract_id, reduction_date, price_reduction_id
    """,
    "financing": """
        select * from pricing.financing_components order by contract_id, obligation_id, period
    """,
    "schedule": """
        select
            contract_id, period, is_actual,
            cast(sum(recognised_minor) as bigint) as recognised_minor,
            cast(sum(catch_up_minor) as bigint) as catch_up_minor,
            cast(sum(supplier_share_minor) as bigint) as supplier_share_minor,
            cast(sum(net_revenue_minor) as bigint) as net_revenue_minor,
            cast(sum(sum(recognised_minor)) over (
                partition by contract_id order by period, is_actual desc
            ) as bigint) as to_date_minor
        from revenue.revenue_schedule
        group by contract_id, period, is_actual
        order by contract_id, period, is_actual desc
    """,
    "problems": """
        select problems.*, reasons.description, reasons.owner_role, reasons.suggested_action
        from contracts.evidence_problems as problems
        left join policy.reason_codes as reasons
            on problems.reason_code = reasons.reason_code and reasons.handoff = 'evidence'
        order by problems.contract_id, problems.seen_date, problems.ref, problems.reason_code
    """,
    "exceptions": "select * from marts.rpt_exceptions order by contract_id, rec_id",
    "evidence": """
        select contract_id, 'salesforce:contract:' || contract_id as ref from contracts.contracts
        union
        select contract_id, 'salesforce:order:' || order_id from contracts.contract_versions
        union
        select contract_id, 'salesforce:order_item:' || order_item_id
        from contracts.promised_items
        union
        select entries.contract_id, evidence.evidence_ref
        from ledger.ledger_entry_lines as entries
        inner join ledger.entry_evidence as evidence using (entry_key)
        union
        select contract_id, left_ref from marts.rpt_exceptions
        union
        select contract_id, right_ref from marts.rpt_exceptions
        order by all
    """,
}

CONTRACTS = """
    select contracts.*, customers.customer_name, entities.entity_name
    from contracts.contracts as contracts
    left join contracts.customers as customers using (customer_id)
    left join policy.entities as entities on contracts.entity_id = entities.entity_id
    order by contracts.contract_kind, contracts.contract_id
"""


def write_memos(settings: Settings) -> Path:
    """Write a memo of every contract and their index; the folder. Errors: ReportError."""
    if not settings.warehouse.exists():
        raise ReportError(f"{settings.warehouse} does not exist: run `tieout build` first")
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        contracts = figures.rows(connection, CONTRACTS)
        sections = {name: _by_contract(connection, sql) for name, sql in SECTIONS.items()}
    exponents = figures.exponents()
    env = environment(TEMPLATES)
    env.filters["money"] = lambda minor, currency: (
        "—" if minor is None else major(minor, exponents.get(currency, 2))
    )
    env.filters["file_name"] = file_name
    common: dict[str, Any] = {"as_of": settings.as_of.date(), "patterns": PATTERNS}
    common |= {"methods": METHODS, "why_distinct": why_distinct, "about": about}
    memo = env.get_template("memo.j2")
    folder = settings.reports / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    written = {"index.html"}
    for contract in contracts:
        found = {name: rows.get(contract["contract_id"], []) for name, rows in sections.items()}
        context = {"contract": contract, **found, "price": price_lines(found)}
        context["standing_lines"] = standing_lines(found)
        context["judgements"] = judgements(found, contract)
        name = file_name(contract["contract_id"])
        _write(folder / name, memo.render(common | context))
        written.add(name)
    kinds: dict[str, list[Row]] = defaultdict(list)
    for contract in contracts:
        kinds[contract["contract_kind"] or "no kind"].append(contract)
    _write(
        folder / "index.html",
        env.get_template("memos.j2").render(common | {"kinds": dict(kinds)}),
    )
    for stale in folder.glob("*.html"):
        if stale.name not in written:
            stale.unlink()
    return folder


def file_name(contract_id: str) -> str:
    return f"{quote(contract_id, safe='')}.html"


def price_lines(found: dict[str, list[Row]]) -> list[tuple[str, int]]:
    """From what the orders state to the fixed price that was allocated; the last line is that price."""
    allocations = found["allocations"]
    stated = sum(row["stated_price_minor"] for row in allocations)
    discount = sum(row["discount_minor"] for row in allocations)
    held = sum(row["stated_price_minor"] for row in allocations if row["allocated_minor"] is None)
    if found["holds"]:
        # Of a contract on hold nothing is allocated; of a price that cannot be shared, only its item.
        unallocated = sum(row["held_minor"] for row in found["holds"]) - held
        stated, held = stated + unallocated, held + unallocated
    lines = [("Stated in the orders, fixed", stated)]
    if discount:
        lines.append(("Discounts that belong to some of the obligations", discount))
    if held:
        lines.append(("Held: no price until the hold is lifted", -held))
    if found["combinations"]:
        allocated = sum(row["allocated_minor"] or 0 for row in allocations)
        moved = allocated - (stated + discount - held)
        lines.append(("Moved between the contracts combined with this one", moved))
    lines.append(("Fixed price allocated", sum(amount for _, amount in lines)))
    return lines


def standing_lines(found: dict[str, list[Row]]) -> list[tuple[str, int]]:
    """From the fixed price to the price known at the cut-off, and what of it is recognised and remains."""
    if not found["standing"]:
        return []
    (standing,) = found["standing"]
    parts: dict[str, int] = defaultdict(int)
    parts["Fixed price allocated"] = price_lines(found)[-1][1]
    for row in found["changes"]:
        if row["modification_method"] == "prospective":
            parts["Changed by later orders"] += row["amount_minor"]
    for row in found["adjustments"]:
        if row["kind"] in TAKEN_BACK:
            parts["Taken back by documents"] += row["amount_minor"]
        else:
            title = NOT_ESTIMATES.get(row["kind"], "Estimates of variable consideration")
            parts[title] += row["amount_minor"]
        if row["is_usage"]:
            parts["Usage, as it was rated"] -= row["amount_minor"]
    parts["Usage, as it was rated"] += standing["usage_minor"]
    is_ended = any(row["terminated_date"] for row in found["obligations"])
    left = standing["price_minor"] - sum(parts.values())
    parts["Ended by the termination" if is_ended else "Amounts by unit delivered"] += left
    lines = [(title, amount) for title, amount in parts.items() if amount]
    lines.append(("Price known at the cut-off", standing["price_minor"]))
    lines.append(("of it recognised to date", standing["recognised_minor"]))
    remaining = standing["price_minor"] - standing["recognised_minor"]
    lines.append(("of it still to be recognised", remaining))
    return lines


def why_distinct(row: Row) -> tuple[str, str]:
    """Why an obligation is one of its own, or which other it joins; and the paragraphs."""
    if row["price_share"] != "own":
        over = ", over the renewals in which it gives a material right" * (
            row["joins_over"] == "renewals"
        )
        return JOINED[0].format(row["joins_sku"], over), JOINED[1]
    pattern = row["pattern"]
    why, _, paragraphs = PATTERNS.get(pattern, (pattern, pattern, "606-10-25-19"))
    return why, paragraphs


def about(row: Row) -> str:
    """What an estimate relates to: obligations, days of a series, what is satisfied, or all of it."""
    parts = [str(row["obligation_ids"]).replace("|", ", ")] if row["obligation_ids"] else []
    if row["days_from"]:
        parts.append(f"{row['days_from']} to before {row['days_to']}")
    if row["is_satisfied"]:
        parts.append("what is satisfied already")
    return "; ".join(parts) or "the whole contract"


def judgements(found: dict[str, list[Row]], contract: Row | None = None) -> list[Row]:
    """What was decided, by a rule or by a person, and the reason given."""
    made: list[Row] = []
    said = {row["reason_code"]: row["description"] for row in found["problems"]}
    said |= {row["hold_reason"]: row["description"] for row in found["holds"]}

    def reason_of(code: str) -> str:
        return f"{said[code]} ({code})" if said.get(code) else code

    def add(subject: str, decision: str, by: str, reason: str | None, paragraph: str) -> None:
        made.append(
            {
                "subject": subject,
                "decision": decision,
                "by": by,
                "reason": reason,
                "paragraph": paragraph,
            }
        )

    for row in found["versions"]:
        reason = row["modification_reason"]
        person = reason in ("stated on the order", "termination order")
        add(
            f"Version {row['version_no']}, order {row['order_id']}",
            METHODS[row["modification_method"]],
            "person" if person else "rule",
            reason,
            "606-10-25-1" if row["modification_method"] == "none" else "606-10-25-10 to 25-13",
        )
        if row["hold_reason"]:
            add(
                f"Order {row['order_id']}",
                "on hold",
                "rule",
                reason_of(row["hold_reason"]),
                "606-10-25-1",
            )
    if contract is not None:
        judged = contract["collectable_from"]
        add(
            "Collectability",
            f"a contract only from {judged}" if judged else "probable",
            "person" if judged else "rule",
            "a judgement on the customer" if judged else "no doubt about the customer is recorded",
            "606-10-25-1(e), 25-7" if judged else "606-10-25-1(e)",
        )
    for row in found["combinations"]:
        add(
            f"Combined as {row['combined_id']}",
            f"combined with {row['partner_count']} other(s)",
            "rule",
            "negotiated together",
            "606-10-25-9",
        )
    for row in found["obligations"]:
        if row["hold_reason"]:
            subject = f"Obligation {row['obligation_id']}"
            add(subject, "on hold", "rule", reason_of(row["hold_reason"]), "606-10-25-1")
    for product, role in sorted(
        {
            (row.get("product_name") or row["sku"], row["principal_or_agent"])
            for row in found["obligations"]
            if row.get("principal_or_agent")
        }
    ):
        add(product, role, "rule", "the policy of the product", "606-10-55-36 to 55-40")
    for row in found["allocations"]:
        if row["hold_reason"]:
            subject = f"Obligation {row['obligation_id']}"
            reason = reason_of(row["hold_reason"])
            add(subject, "no price", "rule", reason, "606-10-32-31 to 32-34")
    studies = sorted({row["ssp_source"] for row in found["allocations"] if row["ssp_source"]})
    for source in studies:
        add("Standalone selling prices", "estimated", "person", source, "606-10-32-32 to 32-34")
    for row in found["estimates"]:
        add(
            f"Estimate {row['estimate_id']} of {row['known_date']}",
            str(row["kind"]).replace("_", " "),
            "person",
            f"{str(row['method']).replace('_', ' ')}, about {about(row)}",
            "606-10-32-39 to 32-41" if row["obligation_ids"] else "606-10-32-5 to 32-13",
        )
    for row in found["problems"]:
        reason = f"{row['detail']} ({row['reason_code']})"
        add(row["ref"], "evidence held back", "rule", reason, "606-10-25-1")
    return made


def _by_contract(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in figures.rows(connection, sql):
        if row["contract_id"] and row.get("ref", "") is not None:
            grouped[row["contract_id"]].append(row)
    return grouped


def _write(path: Path, page: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(page.encode())
    os.replace(beside, path)
