"""`@connections`: sending to a connection, looking at it, ending it. The operations are services/apigatewaymanagementapi's.

What another node holds is asked of it (`relay.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.apigatewayv2.execution.websocket.connection import Connection
from fogbank.services.apigatewayv2.limits import WEBSOCKET_MESSAGE_BYTES_MAX
from fogbank.services.apigatewayv2.service import SERVICE
from fogbank.services.apigatewayv2.state import ApiGatewayV2

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.websocket.sockets import Sockets

NORMAL = 1000
POST, GET, DELETE = "post", "get", "delete"


def perform(sockets: Sockets, account: str, connection_id: str, what: str, data: bytes) -> Any:
    """Do it to an open connection of this node: "sent" or the connection's description; None when it is gone."""
    connection = sockets.get(connection_id)
    if connection is None or connection.stage.place.account != account:
        return None
    match what:
        case "post":
            _send(connection, data)
            return "sent"
        case "get":
            return _described(connection)
    connection.close(NORMAL, "Connection Closed Normally")
    return "closed"


async def _ask(ctx: Call[ApiGatewayV2], connection_id: str, what: str, data: bytes = b"") -> Any:
    """The same, wherever the connection is."""
    gateway = ctx.state.execution
    assert gateway is not None
    sockets = gateway.sockets
    now_s = gateway.clock.monotonic_s()
    if not gateway.throttles.of(ctx.account, ctx.region, now_s).take(now_s):
        raise AwsError("LimitExceededException", "", status=429)
    if sockets.get(connection_id) is not None:
        return perform(sockets, ctx.account, connection_id, what, data)
    record = await sockets.record(connection_id)
    if record is None or record.wire["account"] != ctx.account or record.wire["node"] == gateway.node:
        return None
    return await sockets.relay.ask(record.wire["node"], ctx.account, connection_id, what, data)


@SERVICE.internal
async def post_to_connection(ctx: Call[ApiGatewayV2], *, connection_id: str, data: bytes) -> str:
    """ "sent", "gone" or "large". A text when it is UTF-8, else binary."""
    if len(data) > WEBSOCKET_MESSAGE_BYTES_MAX:
        return "large" if await _ask(ctx, connection_id, GET) is not None else "gone"
    return await _ask(ctx, connection_id, POST, data) or "gone"


@SERVICE.internal
async def describe_connection(ctx: Call[ApiGatewayV2], *, connection_id: str) -> dict[str, Any] | None:
    """What GetConnection answers; None when it is gone."""
    found: dict[str, Any] | None = await _ask(ctx, connection_id, GET)
    return found


@SERVICE.internal
async def end_connection(ctx: Call[ApiGatewayV2], *, connection_id: str) -> bool:
    """False when it is gone already."""
    return await _ask(ctx, connection_id, DELETE) is not None


def _send(connection: Connection, data: bytes) -> None:
    try:
        connection.send(data.decode())
    except UnicodeDecodeError:
        connection.send(data)


def _described(connection: Connection) -> dict[str, Any]:
    identity = {"SourceIp": connection.request.peer}
    identity["UserAgent"] = connection.request.headers.get("user-agent") or ""
    return {
        "ConnectedAt": connection.connected_ms,
        "Identity": identity,
        "LastActiveAt": connection.active_ms,
    }
