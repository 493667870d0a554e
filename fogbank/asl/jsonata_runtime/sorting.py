"""`items^(>price, name)`, and the stable sort that `$sort` shares with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from fogbank.asl.jsonata_runtime.compiling import Compiling
from fogbank.asl.jsonata_runtime.run import Frame
from fogbank.asl.jsonata_runtime.values import UNDEFINED, TupleStream, is_number
from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.errors import JsonataError


def compile_sort(
    compiler: Compiling, step: nodes.Sort, depth: int
) -> Callable[[list[Any], Frame], list[Any]]:
    """(items or tuple stream, frame) to the same in order. Raises T2007, T2008."""
    terms = [compiler.node(term.expression, depth + 1) for term in step.terms]
    signs = [-1 if term.descending else 1 for term in step.terms]

    def keys(item: Any, frame: Frame) -> list[Any]:
        return [term(item, frame) for term in terms]

    def sort(items: list[Any], frame: Frame) -> list[Any]:
        if len(items) < 2:
            return items
        frame.run.spend(len(items) * len(terms))
        rows: list[tuple[list[Any], Any]]
        if isinstance(items, TupleStream):
            rows = [(keys(bound["@"], frame.inner(dict(bound))), bound) for bound in items]
        else:
            rows = [(keys(item, frame), item) for item in items]
        for row in rows:
            _check_keys(row[0])

        def compare(left: tuple[list[Any], Any], right: tuple[list[Any], Any]) -> int:
            return _compare(left[0], right[0], signs)

        rows.sort(key=cmp_to_key(compare))
        ordered = [row[1] for row in rows]
        return TupleStream(ordered) if type(items) is TupleStream else ordered

    return sort


def _check_keys(keys: list[Any]) -> None:
    for key in keys:
        if key is not UNDEFINED and type(key) is not str and not is_number(key):
            raise JsonataError("T2008", value=key)


def _compare(left: list[Any], right: list[Any], signs: list[int]) -> int:
    for a, b, sign in zip(left, right, signs, strict=True):
        if a is UNDEFINED or b is UNDEFINED:
            if a is b:
                continue
            return 1 if a is UNDEFINED else -1
        if (type(a) is str) != (type(b) is str):
            raise JsonataError("T2007", value=a, value2=b)
        if a != b:
            return -sign if a < b else sign
    return 0
