"""Which operation a method and path mean, by the `requestUri` patterns of the models.

Patterns become a trie of path segments. A literal segment wins over a label, a label over a greedy label (`{Key+}`, which
takes all that is left). Operations that share a path are told apart by the query parameters that their pattern names
(`/restapis?mode=import`) and, where those are the same, by the query parameters and headers that they require: S3's
UploadPart is a PutObject with an `uploadId`. Segments are compared as they are on the wire, then labels decoded: an
encoded slash inside a label stays inside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

from fogbank.core.http import Request
from fogbank.protocol.malformed import Malformed
from fogbank.protocol.rest_request import parse_query

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Leaf(Generic[T]):
    """The end of one pattern: the names of its labels in order, the query it names (name → value, or None for any), and
    what tells it from others of the same pattern."""

    target: T
    labels: tuple[str, ...]
    query: tuple[tuple[str, str | None], ...]
    marks: Marks


@dataclass(frozen=True, slots=True)
class Marks:
    """Names of the query parameters and (small) of the headers that an operation requires."""

    query: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.query) + len(self.headers)


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: dict[str, _Node[T]] = field(default_factory=dict)
    label: _Node[T] | None = None
    ends: dict[str, list[Leaf[T]]] = field(default_factory=dict)  # by method
    greedy: dict[str, list[Leaf[T]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """`sure` is whether method and path alone decide, whatever the query: then the answer may be kept."""

    target: T
    labels: dict[str, str]
    sure: bool


NO_MARKS = Marks()


class UriTable(Generic[T]):
    """The patterns of one or several services."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, method: str, pattern: str, target: T, marks: Marks = NO_MARKS) -> None:
        path, _, query = pattern.partition("?")
        demands = tuple(_demand(pair) for pair in query.split("&") if pair)
        node, labels = self._root, []
        for segment in _segments(path):
            if not segment.startswith("{"):
                node = node.literals.setdefault(segment, _Node())
                continue
            labels.append(segment.strip("{}+"))
            if segment.endswith("+}"):
                _insert(node.greedy, method, Leaf(target, tuple(labels), demands, marks))
                return
            if node.label is None:
                node.label = _Node()
            node = node.label
        _insert(node.ends, method, Leaf(target, tuple(labels), demands, marks))

    def find(self, request: Request, path: str | None = None) -> Found[T] | None:
        """The operation of a request, its labels decoded. `path`: instead of the request's own. Malformed when a label
        is not UTF-8."""
        method, path = request.method, request.path if path is None else path
        for leaves, values in _walk(self._root, _segments(path), 0, path, []):
            found = _choose(leaves.get(method), request)
            if found is not None:
                labels = dict(zip(found.labels, map(_decode, values), strict=True))
                return Found(found.target, labels, len(leaves[method]) == 1 and not found.query)
        return None

    def methods(self, path: str) -> set[str]:
        """The methods that some operation has at a path."""
        return {method for leaves, _ in _walk(self._root, _segments(path), 0, path, []) for method in leaves}


def _demand(pair: str) -> tuple[str, str | None]:
    name, equals, value = pair.partition("=")
    return name, value if equals and value else None


def _insert(ends: dict[str, list[Leaf[T]]], method: str, leaf: Leaf[T]) -> None:
    leaves = ends.setdefault(method, [])
    leaves.append(leaf)
    leaves.sort(key=lambda held: (-len(held.query), -len(held.marks)))


def _segments(path: str) -> list[str]:
    """A path's segments; the slash that clients put at the end does not begin one more."""
    segments = path.split("/")[1:]
    if segments and not segments[-1]:
        segments.pop()
    return segments


def _walk(
    node: _Node[T], segments: list[str], at: int, path: str, values: list[str]
) -> Iterator[tuple[dict[str, list[Leaf[T]]], list[str]]]:
    """Every end that a path reaches, best first."""
    if at == len(segments):
        if node.ends:
            yield node.ends, values
        return
    segment = segments[at]
    if (literal := node.literals.get(segment)) is not None:
        yield from _walk(literal, segments, at + 1, path, values)
    if node.label is not None and segment:
        yield from _walk(node.label, segments, at + 1, path, [*values, segment])
    if node.greedy and segment + path[-1:]:
        rest = path.split("/", at + 1)[at + 1]
        if rest:
            yield node.greedy, [*values, rest]


def _choose(leaves: list[Leaf[T]] | None, request: Request) -> Leaf[T] | None:
    """The leaf that asks for most of what the request has. One that lacks only what it requires is the last choice: its
    operation answers what is missing."""
    if leaves is None:
        return None
    if len(leaves) == 1 and not leaves[0].query:
        return leaves[0]
    query, last = parse_query(request.query), None
    for leaf in leaves:
        if all(name in query and (value is None or value in query[name]) for name, value in leaf.query):
            marks = leaf.marks
            if marks.query <= query.keys() and all(name in request.headers for name in marks.headers):
                return leaf
            if last is None or len(leaf.query) == len(last.query):
                last = leaf
    return last


def _decode(value: str) -> str:
    if "%" not in value:
        return value
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise Malformed("A label of the path is not UTF-8") from None
