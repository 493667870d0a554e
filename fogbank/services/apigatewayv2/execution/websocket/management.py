"""`@connections`: sending to a connection, looking at it, ending it. The operations are services/apigatewaymanagementapi's."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.apigatewayv2.execution.websocket.connection import Connection
from fogbank.services.apigatewayv2.limits import WEBSOCKET_MESSAGE_BYTES_MAX
from fogbank.services.apigatewayv2.service import SERVICE
from fogbank.services.apigatewayv2.state import ApiGatewayV2

NORMAL = 1000


async def _find(ctx: Call[ApiGatewayV2], connection_id: str) -> Connection | None:
    """An open connection of the caller's account. NotSupported when another node holds it."""
    gateway = ctx.state.execution
    assert gateway is not None
    connection = gateway.sockets.get(connection_id)
    if connection is not None:
        return connection if connection.stage.place.account == ctx.account else None
    record = await gateway.sockets.record(connection_id)
    if record is None or record.wire["account"] != ctx.account or record.wire["node"] == gateway.node:
        return None
    raise NotSupported(f"@connections of a connection that another node holds ({record.wire['node']})")


@SERVICE.internal
async def post_to_connection(ctx: Call[ApiGatewayV2], *, connection_id: str, data: bytes) -> str:
    """ "sent", "gone" or "large". A text when it is UTF-8, else binary."""
    connection = await _find(ctx, connection_id)
    if connection is None:
        return "gone"
    if len(data) > WEBSOCKET_MESSAGE_BYTES_MAX:
        return "large"
    try:
        connection.send(data.decode())
    except UnicodeDecodeError:
        connection.send(data)
    return "sent"


@SERVICE.internal
async def describe_connection(ctx: Call[ApiGatewayV2], *, connection_id: str) -> dict[str, Any] | None:
    """What GetConnection answers; None when it is gone."""
    connection = await _find(ctx, connection_id)
    if connection is None:
        return None
    identity = {"SourceIp": connection.request.peer}
    identity["UserAgent"] = connection.request.headers.get("user-agent") or ""
    return {
        "ConnectedAt": connection.connected_ms,
        "Identity": identity,
        "LastActiveAt": connection.active_ms,
    }


@SERVICE.internal
async def end_connection(ctx: Call[ApiGatewayV2], *, connection_id: str) -> bool:
    """False when it is gone already."""
    connection = await _find(ctx, connection_id)
    if connection is None:
        return False
    connection.close(NORMAL, "Connection Closed Normally")
    return True
