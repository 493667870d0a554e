"""A metric alarm as the store holds it, and its history."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

import orjson

from fogbank.core.clock import iso8601
from fogbank.services.cloudwatch.keys import Place

#: Members of PutMetricAlarm that AWS fills in when they are absent.
DEFAULTS: dict[str, Any] = {
    "ActionsEnabled": True,
    "OKActions": [],
    "AlarmActions": [],
    "InsufficientDataActions": [],
    "TreatMissingData": "missing",
}


class State(Enum):
    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"

    @property
    def actions(self) -> str:
        """The member that lists what to do on entering the state."""
        return {"OK": "OKActions", "ALARM": "AlarmActions"}.get(self.value, "InsufficientDataActions")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. `settings` are the members of PutMetricAlarm by wire name; times in Unix ms."""

    name: str
    settings: dict[str, Any]
    configured_ms: int
    state: str = State.INSUFFICIENT_DATA.value
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = ""
    updated_ms: int = 0
    transitioned_ms: int = 0
    tags: dict[str, str] = field(default_factory=dict)

    def pack(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def unpack(cls, value: bytes) -> Alarm:
        return cls(**orjson.loads(value))

    def arn(self, partition: str, place: Place) -> str:
        return f"arn:{partition}:cloudwatch:{place.region}:{place.account}:alarm:{self.name}"

    def wire(self, partition: str, place: Place) -> dict[str, Any]:
        """As DescribeAlarms shows it."""
        shown = DEFAULTS | {"Dimensions": []} | self.settings
        if "Metrics" in self.settings:
            del shown["Dimensions"]
        shown |= {
            "AlarmName": self.name,
            "AlarmArn": self.arn(partition, place),
            "AlarmConfigurationUpdatedTimestamp": self.configured_ms,
            "StateValue": self.state,
            "StateReason": self.reason,
            "StateUpdatedTimestamp": self.updated_ms,
            "StateTransitionedTimestamp": self.transitioned_ms,
        }
        if self.reason_data:
            shown["StateReasonData"] = self.reason_data
        return shown


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One item of an alarm's history. `kind` is ConfigurationUpdate, StateUpdate or Action."""

    alarm: str
    time_ms: int
    kind: str
    summary: str
    data: dict[str, Any]

    def pack(self) -> bytes:
        return orjson.dumps((self.alarm, self.time_ms, self.kind, self.summary, self.data))

    @classmethod
    def unpack(cls, value: bytes) -> HistoryItem:
        return cls(*orjson.loads(value))

    def wire(self) -> dict[str, Any]:
        return {
            "AlarmName": self.alarm,
            "AlarmType": "MetricAlarm",
            "Timestamp": self.time_ms,
            "HistoryItemType": self.kind,
            "HistorySummary": self.summary,
            "HistoryData": orjson.dumps(self.data).decode(),
        }


def state_change(before: Alarm, after: Alarm) -> HistoryItem:
    """The history item of a transition."""

    def side(alarm: Alarm) -> dict[str, Any]:
        shown: dict[str, Any] = {"stateValue": alarm.state, "stateReason": alarm.reason}
        if alarm.reason_data:
            shown["stateReasonData"] = orjson.loads(alarm.reason_data)
        return shown

    data = {"version": "1.0", "oldState": side(before), "newState": side(after)}
    summary = f"Alarm updated from {before.state} to {after.state}"
    return HistoryItem(after.name, after.updated_ms, "StateUpdate", summary, data)


def configuration_change(before: Alarm | None, after: Alarm, partition: str, place: Place) -> HistoryItem:
    """The history item of PutMetricAlarm."""
    kind = "Create" if before is None else "Update"
    data: dict[str, Any] = {
        "version": "1.0",
        "type": kind,
        f"{kind.lower()}dAlarm": {"alarmArn": after.arn(partition, place), "alarmName": after.name}
        | after.settings,
    }
    verb = "created" if before is None else "updated"
    return HistoryItem(
        after.name, after.configured_ms, "ConfigurationUpdate", f'Alarm "{after.name}" {verb}', data
    )


def deletion(alarm: Alarm, now_ms: int) -> HistoryItem:
    data = {"version": "1.0", "type": "Delete", "deletedAlarm": alarm.settings}
    return HistoryItem(alarm.name, now_ms, "ConfigurationUpdate", f'Alarm "{alarm.name}" deleted', data)


def failed_action(alarm: Alarm, action: str) -> HistoryItem:
    """fogbank has no service yet that alarm actions could reach: it says so where AWS would."""
    reason = "fogbank does not support alarm actions yet"
    data = {
        "actionState": "Failed",
        "stateUpdateTimestamp": alarm.updated_ms,
        "notificationResource": action,
        "publishedMessage": None,
        "error": reason,
    }
    summary = f'Failed to execute action {action}. Received error: "{reason}"'
    return HistoryItem(alarm.name, alarm.updated_ms, "Action", summary, data)


def moment(time_ms: int) -> str:
    """A time as state reason data hold it."""
    return iso8601(time_ms)
