"""What functions get of a WebSocket: the events of `$connect`, of messages and of `$disconnect`. Pure."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from fogbank.core.http import Request
from fogbank.gateway.mutual_tls import described
from fogbank.gateway.parameters import parse_query, spelled
from fogbank.gateway.stamps import request_time

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.websocket.exchange import SocketExchange


def event(x: SocketExchange) -> dict[str, Any]:
    """The event of a Lambda proxy integration."""
    found: dict[str, Any] = {}
    if x.event_type == "CONNECT":
        found |= request_members(x.connection.request)
    elif x.event_type == "DISCONNECT":
        headers = {"Host": x.connection.domain_name, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
        found["headers"] = headers
        found["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    if x.stage.variables:
        found["stageVariables"] = x.stage.variables
    found["requestContext"] = x.context()
    if x.event_type == "MESSAGE":
        found["body"], found["isBase64Encoded"] = body_of(x.message)
    else:
        found["isBase64Encoded"] = False
    return found


def body_of(message: str | bytes) -> tuple[str, bool]:
    """(the body, whether it is base-64): binary messages are."""
    return (message, False) if isinstance(message, str) else (base64.b64encode(message).decode(), True)


def request_members(request: Request) -> dict[str, Any]:
    """Headers and query of the handshake."""
    headers = spelled(request.headers)
    scheme, port = ("https", "443") if request.secure else ("http", "80")
    headers |= {
        "X-Forwarded-For": [request.peer],
        "X-Forwarded-Port": [port],
        "X-Forwarded-Proto": [scheme],
    }
    found: dict[str, Any] = {
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
    }
    if query := parse_query(request.query):
        found["queryStringParameters"] = {name: values[-1] for name, values in query.items()}
        found["multiValueQueryStringParameters"] = query
    return found


def context(x: SocketExchange) -> dict[str, Any]:
    """`requestContext` and `$context`."""
    connection, stage = x.connection, x.stage
    found: dict[str, Any] = {"routeKey": x.route_key}
    if x.event_type == "DISCONNECT":
        found |= {"disconnectStatusCode": x.close_code, "disconnectReason": x.close_reason}
    if connection.authorizer is not None:
        found["authorizer"] = connection.authorizer
    if x.event_type == "MESSAGE":
        found["messageId"] = x.message_id
    identity: dict[str, Any] = {"sourceIp": connection.request.peer}
    if (agent := connection.request.headers.get("user-agent")) is not None:
        identity["userAgent"] = agent
    if (who := connection.principal) is not None:
        identity |= {
            "accessKey": who.access_key_id,
            "accountId": who.account,
            "caller": who.user_id,
            "user": who.user_id,
            "userArn": who.arn,
        }
    if connection.api_key is not None:
        identity["apiKey"], identity["apiKeyId"] = connection.api_key
    if connection.request.certificate is not None:
        identity["clientCert"] = described(connection.request.certificate)
    return found | {
        "eventType": x.event_type,
        "extendedRequestId": x.request_id,
        "requestTime": request_time(x.started_ms),
        "messageDirection": "IN",
        "stage": stage.name,
        "connectedAt": connection.connected_ms,
        "requestTimeEpoch": x.started_ms,
        "identity": identity,
        "requestId": x.request_id,
        "domainName": connection.domain_name,
        "connectionId": connection.id,
        "apiId": stage.api_id,
    }
