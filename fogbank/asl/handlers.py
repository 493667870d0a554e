"""Retry and Catch of Task, Parallel and Map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.asl import fields
from fogbank.asl.definition.states import ABSENT, Catcher, Retrier
from fogbank.asl.documents import Document
from fogbank.asl.errors import RUNTIME
from fogbank.asl.frames import Phase
from fogbank.asl.jsonata import UNDEFINED

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.frames import Frame


class Handlers:
    """What a state does about its errors."""

    def __init__(self, retry: tuple[Retrier, ...], catch: tuple[Catcher, ...], *, jsonata: bool) -> None:
        self._retry = retry
        self._catch = [Catching(catcher, index, jsonata=jsonata) for index, catcher in enumerate(catch)]

    def retry(self, advance: Advance, frame: Frame, names: set[str]) -> bool:
        """Pause for a Retry; False if none takes an error of these names, or has attempts left."""
        if RUNTIME in names:
            return False
        for index, retrier in enumerate(self._retry):
            if matches(retrier.error_equals, names):
                count = frame.retries.get(index, 0) if frame.retries else 0
                if count >= retrier.max_attempts:
                    return False
                frame.retries = {**(frame.retries or {}), index: count + 1}
                advance.wait(
                    frame, Phase.BACKOFF, advance.now_ms + delay_ms(retrier, count, advance.ids.uniform)
                )
                return True
        return False

    def catcher(self, names: set[str]) -> Catching | None:
        return next((each for each in self._catch if matches(each.error_equals, names)), None)


def matches(error_equals: tuple[str, ...], names: set[str]) -> bool:
    """Whether an ErrorEquals takes an error of these names.

    `States.Runtime` is taken by its own name only (AWS's guide says that of States.ALL; that the name itself is taken, and
    by a Catch alone, is a guess).
    """
    if RUNTIME in names:
        return RUNTIME in error_equals
    for wanted in error_equals:
        if wanted in names or wanted == "States.ALL":
            return True
        if wanted == "States.TaskFailed" and "States.Timeout" not in names:
            return True
    return False


def delay_ms(retrier: Retrier, count: int, uniform: Any) -> int:
    """The pause before retry number `count` + 1. Full jitter draws it between zero and what it would have been."""
    bound_s = retrier.max_delay_seconds or 31_622_400
    try:
        delay_s = min(retrier.interval_seconds * retrier.backoff_rate**count, bound_s)
    except OverflowError:
        delay_s = bound_s
    if retrier.jitter == "FULL":
        delay_s *= uniform()
    return round(delay_s * 1000)


class Catching:
    def __init__(self, catcher: Catcher, index: int, *, jsonata: bool) -> None:
        self.error_equals = catcher.error_equals
        self._next = catcher.next
        self._jsonata = jsonata
        self._assign = fields.assignments(catcher.assign, is_jsonata=jsonata)
        self._kept = catcher.result_path is not None
        self._put = (
            None if catcher.result_path in (None, "$") or jsonata else fields.reference(catcher.result_path)
        )
        self._output = (
            None if catcher.output is ABSENT else fields.jsonata(catcher.output, f"Catch[{index}]/Output")
        )

    def take(self, advance: Advance, frame: Frame, error: str | None, cause: str | None) -> None:
        failure: dict[str, Any] = {"Error": error or "", "Cause": cause or ""}
        output = Document.of(failure)
        if self._jsonata:
            scope = advance.scope(frame, frame.input, UNDEFINED, failure)
            assigned = None if self._assign is None else self._assign(scope)
            if self._output is not None:
                output = Document.of(self._output(scope))
        else:
            assigned = None if self._assign is None else self._assign(advance.scope(frame, output))
            if not self._kept:
                output = frame.input
            elif self._put is not None:
                output = Document.of(self._put(frame.input.value, failure))
        advance.exit(frame, output, self._next, assigned)
