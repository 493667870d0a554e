"""GetActivityTask: the long poll by which workers fetch tasks."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.model.call import Call
from fogbank.services.stepfunctions import keys
from fogbank.services.stepfunctions.limits import ACTIVITY_POLLERS_MAX
from fogbank.services.stepfunctions.names import parse_activity_arn
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions


@SERVICE.operation
async def get_activity_task(
    ctx: Call[StepFunctions], *, activity_arn: str, worker_name: str | None = None
) -> dict[str, Any]:
    """The next task for a worker, or nothing when none comes within a minute."""
    tasks, name = ctx.state.activities, parse_activity_arn(activity_arn)
    activity = await tasks.find(activity_arn)
    queue = keys.activity_queue(name.account, name.region, activity.id)
    if tasks.pollers(queue) >= ACTIVITY_POLLERS_MAX:  # the sentence is a guess
        raise SERVICE.error(
            "ActivityWorkerLimitExceeded",
            f"More than {ACTIVITY_POLLERS_MAX} workers wait for tasks of this activity.",
        )
    while (leased := await tasks.take(queue, lambda: ctx.caller.is_gone)) is not None:
        task = orjson.loads(leased.body)
        wanted = await ctx.state.engine.task_started(task["token"], worker_name)
        await tasks.settle(leased)
        if wanted:
            return {"taskToken": task["token"], "input": task["input"]}
    return {}
