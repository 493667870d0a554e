"""Steps of a JsonPath as closures: (values found so far, run) to what the step finds in them.

What a step cannot be applied to it skips: that is the rule for a path that may find many. A path that can find one at
most is walked by `jsonpath`, which says where it failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from fogbank.java import jsonpath_filters, jsonpath_functions
from fogbank.java.jsonpath_nodes import (
    Filter,
    FunctionCall,
    Indices,
    Names,
    PathNode,
    Scan,
    Slice,
    Step,
    Wildcard,
)
from fogbank.java.jsonpath_run import NOTHING, Find, Patterns, Run

Select: TypeAlias = Callable[[Any, Run], Iterator[Any]]
"""(one value, run) to what is selected within it."""


def is_definite(steps: tuple[Step, ...]) -> bool:
    """Whether the steps find one value at most, which is then the answer itself and not a list."""
    for position, step in enumerate(steps):
        match step:
            case Names(names):
                # Several names at the end make one object of them.
                if len(names) > 1 and position < len(steps) - 1:
                    return False
            case Indices(indices):
                if len(indices) > 1:
                    return False
            case Wildcard() | Slice() | Scan() | Filter():
                return False
            case FunctionCall():
                pass
    return True


class Compiler:
    """Paths to closures. `patterns` is how regular expressions match."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns

    def find(self, path: PathNode) -> Find:
        """(what `@` is, run) to the value that the path finds, a list of them if it is not definite, or NOTHING."""
        steps = path.steps
        function = steps[-1] if steps and isinstance(steps[-1], FunctionCall) else None
        if function is not None:
            return jsonpath_functions.compile_call(function, self._before(path), self.find)
        gather = self.gather(path)
        if not is_definite(steps):
            return gather

        def find(current: Any, run: Run) -> Any:
            found = gather(current, run)
            return found[0] if found else NOTHING

        return find

    def _before(self, path: PathNode) -> jsonpath_functions.Before:
        """What a function at the end is applied to."""
        steps = path.steps[:-1]
        gather = self.gather(PathNode(path.root, steps))
        return gather, is_definite(steps), any(isinstance(step, Scan) for step in steps)

    def gather(self, path: PathNode) -> Callable[[Any, Run], list[Any]]:
        """(what `@` is, run) to all that the path finds."""
        root = path.root
        selects: list[Select] = []
        for position, step in enumerate(path.steps):
            if isinstance(step, Scan):
                continue
            scanned = position > 0 and isinstance(path.steps[position - 1], Scan)
            select = self._select(step, position == len(path.steps) - 1)
            selects.append(_everywhere(select) if scanned else select)

        def gather(current: Any, run: Run) -> list[Any]:
            start = current if root == "@" else run.document(root)
            values = [] if start is NOTHING else [start]
            for select in selects:
                found: list[Any] = []
                for value in values:
                    found.extend(select(value, run))
                    run.visit(1)
                run.visit(len(found))
                values = found
            return values

        return gather

    def _select(self, step: Step, leaf: bool) -> Select:
        match step:
            case Names(names):
                return _children(names, leaf)
            case Indices(indices):
                return _items(indices)
            case Slice(start, end):
                return lambda value, run: iter(value[start:end] if isinstance(value, list) else ())
            case Wildcard():
                return _all_children
            case Filter(condition):
                return _filter(jsonpath_filters.compile_condition(condition, self.find, self._patterns))
            case Scan() | FunctionCall():
                raise AssertionError("handled by the caller")


def _everywhere(select: Select) -> Select:
    """`select` in a value and in every object and array below it, outer ones first."""

    def scan(value: Any, run: Run) -> Iterator[Any]:
        waiting = [value]
        while waiting:
            at = waiting.pop()
            run.visit(1)
            yield from select(at, run)
            parts = at.values() if isinstance(at, dict) else at if isinstance(at, list) else ()
            waiting.extend(part for part in reversed(list(parts)) if isinstance(part, (dict, list)))

    return scan


def _all_children(value: Any, run: Run) -> Iterator[Any]:
    if isinstance(value, dict):
        return iter(value.values())
    return iter(value) if isinstance(value, list) else iter(())


def _children(names: tuple[str, ...], leaf: bool) -> Select:
    if len(names) == 1:
        name = names[0]

        def child(value: Any, run: Run) -> Iterator[Any]:
            if isinstance(value, dict) and name in value:
                yield value[name]

        return child

    def some(value: Any, run: Run) -> Iterator[Any]:
        if not isinstance(value, dict):
            return
        if leaf:
            yield {name: value[name] for name in names if name in value}
        else:
            yield from (value[name] for name in names if name in value)

    return some


def _items(indices: tuple[int, ...]) -> Select:
    def items(value: Any, run: Run) -> Iterator[Any]:
        if isinstance(value, list):
            yield from (value[index] for index in indices if -len(value) <= index < len(value))

    return items


def _filter(condition: jsonpath_filters.Test) -> Select:
    """Of an array the items for which it holds; an object itself, if it does."""

    def kept(value: Any, run: Run) -> Iterator[Any]:
        candidates = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
        for candidate in candidates:
            run.visit(1)
            if condition(candidate, run):
                yield candidate

    return kept
