"""What makes arrays and objects: constructors, grouping, and transforms."""

from __future__ import annotations

from typing import Any

from fogbank.asl.jsonata_runtime.compiling import Compiling
from fogbank.asl.jsonata_runtime.operators import range_bounds
from fogbank.asl.jsonata_runtime.run import Evaluate, Frame, Run
from fogbank.asl.jsonata_runtime.values import (
    UNDEFINED,
    ConsArray,
    Function,
    Sequence,
    TupleStream,
    append,
)
from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.errors import JsonataError
from fogbank.asl.jsonata_syntax.nodes import Node


def compile_array(compiler: Compiling, node: nodes.ArrayNode, depth: int, tail: bool) -> Evaluate:
    parts = [(compiler.node(item, depth + 1), isinstance(item, nodes.ArrayNode)) for item in node.items]
    kind: type[list[Any]] = ConsArray if node.cons else list

    def evaluate(item: Any, frame: Frame) -> Any:
        made = kind()
        for part, nested in parts:
            value = part(item, frame)
            if value is UNDEFINED:
                continue
            if isinstance(value, list) and not nested:
                frame.run.hold(len(made) + len(value))
                made.extend(value)
            else:
                made.append(value)
        return made

    return evaluate


def make_range(left: Any, right: Any, run: Run) -> Any:
    """`[left..right]`: a sequence of integers."""
    first, last = range_bounds(left, right)
    if last < first:
        return UNDEFINED
    run.hold(last - first + 1)
    return Sequence(range(first, last + 1))


# --- objects ----------------------------------------------------------------------------------------------------------
def compile_object(compiler: Compiling, node: nodes.ObjectNode, depth: int, tail: bool) -> Evaluate:
    if all(isinstance(key, nodes.Literal) and isinstance(key.value, str) for key, _ in node.pairs):
        keys = [key.value for key, _ in node.pairs if isinstance(key, nodes.Literal)]
        if len(set(keys)) == len(keys):
            return _compile_literal_keys(compiler, node, depth)
    return compile_group(compiler, node.pairs, depth + 1)


def _compile_literal_keys(compiler: Compiling, node: nodes.ObjectNode, depth: int) -> Evaluate:
    """`{"a": x, "b": y}`: no keys to compute, nothing to group unless the context is an array."""
    compiler.deepest = max(compiler.deepest, depth + 1)
    parts = [
        (key.value, compiler.node(value, depth + 1))
        for key, value in node.pairs
        if isinstance(key, nodes.Literal)
    ]
    # An array is grouped by key item by item; where every key is constant, each value sees all items together.
    general = compile_group(compiler, node.pairs, depth + 1)

    def evaluate(item: Any, frame: Frame) -> Any:
        if isinstance(item, list):
            return general(item, frame)
        frame.run.spend(len(parts))
        return {key: value for key, part in parts if (value := part(item, frame)) is not UNDEFINED}

    return evaluate


def compile_group(compiler: Compiling, pairs: list[tuple[Node, Node]], depth: int) -> Evaluate:
    """(items, frame) to an object: items with the same key are reduced to one value. Raises T1003, D1009."""
    compiled = [(compiler.node(key, depth), compiler.node(value, depth)) for key, value in pairs]

    def evaluate(item: Any, frame: Frame) -> Any:
        items = item if isinstance(item, list) else [item]
        stream = type(items) is TupleStream
        groups: dict[str, tuple[int, list[Any]]] = {}
        for part in items or [UNDEFINED]:
            frame.run.spend(len(compiled))
            scope = frame.inner(part) if stream and part is not UNDEFINED else frame
            context = part["@"] if stream and part is not UNDEFINED else part
            for index, (key_of, _) in enumerate(compiled):
                key = key_of(context, scope)
                if key is UNDEFINED:
                    continue
                if type(key) is not str:
                    raise JsonataError("T1003", value=key)
                group = groups.setdefault(key, (index, []))
                if group[0] != index:
                    raise JsonataError("D1009", value=key)
                group[1].append(part)
        made = {}
        for key, (index, members) in groups.items():
            value = _reduced(compiled[index][1], members, stream, frame)
            if value is not UNDEFINED:
                made[key] = value
        return made

    return evaluate


def _reduced(value_of: Evaluate, members: list[Any], stream: bool, frame: Frame) -> Any:
    if stream and members[0] is not UNDEFINED:
        bound = dict(members[0])
        for member in members[1:]:
            for name, value in member.items():
                bound[name] = append(bound.get(name, UNDEFINED), value)
        return value_of(bound["@"], frame.inner(bound))
    context = members[0]
    if len(members) > 1:
        context = Sequence()
        for member in members:
            if isinstance(member, list):
                context.extend(member)
            elif member is not UNDEFINED:
                context.append(member)
    return value_of(context, frame)


# --- transforms -------------------------------------------------------------------------------------------------------
class Transformer(Function):
    """`|pattern|update, delete|`: a function from an object to a changed copy of it."""

    __slots__ = ("_delete", "_frame", "_pattern", "_update")

    def __init__(self, pattern: Evaluate, update: Evaluate, delete: Evaluate | None, frame: Frame) -> None:
        self._pattern = pattern
        self._update = update
        self._delete = delete
        self._frame = frame

    @property
    def arity(self) -> int:
        return 1

    def call(self, arguments: list[Any], run: Run) -> Any:
        subject = arguments[0] if arguments else UNDEFINED
        if subject is UNDEFINED:
            return UNDEFINED
        if not isinstance(subject, (dict, list)):
            raise JsonataError("T0410", index=1)
        result = clone(subject, run)
        matches = self._pattern(result, self._frame)
        if matches is not UNDEFINED:
            for match in matches if isinstance(matches, list) else [matches]:
                self._change(match)
        return result

    def _change(self, match: Any) -> None:
        update = self._update(match, self._frame)
        if update is not UNDEFINED:
            if not isinstance(update, dict):
                raise JsonataError("T2011", value=update)
            if isinstance(match, dict):
                match.update(update)
        deletions = self._delete(match, self._frame) if self._delete is not None else UNDEFINED
        if deletions is UNDEFINED:
            return
        names = deletions if isinstance(deletions, list) else [deletions]
        if not all(type(name) is str for name in names):
            raise JsonataError("T2012", value=deletions)
        if isinstance(match, dict):
            for name in names:
                match.pop(name, None)


def clone(value: Any, run: Run) -> Any:
    """A copy that shares no object or array with `value`."""
    if isinstance(value, dict):
        run.spend(1)
        return {key: clone(part, run) for key, part in value.items()}
    if isinstance(value, list):
        run.hold(len(value))
        return [clone(part, run) for part in value]
    return value


def compile_transform(compiler: Compiling, node: nodes.Transform, depth: int, tail: bool) -> Evaluate:
    pattern = compiler.node(node.pattern, depth + 1)
    update = compiler.node(node.update, depth + 1)
    delete = None if node.delete is None else compiler.node(node.delete, depth + 1)
    return lambda item, frame: Transformer(pattern, update, delete, frame)
