"""One connection of a WebSocket API: the session that the edge calls. Its record in the store says which node holds it."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fogbank.core.http import Request, Socket
from fogbank.gateway.parameters import parse_query
from fogbank.model.principal import Principal
from fogbank.services.apigatewayv2.limits import WEBSOCKET_WAITING_MAX, WEBSOCKETS_WAITING_BYTES_MAX

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.websocket.stage import SocketStage

log = logging.getLogger("fogbank.apigatewayv2")


class Connection:
    """See the module. `stage` is the one that it connected to, as it was compiled then; messages take it as it is now."""

    def __init__(self, stage: SocketStage, request: Request) -> None:
        gateway = stage.gateway
        self.stage = stage
        self.request = request
        self.id = gateway.request_id()
        self.domain_name = request.headers.get("host") or ""
        self.connected_ms = self.active_ms = gateway.clock.now_ms()
        self.authorizer: dict[str, Any] | None = None
        self.principal: Principal | None = None
        self.usage_key: str | None = None  # `usageIdentifierKey` of its authorizer
        self.api_key: tuple[str, str] | None = None  # (its value, its id)
        self._socket: Socket | None = None
        self._waiting = 0  # messages whose integration has not answered
        self._early: list[str | bytes] = []  # sent to the client before the handshake was answered

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_query(self.request.query)

    # --- the edge's side --------------------------------------------------------------------------------------------

    def opened(self, socket: Socket) -> None:
        self._socket = socket
        for message in self._early:
            socket.send(message)
        self._early.clear()

    def received(self, message: str | bytes) -> None:
        gateway = self.stage.gateway
        self.active_ms = gateway.clock.now_ms()
        self._waiting += 1
        gateway.sockets.waiting_bytes += len(message)
        if self._socket is not None and (
            self._waiting >= WEBSOCKET_WAITING_MAX
            or gateway.sockets.waiting_bytes > WEBSOCKETS_WAITING_BYTES_MAX
        ):
            self._socket.pause()
        gateway.spawn("websocket message", self._serve(message))

    def closed(self, code: int, reason: str) -> None:
        self._socket = None
        gateway = self.stage.gateway
        gateway.sockets.forget(self)
        if not gateway.closing:
            gateway.spawn("websocket end", self._end(code, reason))

    # --- the stage's side -------------------------------------------------------------------------------------------

    def send(self, message: str | bytes) -> None:
        """To the client; what comes before the handshake's answer waits for it."""
        self.active_ms = self.stage.gateway.clock.now_ms()
        if self._socket is not None:
            self._socket.send(message)
        elif len(self._early) < WEBSOCKET_WAITING_MAX:
            self._early.append(message)

    def close(self, code: int, reason: str) -> None:
        if self._socket is not None:
            self._socket.close(code, reason)

    async def _serve(self, message: str | bytes) -> None:
        try:
            await self._renew()
            await self.stage.message(self, message)
        finally:
            self._waiting -= 1
            sockets = self.stage.gateway.sockets
            sockets.waiting_bytes -= len(message)
            crowded = sockets.waiting_bytes > WEBSOCKETS_WAITING_BYTES_MAX
            if self._socket is not None and (
                not self._waiting or (self._waiting < WEBSOCKET_WAITING_MAX and not crowded)
            ):
                self._socket.resume()

    async def _end(self, code: int, reason: str) -> None:
        gateway = self.stage.gateway
        await gateway.sockets.remove(self.id)
        await self._renew()
        await self.stage.disconnect(self, code, reason)

    async def _renew(self) -> None:
        """Take the stage as it is now: a deployment holds for connections that are open."""
        stage = self.stage
        found = await stage.gateway.socket_stage(stage.api_id, stage.name)
        if found is not None:
            self.stage = found
