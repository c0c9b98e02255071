"""SOQL read by a real SQL parser and rewritten for SQLite; what SOQL lacks is refused.

SELECT fields (or COUNT()) FROM one object, WHERE, ORDER BY, LIMIT, OFFSET. Text compares without
regard to case and null equals null, as in the vendor's language. No HTTP and no rows here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Tokenizer as SqlTokenizer

from orchestration.sandbox.current import Field, SObject

_PIECES = re.compile(
    r"(?P<text>'(?:\\.|[^'\\])*')"
    r"|(?P<instant>\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<date>\b\d{4}-\d\d-\d\d\b)"
)
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "is",
    exp.NEQ: "is not",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ALLOWED_PARTS = {"kind", "expressions", "from_", "where", "order", "limit", "offset"}


class SoqlError(ValueError):
    """A query the vendor would refuse: its error code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Query:
    """A query ready for SQLite; ``where`` and ``order`` are SQL text, values are in ``values``."""

    sobject: SObject
    fields: tuple[Field, ...]
    is_count: bool
    where: str
    order: str
    values: tuple[str | int | float, ...]
    limit: int | None
    offset: int


class _Soql(Dialect):
    class Tokenizer(SqlTokenizer):
        QUOTES = ["'"]
        STRING_ESCAPES = ["\\"]


def parse(text: str, sobjects: Mapping[str, SObject]) -> Query:
    """Read one query. Errors: SoqlError."""
    tree = _tree(text)
    table = tree.args["from_"].this
    if not isinstance(table, exp.Table) or table.db or tree.args.get("joins"):
        raise _malformed("one object stands behind FROM")
    by_name = {name.lower(): sobject for name, sobject in sobjects.items()}
    sobject = by_name.get(table.name.lower())
    if sobject is None:
        raise SoqlError(
            "INVALID_TYPE",
            f"\n{text}\nERROR at Row:1:Column:{text.find(table.name) + 1}\nsObject type"
            f" '{table.name}' is not supported. If you are attempting to use a custom object, be"
            " sure to append the '__c' after the entity name. Please reference your WSDL or the"
            " describe call for the appropriate names.",
        )
    writer = _Writer(text, sobject)
    is_count = len(tree.expressions) == 1 and isinstance(tree.expressions[0], exp.Count)
    fields: tuple[Field, ...] = ()
    if is_count:
        if tree.expressions[0].this is not None:
            raise _malformed("only COUNT() without a field is served")
    else:
        fields = tuple(writer.field(item) for item in tree.expressions)
        names = [field.name for field in fields]
        for name in names:
            if names.count(name) > 1:
                raise SoqlError("INVALID_FIELD", f"duplicate field selected: {name}")
    where = tree.args.get("where")
    order = tree.args.get("order")
    return Query(
        sobject=sobject,
        fields=fields,
        is_count=is_count,
        where=writer.condition(where.this) if where else "1",
        order=", ".join(writer.ordering(item) for item in order.expressions) if order else "",
        values=tuple(writer.values),
        limit=_whole(tree.args.get("limit")),
        offset=_whole(tree.args.get("offset")) or 0,
    )


def _malformed(message: str) -> SoqlError:
    return SoqlError("MALFORMED_QUERY", message)


def _tree(text: str) -> exp.Select:
    if not text.strip():
        raise _malformed("unexpected token: <EOF>")
    try:
        trees = _Soql().parse(_PIECES.sub(_quoted, text))
    except SqlglotError as error:
        detail = re.sub(r"\x1b\[\d*m", "", str(error)).splitlines()[0]
        raise _malformed(f"unexpected token: {detail}") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Select):
        raise _malformed("unexpected token: a query is one SELECT statement")
    tree = trees[0]
    extra = [part for part, value in tree.args.items() if value and part not in _ALLOWED_PARTS]
    if extra:
        raise _malformed(f"unexpected token: '{extra[0]}'")
    if any(name.quoted for name in tree.find_all(exp.Identifier)):
        raise _malformed("unexpected token: '\"'")
    if not tree.expressions or not tree.args.get("from_"):
        raise _malformed("unexpected token: a query is SELECT fields FROM object")
    return tree


def _quoted(piece: re.Match[str]) -> str:
    """Dates and times stand bare in SOQL; typed SQL literals are what a SQL parser reads."""
    if piece["instant"]:
        return f"TIMESTAMP '{piece['instant']}'"
    if piece["date"]:
        return f"DATE '{piece['date']}'"
    return piece[0]


