"""API destinations: HTTP endpoints as targets of rules. One is ACTIVE while its connection is authorized."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.gateway.connected import is_endpoint
from fogbank.model.call import Call
from fogbank.services.events import keys
from fogbank.services.events.connection_states import State
from fogbank.services.events.limits import API_DESTINATIONS_MAX, DESTINATION_RATE_DEFAULT
from fogbank.services.events.lookup import changed, connection_of_arn
from fogbank.services.events.pages import page
from fogbank.services.events.records import ApiDestination, decode_destination
from fogbank.services.events.service import SERVICE, exists, limit_exceeded, not_found, validation
from fogbank.services.events.state import Events
from fogbank.store.api import ABSENT, Record, Transaction

Wire = dict[str, Any]


@SERVICE.operation
async def create_api_destination(
    ctx: Call[Events],
    *,
    name: str,
    connection_arn: str,
    invocation_endpoint: str,
    http_method: str,
    description: str | None = None,
    invocation_rate_limit_per_second: int | None = None,
) -> Wire:
    state = ctx.state
    await _check(ctx, connection_arn, invocation_endpoint)
    under = keys.destinations(ctx.account, ctx.region)
    if await state.store.count(under, limit=API_DESTINATIONS_MAX) >= API_DESTINATIONS_MAX:
        raise limit_exceeded("The requested resource exceeds the maximum number allowed.")
    now_ms = state.clock.now_ms()
    made = ApiDestination(
        ctx.account,
        ctx.region,
        name,
        state.ids.uuid(),
        connection_arn,
        invocation_endpoint,
        http_method,
        invocation_rate_limit_per_second or DESTINATION_RATE_DEFAULT,
        now_ms,
        now_ms,
        description,
    )
    key = keys.destination(ctx.account, ctx.region, name)

    def create(there: Record | None) -> tuple[Transaction, Wire]:
        if there is not None:
            raise exists(f"An api-destination '{name}' already exists.")
        return Transaction().put(key, made.encode(), expect=ABSENT), {}

    await changed(state.store, key, create)
    return await _brief(ctx, made)


@SERVICE.operation
async def describe_api_destination(ctx: Call[Events], *, name: str) -> Wire:
    record = await ctx.state.store.get(keys.destination(ctx.account, ctx.region, name))
    if record is None:
        raise _missing("describe", name)
    found = decode_destination(record.value)
    answer = await _listed(ctx, found)
    return answer if found.description is None else answer | {"Description": found.description}


@SERVICE.operation
async def list_api_destinations(
    ctx: Call[Events],
    *,
    name_prefix: str | None = None,
    connection_arn: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> Wire:
    found, more = await page(
        ctx.state.store,
        "ListApiDestinations",
        keys.destinations(ctx.account, ctx.region),
        decode_destination,
        prefix=name_prefix,
        token=next_token,
        limit=limit,
        keep=lambda each: connection_arn in (None, each.connection_arn),
    )
    return {"ApiDestinations": [await _listed(ctx, each) for each in found], **more}


@SERVICE.operation
async def update_api_destination(
    ctx: Call[Events],
    *,
    name: str,
    description: str | None = None,
    connection_arn: str | None = None,
    invocation_endpoint: str | None = None,
    http_method: str | None = None,
    invocation_rate_limit_per_second: int | None = None,
) -> Wire:
    await _check(ctx, connection_arn, invocation_endpoint)
    given = {
        "description": description,
        "connection_arn": connection_arn,
        "endpoint": invocation_endpoint,
        "method": http_method,
        "rate": invocation_rate_limit_per_second,
    }
    changes: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    changes["modified_ms"] = ctx.state.clock.now_ms()
    key = keys.destination(ctx.account, ctx.region, name)
    made: list[ApiDestination] = []

    def update(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise _missing("update", name)
        made[:] = [replace(decode_destination(there.value), **changes)]
        return Transaction().put(key, made[0].encode(), expect=there.version), {}

    await changed(ctx.state.store, key, update)
    return await _brief(ctx, made[0])


@SERVICE.operation
async def delete_api_destination(ctx: Call[Events], *, name: str) -> Wire:
    key = keys.destination(ctx.account, ctx.region, name)

    def delete(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise _missing("delete", name)
        return Transaction().delete(key, expect=there.version), {}

    return await changed(ctx.state.store, key, delete)


async def _check(ctx: Call[Events], connection_arn: str | None, endpoint: str | None) -> None:
    if endpoint is not None and not is_endpoint(endpoint):  # the sentence is a guess
        raise validation(
            "InvocationEndpoint must be an HTTPS URL (HTTP is taken for this machine's own addresses only)."
        )
    if connection_arn is None:
        return
    found = await connection_of_arn(ctx.state.store, connection_arn)
    if found is None or (found[0].account, found[0].region) != (ctx.account, ctx.region):
        name = connection_arn.split("/")[1]
        raise not_found(f"Connection '{name}' does not exist.")


def _missing(verb: str, name: str) -> Exception:
    return not_found(f"Failed to {verb} the api-destination(s). An api-destination '{name}' does not exist.")


async def _brief(ctx: Call[Events], found: ApiDestination) -> Wire:
    connection = await connection_of_arn(ctx.state.store, found.connection_arn)
    active = connection is not None and connection[0].state == State.AUTHORIZED
    return {
        "ApiDestinationArn": found.arn,
        "ApiDestinationState": "ACTIVE" if active else "INACTIVE",
        "CreationTime": found.created_ms,
        "LastModifiedTime": found.modified_ms,
    }


async def _listed(ctx: Call[Events], found: ApiDestination) -> Wire:
    return await _brief(ctx, found) | {
        "Name": found.name,
        "ConnectionArn": found.connection_arn,
        "InvocationEndpoint": found.endpoint,
        "HttpMethod": found.method,
        "InvocationRateLimitPerSecond": found.rate,
    }
