"""The parts of a parsed template: expressions, and blocks of statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# --- expressions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constant:
    value: Any


@dataclass(frozen=True, slots=True)
class Interpolated:
    """`"…$x…"`."""

    body: Block


@dataclass(frozen=True, slots=True)
class ListLiteral:
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class MapLiteral:
    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Range:
    first: Expression
    last: Expression


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Property:
    name: str


@dataclass(frozen=True, slots=True)
class MethodCall:
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """`[index]`."""

    index: Expression


@dataclass(frozen=True, slots=True)
class Reference:
    """`$name.path`; `text` is how it was written."""

    name: str
    path: tuple[Property | MethodCall | Item, ...]
    text: str


Expression = Constant | Interpolated | ListLiteral | MapLiteral | Range | Unary | Binary | Reference

# --- statements -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Write:
    """A reference in the text."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class Set:
    target: Reference
    value: Expression


@dataclass(frozen=True, slots=True)
class If:
    branches: tuple[tuple[Expression, Block], ...]
    otherwise: Block | None


@dataclass(frozen=True, slots=True)
class Foreach:
    name: str
    items: Expression
    body: Block


@dataclass(frozen=True, slots=True)
class Define:
    name: str
    body: Block


@dataclass(frozen=True, slots=True)
class Macro:
    name: str
    parameters: tuple[str, ...]
    body: Block


@dataclass(frozen=True, slots=True)
class MacroCall:
    """`#name(…)`; `text` is written when there is no such macro."""

    name: str
    arguments: tuple[Expression, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Evaluate:
    source: Expression


@dataclass(frozen=True, slots=True)
class Break:
    pass


@dataclass(frozen=True, slots=True)
class Stop:
    pass


Statement = Text | Write | Set | If | Foreach | Define | Macro | MacroCall | Evaluate | Break | Stop


@dataclass(frozen=True, slots=True)
class Block:
    statements: tuple[Statement, ...] = field(default=())
