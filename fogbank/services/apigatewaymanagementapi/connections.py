"""PostToConnection, GetConnection, DeleteConnection."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.apigatewaymanagementapi.service import SERVICE, ApiGatewayManagementApi

HOLDER = "apigatewayv2"


def gone() -> AwsError:
    return SERVICE.error("GoneException", "")


@SERVICE.operation(hot=True)  # the model's bound on Data would answer 400 where AWS answers 413
async def post_to_connection(ctx: Call[ApiGatewayManagementApi], *, data: bytes, connection_id: str) -> None:
    outcome = await ctx.calls.internal(
        HOLDER, "post_to_connection", ctx.caller, connection_id=connection_id, data=data or b""
    )
    if outcome == "gone":
        raise gone()
    if outcome == "large":
        raise SERVICE.error("PayloadTooLargeException", "Message too long")


@SERVICE.operation
async def get_connection(ctx: Call[ApiGatewayManagementApi], *, connection_id: str) -> dict[str, Any]:
    found: dict[str, Any] | None = await ctx.calls.internal(
        HOLDER, "describe_connection", ctx.caller, connection_id=connection_id
    )
    if found is None:
        raise gone()
    return found


@SERVICE.operation
async def delete_connection(ctx: Call[ApiGatewayManagementApi], *, connection_id: str) -> None:
    if not await ctx.calls.internal(HOLDER, "end_connection", ctx.caller, connection_id=connection_id):
        raise gone()
