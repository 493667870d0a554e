"""The commands of a query as stages: each is handed rows, passes them on or keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from fogbank.services.logs.insights import nodes
from fogbank.services.logs.insights.expressions import Compute, compile_expression, condition, number
from fogbank.services.logs.insights.nodes import Expression, Field, Operation
from fogbank.services.logs.insights.rows import Row, Value
from fogbank.services.logs.insights.stats import Aggregate, aggregate

GROUPS_MAX = 100_000


class Stage(Protocol):
    """Takes rows one by one, passes them on or keeps them, and gives what it kept when there are no more."""

    def push(self, row: Row) -> bool:
        """Whether the row goes on to the next stage."""

    def finish(self) -> Iterable[Row]: ...

    @property
    def full(self) -> bool:
        """Whether further rows cannot change anything."""


class _PassOn:
    full = False

    def finish(self) -> Iterable[Row]:
        return ()


class FilterStage(_PassOn):
    def __init__(self, command: nodes.Filter) -> None:
        self._holds = condition(command.condition)

    def push(self, row: Row) -> bool:
        return self._holds(row)


class ComputeStage(_PassOn):
    """`fields` and `display` compute what is more than a field."""

    def __init__(self, command: nodes.Fields) -> None:
        self._items = [
            (item.name, compile_expression(with_time(item.expression)))
            for item in command.items
            if item.expression != Field(item.name)
        ]

    def push(self, row: Row) -> bool:
        for name, compute in self._items:
            row.fields[name] = compute(row)
        return True


class ParseStage(_PassOn):
    def __init__(self, command: nodes.Parse) -> None:
        self._source = compile_expression(command.source)
        self._pieces = command.glob.split("*")
        self._names = command.names

    def push(self, row: Row) -> bool:
        value = self._source(row)
        found = _glob(str(value), self._pieces) if value is not None else None
        for name, part in zip(self._names, found or (), strict=False):
            row.fields[name] = part
        return True


def _glob(text: str, pieces: list[str]) -> list[str] | None:
    """What stands for each `*`: as little as possible, except at the end."""
    at = text.find(pieces[0])
    if at < 0:
        return None
    at += len(pieces[0])
    found: list[str] = []
    for piece in pieces[1:]:
        end = text.find(piece, at) if piece else len(text)
        if end < 0:
            return None
        found.append(text[at:end])
        at = end + len(piece)
    return found


class DedupStage(_PassOn):
    def __init__(self, command: nodes.Dedup) -> None:
        self._keys = [compile_expression(item) for item in command.items]
        self._seen: set[tuple[Value, ...]] = set()

    def push(self, row: Row) -> bool:
        key = tuple(compute(row) for compute in self._keys)
        if None in key:
            return True
        if key in self._seen or len(self._seen) >= GROUPS_MAX:
            return False
        self._seen.add(key)
        return True


class LimitStage(_PassOn):
    def __init__(self, count: int) -> None:
        self._left = count

    @property
    def full(self) -> bool:  # type: ignore[override]
        return self._left <= 0

    def push(self, row: Row) -> bool:
        if self._left <= 0:
            return False
        self._left -= 1
        return True


class SortStage:
    """Keeps what can still be in the result, and orders it at the end."""

    full = False

    def __init__(self, command: nodes.Sort, keep: int) -> None:
        self._keys = [(compile_expression(with_time(item)), descending) for item, descending in command.items]
        self._keep = keep
        self._rows: list[Row] = []

    def push(self, row: Row) -> bool:
        self._rows.append(row)
        if len(self._rows) >= 4 * self._keep:
            self._order()
        return False

    def finish(self) -> Iterable[Row]:
        self._order()
        return self._rows

    def _order(self) -> None:
        for compute, descending in reversed(self._keys):
            self._rows.sort(key=_sort_key(compute), reverse=descending)
        del self._rows[self._keep :]


def _sort_key(compute: Compute) -> Callable[[Row], tuple[int, float, str]]:
    """Missing values first, then numbers, then texts."""

    def key(row: Row) -> tuple[int, float, str]:
        value = compute(row)
        if value is None:
            return (0, 0.0, "")
        found = number(value)
        return (1, found, "") if found is not None else (2, 0.0, str(value))

    return key


class StatsStage:
    full = False

    def __init__(self, command: nodes.Stats) -> None:
        self._makers = [(item.name, aggregate(item.expression)) for item in command.items]
        self._by = [(item.name, compile_expression(with_time(item.expression))) for item in command.by]
        self._groups: dict[tuple[Value, ...], list[Aggregate]] = {}

    def push(self, row: Row) -> bool:
        key = tuple(compute(row) for _, compute in self._by)
        if (group := self._groups.get(key)) is None:
            if len(self._groups) >= GROUPS_MAX:
                return False
            group = self._groups[key] = [make() for _, make in self._makers]
        for one in group:
            one.add(row)
        return False

    def finish(self) -> Iterable[Row]:
        for key, group in self._groups.items():
            row = Row()
            row.fields.update(zip((name for name, _ in self._by), key, strict=True))
            row.fields.update(
                (name, one.result()) for (name, _), one in zip(self._makers, group, strict=True)
            )
            yield row


def with_time(expression: Expression) -> Expression:
    """bin(5m) is of @timestamp: say so."""
    match expression:
        case Operation("bin()", (period,)):
            return Operation("bin()", (Field("@timestamp"), period))
        case _:
            return expression
