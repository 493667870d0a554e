"""What a parsed Insights query is made of: expressions and commands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    value: str | float


@dataclass(frozen=True, slots=True)
class Field:
    name: str


@dataclass(frozen=True, slots=True)
class Regex:
    text: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A function or an operator with its operands."""

    name: str
    operands: tuple[Expression, ...]


Expression = Constant | Field | Regex | Operation


@dataclass(frozen=True, slots=True)
class Named:
    """An expression and the name it is shown under."""

    expression: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    """`fields`; with `only`, `display`."""

    items: tuple[Named, ...]
    only: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    condition: Expression


@dataclass(frozen=True, slots=True)
class Sort:
    items: tuple[tuple[Expression, bool], ...]  # with: descending


@dataclass(frozen=True, slots=True)
class Limit:
    count: int


@dataclass(frozen=True, slots=True)
class Stats:
    items: tuple[Named, ...]
    by: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Dedup:
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Parse:
    """`parse field "glob*with*stars" as a, b`."""

    source: Expression
    glob: str
    names: tuple[str, ...]


Command = Fields | Filter | Sort | Limit | Stats | Dedup | Parse
