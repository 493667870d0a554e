"""Jayway's JsonPath, compiled once: `compile_path("$.orders[?(@.price > 10)].id").find(document)`.

A *definite* path (names and single indexes) gives one value, and raises PathNotFound where there is none; an indefinite one
(`*`, `..`, slices, unions, filters) gives a list, empty at worst. A function (`.length()`) comes last. Paths that visit too
much end in PathError. Parsing is jsonpath_syntax.py, filters jsonpath_filters.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fogbank.java.jsonpath_functions import FUNCTIONS
from fogbank.java.jsonpath_nodes import (
    Budget,
    Deep,
    Filter,
    Function,
    Index,
    Indexes,
    Name,
    Names,
    PathError,
    PathNotFound,
    Slice,
    Step,
    Wild,
)
from fogbank.java.jsonpath_syntax import parse_path

__all__ = ["Path", "PathError", "PathNotFound", "compile_path"]

PATHS_CACHED_MAX = (
    2048  # compiled paths kept: those that templates build at run time come here again and again
)
VISITS_MAX = 500_000  # ours: values that one evaluation looks at

Visit = Callable[[Any, Budget, list[Any]], None]


class Path:
    """One compiled path."""

    __slots__ = ("_chain", "_function", "_visit", "definite", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        steps = parse_path(text)
        self._function: Function | None = None
        if steps and isinstance(steps[-1], Function):
            self._function = steps[-1]
            steps = steps[:-1]
        self.definite = all(isinstance(step, Name | Index | Names) for step in steps)
        #: The plain way of nearly every path: names and indexes, one after another.
        self._chain: tuple[str | int, ...] | None = None
        if all(isinstance(step, Name | Index) for step in steps):
            self._chain = tuple(
                step.name if isinstance(step, Name) else step.index
                for step in steps
                if isinstance(step, Name | Index)
            )
        self._visit = None if self._chain is not None else _compile(steps)

    def find(self, document: Any) -> Any:
        """What the path means in a document. Raises PathNotFound, PathError."""
        if self._chain is not None:
            value = document
            for key in self._chain:
                value = _step(value, key, self.text)
        else:
            assert self._visit is not None
            budget = Budget(VISITS_MAX, document)
            found: list[Any] = []
            self._visit(document, budget, found)
            if self.definite:
                if not found:
                    raise PathNotFound(self.text)
                value = found[0]
            else:
                value = found
        if self._function is not None:
            return self._function.apply(value, document)
        return value


@lru_cache(PATHS_CACHED_MAX)
def compile_path(text: str) -> Path:
    """A path, compiled once. Raises PathError."""
    return Path(text)


def _step(value: Any, key: str | int, text: str) -> Any:
    if type(key) is str:
        if type(value) is dict and key in value:
            return value[key]
    elif type(value) is list and -len(value) <= key < len(value):  # type: ignore[operator]
        return value[key]  # type: ignore[index]
    raise PathNotFound(text)


def _compile(steps: list[Step]) -> Visit:
    """The steps from the last to the first, each knowing what follows."""
    visit: Visit = _collect
    for step in reversed(steps):
        visit = _closure(step, visit)
    return visit


def _collect(value: Any, budget: Budget, found: list[Any]) -> None:
    found.append(value)


def _closure(step: Step, then: Visit) -> Visit:
    match step:
        case Name(name):

            def visit(value: Any, budget: Budget, found: list[Any]) -> None:
                if isinstance(value, dict) and name in value:
                    budget.spend()
                    then(value[name], budget, found)

        case Names(names):

            def visit(value: Any, budget: Budget, found: list[Any]) -> None:
                if isinstance(value, dict):
                    budget.spend()
                    then({name: value[name] for name in names if name in value}, budget, found)

        case Index(index):

            def visit(value: Any, budget: Budget, found: list[Any]) -> None:
                if isinstance(value, list) and -len(value) <= index < len(value):
                    budget.spend()
                    then(value[index], budget, found)

        case Indexes(indexes):

            def visit(value: Any, budget: Budget, found: list[Any]) -> None:
                if isinstance(value, list):
                    for index in indexes:
                        if -len(value) <= index < len(value):
                            budget.spend()
                            then(value[index], budget, found)

        case Slice(start, stop):

            def visit(value: Any, budget: Budget, found: list[Any]) -> None:
                if isinstance(value, list):
                    for item in value[start:stop]:
                        budget.spend()
                        then(item, budget, found)

        case Wild():

            def visit(value: Any, budget: Budget, found: list[Any]) -> None:
                for item in _children(value):
                    budget.spend()
                    then(item, budget, found)

        case Filter(test):

            def visit(value: Any, budget: Budget, found: list[Any]) -> None:
                candidates = [value] if isinstance(value, dict) else value if isinstance(value, list) else []
                for item in candidates:
                    budget.spend()
                    if test(item, budget):
                        then(item, budget, found)

        case Deep(inner):
            return _deep(_closure(inner, then))

        case _:
            raise PathError("a function stands only at the end of a path")
    return visit


def _deep(here: Visit) -> Visit:
    """`..`: the step applied to a value and everything below it."""

    def visit(value: Any, budget: Budget, found: list[Any]) -> None:
        waiting = [value]
        while waiting:
            budget.spend()
            value = waiting.pop()
            here(value, budget, found)
            if isinstance(value, dict | list):
                waiting.extend(reversed(list(_children(value))))

    return visit


def _children(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


assert FUNCTIONS  # the parser resolves names by it
