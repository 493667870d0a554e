"""What expressions parse to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fogbank.services.dynamodb.values import Value

#: Attribute names and list indexes from an item down to a value: `a.b[2]` is ("a", "b", 2).
Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Path:
    steps: Steps

    def __str__(self) -> str:
        return show_steps(self.steps)


@dataclass(frozen=True, slots=True)
class Ref:
    """`:name`, a value given beside the expression."""

    name: str


@dataclass(slots=True, eq=False)
class Literal:
    """A value that stands in a legacy parameter or a PartiQL statement."""

    value: Value


@dataclass(frozen=True, slots=True)
class Call:
    """A function: of conditions (`begins_with`), operands (`size`) or updates (`if_not_exists`)."""

    function: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    operator: str  # + or -
    left: Operand
    right: Operand


Operand = Path | Ref | Literal | Call | Arithmetic


@dataclass(frozen=True, slots=True)
class Compare:
    operator: str  # = <> < <= > >=
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    operand: Operand
    choices: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class And:
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Or:
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition


Condition = Compare | Between | In | And | Or | Not | Call


def conjuncts(node: Condition) -> Iterator[Condition]:
    """The conditions that AND holds together, in order."""
    if isinstance(node, And):
        yield from conjuncts(node.left)
        yield from conjuncts(node.right)
    else:
        yield node


@dataclass(frozen=True, slots=True)
class Action:
    """One clause of an update: SET path = operand, REMOVE path, ADD path operand, DELETE path operand."""

    verb: str
    path: Steps
    operand: Operand | None = None


def show_steps(steps: Steps) -> str:
    """A path as DynamoDB's messages have it: `[a, b, [2]]`."""
    return "[" + ", ".join(f"[{step}]" if isinstance(step, int) else step for step in steps) + "]"
