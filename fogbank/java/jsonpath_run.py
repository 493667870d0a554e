"""One evaluation of a JsonPath: the documents it may read, and how much of its bound is left."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, TypeAlias

from fogbank.java.jsonpath_nodes import PathTooLong

VISITS_MAX: Final = 1_000_000  # ours: values that one path may pass over; chained `..` would multiply them


class Nothing(Enum):
    """A path found nothing, where null would be a value."""

    NOTHING = "nothing"


NOTHING: Final = Nothing.NOTHING


class Run:
    """`document` gives the document of a root, NOTHING if there is none. Visits are values passed over, and what a
    pattern reads of texts."""

    __slots__ = ("_visits_left", "document")

    def __init__(self, document: Callable[[str], Any]) -> None:
        self.document = document
        self._visits_left = VISITS_MAX

    def visit(self, count: int) -> None:
        """Account for work; raises PathTooLong when none is left."""
        self._visits_left -= count
        if self._visits_left < 0:
            raise PathTooLong("the path visits too many values")


Find: TypeAlias = Callable[[Any, Run], Any]
"""(what `@` is, run) to what a path finds, or NOTHING."""

Matches: TypeAlias = Callable[[str, Run], bool]
"""Whether a whole text matches a regular expression."""

Patterns: TypeAlias = Callable[[str, str], Matches]
"""(expression, flags) to its test. Raises PathSyntaxError."""
