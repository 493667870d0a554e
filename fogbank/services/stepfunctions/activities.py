"""Activities: tasks that workers outside fetch by long polling."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import Conflict
from fogbank.model.call import Call
from fogbank.services.stepfunctions import keys, settings
from fogbank.services.stepfunctions.limits import ACTIVITIES_MAX
from fogbank.services.stepfunctions.names import arn_of, check_name, parse_activity_arn
from fogbank.services.stepfunctions.pages import decode_token, encode_token, page_size
from fogbank.services.stepfunctions.records import Activity, decode_activity, encode
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions
from fogbank.store.api import ABSENT, Transaction

_LISTING = "activities"


@SERVICE.operation
async def create_activity(
    ctx: Call[StepFunctions],
    *,
    name: str,
    tags: list[dict[str, str]] | None = None,
    encryption_configuration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Create it, or find it there; the tags of one that is there stay."""
    check_name(name)
    settings.check_encryption(encryption_configuration)
    arn = arn_of(ctx.account, ctx.region, f"activity:{name}")
    activity = Activity(ctx.state.ids.uuid(), name, ctx.state.clock.now_ms(), settings.tags_of(tags, arn))
    key = keys.activity(ctx.account, ctx.region, name)
    while True:
        record = await ctx.state.store.get(key)
        if record is not None:
            return {"activityArn": arn, "creationDate": decode_activity(record.value).created_ms}
        base = keys.activities(ctx.account, ctx.region)
        if await ctx.state.store.count(base, limit=ACTIVITIES_MAX) >= ACTIVITIES_MAX:
            raise SERVICE.error(
                "ActivityLimitExceeded", f"The limit of {ACTIVITIES_MAX} activities is reached."
            )
        try:
            await ctx.state.store.commit(Transaction().put(key, encode(activity), expect=ABSENT))
        except Conflict:
            continue
        return {"activityArn": arn, "creationDate": activity.created_ms}


@SERVICE.operation
async def describe_activity(ctx: Call[StepFunctions], *, activity_arn: str) -> dict[str, Any]:
    """An activity's name and age."""
    activity = await ctx.state.activities.find(activity_arn)
    return _wire(activity_arn, activity) | {"encryptionConfiguration": settings.OWNED_KEY}


@SERVICE.operation
async def delete_activity(ctx: Call[StepFunctions], *, activity_arn: str) -> dict[str, Any]:
    """Delete it; one that is not there is deleted already. Tasks that wait in its queue run into their timeouts."""
    name = parse_activity_arn(activity_arn)
    await ctx.state.store.commit(
        Transaction().delete(keys.activity(name.account, name.region, name.resource))
    )
    return {}


@SERVICE.operation
async def list_activities(
    ctx: Call[StepFunctions], *, max_results: int | None = None, next_token: str | None = None
) -> dict[str, Any]:
    """Activities by name."""
    base, limit = keys.activities(ctx.account, ctx.region), page_size(max_results)
    position = decode_token(_LISTING, next_token)
    after = None if position is None else (*base, position)
    records = await ctx.state.store.scan(base, after=after, limit=limit + 1)
    activities = [decode_activity(record.value) for record in records[:limit]]
    answer: dict[str, Any] = {
        "activities": [
            _wire(arn_of(ctx.account, ctx.region, f"activity:{activity.name}"), activity)
            for activity in activities
        ]
    }
    if len(records) > limit:
        answer["nextToken"] = encode_token(_LISTING, activities[-1].name)
    return answer


def _wire(arn: str, activity: Activity) -> dict[str, Any]:
    return {"activityArn": arn, "name": activity.name, "creationDate": activity.created_ms}
