"""Text and money as cells of files that people open in a spreadsheet.

Belongs here: making text inert and writing minor units as decimals without a float.
"""

from __future__ import annotations

from decimal import Decimal

# A spreadsheet runs a cell that begins with one of these as a formula, whoever wrote it.
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n")


def inert(text: str) -> str:
    """The text, with an apostrophe before anything a spreadsheet would run."""
    return f"'{text}" if text.startswith(_ACTIVE) else text


def major(amount_minor: int, exponent: int) -> Decimal:
    """Minor units as an exact decimal of the currency's scale: 1205 with exponent 2 is 12.05."""
    return Decimal(amount_minor).scaleb(-exponent)


def major_text(amount_minor: int, exponent: int) -> str:
    return f"{major(amount_minor, exponent):.{exponent}f}"
