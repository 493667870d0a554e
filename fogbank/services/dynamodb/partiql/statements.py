"""What statements parse to."""

from __future__ import annotations

from dataclasses import dataclass

from fogbank.services.dynamodb.expressions.nodes import Action, Condition, Steps
from fogbank.services.dynamodb.values import Item


@dataclass(frozen=True, slots=True)
class Select:
    """`columns` None: everything. `order` are (attribute, is descending)."""

    table: str
    index: str | None
    columns: tuple[Steps, ...] | None
    where: Condition | None
    order: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Insert:
    table: str
    item: Item
    size: int


@dataclass(frozen=True, slots=True)
class Update:
    """`returning`: (ALL or MODIFIED, OLD or NEW)."""

    table: str
    actions: tuple[Action, ...]
    where: Condition
    returning: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    table: str
    where: Condition
    returning: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Exists:
    """A condition of a transaction."""

    select: Select


Statement = Select | Insert | Update | Delete | Exists
