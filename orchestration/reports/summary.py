"""The page that answers: does it tie, what does not, who works on it, and what was earned when.

Writes ``reports/index.html`` with its pictures inside, and the waterfall as a file of its own.
"""

from __future__ import annotations

import base64
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from markupsafe import Markup

from expectations.pages import environment, major
from expectations.register import load_register
from expectations.results import latest
from orchestration.publish import current
from orchestration.reports import figures, pictures
from orchestration.score import ScoreLine, score
from orchestration.settings import Settings

TEMPLATES = Path(__file__).with_name("templates")
PAGE = "index.html"
WATERFALL = "waterfall.png"


def write_waterfall(settings: Settings, path: Path | None = None) -> Path:
    """Draw the revenue waterfall of the published marts. Errors: ReportError."""
    with figures.marts(settings) as connection:
        cells = figures.waterfall(connection)
    picture = pictures.waterfall_picture(cells, settings.as_of.date(), figures.exponents())
    return _write(path or settings.reports / WATERFALL, picture)


def write_summary(settings: Settings) -> Path:
    """Write the summary page of the published marts and the last controls. Errors: ReportError."""
    exponents = figures.exponents()
    with figures.marts(settings) as connection:
        ageing = figures.ageing(connection)
        context: dict[str, Any] = {
            "entities": figures.rows(
                connection, "select entity_id, entity_name from marts.dim_entities order by all"
            ),
            "handoffs": figures.handoffs(connection),
            "chain": figures.chain(connection),
            "deferred": figures.deferred(connection),
            "exceptions": figures.exceptions(connection),
            "ageing": ageing,
            "cells": figures.waterfall(connection),
        }
    waterfall = write_waterfall(settings)
    run, results = latest(settings)
    failing = [
        control
        for control in load_register()
        if control.id in results and not results[control.id].passed
    ]
    last_day = settings.as_of - timedelta(microseconds=1)
    context |= {
        "last_day": last_day.date(),
        "env": settings.env,
        "published": current(settings),
        "hops": figures.HOPS,
        "buckets": figures.BUCKETS,
        "titles": figures.HANDOFFS,
        "rollforward": figures.ROLLFORWARD,
        "whole_history": figures.whole_history,
        "unexplained": sum(
            abs(row["unexplained_minor"]) for _, rows in context["handoffs"] for row in rows
        ),
        "tables": _waterfall_tables(context.pop("cells")),
        "waterfall_picture": _inline(waterfall.read_bytes()),
        "ageing_picture": _inline(pictures.ageing_picture(ageing)) if ageing else "",
        "run": run,
        "results": results,
        "controls": load_register(),
        "failing": failing,
        "blocked": sum(control.blocking for control in failing),
        "controls_site": os.path.relpath(settings.controls, settings.reports),
        "score": _score(settings),
        "closes": sorted(
            page.parent.name for page in settings.reports.glob("close/*/consolidated.html")
        ),
        "has_memos": (settings.reports / "memos" / "index.html").exists(),
    }
    env = environment(TEMPLATES)
    env.filters["money"] = lambda minor, currency: major(minor, exponents.get(currency, 2))
    page = env.get_template("summary.j2").render(context)
    return _write(settings.reports / PAGE, page.encode())


def _waterfall_tables(cells: list[figures.Cell]) -> list[dict[str, Any]]:
    """A matrix a currency: booked months down, recognised months across."""
    tables = []
    for currency in sorted({cell.currency for cell in cells}):
        mine = [cell for cell in cells if cell.currency == currency]
        amounts: dict[tuple[Any, Any], int] = {}
        for cell in mine:
            key = (cell.booked, cell.recognised)
            amounts[key] = amounts.get(key, 0) + cell.amount_minor
        tables.append(
            {
                "currency": currency,
                "booked": sorted({cell.booked for cell in mine}),
                "recognised": sorted({cell.recognised for cell in mine}),
                "amounts": amounts,
            }
        )
    return tables


def _score(settings: Settings) -> list[ScoreLine]:
    """Recall and precision, where this is the sandbox and its truth and warehouse are at hand."""
    truth = settings.sandbox_dir / "truth.json"
    if settings.env != "sandbox" or not truth.exists() or not settings.warehouse.exists():
        return []
    return score(settings.warehouse, json.loads(truth.read_text(encoding="utf-8")))


def _inline(picture: bytes) -> Markup:
    return Markup("data:image/png;base64," + base64.b64encode(picture).decode())


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    os.replace(beside, path)
    return path
