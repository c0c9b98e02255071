"""Controls as Dagster asset checks, one a registered control, generated from the register.

Evidence controls run before dbt and block it; books controls run after it and block publishing.
Severity and blocking come from the register, so the UI, the suites and the matrix cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from expectations.register import Control, load_register
from orchestration.defs.ingestion import GROUPS, key
from orchestration.defs.resources import TieoutResource
from orchestration.defs.transformation import node_names
from orchestration.landing import objects

# The object whose landing an evidence control hangs on; the control itself reads all of them.
EVIDENCE_ANCHOR = {source: objects(source)[0] for source in GROUPS}


def _asset_key(control: Control, nodes: dict[str, dg.AssetKey]) -> dg.AssetKey:
    if control.stage == "evidence":
        source = control.source
        return key(source, EVIDENCE_ANCHOR[source])
    return nodes[control.model]


def _spec(control: Control, nodes: dict[str, dg.AssetKey]) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name=control.id.lower().replace("-", "_"),
        asset=_asset_key(control, nodes),
        blocking=control.blocking,
        description=f"{control.id} {control.title}. {control.objective}",
        metadata={
            "control": control.id,
            "assertion": control.assertion,
            "severity": control.severity,
            "threshold": control.threshold,
            "owner role": control.owner_role,
            "risk": control.risk,
        },
    )


def _checks(stage: str) -> dg.AssetChecksDefinition:
    controls = {control.id: control for control in load_register() if control.stage == stage}
    nodes = node_names()
    specs = {control.id: _spec(control, nodes) for control in controls.values()}

    @dg.multi_asset_check(
        name=f"{stage}_controls", specs=list(specs.values()), pool="warehouse", can_subset=False
    )
    def run_stage(
        context: dg.AssetCheckExecutionContext, tieout: TieoutResource
    ) -> Iterator[dg.AssetCheckResult]:
        # Great Expectations takes seconds to import: only the step that runs it pays.
        from expectations.runner import run_controls

        for result in run_controls(tieout.settings(), stage):
            control = controls[result.control_id]
            context.log.info(f"{control.id}: {'passed' if result.passed else 'FAILED'}")
            yield dg.AssetCheckResult(
                passed=result.passed,
                asset_key=specs[control.id].asset_key,
                check_name=specs[control.id].name,
                severity=(
                    dg.AssetCheckSeverity.ERROR
                    if control.severity == "critical"
                    else dg.AssetCheckSeverity.WARN
                ),
                metadata={
                    "control": control.id,
                    "observed": str(result.observed),
                    "threshold": control.threshold,
                    "failing rows": result.failing_count,
                    "what to do": control.evidence,
                    "report": dg.MetadataValue.path(str(result.report or "")),
                },
            )

    return run_stage


CHECKS = [_checks("evidence"), _checks("books")]
