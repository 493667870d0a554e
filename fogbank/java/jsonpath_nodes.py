"""The parts of a parsed JsonPath, and its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class PathError(ValueError):
    """The text is no path, or evaluating it would take too much."""


class PathNotFound(PathError):
    """A definite path leads nowhere in this document."""


class Budget:
    """How many values an evaluation may still look at; and the document, which filters may refer to by `$`."""

    __slots__ = ("document", "left")

    def __init__(self, visits_max: int, document: Any) -> None:
        self.left = visits_max
        self.document = document

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise PathError("the path visits too many values")


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Names:
    """`['a','b']`: one map of those that are there."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    index: int


@dataclass(frozen=True, slots=True)
class Indexes:
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    start: int | None
    stop: int | None


@dataclass(frozen=True, slots=True)
class Wild:
    pass


@dataclass(frozen=True, slots=True)
class Filter:
    test: Callable[[Any, Budget], bool]


@dataclass(frozen=True, slots=True)
class Deep:
    """`..` and the step that follows it."""

    inner: Step


@dataclass(frozen=True, slots=True)
class Function:
    """`.length()` and its like, at the end: `apply(value, document)`."""

    apply: Callable[[Any, Any], Any]


Step = Name | Names | Index | Indexes | Slice | Wild | Filter | Deep | Function
