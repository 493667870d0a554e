"""Routes by path and method: static before `{param}` before `{proxy+}`, a method of its own before `ANY`.

A tree by segments, so that a thousand routes cost what ten do. A resource that lacks the method does not end the search: the
next best one that has it serves (as AWS does, where `/test` has POST and `/{proxy+}` has OPTIONS).
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

ANY = "ANY"
SEGMENTS_MAX = 256  # ours: longer paths match greedy routes only from their first segments on


class _Node(Generic[T]):
    __slots__ = ("children", "greedy", "greedy_name", "methods", "parameter", "parameter_name")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.methods: dict[str, T] = {}
        self.parameter: _Node[T] | None = None
        self.parameter_name = ""
        self.greedy: dict[str, T] = {}
        self.greedy_name = ""


class Routes(Generic[T]):
    """Add routes, then `find`."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, path: str, method: str, target: T) -> None:
        """`path` as `/pets/{id}` or `/files/{path+}`."""
        node = self._root
        for segment in _segments(path):
            if segment.startswith("{") and segment.endswith("+}"):
                node.greedy_name = segment[1:-2]
                node.greedy[method] = target
                return
            if segment.startswith("{") and segment.endswith("}"):
                if node.parameter is None:
                    node.parameter = _Node()
                    node.parameter_name = segment[1:-1]
                node = node.parameter
            else:
                node = node.children.setdefault(segment, _Node())
        node.methods[method] = target

    def find(self, path: str, method: str) -> tuple[T, dict[str, str]] | None:
        """The target of a request's path and the values of its parameters, as they were sent."""
        segments = _segments(path)
        parameters: dict[str, str] = {}
        target = _search(self._root, segments, 0, method, parameters)
        return None if target is None else (target, parameters)


def _segments(path: str) -> list[str]:
    """Leading slashes count as one, and one at the end not at all."""
    path = path.lstrip("/")
    if path.endswith("/"):
        path = path[:-1]
    return path.split("/", SEGMENTS_MAX) if path else []


def _search(
    node: _Node[T], segments: list[str], at: int, method: str, parameters: dict[str, str]
) -> T | None:
    if at == len(segments):
        return node.methods.get(method) or node.methods.get(ANY)
    segment = segments[at]
    child = node.children.get(segment)
    if child is not None and (found := _search(child, segments, at + 1, method, parameters)) is not None:
        return found
    if node.parameter is not None and segment:
        found = _search(node.parameter, segments, at + 1, method, parameters)
        if found is not None:
            parameters[node.parameter_name] = segment
            return found
    if node.greedy:
        found = node.greedy.get(method) or node.greedy.get(ANY)
        if found is not None:
            parameters[node.greedy_name] = "/".join(segments[at:])
            return found
    return None
