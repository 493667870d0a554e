"""One event of a WebSocket on its way through a stage: the connection, a message, the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fogbank.java.jsonpath import PathError, compile_path
from fogbank.services.apigatewayv2.execution.websocket import events

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.websocket.connection import Connection
    from fogbank.services.apigatewayv2.execution.websocket.stage import SocketStage


class SocketExchange:
    """See the module."""

    __slots__ = (
        "close_code",
        "close_reason",
        "connection",
        "detail",
        "error",
        "event_type",
        "integration_error",
        "integration_latency_ms",
        "integration_status",
        "message",
        "message_id",
        "request_id",
        "route_key",
        "stage",
        "started_ms",
        "started_s",
        "status",
        "trace",
    )

    def __init__(self, connection: Connection, event_type: str, message: str | bytes = "") -> None:
        stage = connection.stage
        gateway = stage.gateway
        self.connection = connection
        self.stage: SocketStage = stage
        self.event_type = event_type
        self.message = message
        self.route_key = ""
        self.request_id = gateway.request_id()
        self.message_id = gateway.request_id() if event_type == "MESSAGE" else ""
        self.started_ms = gateway.clock.now_ms()
        self.started_s = gateway.clock.monotonic_s()
        self.close_code, self.close_reason = 0, ""
        self.status = 200
        self.error: str | None = None
        self.detail = ""  # of the error, for the execution log
        self.trace: list[str] | None = None  # what the execution log says of the data, where it is to
        self.integration_error: str | None = None
        self.integration_status: int | None = None
        self.integration_latency_ms: int | None = None

    @property
    def requires_key(self) -> bool:
        """The `$connect` route asks for an API key."""
        return self.stage.requires_key

    def note(self, line: str) -> None:
        """For the execution log, where it is to have the data."""
        if self.trace is not None:
            self.trace.append(line)

    def context(self) -> dict[str, Any]:
        return events.context(self)

    @property
    def text(self) -> str:
        """The message as templates and backends get it."""
        return events.body_of(self.message)[0]

    def body_value(self, path: str) -> Any:
        """What `$request.body.PATH` is; None where there is nothing or the message is no JSON."""
        try:
            return compile_path(f"$.{path}").find(orjson.loads(self.message))
        except (PathError, orjson.JSONDecodeError):
            return None

    def refusal(self, message: str) -> str:
        """What the gateway itself says to the client."""
        found = {"message": message, "connectionId": self.connection.id, "requestId": self.request_id}
        text: str = orjson.dumps(found).decode()
        return text
