"""Data Docs that read without a network: Great Expectations' site with this project's page views.

The site builder, its renderers and its pages are theirs; the views named in ``suites.open_context``
put our templates in front, which load nothing from outside and say what the control is for.
"""

from __future__ import annotations

import itertools
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from great_expectations import __version__ as gx_version
from great_expectations.data_context import EphemeralDataContext
from great_expectations.render.view import DefaultJinjaIndexPageView, DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

from expectations.pages import TEMPLATES, environment, register_filters
from expectations.register import load_register
from expectations.results import (
    RESULTS,
    ControlResult,
    ControlRun,
    index_context,
    load_folder,
    replace_text,
)

# validations/<suite>/<run>/<time>/<page> and expectations/<page>, below the run's folder.
DEPTH = {"ValidationResultsPageRenderer": 4, "ExpectationSuitePageRenderer": 1}


def _run(folder: Path) -> ControlRun:
    written = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    return ControlRun(written["run_id"], datetime.fromisoformat(written["as_of"]), folder)


class ControlPageView(DefaultJinjaPageView):
    """A validation or a suite, under the header of its control."""

    _template = "control_page.j2"

    def __init__(self, run_folder: str, **directories: Any) -> None:
        super().__init__(**directories)
        self.folder = Path(run_folder)
        theirs = self.env.loader
        assert theirs is not None
        self.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), theirs])
        register_filters(self.env)
        # Theirs are random, ours are not: the same results give the same page.
        numbers = itertools.count(1)
        self.env.filters["generate_html_element_uuid"] = lambda prefix=None: (
            f"{prefix or ''}{next(numbers)}"
        )

    def render(self, document: Any, template: str | None = None, **more: Any) -> str:
        content = document.to_json_dict()
        control_id = content["expectation_suite_name"]
        root = "../" * DEPTH[content["renderer_type"]]
        control = next(one for one in load_register() if one.id == control_id)
        page: str = super().render(
            document,
            template,
            **more,
            control=control,
            result=load_folder(self.folder).get(control_id),
            run=_run(self.folder),
            root=root,
            home=f"{root}index.html",
            is_suite=content["renderer_type"].startswith("ExpectationSuite"),
        )
        return page


class ControlIndexView(DefaultJinjaIndexPageView):
    """The front page of a run: every control of the register with its result."""

    def __init__(self, run_folder: str, **directories: Any) -> None:
        super().__init__(**directories)
        self.folder = Path(run_folder)

    def render(self, document: Any, template: str | None = None, **more: Any) -> str:
        return _index(_run(self.folder), load_folder(self.folder), base="")


def _index(run: ControlRun, results: dict[str, ControlResult], base: str) -> str:
    context = index_context(run, results) | {"base": base, "gx_version": gx_version}
    return environment().get_template("index.j2").render(context)


def build_site(
    context: EphemeralDataContext, run: ControlRun, results: dict[str, ControlResult]
) -> Path:
    """Build the run's site and the front page beside the runs. Returns the run's index."""
    context.build_data_docs()
    # Fonts and pictures of the default look: no page of ours asks for them.
    shutil.rmtree(run.folder / "static", ignore_errors=True)
    replace_text(run.folder.parent / "index.html", _index(run, results, base=f"{run.run_id}/"))
    return run.folder / "index.html"
