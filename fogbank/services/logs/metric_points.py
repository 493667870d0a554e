"""What metric filters make of log events. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from fogbank.model.telemetry import Dimensions, Point
from fogbank.services.logs.filters import GroupFilters, MetricFilter
from fogbank.services.logs.pattern import Pattern
from fogbank.services.logs.pattern.selectors import document_of, parse_selector, text_of


def points(filters: GroupFilters, times: Sequence[int], messages: Sequence[str]) -> list[Point]:
    """The points of one batch. A batch in which a filter finds nothing gives its default value, once."""
    found: list[Point] = []
    for stored, pattern in filters.metrics:
        matched = [
            (time_ms, message)
            for time_ms, message in zip(times, messages, strict=True)
            if pattern.matches(message)
        ]
        if not matched and stored.default is not None and not stored.dimensions:
            found.append(_point(stored, (), stored.default, times[-1]))
        for time_ms, message in matched:
            point = _extract(stored, pattern, time_ms, message)
            if point is not None:
                found.append(point)
    return found


def _extract(stored: MetricFilter, pattern: Pattern, time_ms: int, message: str) -> Point | None:
    """The point of a message that matched; None when the value is no number there or a dimension is missing."""
    needs_fields = stored.value.startswith("$") or bool(stored.dimensions)
    fields = pattern.extract(message) if needs_fields else {}
    text = lookup(stored.value, fields, message) if stored.value.startswith("$") else stored.value
    number = _number(text)
    if number is None:
        return None
    dimensions: list[tuple[str, str]] = []
    for name, source in stored.dimensions.items():
        value = lookup(source, fields, message)
        if value is None:
            return None
        dimensions.append((name, value[:1024]))
    return _point(stored, tuple(dimensions), number, time_ms)


def lookup(source: str, fields: dict[str, str], message: str) -> str | None:
    """The value of `$field` or `$.selector`, also one that the pattern itself does not name."""
    if source in fields:
        return fields[source]
    if not source.startswith(("$.", "$[")):
        return None
    values = parse_selector(source).select(document_of(message))
    return text_of(values[0]) if values else None


def _point(stored: MetricFilter, dimensions: Dimensions, value: float, time_ms: int) -> Point:
    return Point(stored.namespace, stored.metric, dimensions, value, stored.unit or "None", time_ms)


NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$")


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