def _whole(node: exp.Expr | None) -> int | None:
    if node is None:
        return None
    value = node.args["expression"]
    if not isinstance(value, exp.Literal) or value.is_string or not value.name.isdigit():
        raise _malformed("LIMIT and OFFSET take a whole number")
    return int(value.name)


def _instant(text: str) -> str:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


class _Writer:
    """Turns the parts of one query into SQL text, collecting the values."""

    def __init__(self, text: str, sobject: SObject) -> None:
        self.text = text
        self.sobject = sobject
        self.values: list[str | int | float] = []

    def field(self, node: exp.Expr) -> Field:
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            raise _malformed(f"unexpected token: '{node.sql()}' is not a field")
        name = node.sql()
        field = None if node.table else self.sobject.field(name)
        if field is None:
            raise SoqlError(
                "INVALID_FIELD",
                f"\n{self.text}\nERROR at Row:1:Column:{self.text.find(name) + 1}\nNo such column"
                f" '{name}' on entity '{self.sobject.name}'. If you are attempting to use a custom"
                " field, be sure to append the '__c' after the custom field name. Please reference"
                " your WSDL or the describe call for the appropriate names.",
            )
        return field

    def ordering(self, node: exp.Expr) -> str:
        assert isinstance(node, exp.Ordered)
        field = self.field(node.this)
        direction = "desc" if node.args.get("desc") else "asc"
        # The vendor puts nulls first in either direction; SQL's own default depends on it.
        is_told = re.search(r"\bnulls\s+(first|last)\b", self.text, re.IGNORECASE)
        nulls = "first" if node.args.get("nulls_first") or not is_told else "last"
        return f'"{field.name}" {direction} nulls {nulls}'

    def condition(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Paren):
            return f"({self.condition(node.this)})"
        if isinstance(node, exp.And | exp.Or):
            word = "and" if isinstance(node, exp.And) else "or"
            return f"({self.condition(node.left)} {word} {self.condition(node.right)})"
        if isinstance(node, exp.Not):
            if isinstance(node.this, exp.In):
                return self._membership(node.this, negated=True)
            if isinstance(node.this, exp.Is):
                raise _malformed("unexpected token: 'IS'")
            return f"(not coalesce({self.condition(node.this)}, 0))"
        if isinstance(node, exp.In):
            return self._membership(node, negated=False)
        if isinstance(node, exp.Like):
            field = self.field(node.this)
            self.values.append(str(self._value(node.expression, field)))
            return f"\"{field.name}\" like ? escape '\\'"
        sign = _COMPARISONS.get(type(node))
        if sign is None:
            raise _malformed(f"unexpected token: '{node.sql()}'")
        field = self.field(node.this)
        if isinstance(node.expression, exp.Null):
            if sign not in ("is", "is not"):
                raise _malformed("null compares only with = and !=")
            return f'"{field.name}" {sign} null'
        self.values.append(self._value(node.expression, field))
        # The operand's collation: text compares without regard to case, ids and times exactly.
        collate = " collate nocase" if field.type == "string" else ""
        return f'("{field.name}" {sign} ?{collate})'

    def _membership(self, node: exp.In, negated: bool) -> str:
        field = self.field(node.this)
        if not node.expressions:
            raise _malformed("IN takes a list of values")
        marks = []
        for item in node.expressions:
            self.values.append(self._value(item, field))
            marks.append("?")
        collate = " collate nocase" if field.type == "string" else ""
        inside = f'("{field.name}"{collate} in ({", ".join(marks)}))'
        return f'("{field.name}" is null or not {inside})' if negated else inside

    def _value(self, node: exp.Expr, field: Field) -> str | int | float:
        value: str | int | float
        if isinstance(node, exp.Boolean):
            kind, value = "boolean", int(node.this)
        elif isinstance(node, exp.Cast):
            is_day = node.to.this == exp.DataType.Type.DATE
            kind, value = ("date", node.name) if is_day else ("datetime", _instant(node.name))
        elif isinstance(node, exp.Literal) and node.is_string:
            kind, value = "string", node.name
        elif isinstance(node, exp.Literal | exp.Neg):
            kind, value = "double", float(node.sql()) if "." in node.sql() else int(node.sql())
        else:
            raise _malformed(f"unexpected token: '{node.sql()}'")
        wanted = "string" if field.type == "id" else field.type
        if kind != wanted:
            raise SoqlError(
                "INVALID_FIELD",
                f"\n{self.text}\nvalue of filter criterion for field '{field.name}' must be of"
                f" type {wanted} and should "
                + ("be enclosed in quotes" if wanted == "string" else "not be enclosed in quotes"),
            )
        return value
