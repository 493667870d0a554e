"""Steps of a path that binds variables along the way: `@$v` the item, `#$i` its index, `%` its parent.

From the first such step on, the path carries a tuple stream instead of items.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.asl.jsonata_runtime.compiling import Compiling
from fogbank.asl.jsonata_runtime.filters import compile_filter
from fogbank.asl.jsonata_runtime.run import Evaluate, Frame
from fogbank.asl.jsonata_runtime.sorting import compile_sort
from fogbank.asl.jsonata_runtime.values import UNDEFINED, TupleStream
from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.nodes import Node

TupleStep = Callable[[list[Any], TupleStream | None, Frame], TupleStream]
"""(items of the step before, its tuples if it had any, frame) to tuples."""


def compile_tuple_step(compiler: Compiling, step: Node, depth: int) -> TupleStep:
    stages = [_compile_stage(compiler, stage, depth) for stage in step.stages]
    advance = (
        _sorted(compiler, step, depth) if isinstance(step, nodes.Sort) else _mapped(compiler, step, depth)
    )
    if not stages:
        return advance

    def run_step(items: list[Any], stream: TupleStream | None, frame: Frame) -> TupleStream:
        result = advance(items, stream, frame)
        for stage in stages:
            result = stage(result, frame)
        return result

    return run_step


def _compile_stage(compiler: Compiling, stage: nodes.Filter | nodes.Position, depth: int) -> Evaluate:
    if isinstance(stage, nodes.Filter):
        keep = compile_filter(compiler, stage, depth)
        # An index out of range keeps nothing, which is still a stream here.
        return lambda stream, frame: TupleStream(keep(stream, frame))
    name = stage.name

    def number(stream: Any, frame: Frame) -> TupleStream:
        return TupleStream([{**bound, name: index} for index, bound in enumerate(stream)])

    return number


def _sorted(compiler: Compiling, step: nodes.Sort, depth: int) -> TupleStep:
    sort = compile_sort(compiler, step, depth)
    index_name = step.index

    def advance(items: list[Any], stream: TupleStream | None, frame: Frame) -> TupleStream:
        result = sort(stream, frame) if stream is not None else [{"@": item} for item in sort(items, frame)]
        if index_name is not None:
            result = [{**bound, index_name: index} for index, bound in enumerate(result)]
        return TupleStream(result)

    return advance


def _mapped(compiler: Compiling, step: Node, depth: int) -> TupleStep:
    evaluate = compiler.node(step, depth)
    focus, index_name, ancestor = step.focus, step.index, step.ancestor

    def advance(items: list[Any], stream: TupleStream | None, frame: Frame) -> TupleStream:
        tuples = stream if stream is not None else [{"@": item} for item in items]
        frame.run.spend(len(tuples))
        result = TupleStream()
        for bound in tuples:
            context = bound["@"]
            value = evaluate(context, frame.inner(dict(bound)))
            if value is UNDEFINED:
                continue
            if type(value) is TupleStream:
                result.extend({**bound, **inner} for inner in value)
                continue
            for index, part in enumerate(value if isinstance(value, list) else [value]):
                made = {**bound, "@": context, focus: part} if focus is not None else {**bound, "@": part}
                if index_name is not None:
                    made[index_name] = index
                if ancestor is not None:
                    made[ancestor.label] = context
                result.append(made)
            frame.run.spend(len(value) if isinstance(value, list) else 1)
        return result

    return advance
