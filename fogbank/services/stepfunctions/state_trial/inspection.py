"""inspectionData: what became of the data at each step of a state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.asl.documents import Document, dumps

#: Members that hold JSON text.
TEXTS = (
    "input",
    "afterInputPath",
    "afterArguments",
    "afterParameters",
    "afterItemsPath",
    "afterItemSelector",
    "afterItemBatcher",
    "afterItemsPointer",
    "result",
    "afterResultSelector",
    "afterResultPath",
)


class Inspection:
    """Gathers the steps; `wire` is the member as it is answered."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._members: dict[str, Any] = {}

    def saw(self, step: str, value: Document) -> None:
        """The data after a step, by the member's name."""
        self._texts[step] = value.text

    def note(self, member: str, value: Any) -> None:
        """A member that is no JSON text: maxConcurrency, toleratedFailureCount…"""
        self._members[member] = value

    def handled(self, **details: int) -> None:
        """errorDetails."""
        self._members["errorDetails"] = details

    def variables(self, variables: Mapping[str, Any]) -> None:
        """The variables after the state; none are not shown."""
        if variables:
            self._members["variables"] = dumps(dict(variables))

    def wire(self) -> dict[str, Any]:
        return {**{key: self._texts[key] for key in TEXTS if key in self._texts}, **self._members}
