"""What a connection adds to a request: its authorization, with a token that serves, and its invocation parameters."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from fogbank.core.errors import AwsError
from fogbank.gateway.connected import Additions
from fogbank.services.events.auth_parameters import pairs
from fogbank.services.events.connection_states import State
from fogbank.services.events.oauth import NoToken
from fogbank.services.events.records import Connection
from fogbank.services.events.sealing import unseal

if TYPE_CHECKING:
    from fogbank.services.events.state import Events


async def additions_of(state: Events, connection: Connection, version: int, refused: str = "") -> Additions:
    """AwsError AuthInProgress or InvalidConnectionState; `refused` is the stamp of a token that is to be renewed."""
    if connection.state == State.AUTHORIZING:
        raise AwsError("AuthInProgress", f"Connection {connection.arn} is being authorized.")
    if connection.state != State.AUTHORIZED or connection.sealed is None:
        raise _unusable(connection, connection.state)
    parameters = unseal(state.secrets, connection.arn, connection.sealed)
    stamp = ""
    match connection.kind:
        case "BASIC":
            headers = [_basic(parameters["BasicAuthParameters"])]
        case "API_KEY":
            key = parameters["ApiKeyAuthParameters"]
            headers = [(key["ApiKeyName"], key["ApiKeyValue"])]
        case _:
            try:
                authorization, stamp = await state.tokens.current(connection, version, refused)
            except NoToken:
                raise _unusable(connection, State.DEAUTHORIZED) from None
            headers = [("Authorization", authorization)]
    http = parameters.get("InvocationHttpParameters")
    return Additions(
        [*headers, *pairs(http, "HeaderParameters")],
        pairs(http, "QueryStringParameters"),
        pairs(http, "BodyParameters"),
        stamp,
    )


def _basic(parameters: dict[str, Any]) -> tuple[str, str]:
    both = f"{parameters['Username']}:{parameters['Password']}".encode()
    return "Authorization", f"Basic {base64.b64encode(both).decode()}"


def _unusable(connection: Connection, state: str) -> AwsError:
    return AwsError("InvalidConnectionState", f"Connection {connection.arn} is in state {state}.")
