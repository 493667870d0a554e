"""One evaluation of a JSONPath: the documents it may read, and how much of its bound is left."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, TypeAlias

from fogbank.asl.errors import runtime_error
from fogbank.asl.limits import JSONPATH_VISITS_MAX
from fogbank.asl.scope import Scope


class Nothing(Enum):
    """A path found nothing, where null would be a value."""

    NOTHING = "nothing"


NOTHING: Final = Nothing.NOTHING


class Run:
    """`visits_left` counts values passed over, and characters of texts that a pattern reads."""

    __slots__ = ("scope", "visits_left")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.visits_left = JSONPATH_VISITS_MAX

    def visit(self, count: int) -> None:
        self.visits_left -= count
        if self.visits_left < 0:
            # AWS bounds this by time and does not document the answer; ours.
            raise runtime_error("The evaluation of a JSONPath exceeded its limit.")

    def document(self, root: str) -> Any:
        """What `$`, `$$` or a variable's name stands for; NOTHING for a variable that is not assigned."""
        if root == "$":
            return self.scope.input
        if root == "$$":
            return self.scope.context
        return self.scope.variables.get(root, NOTHING)


Find: TypeAlias = Callable[[Any, Run], Any]
"""(what `@` is, run) to what a path finds, or NOTHING."""
