"""What WebSocket APIs (services/apigatewayv2) ask of the account's API keys, usage plans and logging role, which live here."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys, plan_stages
from fogbank.services.apigateway.execution.api_keys import admit, valid_key
from fogbank.services.apigateway.execution.faults import Fault
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.records import retried
from fogbank.services.apigateway.service import SERVICE
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import Transaction


@SERVICE.internal
async def admit_api_key(
    ctx: Call[ApiGateway], *, api_id: str, stage: str, route_key: str, value: str | None
) -> dict[str, Any]:
    """`{"keyId"}` of a key that may connect; with `{"status", "message", "detail"}` when it may not just now, or at all."""
    gateway = ctx.state.execution
    assert gateway is not None
    place = place_of(ctx)
    found: dict[str, Any] = {}
    try:
        api_key, plans = await valid_key(gateway, place, value)
        found["keyId"] = api_key["id"]
        await admit(gateway, (place, api_id, stage), plans, api_key["id"], route_key)
    except Fault as fault:
        found |= {"status": fault.status, "message": fault.message, "detail": fault.detail}
    return found


@SERVICE.internal
@retried
async def detach_stage(ctx: Call[ApiGateway], *, api_id: str, stage: str | None) -> None:
    """A stage, or all of an API's, is gone: usage plans name it no more."""
    tx = Transaction()
    await plan_stages.detach(ctx.state.store, tx, place_of(ctx), api_id, stage)
    await ctx.state.store.commit(tx)


@SERVICE.internal
async def has_logging_role(ctx: Call[ApiGateway]) -> bool:
    """The account has a role that writes logs."""
    account = await read(ctx.state.store, keys.owned(place_of(ctx), "account"))
    return account is not None and "cloudwatchRoleArn" in account.wire
