"""Calls, applications, lambdas and regular expressions as nodes."""

from __future__ import annotations

from typing import Any

from fogbank.asl.jsonata_runtime.compiling import Compiling
from fogbank.asl.jsonata_runtime.functions import HOLE, Code, Composed, Lambda, Partial, TailCall, invoke
from fogbank.asl.jsonata_runtime.patterns import compile_pattern
from fogbank.asl.jsonata_runtime.run import Evaluate, Frame
from fogbank.asl.jsonata_runtime.signatures import parse_signature
from fogbank.asl.jsonata_runtime.values import UNDEFINED, Function
from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.errors import JsonataError
from fogbank.asl.jsonata_syntax.nodes import Node


def compile_regex(compiler: Compiling, node: nodes.Regex, depth: int, tail: bool) -> Evaluate:
    pattern = compile_pattern(node.pattern, node.flags, node.position)
    return lambda item, frame: pattern


def compile_lambda(compiler: Compiling, node: nodes.LambdaNode, depth: int, tail: bool) -> Evaluate:
    signature = None if node.signature is None else parse_signature(node.signature, node.position)
    inner = compiler.fresh(guarded=False)
    body = inner.node(node.body, 1, tail=True)

    def guarded() -> Evaluate:
        return compiler.fresh(guarded=True).node(node.body, 1, tail=True)

    code = Code(tuple(node.parameters), body, inner.deepest, guarded, signature)
    return lambda item, frame: Lambda(code, item, frame)


def _name_without_dollar(procedure: Node) -> str | None:
    """`sum` where `sum(…)` was written for `$sum(…)`."""
    if isinstance(procedure, nodes.Path):
        first = procedure.steps[0]
        return first.value if isinstance(first, nodes.Name) else None
    return None


def _check_callable(function: Any, forgotten: str | None, frame: Frame, codes: tuple[str, str]) -> None:
    if function is UNDEFINED and forgotten is not None and frame.lookup(forgotten) is not UNDEFINED:
        raise JsonataError(codes[0], token=forgotten)
    if not isinstance(function, Function):
        raise JsonataError(codes[1])


def compile_call(compiler: Compiling, node: nodes.Call, depth: int, tail: bool) -> Evaluate:
    if node.partial:
        return _compile_partial(compiler, node, depth)
    procedure = compiler.node(node.procedure, depth + 1)
    arguments = [compiler.node(argument, depth + 1) for argument in node.arguments]
    forgotten = _name_without_dollar(node.procedure)

    def tail_call(item: Any, frame: Frame) -> Any:
        function = procedure(item, frame)
        if not isinstance(function, Function):
            _check_callable(function, forgotten, frame, ("T1005", "T1006"))
        return TailCall(function, [argument(item, frame) for argument in arguments], item)

    def call(item: Any, frame: Frame) -> Any:
        function = procedure(item, frame)
        if not isinstance(function, Function):
            _check_callable(function, forgotten, frame, ("T1005", "T1006"))
        values = [argument(item, frame) for argument in arguments]
        frame.run.depth = frame.base + depth
        return invoke(function, values, item, frame.run)

    return tail_call if tail else call


def _compile_partial(compiler: Compiling, node: nodes.Call, depth: int) -> Evaluate:
    procedure = compiler.node(node.procedure, depth + 1)
    parts = [
        None if isinstance(argument, nodes.Placeholder) else compiler.node(argument, depth + 1)
        for argument in node.arguments
    ]
    forgotten = _name_without_dollar(node.procedure)

    def evaluate(item: Any, frame: Frame) -> Any:
        template = [HOLE if part is None else part(item, frame) for part in parts]
        function = procedure(item, frame)
        _check_callable(function, forgotten, frame, ("T1007", "T1008"))
        return Partial(function, template)

    return evaluate


def compile_apply(compiler: Compiling, node: nodes.Apply, depth: int, tail: bool) -> Evaluate:
    left = compiler.node(node.left, depth + 1)
    right = node.right
    if isinstance(right, nodes.Call) and not right.partial and not right.predicates:
        return _compile_apply_call(compiler, left, right, depth)
    applied = compiler.node(right, depth + 1)

    def evaluate(item: Any, frame: Frame) -> Any:
        value = left(item, frame)
        function = applied(item, frame)
        if not isinstance(function, Function):
            raise JsonataError("T2006", value=function)
        if isinstance(value, Function):
            return Composed(value, function)
        frame.run.depth = frame.base + depth
        return invoke(function, [value], UNDEFINED, frame.run)

    return evaluate


def _compile_apply_call(compiler: Compiling, left: Evaluate, right: nodes.Call, depth: int) -> Evaluate:
    """`value ~> $f(more)` calls `$f(value, more)`."""
    procedure = compiler.node(right.procedure, depth + 1)
    arguments = [compiler.node(argument, depth + 1) for argument in right.arguments]
    forgotten = _name_without_dollar(right.procedure)

    def evaluate(item: Any, frame: Frame) -> Any:
        value = left(item, frame)
        function = procedure(item, frame)
        if not isinstance(function, Function):
            _check_callable(function, forgotten, frame, ("T1005", "T1006"))
        values = [value, *[argument(item, frame) for argument in arguments]]
        frame.run.depth = frame.base + depth
        return invoke(function, values, item, frame.run)

    return evaluate
