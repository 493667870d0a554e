"""Whether an execution may be redriven, and if not, why: DescribeExecution says it, RedriveExecution goes by it."""

from __future__ import annotations

from fogbank.asl.execution import Status
from fogbank.services.stepfunctions.engine.api import ExecutionView
from fogbank.services.stepfunctions.engine.limits import REDRIVE_MS, REDRIVES_MAX


def redrive_status(view: ExecutionView, now_ms: int) -> tuple[str, str | None]:
    """`redriveStatus` and its reason. The sentences past the first are guesses."""
    if view.status in (Status.RUNNING, Status.SUCCEEDED):
        return "NOT_REDRIVABLE", f"Execution is {view.status.value} and cannot be redriven"
    if view.map_run_arn is not None:
        return "REDRIVABLE_BY_MAP_RUN", None
    if view.stop_ms is not None and now_ms - view.stop_ms > REDRIVE_MS:
        return "NOT_REDRIVABLE", "Execution has exceeded the redrivable period"
    if view.redrive_count >= REDRIVES_MAX:
        return "NOT_REDRIVABLE", "Execution has exceeded the maximum number of redrives"
    return "REDRIVABLE", None
