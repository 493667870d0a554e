"""GetExecutionHistory: what happened in a Standard execution, forward or backward."""

from __future__ import annotations

from typing import Any

from fogbank.model.call import Call
from fogbank.services.stepfunctions.executions import execution_ref
from fogbank.services.stepfunctions.pages import decode_token, encode_token, page_size
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions


@SERVICE.operation
async def get_execution_history(
    ctx: Call[StepFunctions],
    *,
    execution_arn: str,
    max_results: int | None = None,
    reverse_order: bool = False,
    next_token: str | None = None,
    include_execution_data: bool = True,
) -> dict[str, Any]:
    """A page of events. More may follow in an execution that runs on: then there is no token, ask anew."""
    execution_ref(execution_arn)
    listing = f"history {execution_arn} {reverse_order}"
    after_id = decode_token(listing, next_token) or 0
    limit = page_size(max_results)
    events = await ctx.state.engine.history(
        execution_arn, after_id=after_id, limit=limit + 1, reverse=reverse_order
    )
    answer: dict[str, Any] = {"events": [event.wire(data=include_execution_data) for event in events[:limit]]}
    if len(events) > limit:
        answer["nextToken"] = encode_token(listing, events[limit - 1].id)
    return answer
