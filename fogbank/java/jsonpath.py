"""Jayway's JsonPath, compiled once: `compile_path("$.orders[?(@.price > 10)].id").find(document)`.

A *definite* path (names and single indices) gives one value, and raises PathNotFound where there is none; an indefinite one
(`*`, `..`, slices, unions, filters) gives a list, empty at worst. A function (`.length()`) comes last. A path that visits too
much ends in PathTooLong. Parsing is jsonpath_syntax.py, steps jsonpath_steps.py, filters jsonpath_filters.py.

Step Functions' paths, which know several documents and say where they fail, are `asl/jsonpath.py` over the same parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from fogbank.java.expressions import Expression, ExpressionError, ExpressionTimeout
from fogbank.java.jsonpath_nodes import (
    Indices,
    Names,
    PathError,
    PathNode,
    PathNotFound,
    PathSyntaxError,
    PathTooLong,
)
from fogbank.java.jsonpath_roots import roots
from fogbank.java.jsonpath_run import NOTHING, Matches, Run
from fogbank.java.jsonpath_steps import Compiler, is_definite
from fogbank.java.jsonpath_syntax import parse_path

__all__ = ["Path", "PathError", "PathNotFound", "PathSyntaxError", "PathTooLong", "compile_path"]

PATHS_CACHED_MAX: Final = (
    2_048  # compiled paths kept: those that templates build at run time come here again and again
)


@dataclass(frozen=True, slots=True)
class Path:
    """One compiled path."""

    text: str
    definite: bool
    find: Callable[[Any], Any]
    """What the path means in a document. Raises PathNotFound, PathTooLong."""


@lru_cache(PATHS_CACHED_MAX)
def compile_path(text: str) -> Path:
    """A path, compiled once; it need not begin with `$`. Raises PathError."""
    node = parse_path(text if text.startswith("$") or not text else f"$.{text}")
    if any(root not in ("$", "@") for root in roots(node)):
        raise PathSyntaxError("a path has but one document, '$'")
    keys = plain_keys(node)
    find = _walk(keys, text) if keys is not None else _search(node, text)
    return Path(text, is_definite(node.steps), find)


def plain_keys(node: PathNode) -> tuple[str | int, ...] | None:
    """The keys of a path that is nothing but names and indices; None for any other."""
    keys: list[str | int] = []
    for step in node.steps:
        if isinstance(step, Names) and len(step.names) == 1:
            keys.append(step.names[0])
        elif isinstance(step, Indices) and len(step.indices) == 1:
            keys.append(step.indices[0])
        else:
            return None
    return tuple(keys)


def _walk(keys: tuple[str | int, ...], text: str) -> Callable[[Any], Any]:
    def find(document: Any) -> Any:
        value = document
        for key in keys:
            if isinstance(key, str):
                if type(value) is dict and key in value:
                    value = value[key]
                    continue
            elif type(value) is list and -len(value) <= key < len(value):
                value = value[key]
                continue
            raise PathNotFound(text)
        return value

    return find


def _search(node: PathNode, text: str) -> Callable[[Any], Any]:
    look = Compiler(_pattern).find(node)

    def find(document: Any) -> Any:
        found = look(None, Run(lambda root: document))
        if found is NOTHING:
            raise PathNotFound(text)
        return found

    return find


def _pattern(pattern: str, flags: str) -> Matches:
    try:
        expression = Expression(pattern, ignore_case="i" in flags)
    except ExpressionError as error:
        raise PathSyntaxError(str(error)) from None

    def matches(text: str, run: Run) -> bool:
        run.visit(len(text))
        try:
            return expression.fills(text)
        except ExpressionTimeout:
            raise PathTooLong(f"/{pattern}/ takes too long") from None

    return matches
