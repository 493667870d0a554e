"""Whether an execution may be redriven, and if not, why: DescribeExecution says it, RedriveExecution goes by it."""

from __future__ import annotations

from fogbank.asl.execution import Status
from fogbank.services.stepfunctions.engine.api import ExecutionView
from fogbank.services.stepfunctions.engine.history import last_event_id
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.limits import (
    EVENTS_REDRIVABLE_MAX,
    REDRIVE_MS,
    REDRIVES_MAX,
    STANDARD_MS,
)
from fogbank.store.api import Store


async def redrive_status(store: Store, ref: Ref, view: ExecutionView, now_ms: int) -> tuple[str, str | None]:
    """`redriveStatus` and its reason, in the words of the API's reference; that of too many redrives is a guess.

    A redrive needs room in the history; how much there is, is looked up only where it matters."""
    if view.status in (Status.RUNNING, Status.SUCCEEDED):
        return "NOT_REDRIVABLE", f"Execution is {view.status.value} and cannot be redriven"
    if view.map_run_arn is not None:
        return "REDRIVABLE_BY_MAP_RUN", None
    if view.stop_ms is not None and now_ms - view.stop_ms > REDRIVE_MS:
        return "NOT_REDRIVABLE", "Execution redrivable period exceeded"
    if now_ms - view.start_ms > STANDARD_MS:
        return "NOT_REDRIVABLE", "Execution has exceeded the max execution time"
    if view.redrive_count >= REDRIVES_MAX:
        return "NOT_REDRIVABLE", "Execution has exceeded the maximum number of redrives"
    if await last_event_id(store, ref) >= EVENTS_REDRIVABLE_MAX:
        return "NOT_REDRIVABLE", "Execution history event limit exceeded"
    return "REDRIVABLE", None
