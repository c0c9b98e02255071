"""Great Expectations: the suites the register generates, and one validation of each over its frame.

The only module that evaluates expectations. It keeps suites and results in file stores of the run,
so that the site of a run shows the controls of both stages. Imports GX: import late.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from expectations.frames import ControlError
from expectations.register import Control

SITE = "controls"


@dataclass(frozen=True)
class Verdict:
    """What Great Expectations said about one control."""

    passed: bool
    rows: int
    failing: tuple[int, ...]
    table_failures: tuple[str, ...]
    page: str


def notes(control: Control) -> str:
    """What a reader of the suite sees beside its expectations."""
    return "\n\n".join(
        [
            f"**{control.id} {control.title}**",
            f"Objective: {control.objective}",
            f"Risk: {control.risk}",
            f"Severity: {control.severity}{', blocking' if control.blocking else ''}",
            f"Threshold: {control.threshold}",
            f"Owner: {control.owner_role}",
            f"Tripped by: {control.trips}",
        ]
    )


def suite(control: Control) -> gx.ExpectationSuite:
    """The suite of a control: same id, its notes, its expectations with its severity."""
    expectations = []
    for wanted in control.expectations():
        kwargs = {name: value for name, value in wanted.items() if name != "type"}
        kind = "".join(part.title() for part in wanted["type"].split("_"))
        expectation = getattr(gx.expectations, kind, None)
        if expectation is None:
            raise ControlError(f"{control.id}: Great Expectations has no {wanted['type']}")
        expectations.append(expectation(**kwargs, severity=control.severity, notes=notes(control)))
    return gx.ExpectationSuite(
        name=control.id,
        expectations=expectations,
        notes=notes(control),
        meta={"notes": {"format": "markdown", "content": [notes(control)]}},
    )


def open_context(run_folder: Path) -> EphemeralDataContext:
    """A context whose suites, results and site live in the run's folder and nowhere else."""

    def files(folder: Path) -> dict[str, Any]:
        return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}

    view = {"module_name": "expectations.docs", "run_folder": str(run_folder)}
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        data_docs_sites={
            SITE: {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": files(run_folder),
                "site_index_builder": {
                    "class_name": "DefaultSiteIndexBuilder",
                    "view": view | {"class_name": "ControlIndexView"},
                },
                "site_section_builders": {
                    "validations": {"view": view | {"class_name": "ControlPageView"}},
                    "expectations": {"view": view | {"class_name": "ControlPageView"}},
                    "profiling": "None",
                },
            }
        },
    )
    stores = config.stores
    for name, folder in (
        (config.expectations_store_name, "suites"),
        (config.validation_results_store_name, "results"),
    ):
        stores[name]["store_backend"] = files(run_folder / "gx" / folder) | {
            "filepath_suffix": ".json"
        }
    context = gx.get_context(mode="ephemeral", project_config=config)
    assert isinstance(context, EphemeralDataContext)
    return context


def validate(
    context: EphemeralDataContext, control: Control, frame: pa.Table, run: str, at: datetime
) -> Verdict:
    """Check one frame. Errors: ControlError if an expectation could not be evaluated."""
    source = context.data_sources.add_or_update_pandas(control.id)
    asset = source.add_dataframe_asset(control.model)
    checkpoint = gx.Checkpoint(
        name=control.id,
        validation_definitions=[
            context.validation_definitions.add_or_update(
                gx.ValidationDefinition(
                    name=control.id,
                    data=asset.add_batch_definition_whole_dataframe("all rows"),
                    suite=context.suites.add_or_update(suite(control)),
                )
            )
        ],
        result_format={"result_format": "COMPLETE"},
    )
    outcome = context.checkpoints.add_or_update(checkpoint).run(
        batch_parameters={"dataframe": frame.to_pandas()},
        run_id=RunIdentifier(run_name=run, run_time=at),
    )
    ((identifier, result),) = outcome.run_results.items()
    failing: set[int] = set()
    table_failures = []
    for one in result.results:
        kind = one.expectation_config.type if one.expectation_config else "expect_nothing"
        if one.exception_info.get("raised_exception"):
            message = one.exception_info.get("exception_message")
            raise ControlError(f"{control.id}: {kind} could not be evaluated: {message}")
        if not one.success:
            rows = one.result.get("unexpected_index_list")
            if rows is None:
                observed = one.result.get("observed_value")
                table_failures.append(f"{kind.removeprefix('expect_')}: {observed}")
            failing.update(rows or ())
    page = "/".join(["validations", *identifier.to_tuple()]) + ".html"
    return Verdict(
        bool(result.success), frame.num_rows, tuple(sorted(failing)), tuple(table_failures), page
    )
