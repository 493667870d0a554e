"""Projections: the parts of an item that paths name, put together as DynamoDB does.

Maps keep their members' names; of lists the named elements come in the order of their indexes, closed up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fogbank.services.dynamodb.expressions.nodes import Steps, show_steps
from fogbank.services.dynamodb.expressions.parser import Parser, nested_in, top_level
from fogbank.services.dynamodb.expressions.problems import Rank
from fogbank.services.dynamodb.values import Item, Value

#: Step → what is wanted below it; None: all of it.
Tree = dict[str | int, "Tree | None"]


@dataclass(frozen=True, slots=True)
class Projection:
    paths: tuple[Steps, ...]
    tree: Tree
    names_used: frozenset[str]
    attributes: frozenset[str]
    nested: frozenset[str]  # attributes that it looks into; none: only whole ones are wanted

    def of(self, item: Item) -> Item:
        if not self.nested:
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
    if (clash := clash_of(paths)) is not None:
        parser.note(*clash)
    parser.judge()
    return projection_of(paths, frozenset(parser.names_used))


def projection_of(paths: Sequence[Steps], names_used: frozenset[str] = frozenset()) -> Projection:
    attributes = frozenset(top_level(path) for path in paths)
    return Projection(tuple(paths), tree_of(paths), names_used, attributes, nested_in(paths))


def clash_of(paths: Sequence[Steps]) -> tuple[Rank, str] | None:
    """No path may lie on another, nor may one value be taken for a map here and for a list there."""
    conflict = None
    for index, path in enumerate(paths):
        for earlier in paths[:index]:
            shorter = min(len(path), len(earlier))
            if path[:shorter] == earlier[:shorter]:
                return Rank.OVERLAP, _clash("overlap", earlier, path)
            first, second = next(pair for pair in zip(earlier, path, strict=False) if pair[0] != pair[1])
            if conflict is None and type(first) is not type(second):
                conflict = Rank.CONFLICT, _clash("conflict", earlier, path)
    return conflict


def _clash(how: str, path: Steps, other: Steps) -> str:
    return (
        f"Two document paths {how} with each other; must remove or rewrite one of these paths; "
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
