"""Execution history as log events in CloudWatch Logs, by a state machine's LoggingConfiguration.

Lines go to the telemetry port: nothing waits for them, and past its bound they are dropped and counted, as AWS's delivery is
best effort. Express executions have no other history.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.model.telemetry import LogTarget, Telemetry
from fogbank.services.stepfunctions.engine.api import ExecutionView, HistoryEvent
from fogbank.services.stepfunctions.limits import LOG_STREAMS_REMEMBERED_MAX, LOGGED_DATA_BYTES_MAX
from fogbank.services.stepfunctions.settings import log_group_of

FATAL = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
ERROR = FATAL | {
    "ActivityFailed",
    "ActivityScheduleFailed",
    "ActivityTimedOut",
    "EvaluationFailed",
    "FailStateEntered",
    "LambdaFunctionFailed",
    "LambdaFunctionScheduleFailed",
    "LambdaFunctionStartFailed",
    "LambdaFunctionTimedOut",
    "MapIterationAborted",
    "MapIterationFailed",
    "MapRunAborted",
    "MapRunFailed",
    "MapStateAborted",
    "MapStateFailed",
    "ParallelStateAborted",
    "ParallelStateFailed",
    "TaskFailed",
    "TaskStartFailed",
    "TaskStateAborted",
    "TaskSubmitFailed",
    "TaskTimedOut",
    "WaitStateAborted",
}
LEVELS = {"ERROR": ERROR, "FATAL": FATAL}
#: AWS writes into this stream when a state machine begins to log.
PROBE_STREAM = "log_stream_created_by_aws_to_validate_log_delivery_subscriptions"
PROBE_LINE = "Permissions are set correctly to allow AWS CloudWatch Logs to write into your logs while creating a subscription."


class ExecutionLog:
    """Writes history events as log lines; an `engine.api.Observer`'s `happened`."""

    def __init__(self, telemetry: Telemetry, clock: Clock, ids: Ids) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._ids = ids
        self._streams: dict[tuple[str, str], str] = {}  # (machine's ARN, group): stream

    def probe(self, account: str, region: str, logging: dict[str, Any]) -> None:
        """A state machine was given a log group: leave AWS's first line there."""
        if (group := log_group_of(logging)) is not None:
            target = LogTarget(account, region, group, PROBE_STREAM)
            self._telemetry.lines(target, [(self._clock.now_ms(), PROBE_LINE)])

    def happened(self, execution: ExecutionView, events: Sequence[HistoryEvent]) -> None:
        logging = execution.machine.logging
        if logging is None or logging["level"] == "OFF":
            return
        group = log_group_of(logging)
        wanted = LEVELS.get(logging["level"])
        chosen = [event for event in events if wanted is None or event.type in wanted]
        if group is None or not chosen:
            return
        machine = execution.machine
        target = LogTarget(
            machine.account, machine.region, group, self._stream(machine.arn, machine.name, group)
        )
        with_data = bool(logging.get("includeExecutionData"))
        lines = [(event.time_ms, log_line(execution, event, with_data=with_data)) for event in chosen]
        self._telemetry.lines(target, lines)

    def _stream(self, arn: str, name: str, group: str) -> str:
        """One stream for each state machine, as long as this node runs."""
        found = self._streams.get((arn, group))
        if found is None:
            if len(self._streams) >= LOG_STREAMS_REMEMBERED_MAX:
                self._streams.clear()
            moment = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
            found = f"states/{name}/{moment:%Y-%m-%d-%H-%M}/{self._ids.hex(8)}"
            self._streams[arn, group] = found
        return found


def log_line(execution: ExecutionView, event: HistoryEvent, *, with_data: bool) -> str:
    """One event as AWS logs it: numbers are text."""
    details = event.members(data=with_data)
    line = {
        "id": str(event.id),
        "type": event.type,
        "details": details,
        "previous_event_id": str(event.previous_id),
        "event_timestamp": str(event.time_ms),
        "execution_arn": execution.arn,
        "redrive_count": str(execution.redrive_count),
    }
    text = orjson.dumps(line)
    if len(text) > LOGGED_DATA_BYTES_MAX:
        line["details"] = _truncated(details, len(text) - LOGGED_DATA_BYTES_MAX)
        text = orjson.dumps(line)
    return text.decode()


def _truncated(details: dict[str, Any], excess_bytes: int) -> dict[str, Any]:
    """Details whose data is cut until they fit, and say so."""
    cut = dict(details)
    for key, value in details.items():
        if f"{key}Details" in details and isinstance(value, str) and excess_bytes > 0:
            kept = max(0, len(value) - excess_bytes)
            excess_bytes -= len(value) - kept
            cut[key] = value[:kept]
            cut[f"{key}Details"] = {"truncated": True}
    return cut
