"""Functions: look at one, list them, delete them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.environment import open_variables
from fogbank.services.lambda_.errors import conflict, invalid_parameter
from fogbank.services.lambda_.function_urls import drop_urls
from fogbank.services.lambda_.names import LATEST, FunctionName, is_version, parse_name
from fogbank.services.lambda_.pages import decode_marker, encode_marker, page_size
from fogbank.services.lambda_.records import (
    Account,
    Function,
    Version,
    decode_account,
    decode_alias,
    decode_function,
    decode_version,
    encode,
)
from fogbank.services.lambda_.rendering import configuration, listed
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import Found, find, find_function, find_version, retried
from fogbank.store.api import ABSENT, Transaction

_ALIASES_AT_ONCE = 500
_VERSIONS_AT_ONCE = 100


def rendered(ctx: Call[Lambda], name: FunctionName, version: Version) -> dict[str, Any]:
    """FunctionConfiguration of a version, with its variables opened."""
    variables = None
    if version.environment is not None:
        variables = open_variables(ctx.state.secrets, name, version.environment)
    return configuration(name, version, variables)


async def look_up(ctx: Call[Lambda], action: str, function_name: str, qualifier: str | None = None) -> Found:
    """The function, version or alias that a caller named."""
    name = parse_name(function_name, ctx.account, ctx.region, qualifier)
    await check_access(ctx, name, f"lambda:{action}")
    return await find(ctx.state.store, name)


@SERVICE.operation
async def get_function(
    ctx: Call[Lambda], *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    """The configuration, a link to the code, tags and reserved concurrency."""
    found = await look_up(ctx, "GetFunction", function_name, qualifier)
    answer: dict[str, Any] = {
        "Configuration": rendered(ctx, found.name, found.version),
        "Code": {
            "RepositoryType": "S3",
            "Location": ctx.state.links.make(ctx.caller, found.version.code_sha),
        },
    }
    if found.function.tags:
        answer["Tags"] = found.function.tags
    if found.function.reserved is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": found.function.reserved}
    return answer


@SERVICE.operation
async def get_function_configuration(
    ctx: Call[Lambda], *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    """The configuration alone."""
    found = await look_up(ctx, "GetFunctionConfiguration", function_name, qualifier)
    return rendered(ctx, found.name, found.version)


@SERVICE.operation
async def list_functions(
    ctx: Call[Lambda],
    *,
    master_region: str | None = None,
    function_version: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> dict[str, Any]:
    """The functions of the account in this region, `$LATEST` or all versions of each, by name."""
    if master_region is not None:
        raise NotSupported("lambda ListFunctions with MasterRegion (Lambda@Edge)")
    every = function_version == "ALL"
    listing = "functions-all" if every else "functions"
    limit = page_size(max_items)
    shown: list[tuple[FunctionName, Version]] = []
    async for name, version in _listed(ctx, every, decode_marker(listing, marker), limit + 1):
        shown.append((name, version))
        if len(shown) > limit:
            break
    answer: dict[str, Any] = {
        "Functions": [listed(rendered(ctx, name, version)) for name, version in shown[:limit]]
    }
    if len(shown) > limit:
        name, version = shown[limit - 1]
        number = 0 if version.version == LATEST else int(version.version)
        answer["NextMarker"] = encode_marker(listing, [name.name, number])
    return answer


async def _listed(
    ctx: Call[Lambda], every: bool, position: Any, limit: int
) -> AsyncIterator[tuple[FunctionName, Version]]:
    """Functions, and their versions if `every`, behind `position` ([name, version number; 0 for `$LATEST`])."""
    store, after = ctx.state.store, None
    if position is not None:
        name = FunctionName(ctx.account, ctx.region, position[0])
        after = keys.function(name)
        if every:
            async for version in versions_of(ctx, name, position[1]):
                yield name.with_qualifier(version.version), version
    while True:
        records = await store.scan(keys.functions(ctx.account, ctx.region), after=after, limit=limit)
        for record in records:
            function = decode_function(record.value)
            name = FunctionName(ctx.account, ctx.region, function.name, LATEST if every else None)
            yield name, function.latest
            if every:
                async for version in versions_of(ctx, name, 0):
                    yield name.with_qualifier(version.version), version
        if len(records) < limit:
            return
        after = records[-1].key


async def versions_of(ctx: Call[Lambda], name: FunctionName, after_number: int) -> AsyncIterator[Version]:
    """Published versions with a higher number."""
    after = keys.version(name, str(after_number))
    while True:
        records = await ctx.state.store.scan(keys.versions(name), after=after, limit=_VERSIONS_AT_ONCE)
        for record in records:
            yield decode_version(record.value)
        if len(records) < _VERSIONS_AT_ONCE:
            return
        after = records[-1].key


@SERVICE.operation
async def delete_function(
    ctx: Call[Lambda], *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    """Delete a function with all that belongs to it, or one published version."""
    name = parse_name(function_name, ctx.account, ctx.region, qualifier)
    await check_access(ctx, name, "lambda:DeleteFunction")
    if name.qualifier is None:
        await retried(lambda: _delete(ctx, name))
    elif name.qualifier == LATEST:
        raise invalid_parameter("$LATEST version cannot be deleted without deleting the function.")
    elif is_version(name.qualifier):
        await retried(lambda: _delete_version(ctx, name, str(name.qualifier)))
    else:
        raise invalid_parameter("Deletion of aliases is not currently supported.")
    return {"StatusCode": 204}


async def _delete(ctx: Call[Lambda], name: FunctionName) -> None:
    state = ctx.state
    function, stored = await find_function(state.store, name)
    transaction = Transaction().delete(keys.function(name), expect=stored)
    for prefix in (
        keys.versions(name),
        keys.aliases(name),
        keys.policies(name),
        keys.event_invoke_configs(name),
    ):
        transaction.delete_prefix(prefix)
    await drop_urls(ctx, transaction, name)
    state.collector.drop(transaction, name, function.latest)
    async for version in versions_of(ctx, name, 0):
        state.collector.drop(transaction, name, version)
    if function.share:
        await change_reserved(ctx, transaction, name, -function.share)
    if function.provisioned:
        transaction.delete(keys.provisioned(name))
    await state.store.commit(transaction)
    await _gone(ctx, name, function)


async def _gone(ctx: Call[Lambda], name: FunctionName, function: Function) -> None:
    state = ctx.state
    state.changed()
    state.concurrency.forget(name.account, name.region, name.name)
    state.events.forget(name, function.uid)
    await state.configurer.retire(name)
    if function.provisioned:
        state.provisioner.begin(name)


async def _delete_version(ctx: Call[Lambda], name: FunctionName, number: str) -> None:
    state = ctx.state
    function, stored = await find_function(state.store, name)
    version = await find_version(state.store, name, function, number)
    if version is None:
        return
    if used := [alias async for alias in _aliases_on(ctx, name, number)]:
        raise conflict(
            f"Unable to delete version because the following aliases reference it: [{', '.join(used)}]"
        )
    transaction = Transaction().delete(keys.version(name, number))
    # An alias that is being pointed at this version conflicts with this: both touch the function.
    left = {key: value for key, value in function.provisioned.items() if key != number}
    after = replace(function, provisioned=left)
    transaction.put(keys.function(name), encode(after), expect=stored)
    if after.share != function.share:
        await change_reserved(ctx, transaction, name, after.share - function.share)
    transaction.delete(keys.policy(name)).delete(keys.event_invoke_config(name, number))
    state.collector.drop(transaction, name, version)
    await state.store.commit(transaction)
    state.changed()
    await state.configurer.retire(name, number)
    if left != function.provisioned:
        state.provisioner.begin(name)


async def _aliases_on(ctx: Call[Lambda], name: FunctionName, number: str) -> AsyncIterator[str]:
    after = None
    while True:
        records = await ctx.state.store.scan(keys.aliases(name), after=after, limit=_ALIASES_AT_ONCE)
        for record in records:
            alias = decode_alias(record.value)
            if alias.version == number or number in alias.weights:
                yield alias.name
        if len(records) < _ALIASES_AT_ONCE:
            return
        after = records[-1].key


async def change_reserved(
    ctx: Call[Lambda], transaction: Transaction, name: FunctionName, by: int
) -> Account:
    """Move the account's sum of reserved concurrency with the transaction; the sum after it."""
    key = keys.account(name.account, name.region)
    record = await ctx.state.store.get(key)
    before = decode_account(record.value) if record is not None else Account()
    after = Account(before.reserved + by)
    transaction.put(key, encode(after), expect=record.version if record is not None else ABSENT)
    return after
