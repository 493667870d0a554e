"""The aggregations of Insights' `stats`, each fed row by row."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from fogbank.core.errors import NotSupported
from fogbank.services.logs.insights.expressions import Compute, compile_expression, number
from fogbank.services.logs.insights.nodes import Constant, Expression, Operation
from fogbank.services.logs.insights.rows import Row, Value

SAMPLES_MAX = (
    100_000  # values that pct() and the like keep for one group; beyond, every second one is dropped
)


class Aggregate(Protocol):
    """One aggregation of one group."""

    def add(self, row: Row) -> None: ...

    def result(self) -> Value: ...


class Count:
    def __init__(self, compute: Compute | None) -> None:
        self._compute = compute
        self._count = 0

    def add(self, row: Row) -> None:
        if self._compute is None or self._compute(row) is not None:
            self._count += 1

    def result(self) -> Value:
        return float(self._count)


class Distinct:
    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._seen: set[Value] = set()

    def add(self, row: Row) -> None:
        value = self._compute(row)
        if value is not None and len(self._seen) < SAMPLES_MAX:
            self._seen.add(value)

    def result(self) -> Value:
        return float(len(self._seen))


class Numbers:
    """Aggregations over the numbers of a field."""

    def __init__(self, compute: Compute, finish: Callable[[list[float]], float]) -> None:
        self._compute = compute
        self._finish = finish
        self._values: list[float] = []
        self._step = 1
        self._skip = 0

    def add(self, row: Row) -> None:
        value = number(self._compute(row))
        if value is None:
            return
        self._skip += 1
        if self._skip < self._step:
            return
        self._skip = 0
        self._values.append(value)
        if len(self._values) >= SAMPLES_MAX:
            self._values = self._values[::2]
            self._step *= 2

    def result(self) -> Value:
        return self._finish(sorted(self._values)) if self._values else None


class Fold:
    """Sum, average, minimum, maximum: nothing is kept but a running figure."""

    def __init__(self, compute: Compute, kind: str) -> None:
        self._compute = compute
        self._kind = kind
        self._count = 0
        self._total = 0.0
        self._best: float | None = None

    def add(self, row: Row) -> None:
        value = number(self._compute(row))
        if value is None:
            return
        self._count += 1
        self._total += value
        if self._best is None or (value < self._best if self._kind == "min()" else value > self._best):
            self._best = value

    def result(self) -> Value:
        match self._kind:
            case "sum()":
                return self._total
            case "avg()":
                return self._total / self._count if self._count else None
            case _:
                return self._best


class Ends:
    """earliest() and latest(): the value of the row with the first or last time."""

    def __init__(self, compute: Compute, latest: bool) -> None:
        self._compute = compute
        self._latest = latest
        self._time: float | None = None
        self._value: Value = None

    def add(self, row: Row) -> None:
        time_ms, value = number(row.get("@timestamp")), self._compute(row)
        if time_ms is None or value is None:
            return
        if self._time is None or (time_ms > self._time if self._latest else time_ms < self._time):
            self._time, self._value = time_ms, value

    def result(self) -> Value:
        return self._value


def aggregate(expression: Expression) -> Callable[[], Aggregate]:
    """A maker of the aggregation, one for each group. Raises NotSupported."""
    match expression:
        case Operation("count()", ()):
            return lambda: Count(None)
        case Operation("count()", (operand,)):
            compute = compile_expression(operand)
            return lambda: Count(compute)
        case Operation("count_distinct()", (operand,)):
            compute = compile_expression(operand)
            return lambda: Distinct(compute)
        case Operation("sum()" | "avg()" | "min()" | "max()" as kind, (operand,)):
            compute = compile_expression(operand)
            return lambda: Fold(compute, kind)
        case Operation("earliest()" | "latest()" as kind, (operand,)):
            compute = compile_expression(operand)
            return lambda: Ends(compute, kind == "latest()")
        case Operation("pct()" | "percentile()", (operand, Constant(float(per_cent)))):
            return _numbers(operand, lambda values: _percentile(values, per_cent))
        case Operation("median()", (operand,)):
            return _numbers(operand, lambda values: _percentile(values, 50.0))
        case Operation("stddev()", (operand,)):
            return _numbers(operand, _deviation)
        case Operation(name, _):
            raise NotSupported(f"the Insights aggregation {name.rstrip('()')}")
        case _:
            raise NotSupported("an Insights stats command without an aggregation")


def _numbers(operand: Expression, finish: Callable[[list[float]], float]) -> Callable[[], Aggregate]:
    compute = compile_expression(operand)
    return lambda: Numbers(compute, finish)


def _percentile(ordered: list[float], per_cent: float) -> float:
    return ordered[max(0, math.ceil(per_cent / 100 * len(ordered)) - 1)]


def _deviation(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
