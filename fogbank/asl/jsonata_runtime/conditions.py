"""Operators, conditions, blocks and bindings as nodes."""

from __future__ import annotations

from typing import Any

from fogbank.asl.jsonata_runtime.collections import make_range
from fogbank.asl.jsonata_runtime.compiling import Compiling
from fogbank.asl.jsonata_runtime.operators import OPERATORS, concatenate, finite
from fogbank.asl.jsonata_runtime.run import Evaluate, Frame
from fogbank.asl.jsonata_runtime.values import UNDEFINED, is_number, truth
from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.errors import JsonataError


def compile_binary(compiler: Compiling, node: nodes.Binary, depth: int, tail: bool) -> Evaluate:
    left, right = compiler.node(node.left, depth + 1), compiler.node(node.right, depth + 1)
    match node.operator:
        case "and":
            return lambda item, frame: truth(left(item, frame)) and truth(right(item, frame))
        case "or":
            return lambda item, frame: truth(left(item, frame)) or truth(right(item, frame))
        case "&":
            return _concatenation(left, right)
        case "..":
            return lambda item, frame: make_range(left(item, frame), right(item, frame), frame.run)
        case operator:
            operate = OPERATORS[operator]
            return lambda item, frame: operate(left(item, frame), right(item, frame))


def _concatenation(left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(item: Any, frame: Frame) -> Any:
        text = concatenate(left(item, frame), right(item, frame))
        frame.run.hold_text(len(text))
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
        return lambda item, frame: then(item, frame) if truth(test(item, frame)) else UNDEFINED
    otherwise = compiler.node(node.otherwise, depth + 1, tail=tail)
    return lambda item, frame: (then if truth(test(item, frame)) else otherwise)(item, frame)


def compile_block(compiler: Compiling, node: nodes.Block, depth: int, tail: bool) -> Evaluate:
    last = len(node.expressions) - 1
    parts = [
        compiler.node(part, depth + 1, tail=tail and index == last) for index, part in enumerate(node.expressions)
    ]
    if len(parts) == 1 and not isinstance(node.expressions[0], nodes.Bind):
        # Parentheses around one expression: a frame of its own would hold nothing.
        only = parts[0]
        return lambda item, frame: only(item, frame)

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
        assert isinstance(names, dict)  # only the frame of the caller's own bindings is none, and nothing binds there
        names[name] = value
        return value

    return evaluate
