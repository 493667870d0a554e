"""Predicates: `items[condition]` keeps by truth, by index from either end, or by a list of indexes."""

from __future__ import annotations

import math
from typing import Any

from fogbank.asl.jsonata_runtime.compiling import Compiling
from fogbank.asl.jsonata_runtime.run import Evaluate, Frame, Run
from fogbank.asl.jsonata_runtime.values import Sequence, TupleStream, is_number, truth
from fogbank.asl.jsonata_syntax import nodes


def compile_filter(compiler: Compiling, stage: nodes.Filter, depth: int) -> Evaluate:
    """(value, frame) to what of the value is kept: a sequence, or a tuple stream of one."""
    condition = stage.condition
    if isinstance(condition, nodes.Literal) and is_number(condition.value):
        return _at_index(math.floor(condition.value))
    return _where(compiler.node(condition, depth))


def _at_index(index: int) -> Evaluate:
    def keep(value: Any, frame: Frame) -> Any:
        if not isinstance(value, list):
            return value if index in (0, -1) else Sequence()
        if not -len(value) <= index < len(value):
            return Sequence()
        item = value[index]
        if type(value) is TupleStream:
            return TupleStream([item])
        return item if isinstance(item, list) else Sequence([item])

    return keep


def _where(test: Evaluate) -> Evaluate:
    def keep(value: Any, frame: Frame) -> Any:
        if type(value) is TupleStream:
            return TupleStream(
                [
                    bound
                    for index, bound in enumerate(value)
                    if _keeps(test(bound["@"], frame.inner(dict(bound))), index, len(value), frame.run)
                ]
            )
        # Nothing is one item here, which a condition that does not look at it may keep: so does JSONata.
        items = value if isinstance(value, list) else [value]
        frame.run.spend(len(items))
        kept = Sequence()
        for index, item in enumerate(items):
            verdict = test(item, frame)
            if verdict is True or (verdict is not False and _keeps(verdict, index, len(items), frame.run)):
                kept.append(item)
        return kept

    return keep


def _keeps(verdict: Any, index: int, count: int, run: Run) -> bool:
    if is_number(verdict):
        return _points(verdict, index, count)
    if isinstance(verdict, list) and verdict and all(is_number(number) for number in verdict):
        return any(_points(number, index, count) for number in verdict)
    return truth(verdict, run)


def _points(number: int | float, index: int, count: int) -> bool:
    if not math.isfinite(number):
        return False
    target = math.floor(number)
    return index == (target + count if target < 0 else target)
