"""Operators, conditions, blocks and bindings as nodes."""

from __future__ import annotations

from typing import Any

from fogbank.asl.jsonata_runtime.collections import make_range
from fogbank.asl.jsonata_runtime.compiling import Compiling
from fogbank.asl.jsonata_runtime.operators import COMPARISONS, OPERATORS, concatenate, finite
from fogbank.asl.jsonata_runtime.run import Evaluate, Frame
from fogbank.asl.jsonata_runtime.values import UNDEFINED, is_number, truth
from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.errors import JsonataError


def compile_binary(compiler: Compiling, node: nodes.Binary, depth: int, tail: bool) -> Evaluate:
    left, right = compiler.node(node.left, depth + 1), compiler.node(node.right, depth + 1)
    match node.operator:
        case "and":
            last = _renamed(right, "and")
            return lambda item, frame: (
                truth(left(item, frame), frame.run) and truth(last(item, frame), frame.run)
            )
        case "or":
            last = _renamed(right, "or")
            return lambda item, frame: (
                truth(left(item, frame), frame.run) or truth(last(item, frame), frame.run)
            )
        case "&":
            return _concatenation(left, right)
        case "..":
            return lambda item, frame: make_range(left(item, frame), right(item, frame), frame.run)
        case "=" | "!=" | "in" as operator:
            compare = COMPARISONS[operator]
            return lambda item, frame: compare(left(item, frame), right(item, frame), frame.run)
        case operator:
            operate = OPERATORS[operator]
            return lambda item, frame: operate(left(item, frame), right(item, frame))


def _renamed(inner: Evaluate, token: str) -> Evaluate:
    """What fails on the right of `and` and `or` names the operator as its culprit: an oddity that AWS's causes show."""

    def evaluate(item: Any, frame: Frame) -> Any:
        try:
            return inner(item, frame)
        except JsonataError as error:
            error.fields["token"] = token
            raise

    return evaluate


def _concatenation(left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(item: Any, frame: Frame) -> Any:
        first, second = left(item, frame), right(item, frame)
        text = concatenate(first, second)
        frame.run.hold_text(len(text))
        if isinstance(first, (list, dict)) or isinstance(second, (list, dict)):
            frame.run.spend(len(text) >> 3)
        return text

    return evaluate


def compile_negate(compiler: Compiling, node: nodes.Negate, depth: int, tail: bool) -> Evaluate:
    operand = compiler.node(node.operand, depth + 1)

    def evaluate(item: Any, frame: Frame) -> Any:
        value = operand(item, frame)
        if value is UNDEFINED:
            return UNDEFINED
        if not is_number(value):
            raise JsonataError("D1002", value=value)
        return -finite(value)

    return evaluate


def compile_condition(compiler: Compiling, node: nodes.Condition, depth: int, tail: bool) -> Evaluate:
    test = compiler.node(node.test, depth + 1)
    then = compiler.node(node.then, depth + 1, tail=tail)
    if node.otherwise is None:
        return lambda item, frame: then(item, frame) if truth(test(item, frame), frame.run) else UNDEFINED
    otherwise = compiler.node(node.otherwise, depth + 1, tail=tail)
    return lambda item, frame: (then if truth(test(item, frame), frame.run) else otherwise)(item, frame)


def compile_block(compiler: Compiling, node: nodes.Block, depth: int, tail: bool) -> Evaluate:
    last = len(node.expressions) - 1
    parts = [
        compiler.node(part, depth + 1, tail=tail and index == last)
        for index, part in enumerate(node.expressions)
    ]
    if len(parts) == 1 and not isinstance(node.expressions[0], nodes.Bind):
        # Parentheses around one expression: a frame of its own would hold nothing.
        return parts[0]

    def evaluate(item: Any, frame: Frame) -> Any:
        scope = frame.inner({})
        value: Any = UNDEFINED
        for part in parts:
            value = part(item, scope)
        return value

    return evaluate


def compile_bind(compiler: Compiling, node: nodes.Bind, depth: int, tail: bool) -> Evaluate:
    name, value_of = node.name, compiler.node(node.value, depth + 1)

    def evaluate(item: Any, frame: Frame) -> Any:
        value = value_of(item, frame)
        names = frame.names
        assert isinstance(
            names, dict
        )  # only the frame of the caller's own bindings is none, and nothing binds there
        names[name] = value
        return value

    return evaluate
