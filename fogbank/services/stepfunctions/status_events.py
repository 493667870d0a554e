"""EventBridge's "Step Functions Execution Status Change", handed to the events service where there is one."""

from __future__ import annotations

from typing import Any

from fogbank.core.clock import iso8601_z
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import Principal, PrincipalType
from fogbank.services.stepfunctions.engine.api import ExecutionView, Status
from fogbank.services.stepfunctions.limits import EVENT_DATA_BYTES_MAX

DETAIL_TYPE = "Step Functions Execution Status Change"


class StatusEvents:
    """Gives status changes of Standard executions to `events`' internal `deliver`, best effort as on AWS. While that service is
    asleep it has no rules (app/house.py wakes it for the first), and there is nobody to give them to."""

    def __init__(self, calls: Calls, ids: Ids, lanes: Lanes) -> None:
        self._calls = calls
        self._ids = ids
        self._lanes = lanes

    def status_changed(self, execution: ExecutionView) -> None:
        if execution.machine.express or not self._is_awake():
            return
        machine = execution.machine
        principal = Principal(
            PrincipalType.SERVICE, machine.account, "states.amazonaws.com", "states.amazonaws.com"
        )
        caller = Caller(machine.account, machine.region, principal, self._ids.uuid())
        event = event_of(execution, self._ids.uuid())
        self._lanes.spawn("states events", self._calls.internal("events", "deliver", caller, events=[event]))

    def _is_awake(self) -> bool:
        service = self._calls.services.get("events")
        return service is not None and service.state is not None


def event_of(execution: ExecutionView, event_id: str) -> dict[str, Any]:
    """The whole event as AWS sends it. Times within `detail` are Unix milliseconds."""
    machine = execution.machine
    changed_ms = execution.start_ms if execution.stop_ms is None else execution.stop_ms
    given, given_details = _data(execution.input)
    output, output_details = _data(execution.output)
    status, reason = redrive_of(execution)
    return {
        "version": "0",
        "id": event_id,
        "detail-type": DETAIL_TYPE,
        "source": "aws.states",
        "account": machine.account,
        "time": iso8601_z(changed_ms - changed_ms % 1000).replace(".000Z", "Z"),
        "region": machine.region,
        "resources": [execution.arn],
        "detail": {
            "executionArn": execution.arn,
            "stateMachineArn": machine.arn,
            "stateMachineVersionArn": machine.version_arn,
            "stateMachineAliasArn": machine.alias_arn,
            "name": execution.name,
            "status": execution.status.value,
            "startDate": execution.start_ms,
            "stopDate": execution.stop_ms,
            "input": given,
            "output": output,
            "inputDetails": given_details,
            "outputDetails": output_details,
            "error": execution.error,
            "cause": execution.cause,
            "redriveCount": execution.redrive_count,
            "redriveDate": execution.redrive_ms,
            "redriveStatus": status,
            "redriveStatusReason": reason,
        },
    }


def redrive_of(execution: ExecutionView) -> tuple[str, str | None]:
    """redriveStatus and its reason, as far as the status decides."""
    if execution.status in (Status.RUNNING, Status.SUCCEEDED, Status.PENDING_REDRIVE):
        return "NOT_REDRIVABLE", f"Execution is {execution.status.value} and cannot be redriven"
    return "REDRIVABLE", None


def _data(text: str | None) -> tuple[str | None, dict[str, bool] | None]:
    """Input or output as the event shows it: what is too large is left out, and said to be."""
    if text is None:
        return None, None
    included = len(text.encode()) <= EVENT_DATA_BYTES_MAX
    return text if included else None, {"included": included}
