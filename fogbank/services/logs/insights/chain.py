"""A whole query: its commands as a chain of stages, from events to the rows that GetQueryResults shows."""

from __future__ import annotations

from typing import Any

from fogbank.core.limits import LOG_QUERY_ROWS_MAX
from fogbank.services.logs.insights import nodes
from fogbank.services.logs.insights.nodes import Command
from fogbank.services.logs.insights.rows import Row, shown
from fogbank.services.logs.insights.stages import (
    GROUPS_MAX,
    ComputeStage,
    DedupStage,
    FilterStage,
    LimitStage,
    ParseStage,
    SortStage,
    Stage,
    StatsStage,
)

DEFAULT_FIELDS = ("@timestamp", "@message")


class Chain:
    """A whole query."""

    def __init__(self, commands: list[Command], limit: int) -> None:
        limits = [command.count for command in commands if isinstance(command, nodes.Limit)]
        self.limit = min([limit, LOG_QUERY_ROWS_MAX, *limits])
        self._stages: list[Stage] = [
            _stage(command, commands[at + 1 :], self.limit) for at, command in enumerate(commands)
        ]
        self._stages.append(LimitStage(self.limit))
        self._matched_at = _first(self._stages, FilterStage, ComputeStage, ParseStage)
        self._columns = _columns(commands)
        self.pointers = not any(isinstance(command, nodes.Stats) for command in commands)
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
        case nodes.Filter():
            return FilterStage(command)
        case nodes.Fields():
            return ComputeStage(command)
        case nodes.Parse():
            return ParseStage(command)
        case nodes.Dedup():
            return DedupStage(command)
        case nodes.Sort():
            drops = any(isinstance(one, nodes.Filter | nodes.Dedup | nodes.Stats) for one in behind)
            return SortStage(command, GROUPS_MAX if drops else limit)
        case nodes.Stats():
            return StatsStage(command)
        case nodes.Limit(count):
            return LimitStage(count)


def _columns(commands: list[Command]) -> list[str]:
    """What a row shows: the last `display` or `stats`, or all `fields`; timestamp and message when there is none."""
    columns: list[str] = []
    for command in commands:
        match command:
            case nodes.Stats(items, by):
                columns = [item.name for item in (*by, *items)]
            case nodes.Fields(items, True):
                columns = [item.name for item in items]
            case nodes.Fields(items):
                columns += [item.name for item in items if item.name not in columns]
            case nodes.Parse(_, _, names) if columns:
                columns += [name for name in names if name not in columns]
            case _:
                pass
    return columns or list(DEFAULT_FIELDS)
