"""History events: their shape, their names, and what they say of inputs and outputs."""

from __future__ import annotations

from typing import Any

from fogbank.core.records import hot_record

#: Members of details that stand beside a `…Details` member saying that the text is whole.
_TEXTS = ("input", "output", "assignedVariables")
_WHOLE = {"truncated": False}

_KEYS = {
    "MapRunFailed": "mapRunFailedEventDetails",
    "MapRunStarted": "mapRunStartedEventDetails",
    "MapRunRedriven": "mapRunRedrivenEventDetails",
    "MapStateStarted": "mapStateStartedEventDetails",
}


@hot_record
class HistoryEvent:
    """One event. `details` are the members that vary of its `…EventDetails`; None where it has none."""

    id: int
    previous_id: int
    time_ms: int
    type: str
    details: dict[str, Any] | None

    @property
    def details_key(self) -> str | None:
        """`stateEnteredEventDetails` and the like; None for an event without details."""
        return None if self.details is None else details_key(self.type)

    def members(self, *, data: bool = True) -> dict[str, Any]:
        """The details in full; without inputs, outputs and variables unless `data`."""
        details = self.details or {}
        if not data:
            return {
                name: value for name, value in details.items() if name not in _TEXTS and name != "parameters"
            }
        members = dict(details)
        for name in _TEXTS:
            if name in details:
                members[f"{name}Details"] = _WHOLE
        return members

    def wire(self, *, data: bool = True) -> dict[str, Any]:
        """As GetExecutionHistory returns it (`includeExecutionData` is `data`)."""
        event: dict[str, Any] = {
            "timestamp": self.time_ms,
            "type": self.type,
            "id": self.id,
            "previousEventId": self.previous_id,
        }
        if self.details is not None:
            event[details_key(self.type)] = self.members(data=data)
        return event


def details_key(event_type: str) -> str:
    """The member that holds the details of an event of this type."""
    if event_type in _KEYS:
        return _KEYS[event_type]
    if event_type.endswith("StateEntered"):
        return "stateEnteredEventDetails"
    if event_type.endswith("StateExited"):
        return "stateExitedEventDetails"
    return event_type[0].lower() + event_type[1:] + "EventDetails"
