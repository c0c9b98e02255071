"""How pages look: one Jinja environment and one stylesheet for the controls site and the reports.

A page carries its styles and pictures inside itself and asks no server for anything, so a reviewer
reads it from a file. Formatting of cells belongs here; what is on a page does not.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")


def cell(value: Any) -> str:
    """A value as a reader expects it in a table."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def column_class(value: Any, name: str) -> str:
    """The style of a table cell: by what it holds, then by what its column is called."""
    if is_number(value):
        return "number"
    if name.endswith("_ref"):
        return "mono ref"
    if name.endswith(("_id", "_key", "sha256")):
        return "mono"
    if name.endswith(("period", "_date", "_day")):
        return "date"
    return "text" if isinstance(value, str) and len(value) > 24 else ""


def major(minor: int, exponent: int = 2) -> str:
    """Minor units as money: 123456 with exponent 2 is 1,234.56; a loss keeps its sign."""
    digits = f"{abs(minor):0{exponent + 1}d}"
    whole = f"{int(digits[:-exponent] if exponent else digits):,}"
    sign = "−" if minor < 0 else ""
    return f"{sign}{whole}.{digits[-exponent:]}" if exponent else f"{sign}{whole}"


def words(name: str) -> str:
    """A column or model name as words: ``open_minor`` is ``open (minor units)``."""
    text = name.removesuffix("_minor").replace("_", " ")
    return f"{text} (minor units)" if name.endswith("_minor") else text


def environment(*folders: Path) -> Environment:
    """Templates of this room and of the given folders, escaping everything that is data."""
    env = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=select_autoescape(["html", "j2"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    register_filters(env)
    return env


def register_filters(env: Environment) -> None:
    env.filters["cell"] = cell
    env.filters["column_class"] = column_class
    env.filters["major"] = major
    env.filters["words"] = words
    env.globals["stylesheet"] = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))
