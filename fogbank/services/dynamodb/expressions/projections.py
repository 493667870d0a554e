"""Projections: the parts of an item that paths name, put together as DynamoDB does.

Maps keep their members' names; of lists the named elements come in the order of their indexes, closed up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.expressions.nodes import Steps, show_steps
from fogbank.services.dynamodb.expressions.parser import Parser, top_level
from fogbank.services.dynamodb.service import invalid
from fogbank.services.dynamodb.values import Item, Value

#: Step → what is wanted below it; None: all of it.
Tree = dict[str | int, "Tree | None"]


@dataclass(frozen=True, slots=True)
class Projection:
    paths: tuple[Steps, ...]
    tree: Tree
    names_used: frozenset[str]
    attributes: frozenset[str]
    is_flat: bool  # only whole attributes

    def of(self, item: Item) -> Item:
        if self.is_flat:
            return {name: item[name] for name in self.attributes if name in item}
        return pick(item, self.tree)


def compile_projection(text: str, names: Mapping[str, str] | None) -> Projection:
    """Parse and compile a ProjectionExpression. Raises ValidationException."""
    parser = Parser(text, "ProjectionExpression", names)
    paths = [parser.path().steps]
    while parser.is_mark(","):
        parser.advance()
        paths.append(parser.path().steps)
    parser.end()
    check_overlap(paths, "ProjectionExpression")
    return projection_of(paths, frozenset(parser.names_used))


def projection_of(paths: Sequence[Steps], names_used: frozenset[str] = frozenset()) -> Projection:
    attributes = frozenset(top_level(path) for path in paths)
    return Projection(
        tuple(paths), tree_of(paths), names_used, attributes, all(len(path) == 1 for path in paths)
    )


def check_overlap(paths: Sequence[Steps], kind: str) -> None:
    """No path may lie on another, nor may one value be taken for a map here and for a list there."""
    ordered = list(paths)
    for index, path in enumerate(ordered):
        for other in ordered[index + 1 :]:
            shorter = min(len(path), len(other))
            if path[:shorter] == other[:shorter]:
                raise _clash("overlap", path, other, kind)
            for first, second in zip(path, other, strict=False):
                if first != second:
                    if type(first) is not type(second):
                        raise _clash("conflict", path, other, kind)
                    break


def _clash(how: str, path: Steps, other: Steps, kind: str) -> AwsError:
    return invalid(
        f"Invalid {kind}: Two document paths {how} with each other; must remove or rewrite one of these paths; "
        f"path one: {show_steps(path)}, path two: {show_steps(other)}"
    )


def tree_of(paths: Sequence[Steps]) -> Tree:
    tree: Tree = {}
    for path in paths:
        here = tree
        for step in path[:-1]:
            below = here.setdefault(step, {})
            assert below is not None  # no path lies on another
            here = below
        here[path[-1]] = None
    return tree


def pick(item: Mapping[Any, Value], tree: Tree) -> Item:
    """Those parts of an item, or of a map's members, that the tree names."""
    found: Item = {}
    for step, below in tree.items():
        value = item.get(step)
        if value is not None and (part := _part(value, below)) is not None:
            found[str(step)] = part
    return found


def _part(value: Value, tree: Tree | None) -> Value | None:
    if tree is None:
        return value
    ((kind, content),) = value.items()
    if kind == "M":
        members = pick(content, tree)
        return {"M": members} if members else None
    if kind == "L":
        elements = []
        for index in sorted(step for step in tree if isinstance(step, int)):
            if index < len(content) and (part := _part(content[index], tree[index])) is not None:
                elements.append(part)
        return {"L": elements} if elements else None
    return None
