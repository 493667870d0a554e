"""A parsed JsonPath: its steps, and the conditions of its filters. Data only; `jsonpath_steps` runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias


class PathError(ValueError):
    """The root of what goes wrong with a path."""


class PathSyntaxError(PathError):
    """The text is no JsonPath; the message says why, after Jayway."""


class PathNotFound(PathError):
    """A definite path leads nowhere in this document."""


class PathTooLong(PathError):
    """Evaluating the path would take too much."""


@dataclass(frozen=True, slots=True)
class Names:
    """`.a`, `['a']` or `['a','b']`: children of an object."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Indices:
    """`[0]`, `[-1]` or `[0,2]`: items of an array."""

    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """`[1:3]`, `[:2]`, `[-2:]`."""

    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`.*` or `[*]`."""


@dataclass(frozen=True, slots=True)
class Scan:
    """`..`: everything below, in the order of the document; the step after it selects."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`[?(…)]`."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """`.length()` and the like; arguments are paths or literals."""

    name: str
    arguments: tuple[Operand, ...]


Step: TypeAlias = Names | Indices | Slice | Wildcard | Scan | Filter | FunctionCall


@dataclass(frozen=True, slots=True)
class PathNode:
    """`root` is `$` (the document), `@` (what a filter looks at), or another document: `$$`, or the name in `$name`."""

    root: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Regex:
    """`/pattern/flags`, which must match the whole text."""

    pattern: str
    flags: str


Operand: TypeAlias = PathNode | Literal | Regex


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Exists:
    """An operand on its own: whether its path finds anything."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition


@dataclass(frozen=True, slots=True)
class All:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    conditions: tuple[Condition, ...]


Condition: TypeAlias = Comparison | Exists | Not | All | Any_
