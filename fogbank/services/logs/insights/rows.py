"""The rows that Insights commands work on: fields of an event, discovered when asked for."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from fogbank.services.logs.chunks import Event
from fogbank.services.logs.pattern.selectors import document_of, text_of

#: What a field can be. Missing fields are None.
Value = str | float | None


class Moment(float):
    """A time in Unix milliseconds: shown as a date."""


_REPORT = re.compile(
    r"REPORT RequestId: (?P<requestId>\S+)\s+Duration: (?P<duration>[\d.]+) ms\s+"
    r"Billed Duration: (?P<billedDuration>[\d.]+) ms\s+Memory Size: (?P<memorySize>\d+) MB\s+"
    r"Max Memory Used: (?P<maxMemoryUsed>\d+) MB(?:\s+Init Duration: (?P<initDuration>[\d.]+) ms)?"
)
_REQUEST = re.compile(r"(START|END) RequestId: (\S+)")
_BYTES_IN_MB = 1_000_000  # as Insights reports memory


class Row:
    """One row: computed fields, and those of its event when it has one."""

    __slots__ = ("_document", "_event", "_found", "_log", "fields")

    def __init__(self, event: Event | None = None, log: str = "") -> None:
        self.fields: dict[str, Value] = {}
        self._event = event
        self._log = log  # account:group
        self._document: Any = ...
        self._found: dict[str, Value] | None = None

    def get(self, name: str) -> Value:
        if name in self.fields:
            return self.fields[name]
        if self._event is None:
            return None
        if name.startswith("@"):
            return self._system(self._event, name)
        if self._document is ...:
            self._document = document_of(self._event.message)
        return _discover(self._document, name)

    def _system(self, event: Event, name: str) -> Value:
        match name:
            case "@message":
                return event.message
            case "@timestamp":
                return Moment(event.time_ms)
            case "@ingestionTime":
                return Moment(event.ingested_ms)
            case "@logStream":
                return event.stream
            case "@log":
                return self._log
            case "@ptr":
                return event.position.event_id()
            case _:
                if self._found is None:
                    self._found = _lambda_fields(event.message)
                return self._found.get(name[1:])


def _discover(document: Any, path: str) -> Value:
    """A field of a JSON message by its dotted path; a key that itself has dots is found too."""
    value = document
    if isinstance(value, dict) and path in value:
        return _scalar(value[path])
    for step in path.split("."):
        match value:
            case dict() if step in value:
                value = value[step]
            case list() if step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            case _:
                return None
    return _scalar(value)


def _scalar(value: Any) -> Value:
    match value:
        case None:
            return None
        case bool():
            return "1" if value else "0"
        case int() | float():
            return float(value)
        case _:
            return text_of(value)


def _lambda_fields(message: str) -> dict[str, Value]:
    """The fields that Insights finds in Lambda's own lines."""
    if found := _REPORT.match(message):
        fields: dict[str, Value] = {"type": "REPORT", "requestId": found["requestId"]}
        for name in ("duration", "billedDuration", "initDuration"):
            if found[name] is not None:
                fields[name] = float(found[name])
        for name in ("memorySize", "maxMemoryUsed"):
            fields[name] = float(found[name]) * _BYTES_IN_MB
        return fields
    if begun := _REQUEST.match(message):
        return {"type": begun[1], "requestId": begun[2]}
    return {}


def shown(value: Value) -> str:
    """A value as GetQueryResults shows it."""
    match value:
        case Moment():
            moment = datetime.fromtimestamp(value / 1000, UTC)
            return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{int(value) % 1000:03d}"
        case float():
            return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.12g}"
        case _:
            return str(value)
