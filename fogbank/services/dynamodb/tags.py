"""Tags of tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fogbank.core.errors import Conflict, NotSupported
from fogbank.model.call import Call
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX, TAGS_MAX
from fogbank.services.dynamodb.service import SERVICE, bad_value, in_use, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import Transaction

Tags = dict[str, str]


def tags_of(given: list[dict[str, str]]) -> Tags:
    """A Tags parameter. Raises ValidationException."""
    tags = {tag["Key"]: tag["Value"] for tag in given}
    if len(tags) != len(given):
        raise invalid("One or more parameter values were invalid: Duplicate tag keys are not allowed")
    if any(key.startswith("aws:") for key in tags):
        raise bad_value("Tag keys that begin with aws: are reserved")
    if len(tags) > TAGS_MAX:
        raise bad_value("Too many tags: a resource may have 50")
    return tags


async def _table(ctx: Call[DynamoDB], resource_arn: str) -> Table:
    if not resource_arn.startswith("arn:"):
        raise invalid(f"Invalid TableArn: Invalid ResourceArn provided as input {resource_arn}")
    if "/backup/" in resource_arn or "/stream/" in resource_arn:
        raise NotSupported("dynamodb tags of backups and streams")
    return await ctx.state.directory.described(ctx, resource_arn)


async def _change(ctx: Call[DynamoDB], resource_arn: str, change: Callable[[Tags], Tags]) -> None:
    for _ in range(CONFLICT_RETRIES_MAX):
        table = await _table(ctx, resource_arn)
        tags = change(table.record.tags)
        if len(tags) > TAGS_MAX:
            raise SERVICE.error("LimitExceededException", "Too many tags: a resource may have 50")
        record = replace(table.record, tags=tags)
        try:
            await ctx.state.store.commit(Transaction().put(table.key, record.pack(), expect=table.version))
        except Conflict:
            continue
        ctx.state.directory.forget(table.place, table.record.name)
        return
    raise in_use("Attempt to change a resource which is still in use")


@SERVICE.operation
async def tag_resource(ctx: Call[DynamoDB], *, resource_arn: str, tags: list[dict[str, str]]) -> None:
    added = tags_of(tags)
    await _change(ctx, resource_arn, lambda before: before | added)


@SERVICE.operation
async def untag_resource(ctx: Call[DynamoDB], *, resource_arn: str, tag_keys: list[str]) -> None:
    await _change(
        ctx,
        resource_arn,
        lambda before: {key: value for key, value in before.items() if key not in tag_keys},
    )


@SERVICE.operation
async def list_tags_of_resource(
    ctx: Call[DynamoDB], *, resource_arn: str, next_token: str | None = None
) -> dict[str, Any]:
    if next_token is not None:  # a table has no more tags than one page holds
        raise invalid("Invalid NextToken")
    table = await _table(ctx, resource_arn)
    return {"Tags": [{"Key": key, "Value": value} for key, value in table.record.tags.items()]}
