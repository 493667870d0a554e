"""Tags of functions and of event source mappings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.errors import invalid_parameter
from fogbank.services.lambda_.event_source_mappings import change_mapping_tags, find_mapping
from fogbank.services.lambda_.names import FunctionName, parse_name
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import find_function, put_function, retried
from fogbank.services.lambda_.tag_rules import check_tags
from fogbank.store.api import Transaction


@SERVICE.operation
async def tag_resource(ctx: Call[Lambda], *, resource: str, tags: dict[str, str]) -> dict[str, Any]:
    """Set tags; those with other keys stay."""
    if (uuid := _mapping(resource)) is not None:
        await change_mapping_tags(ctx, uuid, lambda before: before | tags)
        return {}
    name = await _name(ctx, resource, "TagResource")
    if not tags:
        raise invalid_parameter("An error occurred and the request cannot be processed.")
    await retried(lambda: _change(ctx, name, lambda before: before | tags))
    return {}


@SERVICE.operation
async def untag_resource(ctx: Call[Lambda], *, resource: str, tag_keys: list[str]) -> dict[str, Any]:
    """Remove tags; keys that are not there are no error."""
    gone = frozenset(tag_keys)
    if (uuid := _mapping(resource)) is not None:
        await change_mapping_tags(
            ctx, uuid, lambda before: {k: v for k, v in before.items() if k not in gone}
        )
        return {}
    name = await _name(ctx, resource, "UntagResource")
    await retried(
        lambda: _change(ctx, name, lambda before: {k: v for k, v in before.items() if k not in gone})
    )
    return {}


@SERVICE.operation
async def list_tags(ctx: Call[Lambda], *, resource: str) -> dict[str, Any]:
    """All tags of a function or a mapping."""
    if (uuid := _mapping(resource)) is not None:
        mapping, _ = await find_mapping(ctx, uuid)
        return {"Tags": mapping.tags}
    function, _ = await find_function(ctx.state.store, await _name(ctx, resource, "ListTags"))
    return {"Tags": function.tags}


def _mapping(resource: str) -> str | None:
    """The UUID of the event source mapping that an ARN names."""
    arn = parse_arn(resource)
    kind, _, uuid = arn.resource.partition(":") if arn is not None else ("", "", "")
    return uuid if kind == "event-source-mapping" else None


async def _change(
    ctx: Call[Lambda], name: FunctionName, change: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    function, stored = await find_function(ctx.state.store, name)
    tags = change(function.tags)
    check_tags(tags)
    transaction = put_function(Transaction(), name, replace(function, tags=tags), stored)
    await ctx.state.store.commit(transaction)


async def _name(ctx: Call[Lambda], resource: str, action: str) -> FunctionName:
    arn = parse_arn(resource)
    if arn is not None and not arn.resource.startswith("function:"):
        raise NotSupported(f"tags on lambda {arn.resource.partition(':')[0]}s")
    name = parse_name(resource, ctx.account, ctx.region)
    await check_access(ctx, name, f"lambda:{action}")
    if name.qualifier is not None:
        raise invalid_parameter(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    return name
