"""Paths: each step maps over the items of the step before and flattens what it finds.

Most paths of a state machine are `$states.input.a.b`: names into objects, with no predicate anywhere. Those have a
closure of their own, which touches no list until the data has one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.asl.jsonata_runtime.collections import compile_group
from fogbank.asl.jsonata_runtime.compiling import Compiling
from fogbank.asl.jsonata_runtime.filters import compile_filter
from fogbank.asl.jsonata_runtime.run import Evaluate, Frame, Run
from fogbank.asl.jsonata_runtime.sorting import compile_sort
from fogbank.asl.jsonata_runtime.tuples import compile_tuple_step
from fogbank.asl.jsonata_runtime.values import (
    UNDEFINED,
    ConsArray,
    KeptSequence,
    OuterSequence,
    Sequence,
    TupleStream,
    settle,
)
from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.nodes import Node

_Step = Callable[[Any, Frame], list[Any]]


def compile_path(compiler: Compiling, node: nodes.Path, depth: int, tail: bool) -> Evaluate:
    if _is_plain(node):
        return _plain_path(node.steps)
    return _general_path(compiler, node, depth)


# --- names only -------------------------------------------------------------------------------------------------------
def _is_plain(node: nodes.Path) -> bool:
    return (
        not (node.tuple or node.keep_singleton or node.group)
        and isinstance(node.steps[0], (nodes.Name, nodes.Variable))
        and all(isinstance(step, nodes.Name) for step in node.steps[1:])
        and not any(step.stages or step.predicates or step.tuple or step.group for step in node.steps)
    )


def _plain_path(steps: list[Node]) -> Evaluate:
    first = steps[0]
    names = tuple(step.value for step in steps if isinstance(step, nodes.Name))
    if isinstance(first, nodes.Variable) and first.name:
        variable = first.name

        def from_variable(item: Any, frame: Frame) -> Any:
            return _walk(settle(frame.lookup(variable)), names, frame.run)

        return from_variable

    def from_context(item: Any, frame: Frame) -> Any:
        return _walk(item, names, frame.run)

    return from_context


def _walk(value: Any, names: tuple[str, ...], run: Run) -> Any:
    for index, name in enumerate(names):
        if type(value) is dict:
            value = value.get(name, UNDEFINED)
        elif isinstance(value, list):
            return _spread(value, names[index:], run)
        else:
            return UNDEFINED
    return settle(value) if isinstance(value, Sequence) else value


def _spread(items: list[Any], names: tuple[str, ...], run: Run) -> Any:
    last = len(names) - 1
    for index, name in enumerate(names):
        run.spend(len(items))
        found = [value for item in items if (value := _member(item, name, run)) is not UNDEFINED]
        items = _flattened(found, index == last)
        if not items:
            return settle(items)
    return settle(items)


def _member(item: Any, name: str, run: Run) -> Any:
    if type(item) is dict:
        return item.get(name, UNDEFINED)
    return settle(lookup(item, name, run)) if isinstance(item, list) else UNDEFINED


def lookup(item: Any, name: str, run: Run) -> Any:
    """`item.name`; of a list, a sequence of what its items have under that name."""
    if isinstance(item, dict):
        return item.get(name, UNDEFINED)
    if not isinstance(item, list):
        return UNDEFINED
    run.spend(len(item))
    found = Sequence()
    for part in item:
        value = lookup(part, name, run)
        if value is UNDEFINED:
            continue
        if isinstance(value, list):
            found.extend(value)
        else:
            found.append(value)
    return found


def _flattened(found: list[Any], last: bool) -> list[Any]:
    if last and len(found) == 1:
        only = found[0]
        if isinstance(only, list) and not isinstance(only, Sequence):
            return only
    items = Sequence()
    for value in found:
        if isinstance(value, list) and type(value) is not ConsArray:
            items.extend(value)
        else:
            items.append(value)
    return items


# --- any steps --------------------------------------------------------------------------------------------------------
def _general_path(compiler: Compiling, node: nodes.Path, depth: int) -> Evaluate:
    steps = node.steps
    plain_count = next((at for at, step in enumerate(steps) if step.tuple), len(steps))
    plain = [
        _compile_step(compiler, step, depth + 1, at, len(steps))
        for at, step in enumerate(steps[:plain_count])
    ]
    tupled = [compile_tuple_step(compiler, step, depth + 1) for step in steps[plain_count:]]
    from_variable = isinstance(steps[0], nodes.Variable)
    group = None if node.group is None else compile_group(compiler, node.group, depth + 1)
    keep_singleton, keep_tuples = node.keep_singleton, node.tuple

    def evaluate(item: Any, frame: Frame) -> Any:
        items: Any = item if isinstance(item, list) and not from_variable else Sequence([item])
        for step in plain:
            items = step(items, frame)
            if items is UNDEFINED or (isinstance(items, list) and not items):
                break
        else:
            if tupled:
                stream: TupleStream | None = None
                for tuple_step in tupled:
                    stream = tuple_step(items, stream, frame)
                assert stream is not None
                items = stream if keep_tuples else Sequence([bound["@"] for bound in stream])
                if group is not None:
                    items = stream
        if keep_singleton:
            items = _kept(items)
        if group is not None:
            items = group(items, frame)
        return settle(items)

    return evaluate


def _kept(items: Any) -> Any:
    if type(items) is ConsArray:
        return KeptSequence([items])
    return KeptSequence(items) if type(items) is Sequence else items


def _compile_step(compiler: Compiling, step: Node, depth: int, at: int, count: int) -> _Step:
    filters = [
        compile_filter(compiler, stage, depth) for stage in step.stages if isinstance(stage, nodes.Filter)
    ]
    if isinstance(step, nodes.Sort):
        return _sort_step(compile_sort(compiler, step, depth), filters)
    evaluate = compiler.node(step, depth)
    if at == 0 and step.cons and not filters:
        return evaluate
    return _map_step(evaluate, filters, at == count - 1)


def _sort_step(sort: Callable[[list[Any], Frame], list[Any]], filters: list[Evaluate]) -> _Step:
    def run_step(items: Any, frame: Frame) -> list[Any]:
        result = sort(items, frame)
        for keep in filters:
            result = keep(result, frame)
        return result

    return run_step


def _map_step(evaluate: Evaluate, filters: list[Evaluate], last: bool) -> _Step:
    def run_step(items: Any, frame: Frame) -> list[Any]:
        frame.run.spend(len(items))
        found = []
        for item in items:
            value = evaluate(item, frame)
            for keep in filters:
                value = keep(value, frame)
            if value is not UNDEFINED:
                found.append(value)
        return _flattened(found, last)

    return run_step


# --- steps without parts ----------------------------------------------------------------------------------------------
def compile_name(compiler: Compiling, node: nodes.Name, depth: int, tail: bool) -> Evaluate:
    name = node.value
    return lambda item, frame: lookup(item, name, frame.run)


def compile_wildcard(compiler: Compiling, node: nodes.Wildcard, depth: int, tail: bool) -> Evaluate:
    def evaluate(item: Any, frame: Frame) -> Any:
        if type(item) is OuterSequence and item:
            item = item[0]
        values = item if isinstance(item, list) else list(item.values()) if isinstance(item, dict) else []
        frame.run.spend(len(values))
        found = Sequence()
        for value in values:
            if isinstance(value, list):
                _flatten_into(found, value, frame.run)
            else:
                found.append(value)
        return found

    return evaluate


def _flatten_into(found: list[Any], values: list[Any], run: Run) -> None:
    run.spend(len(values))
    for value in values:
        if isinstance(value, list):
            _flatten_into(found, value, run)
        else:
            found.append(value)


def compile_descendants(compiler: Compiling, node: nodes.Descendants, depth: int, tail: bool) -> Evaluate:
    def evaluate(item: Any, frame: Frame) -> Any:
        if item is UNDEFINED:
            return UNDEFINED
        found = Sequence()
        _descend(item, found, frame.run)
        return found

    return evaluate


def _descend(item: Any, found: list[Any], run: Run) -> None:
    run.spend(1)
    if isinstance(item, list):
        for part in item:
            _descend(part, found, run)
        return
    found.append(item)
    if isinstance(item, dict):
        for part in item.values():
            _descend(part, found, run)
