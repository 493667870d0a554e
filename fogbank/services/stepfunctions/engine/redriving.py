"""Whether an execution may be redriven, and if not, why: DescribeExecution says it, RedriveExecution goes by it."""

from __future__ import annotations

from fogbank.asl.execution import Status
from fogbank.services.stepfunctions.engine.limits import REDRIVE_MS, REDRIVES_MAX
from fogbank.services.stepfunctions.engine.records import Head


def not_redrivable_because(head: Head, now_ms: int) -> str | None:
    """`redriveStatusReason`; None if it may be redriven. The sentences past the first are guesses."""
    if head.status in (Status.RUNNING, Status.SUCCEEDED):
        return f"Execution is {head.status.value} and cannot be redriven"
    if head.stop_ms is not None and now_ms - head.stop_ms > REDRIVE_MS:
        return "Execution has exceeded the redrivable period"
    if head.redrives >= REDRIVES_MAX:
        return "Execution has exceeded the maximum number of redrives"
    return None
