"""Controls as Dagster asset checks, one a registered control, generated from the register.

Evidence controls run before dbt and block it; books controls run after it and block publishing.
Severity and blocking come from the register, so the UI, the suites and the matrix cannot disagree.
"""

from collections.abc import Iterator

import dagster as dg

from expectations.register import CheckSpec, check_specs
from orchestration.defs.ingestion import raw
from orchestration.defs.resources import TieoutResource
from orchestration.defs.transformation import node_names


def _asset_key(check: CheckSpec, nodes: dict[str, dg.AssetKey]) -> dg.AssetKey:
    return raw(check.model) if check.stage == "evidence" else nodes[check.model]


def _checks(name: str, selected: list[CheckSpec]) -> dg.AssetChecksDefinition:
    nodes = node_names()
    checks = {check.control_id: check for check in selected}
    specs = {
        control_id: dg.AssetCheckSpec(
            name=check.name,
            asset=_asset_key(check, nodes),
            blocking=check.blocking,
            description=check.description,
            metadata=check.metadata,
        )
        for control_id, check in checks.items()
    }

    @dg.multi_asset_check(name=name, specs=list(specs.values()), pool="warehouse")
    def run_these(
        context: dg.AssetCheckExecutionContext, tieout: TieoutResource
    ) -> Iterator[dg.AssetCheckResult]:
        # Great Expectations takes seconds to import: only the step that runs it pays.
        from expectations.runner import run_controls

        results = run_controls(tieout.settings(), ids=list(checks))
        passed = sum(result.passed for result in results)
        stopping = sum(checks[one.control_id].blocking for one in results if not one.passed)
        context.log.info(
            f"{passed} of {len(results)} controls passed; {len(results) - passed - stopping} report "
            f"exceptions, {stopping} block"
        )
        for result in results:
            check = checks[result.control_id]
            spec = specs[result.control_id]
            yield dg.AssetCheckResult(
                passed=result.passed,
                asset_key=spec.asset_key,
                check_name=spec.name,
                severity=dg.AssetCheckSeverity[check.severity],
                metadata={
                    **check.metadata,
                    "observed": result.observed,
                    "failing rows": result.failing_count,
                    "report": dg.MetadataValue.path(result.report),
                },
            )

    return run_these


def _on_register(check: CheckSpec) -> bool:
    return check.model.startswith("landing__")


# Two steps over evidence, because the register of loads is made after the objects it counts: what
# is wrong with an object stops the register, what is wrong with the register stops dbt.
CHECKS = [
    _checks("source_controls", [c for c in check_specs("evidence") if not _on_register(c)]),
    _checks("landing_controls", [c for c in check_specs("evidence") if _on_register(c)]),
    _checks("books_controls", list(check_specs("books"))),
]
