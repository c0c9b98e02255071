"""Vendor JSON as text: the records of a page, each parsed and beside it its exact source text.

Landing keeps that text, so no number passes through a float and no key is reordered. Numbers
with a fraction parse to Decimal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

# The scanner itself: a page holds a hundred records of a hundred members each.
_scan = json.JSONDecoder(parse_float=Decimal).scan_once  # type: ignore[attr-defined]
_space = re.compile(r"[ \t\n\r]*").match
_BROKEN = (IndexError, ValueError, StopIteration)


class BrokenJsonError(ValueError):
    """The text is not a whole JSON value of the expected form."""


class Piece(NamedTuple):
    """A parsed value and the text it was parsed from."""

    value: Any
    text: str


class Page(NamedTuple):
    """One answer: its records, and its other members."""

    records: list[Piece]
    members: dict[str, Any]


def page(text: str, name: str) -> Page:
    """The page whose records are the array ``name``. Errors: BrokenJsonError."""
    members: dict[str, Any] = {}
    records: list[Piece] | None = None
    try:
        for key, at in _keys(text, _skip(text, 0)):
            if key == name and text[at] == "[":
                records = list(_elements(text, at))
            else:
                members[key] = _value(text, at)[0]
    except _BROKEN as error:
        raise BrokenJsonError(f"the answer is not whole JSON ({error})") from error
    if records is None:
        raise BrokenJsonError(f"the answer has no list {name!r}")
    return Page(records, members)


def inside(text: str, *path: str) -> Piece | None:
    """The value at a path of member names in an object's text; None when a name is missing."""
    try:
        at = _where(text, path)
        if at is None:
            return None
        value, end = _value(text, at)
    except _BROKEN as error:
        raise BrokenJsonError(f"not JSON at {'.'.join(path)} ({error})") from error
    return Piece(value, text[at:end])


def elements(text: str, *path: str) -> list[Piece]:
    """The elements of the array at a path; none when there is no array."""
    try:
        at = _where(text, path)
        return list(_elements(text, at)) if at is not None and text[at] == "[" else []
    except _BROKEN as error:
        raise BrokenJsonError(f"not JSON at {'.'.join(path)} ({error})") from error


def replaced(text: str, value: str, *path: str) -> str:
    """An object's text with the value at a path, which must be there, exchanged for another text."""
    at = _where(text, path)
    if at is None:
        raise BrokenJsonError(f"nothing at {'.'.join(path)}")
    return text[:at] + value + text[_value(text, at)[1] :]


def with_member(text: str, name: str, value: str) -> str:
    """An object's text with one text member more, at its end."""
    closing = text.rindex("}")
    comma = "" if text[:closing].rstrip().endswith("{") else ","
    return f"{text[:closing].rstrip()}{comma}{json.dumps(name)}:{json.dumps(value)}}}"


def _skip(text: str, at: int) -> int:
    if text[at] not in " \t\n\r":
        return at
    match = _space(text, at)
    assert match is not None
    return match.end()


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        return _scan(text, at)
    except StopIteration as error:
        raise ValueError(f"no value at {error.value}") from error


def _where(text: str, path: tuple[str, ...]) -> int | None:
    """Where the value at a path begins."""
    at = _skip(text, 0)
    for name in path:
        if text[at] != "{":
            return None
        found = next((where for key, where in _keys(text, at) if key == name), None)
        if found is None:
            return None
        at = found
    return at


def _keys(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Each member's name and where its value begins, of the object that begins at ``at``."""
    if text[at] != "{":
        raise ValueError(f"no object at {at}")
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _value(text, at)
        at = _skip(text, at)
        if text[at] != ":":
            raise ValueError(f"no value at {at}")
        at = _skip(text, at + 1)
        yield key, at
        at = _skip(text, _value(text, at)[1])
        if text[at] == ",":
            at = _skip(text, at + 1)
        elif text[at] != "}":
            raise ValueError(f"no comma at {at}")


def _elements(text: str, at: int) -> Iterator[Piece]:
    at = _skip(text, at + 1)
    while text[at] != "]":
        value, end = _value(text, at)
        yield Piece(value, text[at:end])
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
        elif text[at] != "]":
            raise ValueError(f"no comma at {at}")
