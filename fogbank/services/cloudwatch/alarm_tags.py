"""Tags of alarms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.cloudwatch import keys
from fogbank.services.cloudwatch.alarm import Alarm
from fogbank.services.cloudwatch.alarms import update_alarms
from fogbank.services.cloudwatch.keys import place_of
from fogbank.services.cloudwatch.service import SERVICE, invalid_value
from fogbank.services.cloudwatch.state import CloudWatch


def _name_of(resource_arn: str) -> str:
    arn = parse_arn(resource_arn)
    if arn is None or arn.service != "cloudwatch":
        raise invalid_value(f"{resource_arn} is not a valid ARN.")
    kind, _, name = arn.resource.partition(":")
    if kind != "alarm":
        raise NotSupported(f"cloudwatch tags of {kind}")
    return name


async def _tagged(ctx: Call[CloudWatch], resource_arn: str) -> Alarm:
    record = await ctx.state.store.get(keys.alarm(place_of(ctx), _name_of(resource_arn)))
    if record is None:
        raise SERVICE.error("ResourceNotFoundException", "Unknown")
    return Alarm.unpack(record.value)


@SERVICE.operation
async def list_tags_for_resource(ctx: Call[CloudWatch], *, resource_arn: str) -> dict[str, Any]:
    alarm = await _tagged(ctx, resource_arn)
    return {"Tags": [{"Key": key, "Value": value} for key, value in alarm.tags.items()]}


@SERVICE.operation
async def tag_resource(ctx: Call[CloudWatch], *, resource_arn: str, tags: list[dict[str, str]]) -> None:
    alarm = await _tagged(ctx, resource_arn)
    added = {tag["Key"]: tag["Value"] for tag in tags}
    await update_alarms(ctx, [alarm.name], lambda alarm: replace(alarm, tags=alarm.tags | added))


@SERVICE.operation
async def untag_resource(ctx: Call[CloudWatch], *, resource_arn: str, tag_keys: list[str]) -> None:
    alarm = await _tagged(ctx, resource_arn)

    def without(alarm: Alarm) -> Alarm:
        return replace(alarm, tags={key: value for key, value in alarm.tags.items() if key not in tag_keys})

    await update_alarms(ctx, [alarm.name], without)
