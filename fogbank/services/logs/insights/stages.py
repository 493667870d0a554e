"""The commands of a query as a chain of stages: rows are pushed in at the front and collected at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from fogbank.core.limits import LOG_QUERY_ROWS_MAX
from fogbank.services.logs.insights import syntax
from fogbank.services.logs.insights.expressions import Compute, compile_expression, condition, number
from fogbank.services.logs.insights.rows import Row, Value, shown
from fogbank.services.logs.insights.stats import Aggregate, aggregate
from fogbank.services.logs.insights.syntax import Command, Expression, Field, Operation

GROUPS_MAX = 100_000
DEFAULT_FIELDS = ("@timestamp", "@message")


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
    def __init__(self, command: syntax.Filter) -> None:
        self._holds = condition(command.condition)

    def push(self, row: Row) -> bool:
        return self._holds(row)


class ComputeStage(_PassOn):
    """`fields` and `display` compute what is more than a field."""

    def __init__(self, command: syntax.Fields) -> None:
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
    def __init__(self, command: syntax.Parse) -> None:
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
    def __init__(self, command: syntax.Dedup) -> None:
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

    def __init__(self, command: syntax.Sort, keep: int) -> None:
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

    def __init__(self, command: syntax.Stats) -> None:
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


class Chain:
    """A whole query."""

    def __init__(self, commands: list[Command], limit: int) -> None:
        limits = [command.count for command in commands if isinstance(command, syntax.Limit)]
        self.limit = min([limit, LOG_QUERY_ROWS_MAX, *limits])
        self._stages: list[Stage] = [
            _stage(command, commands[at + 1 :], self.limit) for at, command in enumerate(commands)
        ]
        self._stages.append(LimitStage(self.limit))
        self._matched_at = _first(self._stages, FilterStage, ComputeStage, ParseStage)
        self._columns = _columns(commands)
        self.pointers = not any(isinstance(command, syntax.Stats) for command in commands)
        self.matched = 0
        self.rows: list[Row] = []

    @property
    def full(self) -> bool:
        """Whether the rest of the events need not be looked at."""
        for stage in self._stages:
            if stage.full:
                return True
            if isinstance(stage, (SortStage, StatsStage)):
                return False
        return False

    def push(self, row: Row) -> None:
        """One event."""
        self._push(row, 0)

    def _push(self, row: Row, at: int) -> None:
        for here in range(at, len(self._stages)):
            if here == self._matched_at:
                self.matched += 1
            if not self._stages[here].push(row):  # a stage passes its row on, or holds it back
                return
        self.rows.append(row)

    def finish(self) -> None:
        """No more events: let the stages give what they held back."""
        for at, stage in enumerate(self._stages):
            for row in list(stage.finish()):
                self._push(row, at + 1)

    def results(self) -> list[list[dict[str, str]]]:
        """The rows as GetQueryResults shows them."""
        return [self._result(row) for row in self.rows]

    def _result(self, row: Row) -> list[dict[str, str]]:
        columns = [*self._columns, "@ptr"] if self.pointers else self._columns
        found: list[dict[str, Any]] = []
        for name in columns:
            value = row.get(name)
            if value is not None:
                found.append({"field": name, "value": shown(value)})
        return found


def _first(stages: list[Stage], *kinds: type) -> int:
    """The place of the first stage of another kind: rows that come this far have matched."""
    return next((at for at, stage in enumerate(stages) if not isinstance(stage, kinds)), len(stages))


def _stage(command: Command, behind: list[Command], limit: int) -> Stage:
    match command:
        case syntax.Filter():
            return FilterStage(command)
        case syntax.Fields():
            return ComputeStage(command)
        case syntax.Parse():
            return ParseStage(command)
        case syntax.Dedup():
            return DedupStage(command)
        case syntax.Sort():
            drops = any(isinstance(one, syntax.Filter | syntax.Dedup | syntax.Stats) for one in behind)
            return SortStage(command, GROUPS_MAX if drops else limit)
        case syntax.Stats():
            return StatsStage(command)
        case syntax.Limit(count):
            return LimitStage(count)


def _columns(commands: list[Command]) -> list[str]:
    """What a row shows: the last `display` or `stats`, or all `fields`; timestamp and message when there is none."""
    columns: list[str] = []
    for command in commands:
        match command:
            case syntax.Stats(items, by):
                columns = [item.name for item in (*by, *items)]
            case syntax.Fields(items, True):
                columns = [item.name for item in items]
            case syntax.Fields(items):
                columns += [item.name for item in items if item.name not in columns]
            case syntax.Parse(_, _, names) if columns:
                columns += [name for name in names if name not in columns]
            case _:
                pass
    return columns or list(DEFAULT_FIELDS)
