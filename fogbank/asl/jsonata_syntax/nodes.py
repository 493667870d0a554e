"""The nodes of an expression, as the grammar makes them and as `shape` leaves them.

A node is mutable while it is parsed and shaped: a predicate, a group or a binding decorates the step it follows.
Nothing changes one after that; the compiler only reads.
Nodes are compared and printed by nobody, and making such methods for each class is what an import would spend time on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False, repr=False)
class Slot:
    """The place where a `%` finds its parent: `label` is the tuple variable that some earlier step binds."""

    label: str
    level: int = 1


@dataclass(slots=True, eq=False, repr=False)
class Filter:
    """`step[condition]`."""

    condition: Node


@dataclass(slots=True, eq=False, repr=False)
class Position:
    """`step#$name` after a predicate: binds the index within what is left."""

    name: str


@dataclass(slots=True, eq=False, repr=False, kw_only=True)
class Node:
    """What any node may carry. `stages` of a step run for each item; `predicates` run on the whole result."""

    position: int = 0
    keep_array: bool = False
    predicates: list[Filter | Position] = field(default_factory=list)
    stages: list[Filter | Position] = field(default_factory=list)
    group: list[tuple[Node, Node]] | None = None
    focus: str | None = None
    index: str | None = None
    ancestor: Slot | None = None
    tuple: bool = False
    seeking: list[Slot] = field(default_factory=list)
    cons: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Literal(Node):
    value: Any


@dataclass(slots=True, eq=False, repr=False)
class Name(Node):
    value: str


@dataclass(slots=True, eq=False, repr=False)
class Variable(Node):
    """`$name`; `$` is the empty name and `$$` the name `$`."""

    name: str


@dataclass(slots=True, eq=False, repr=False)
class Wildcard(Node):
    pass


@dataclass(slots=True, eq=False, repr=False)
class Descendants(Node):
    pass


@dataclass(slots=True, eq=False, repr=False)
class Parent(Node):
    slot: Slot


@dataclass(slots=True, eq=False, repr=False)
class Regex(Node):
    pattern: str
    flags: str


@dataclass(slots=True, eq=False, repr=False)
class Negate(Node):
    operand: Node


@dataclass(slots=True, eq=False, repr=False)
class ArrayNode(Node):
    items: list[Node]


@dataclass(slots=True, eq=False, repr=False)
class ObjectNode(Node):
    pairs: list[tuple[Node, Node]]


@dataclass(slots=True, eq=False, repr=False)
class Binary(Node):
    operator: str
    left: Node
    right: Node


@dataclass(slots=True, eq=False, repr=False)
class Bind(Node):
    name: str
    value: Node


@dataclass(slots=True, eq=False, repr=False)
class Apply(Node):
    left: Node
    right: Node


@dataclass(slots=True, eq=False, repr=False)
class Condition(Node):
    test: Node
    then: Node
    otherwise: Node | None


@dataclass(slots=True, eq=False, repr=False)
class Block(Node):
    expressions: list[Node]


@dataclass(slots=True, eq=False, repr=False)
class Placeholder(Node):
    pass


@dataclass(slots=True, eq=False, repr=False)
class Call(Node):
    """`procedure(arguments)`; partial if an argument is a placeholder."""

    procedure: Node
    arguments: list[Node]
    partial: bool


@dataclass(slots=True, eq=False, repr=False)
class LambdaNode(Node):
    parameters: list[str]
    body: Node
    signature: str | None


@dataclass(slots=True, eq=False, repr=False)
class Transform(Node):
    pattern: Node
    update: Node
    delete: Node | None


@dataclass(slots=True, eq=False, repr=False)
class Term:
    """One term of an order-by."""

    expression: Node
    descending: bool


@dataclass(slots=True, eq=False, repr=False)
class Sort(Node):
    """`^(terms)`; from the grammar `subject` is what is sorted, afterwards it is a step of its own without one."""

    terms: list[Term]
    subject: Node | None = None


@dataclass(slots=True, eq=False, repr=False)
class Path(Node):
    steps: list[Node]
    keep_singleton: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Grouped(Node):
    """From the grammar only: `subject{key: value}`."""

    subject: Node
    pairs: list[tuple[Node, Node]]


@dataclass(slots=True, eq=False, repr=False)
class TooDeep(Node):
    """Stands for a subtree nested deeper than could ever be evaluated."""
