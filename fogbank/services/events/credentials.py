"""What a connection adds to a request, for services that make requests: `events:RetrieveConnectionCredentials`, which no client
has an operation for."""

from __future__ import annotations

import base64
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.gateway.connected import Additions
from fogbank.model.call import Call
from fogbank.model.principal import PrincipalType
from fogbank.services.events.auth_parameters import pairs
from fogbank.services.events.connection_states import State
from fogbank.services.events.lookup import connection_of_arn
from fogbank.services.events.oauth import NoToken
from fogbank.services.events.records import Connection
from fogbank.services.events.sealing import unseal
from fogbank.services.events.service import SERVICE
from fogbank.services.events.state import Events

_ACTION = "events:RetrieveConnectionCredentials"


@SERVICE.internal
async def retrieve_connection_credentials(
    ctx: Call[Events], *, connection_arn: str, refused: str = ""
) -> Additions:
    """`refused` is the stamp of a token that the endpoint did not take: it is renewed.

    AwsError ResourceNotFound, AuthInProgress, InvalidConnectionState or AccessDenied: the names that Step Functions has after
    `Events.ConnectionResource.`; their sentences are guesses.
    """
    if ctx.principal.type is not PrincipalType.ROOT and not ctx.principal.acts_as_root:
        # As everywhere in enforced mode until policies are evaluated: only root's own keys may.
        message = (
            f"User: {ctx.principal.arn} is not authorized to perform: {_ACTION} on resource: {connection_arn}"
        )
        raise AwsError("AccessDenied", message)
    found = await connection_of_arn(ctx.state.store, connection_arn)
    if found is None or found[0].account != ctx.account:
        raise AwsError("ResourceNotFound", f"Connection {connection_arn} does not exist.")
    return await additions_of(ctx.state, *found, refused)


async def additions_of(state: Events, connection: Connection, version: int, refused: str = "") -> Additions:
    """The same for a connection that is at hand."""
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
