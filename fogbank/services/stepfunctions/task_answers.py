"""What workers and callbacks say about a task, by its token."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.asl.advance import DATA_BYTES_MAX
from fogbank.asl.json_errors import explain
from fogbank.model.call import Call
from fogbank.services.stepfunctions.errors import validation
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions


@SERVICE.operation
async def send_task_success(ctx: Call[StepFunctions], *, task_token: str, output: str) -> dict[str, Any]:
    """The task is done; `output` is its result."""
    _check_output(output)
    await ctx.state.engine.task_succeeded(task_token, output)
    return {}


@SERVICE.operation
async def send_task_failure(
    ctx: Call[StepFunctions], *, task_token: str, error: str | None = None, cause: str | None = None
) -> dict[str, Any]:
    """The task failed; Retry and Catch go by `error`."""
    await ctx.state.engine.task_failed(task_token, error, cause)
    return {}


@SERVICE.operation
async def send_task_heartbeat(ctx: Call[StepFunctions], *, task_token: str) -> dict[str, Any]:
    """The task is being worked at: HeartbeatSeconds counts anew."""
    await ctx.state.engine.task_heartbeat(task_token)
    return {}


def _check_output(text: str) -> None:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        if (problem := explain(text)) is not None:
            raise SERVICE.error("InvalidOutput", f"Invalid Output: '{problem.message}'") from None
    if len(text) > DATA_BYTES_MAX or len(text.encode("utf-8", "surrogatepass")) > DATA_BYTES_MAX:
        raise validation(
            "1 validation error detected: Value at 'output' failed to satisfy constraint: "
            f"Member must have length less than or equal to {DATA_BYTES_MAX}"
        )
