"""Tags of tables. All that is wrong with them is a ValidationException, and nothing of such a request is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import regex

from fogbank.core.errors import AwsError, Conflict
from fogbank.model.call import Call
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX, TAGS_MAX
from fogbank.services.dynamodb.resource_arns import tagged
from fogbank.services.dynamodb.service import SERVICE, in_use, invalid, not_found
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import Transaction

Tags = dict[str, str]
KEY_CHARS_MAX, VALUE_CHARS_MAX = 128, 256
_FIT = regex.compile(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")


def tags_of(given: list[dict[str, str]]) -> Tags:
    """A Tags parameter. Raises ValidationException."""
    tags: Tags = {}
    for tag in given:
        key, value = _checked_key(tag.get("Key")), tag.get("Value")
        if value is None or len(value) > VALUE_CHARS_MAX or not _FIT.fullmatch(value):
            raise invalid(f"The Tag Value provided is invalid, Value: {'null' if value is None else value}")
        if key in tags:
            raise invalid(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {key}")
        tags[key] = value
    _check_count(tags)
    return tags


def _checked_key(key: str | None) -> str:
    if key is None or not 0 < len(key) <= KEY_CHARS_MAX or not _FIT.fullmatch(key):
        raise invalid(f"The Tag Key provided is invalid, Key: {'null' if key is None else key}")
    if key.lower().startswith("aws:"):
        raise invalid(f"Tag Key cannot be prefixed with aws:, Key: {key}")
    return key


def _check_count(keys: Iterable[str]) -> None:
    if len(list(keys)) > TAGS_MAX:
        raise invalid("Number of Tags exceed the current limit for the provided ResourceArn")


async def _table(ctx: Call[DynamoDB], resource_arn: str) -> Table:
    """Raises ValidationException, AccessDeniedException, ResourceNotFoundException."""
    name, label = tagged(ctx, resource_arn)
    if label:  # a stream has no tags
        raise _no_resource(resource_arn)
    try:
        return await ctx.state.directory.settled(ctx, name)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise _no_resource(resource_arn) from None


def _no_resource(arn: str) -> AwsError:
    return not_found(f"Requested resource not found: ResourceArn: {arn} not found")


async def _change(ctx: Call[DynamoDB], resource_arn: str, change: Callable[[Tags], Tags]) -> None:
    for _ in range(CONFLICT_RETRIES_MAX):
        table = await _table(ctx, resource_arn)
        tags = change(table.record.tags)
        _check_count(tags)
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
    if not tags:
        raise invalid("Atleast one Tag needs to be provided as Input.")
    added = tags_of(tags)
    await _change(ctx, resource_arn, lambda before: before | added)


@SERVICE.operation
async def untag_resource(ctx: Call[DynamoDB], *, resource_arn: str, tag_keys: list[str]) -> None:
    if not tag_keys:
        raise invalid("Atleast one Tag Key needs to be provided as Input.")
    for key in tag_keys:
        _checked_key(key)
    _check_count(tag_keys)
    await _change(
        ctx,
        resource_arn,
        lambda before: {key: value for key, value in before.items() if key not in tag_keys},
    )


@SERVICE.operation
async def list_tags_of_resource(
    ctx: Call[DynamoDB], *, resource_arn: str, next_token: str | None = None
) -> dict[str, Any]:
    """All of them at once; as on AWS, where 50 make one page too, a NextToken says nothing."""
    table = await _table(ctx, resource_arn)
    return {"Tags": [{"Key": key, "Value": value} for key, value in table.record.tags.items()]}
