"""Aliases: names for versions, that share invocations between two of them where asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.limits import LAMBDA_ALIAS_PAGE_ITEMS_MAX
from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.errors import (
    conflict,
    function_not_found,
    invalid_parameter,
    not_found,
    stale_revision,
)
from fogbank.services.lambda_.names import LATEST, FunctionName, parse_name
from fogbank.services.lambda_.pages import decode_marker, encode_marker, page_size
from fogbank.services.lambda_.provisioned_concurrency import drop_provisioned, moving
from fogbank.services.lambda_.records import Alias, Function, decode_alias, encode
from fogbank.services.lambda_.rendering import alias_configuration
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import find_alias, find_function, find_version, put_function, retried
from fogbank.services.lambda_.updates import REVISION_TELLERS
from fogbank.store.api import ABSENT, Transaction

_LISTING = "aliases"
_SCAN_AT_ONCE = 200


@SERVICE.operation
async def create_alias(
    ctx: Call[Lambda],
    *,
    function_name: str,
    name: str,
    function_version: str,
    description: str = "",
    routing_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Name a version."""
    function = await _function(ctx, function_name, "CreateAlias")
    alias = Alias(name, function_version, ctx.state.ids.uuid(), description, _weights(routing_config) or {})

    async def attempt() -> None:
        head, stored = await find_function(ctx.state.store, function)
        await _check_versions(ctx, function, head, alias)
        if await find_alias(ctx.state.store, function, name) is not None:
            raise conflict(f"Alias already exists: {function.arn}:{name}")
        transaction = Transaction().check(keys.function(function), stored)
        transaction.put(keys.alias(function, name), encode(alias), expect=ABSENT)
        await ctx.state.store.commit(transaction)

    await retried(attempt)
    ctx.state.changed()
    return alias_configuration(function, alias)


@SERVICE.operation
async def get_alias(ctx: Call[Lambda], *, function_name: str, name: str) -> dict[str, Any]:
    """One alias."""
    function = await _function(ctx, function_name, "GetAlias")
    await find_function(ctx.state.store, function)
    found = await find_alias(ctx.state.store, function, name)
    if found is None:
        raise not_found(f"Cannot find alias arn: {function.arn}:{name}")
    return alias_configuration(function, found[0])


@SERVICE.operation
async def list_aliases(
    ctx: Call[Lambda],
    *,
    function_name: str,
    function_version: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> dict[str, Any]:
    """The aliases of a function by name, or those that point at one version."""
    function = await _function(ctx, function_name, "ListAliases")
    await find_function(ctx.state.store, function)
    limit = page_size(max_items, LAMBDA_ALIAS_PAGE_ITEMS_MAX)
    position = decode_marker(_LISTING, marker)
    after = None if position is None else keys.alias(function, position)
    found: list[Alias] = []
    while len(found) <= limit:
        records = await ctx.state.store.scan(keys.aliases(function), after=after, limit=_SCAN_AT_ONCE)
        for record in records:
            alias = decode_alias(record.value)
            if function_version in (None, alias.version):
                found.append(alias)
        if len(records) < _SCAN_AT_ONCE:
            break
        after = records[-1].key
    answer: dict[str, Any] = {"Aliases": [alias_configuration(function, alias) for alias in found[:limit]]}
    if len(found) > limit:
        answer["NextMarker"] = encode_marker(_LISTING, found[limit - 1].name)
    return answer


@SERVICE.operation
async def update_alias(
    ctx: Call[Lambda],
    *,
    function_name: str,
    name: str,
    function_version: str | None = None,
    description: str | None = None,
    routing_config: dict[str, Any] | None = None,
    revision_id: str | None = None,
) -> dict[str, Any]:
    """Point it elsewhere, or change how it shares invocations. An empty RoutingConfig ends the sharing."""
    function = await _function(ctx, function_name, "UpdateAlias")
    weights = _weights(routing_config)

    async def attempt() -> Alias:
        head, head_stored = await find_function(ctx.state.store, function)
        found = await find_alias(ctx.state.store, function, name)
        if found is None:
            raise not_found(f"Alias not found: {function.arn}:{name}")
        alias, stored = found
        if revision_id is not None and revision_id != alias.revision_id:
            raise stale_revision(REVISION_TELLERS)
        changed = replace(
            alias,
            version=alias.version if function_version is None else function_version,
            description=alias.description if description is None else description,
            weights=alias.weights if weights is None else weights,
            revision_id=ctx.state.ids.uuid(),
        )
        await _check_versions(ctx, function, head, changed)
        transaction = Transaction()
        moved = name in head.provisioned and changed.version != alias.version
        if moved:
            head = replace(head, provisioned=head.provisioned | {name: moving(head.provisioned[name])})
            put_function(transaction, function, head, head_stored)
        else:
            transaction.check(keys.function(function), head_stored)
        transaction.put(keys.alias(function, name), encode(changed), expect=stored)
        await ctx.state.store.commit(transaction)
        if moved:
            ctx.state.provisioner.begin(function)
        return changed

    alias = await retried(attempt)
    ctx.state.changed()
    return alias_configuration(function, alias)


@SERVICE.operation
async def delete_alias(ctx: Call[Lambda], *, function_name: str, name: str) -> dict[str, Any]:
    """Delete an alias with its policy and event configuration; one that is not there is deleted already."""
    function = await _function(ctx, function_name, "DeleteAlias")

    async def attempt() -> None:
        head, stored = await find_function(ctx.state.store, function)
        transaction = Transaction()
        if name in head.provisioned:
            await drop_provisioned(ctx, transaction, function, head, stored, name)
        transaction.delete(keys.alias(function, name))
        transaction.delete(keys.policy(function.with_qualifier(name)))
        transaction.delete(keys.event_invoke_config(function, name))
        await ctx.state.store.commit(transaction)
        if name in head.provisioned:
            ctx.state.provisioner.begin(function)

    await retried(attempt)
    ctx.state.changed()
    return {}


async def _function(ctx: Call[Lambda], function_name: str, action: str) -> FunctionName:
    name = parse_name(function_name, ctx.account, ctx.region)
    await check_access(ctx, name, f"lambda:{action}")
    return name.with_qualifier(None)


def _weights(routing_config: dict[str, Any] | None) -> dict[str, float] | None:
    """The additional versions and their weights; None when RoutingConfig was not given."""
    if routing_config is None:
        return None
    weights: dict[str, float] = routing_config.get("AdditionalVersionWeights") or {}
    if len(weights) > 1:
        raise invalid_parameter("Number of items in AdditionalVersionWeights cannot be greater than 1")
    return weights


async def _check_versions(ctx: Call[Lambda], name: FunctionName, function: Function, alias: Alias) -> None:
    """The versions exist, and may share invocations."""
    if alias.weights and alias.version == LATEST:
        raise invalid_parameter("$LATEST is not supported for an alias pointing to more than 1 version")
    for number in (alias.version, *alias.weights):
        if await find_version(ctx.state.store, name, function, number) is None:
            raise function_not_found(f"{name.arn}:{number}")
    if alias.version in alias.weights:
        raise invalid_parameter(
            f"Invalid function version {alias.version}. Function version {alias.version} is already included in "
            "routing configuration."
        )
