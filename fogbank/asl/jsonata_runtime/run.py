"""One evaluation: what it may use, how much of it is left, and the frames that hold its variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fogbank.asl.jsonata_runtime.values import UNDEFINED
from fogbank.asl.jsonata_syntax.errors import out_of_memory, out_of_time
from fogbank.core.ids import Ids
from fogbank.core.limits import JSONATA_STEPS_MAX, JSONATA_VALUE_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Budget:
    """What the evaluation of one expression may use.

    `now_ms` is what `$now` and `$millis` answer throughout, `ids` draws for `$random`, `$uuid` and `$shuffle`, and
    `steps_max` bounds the work: a step is about an evaluated item, or a call, or 8 items handled in bulk.
    """

    ids: Ids
    now_ms: int
    steps_max: int = JSONATA_STEPS_MAX


class Run:
    """The state of one evaluation. `depth` is how deep the call being made stands."""

    __slots__ = ("budget", "depth", "steps_left")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.depth = 0
        self.steps_left = budget.steps_max

    def spend(self, steps: int) -> None:
        """Account for work; raises when none is left."""
        self.steps_left -= steps
        if self.steps_left < 0:
            raise out_of_time()

    def hold(self, items: int) -> None:
        """Account for a list of `items` before it is made; raises when a value would be too large."""
        if items * 8 > JSONATA_VALUE_BYTES_MAX:
            raise out_of_memory()
        self.spend(items >> 3)

    def hold_text(self, chars: int) -> None:
        """Account for a string of `chars` before it is made; raises when it would be too large."""
        if chars > JSONATA_VALUE_BYTES_MAX:
            raise out_of_memory()
        self.spend(chars >> 6)


class Frame:
    """Variables of one block or call, over those around it. `base` is the depth of the call it belongs to."""

    __slots__ = ("base", "names", "parent", "run")

    def __init__(self, names: Mapping[str, Any], parent: Frame | None, run: Run, base: int) -> None:
        self.names = names
        self.parent = parent
        self.run = run
        self.base = base

    def lookup(self, name: str) -> Any:
        """The value of `$name`, UNDEFINED if nobody bound it."""
        frame: Frame | None = self
        while frame is not None:
            names = frame.names
            if name in names:
                return names[name]
            frame = frame.parent
        return UNDEFINED

    def inner(self, names: dict[str, Any]) -> Frame:
        """A frame within this one, of the same call."""
        return Frame(names, self, self.run, self.base)


Evaluate: TypeAlias = Callable[[Any, Frame], Any]
"""A compiled node: (context item, frame) to a value."""
