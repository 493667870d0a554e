"""Tags of log groups, by both generations of the API, and of destinations, by the newer one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.core.limits import LOG_TAGS_MAX
from fogbank.model.call import Call
from fogbank.services.logs.destinations import tag_destination, tags_of_destination
from fogbank.services.logs.lookup import group_of
from fogbank.services.logs.records import LogGroup
from fogbank.services.logs.service import SERVICE, invalid
from fogbank.services.logs.state import Logs
from fogbank.services.logs.updates import update_group


async def _tag(ctx: Call[Logs], name: str, tags: dict[str, str]) -> None:
    def change(group: LogGroup) -> LogGroup:
        merged = group.tags | tags
        if len(merged) > LOG_TAGS_MAX:
            raise SERVICE.error(
                "TooManyTagsException",
                f"The number of tags exceeds the limit of {LOG_TAGS_MAX}.",
                resourceName=name,
            )
        return replace(group, tags=merged)

    await update_group(ctx, name, change)


async def _untag(ctx: Call[Logs], name: str, tag_keys: list[str]) -> None:
    def change(group: LogGroup) -> LogGroup:
        return replace(group, tags={key: value for key, value in group.tags.items() if key not in tag_keys})

    await update_group(ctx, name, change)


def _named(resource_arn: str) -> tuple[str, str]:
    """The kind and name of what an ARN names. Other resources of the service that carry tags are not supported."""
    arn = parse_arn(resource_arn)
    if arn is None or arn.service != "logs":
        raise invalid("Invalid ARN")
    kind, _, name = arn.resource.partition(":")
    if kind not in ("log-group", "destination"):
        raise NotSupported(f"logs tags of {kind}")
    return kind, name.removesuffix(":*")


@SERVICE.operation
async def tag_log_group(ctx: Call[Logs], *, log_group_name: str, tags: dict[str, str]) -> None:
    await _tag(ctx, log_group_name, tags)


@SERVICE.operation
async def untag_log_group(ctx: Call[Logs], *, log_group_name: str, tags: list[str]) -> None:
    await _untag(ctx, log_group_name, tags)


@SERVICE.operation
async def list_tags_log_group(ctx: Call[Logs], *, log_group_name: str) -> dict[str, Any]:
    return {"tags": (await group_of(ctx, log_group_name)).record.tags}


@SERVICE.operation
async def tag_resource(ctx: Call[Logs], *, resource_arn: str, tags: dict[str, str]) -> None:
    kind, name = _named(resource_arn)
    if kind == "destination":
        await tag_destination(ctx, name, lambda old: old | tags)
    else:
        await _tag(ctx, name, tags)


@SERVICE.operation
async def untag_resource(ctx: Call[Logs], *, resource_arn: str, tag_keys: list[str]) -> None:
    kind, name = _named(resource_arn)
    if kind == "destination":
        await tag_destination(
            ctx, name, lambda old: {key: value for key, value in old.items() if key not in tag_keys}
        )
    else:
        await _untag(ctx, name, tag_keys)


@SERVICE.operation
async def list_tags_for_resource(ctx: Call[Logs], *, resource_arn: str) -> dict[str, Any]:
    kind, name = _named(resource_arn)
    if kind == "destination":
        return {"tags": await tags_of_destination(ctx, name)}
    return {"tags": (await group_of(ctx, name)).record.tags}
