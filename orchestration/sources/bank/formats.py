"""Which parser reads a file: decided by its content, never by its name alone."""

from __future__ import annotations

from orchestration.sources.bank import bai2, camt053, delimited, mt940, ofx
from orchestration.sources.bank.model import (
    TRUNCATED,
    UNREADABLE,
    BankFileError,
    Exponents,
    Statement,
)

LARGEST_BYTES = 64_000_000
_HEAD = 4096


def read_statements(name: str, content: bytes, exponents: Exponents) -> tuple[str, list[Statement]]:
    """The format's name and the statements of one file, tied. Errors: BankFileError."""
    if len(content) > LARGEST_BYTES:
        raise BankFileError(UNREADABLE, f"{len(content)} bytes are more than a statement can have")
    if not content.strip():
        raise BankFileError(TRUNCATED, "the file is empty")
    kind, statements = _parsed(name, content, exponents)
    if not statements:
        raise BankFileError(TRUNCATED, "the file holds no statement")
    for statement in statements:
        statement.tie()
    return kind, statements


def _parsed(name: str, content: bytes, exponents: Exponents) -> tuple[str, list[Statement]]:
    head = content[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<") and b"<OFX" not in head:
        return "CAMT.053", camt053.parse(content, exponents)
    text = _decoded(content)
    if head.startswith(b"01,"):
        return "BAI2", bai2.parse(text, exponents)
    if head.startswith(b"OFXHEADER") or b"<OFX" in head:
        return "OFX", ofx.parse(text, exponents)
    if head.startswith((b":20:", b"{1:", b":940:")) or b"\n:20:" in head:
        return "MT940", mt940.parse(text, exponents)
    if name.endswith(".csv"):
        return "CSV", delimited.parse(text, exponents)
    raise BankFileError(UNREADABLE, "the content is none of BAI2, CAMT.053, MT940, OFX, CSV")


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
