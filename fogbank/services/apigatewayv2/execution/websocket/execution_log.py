"""Execution logs of a WebSocket API's stage, to CloudWatch Logs, in API Gateway's own words as far as they are known.

At ERROR for what failed, at INFO for all, with payloads where `DataTraceEnabled` says so; by route, else by the stage's default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.model.telemetry import LogTarget
from fogbank.services.apigatewayv2.execution.throttling import route_settings
from fogbank.services.apigatewayv2.execution.websocket.exchange import SocketExchange

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.websocket.stage import SocketStage

LINE_BYTES_MAX = 1024  # as of REST APIs
TRUNCATED = " [TRUNCATED]"


class ExecutionLog:
    """Where and what one stage logs."""

    def __init__(self, stage: SocketStage) -> None:
        self._stage = stage
        place = stage.place
        group = f"/aws/apigateway/{stage.api_id}/{stage.name}"
        self._target = LogTarget(place.account, place.region, group, stage.gateway.ids.hex(32))
        wire = stage.wire
        every = [wire.get("DefaultRouteSettings") or {}, *(wire.get("RouteSettings") or {}).values()]
        self._wanted = any(each.get("LoggingLevel", "OFF") != "OFF" for each in every)

    def begin(self, x: SocketExchange) -> None:
        """Its route is known: keep its payloads, if they are to be logged."""
        if not self._wanted:
            return
        settings = route_settings(self._stage.wire, x.route_key)
        if settings.get("DataTraceEnabled") and settings.get("LoggingLevel") == "INFO":
            x.trace = []

    def write(self, x: SocketExchange) -> None:
        """It is over."""
        if not self._wanted:
            return
        level = route_settings(self._stage.wire, x.route_key).get("LoggingLevel", "OFF")
        if level == "OFF" or (level == "ERROR" and x.error is None):
            return
        lines = [f"({x.request_id}) {line}" for line in _lines(x)]
        self._stage.gateway.telemetry.lines(self._target, [(x.started_ms, _bounded(line)) for line in lines])


def _lines(x: SocketExchange) -> list[str]:
    place = f"{x.stage.api_id}/{x.stage.name}"
    lines = [f"Extended Request Id: {x.request_id}"]
    if x.event_type == "CONNECT":
        lines += _key_lines(x, place)
    lines += [f"Starting execution for request: {x.request_id}", f"WebSocket Request Route: [{x.route_key}]"]
    lines.append(_what(x))
    if x.trace is not None:
        if x.event_type == "MESSAGE":
            lines.append(f"Method request body before transformations: {x.text}")
        lines += x.trace
    if x.integration_error:
        lines.append(f"Execution failed due to an internal error: {x.integration_error}")
    elif x.detail:
        lines.append(f"Execution failed: {x.detail}")
    client = f"Client [Connection Id: {x.connection.id}]"
    api = f"[{x.stage.api_id}]"
    if x.error is not None:
        lines.append(f"Gateway response with status code: {x.status}, message: {x.error}")
    elif x.event_type == "CONNECT":
        lines.append(f"{client} connected to API {api} successfully.")
    elif x.event_type == "DISCONNECT":
        lines.append(f"{client} disconnected from API {api}.")
    else:
        lines.append("Successfully completed execution")
    return lines


def _key_lines(x: SocketExchange, place: str) -> list[str]:
    key = x.connection.api_key[0] if x.connection.api_key is not None else ""
    lines = [f"Verifying Usage Plan for request: {x.request_id}. API Key: {key} API Stage: {place}"]
    if not x.requires_key:
        lines.append(
            f"API Key {key} authorized because route '$connect' does not require API Key. "
            "Request will not contribute to throttle or quota limits"
        )
    if x.error is None or x.connection.api_key is not None:
        lines.append(f"Usage Plan check succeeded for API Key {key} and API Stage {place}")
    return lines


def _what(x: SocketExchange) -> str:
    connection, api = x.connection, f"[{x.stage.api_id}]"
    if x.event_type == "CONNECT":
        agent = connection.request.headers.get("user-agent")
        source = f"UserAgent: {agent}, SourceIp: {connection.request.peer}"
        return f"Client [{source}] is connecting to WebSocket API {api}."
    verb = "sent a message to" if x.event_type == "MESSAGE" else "is disconnecting from"
    return f"Client [Connection Id: {connection.id}] {verb} API {api}."


def _bounded(line: str) -> str:
    return line if len(line) <= LINE_BYTES_MAX else line[: LINE_BYTES_MAX - len(TRUNCATED)] + TRUNCATED
