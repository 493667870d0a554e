"""What the console follows: told when an execution has gone on, without asking again and again."""

from __future__ import annotations

import asyncio

from fogbank.model.call import Call
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.api import Status
from fogbank.services.stepfunctions.engine.keys import parse_execution_arn
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions


@SERVICE.internal
async def history_grown(ctx: Call[StepFunctions], *, execution_arn: str, after_event_id: int) -> None:
    """Return when the history of a Standard execution has events after `after_event_id`, or it runs no more."""
    ref = parse_execution_arn(execution_arn)
    if ref is None:
        return
    engine = ctx.state.engine
    news = asyncio.Event()
    end_watch = ctx.state.store.watch_records(keys.history(ref), news.set)
    try:
        while True:
            news.clear()
            if await engine.history(execution_arn, after_id=after_event_id, limit=1):
                return
            if (await engine.describe(execution_arn)).status is not Status.RUNNING:
                return
            await news.wait()
    finally:
        end_watch()
