"""How far each state of an execution is, from the events of its history. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_ENDINGS = {
    "ExecutionFailed": "failed",
    "ExecutionTimedOut": "failed",
    "ExecutionAborted": "aborted",
}
_FAILURES = ("Failed", "TimedOut", "ScheduleFailed", "SubmitFailed", "StartFailed")


@dataclass(slots=True)
class _State:
    entered: int = 0
    exited: int = 0
    failed: int = 0
    caught: int = 0


@dataclass(slots=True)
class Progress:
    """Folds events in order of their ids; `by_state` may be asked at any time."""

    _states: dict[str, _State] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)  # event id → the state that it belongs to
    _failed: set[str] = field(default_factory=set)  # failed, and neither retried nor left since
    _ending: str = ""

    def fold(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Take up further events of the history, in AWS's wire shape."""
        for event in events:
            self._one(event)

    def by_state(self) -> dict[str, dict[str, Any]]:
        """`{state: {"status": running | succeeded | caught | failed | aborted, "entered": n}}`."""
        return {
            name: {"status": self._status(name, state), "entered": state.entered}
            for name, state in self._states.items()
        }

    def _status(self, name: str, state: _State) -> str:
        left = state.exited >= state.entered
        if not left and self._ending:
            return "failed" if name in self._failed or state.failed else self._ending
        if not left:
            return "failed" if name in self._failed else "running"
        if state.caught:
            return "caught"
        return "succeeded"

    def _one(self, event: Mapping[str, Any]) -> None:
        kind = str(event.get("type", ""))
        if kind in _ENDINGS:
            self._ending = _ENDINGS[kind]
        elif kind.endswith("StateEntered"):
            name = str(event["stateEnteredEventDetails"]["name"])
            self._states.setdefault(name, _State()).entered += 1
            self._names[int(event["id"])] = name
            if kind == "FailStateEntered":
                self._failed.add(name)
            else:
                self._failed.discard(name)
        elif kind.endswith("StateExited"):
            name = str(event["stateExitedEventDetails"]["name"])
            state = self._states.setdefault(name, _State())
            state.exited += 1
            if name in self._failed:
                state.caught += 1
                self._failed.discard(name)
        elif name := self._names.get(int(event.get("previousEventId", 0)), ""):
            self._names[int(event["id"])] = name
            if kind.endswith(_FAILURES):
                self._states[name].failed += 1
                self._failed.add(name)
            elif kind.endswith(("Scheduled", "Succeeded")):
                self._failed.discard(name)
