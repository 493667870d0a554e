"""What a connection adds to a request, for services that make requests: `events:RetrieveConnectionCredentials`, which no client
has an operation for."""

from __future__ import annotations

from fogbank.core.errors import AwsError
from fogbank.gateway.connected import Additions
from fogbank.model.call import Call
from fogbank.model.permissions import Need
from fogbank.services.events.additions import additions_of
from fogbank.services.events.lookup import connection_of_arn
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
    refusal = await ctx.calls.refusal(ctx.caller, Need(_ACTION, connection_arn))
    if refusal is not None:
        message = (
            f"User: {ctx.principal.arn} is not authorized to perform: {_ACTION} on resource: {connection_arn} "
            f"{refusal}"
        )
        raise AwsError("AccessDenied", message)
    found = await connection_of_arn(ctx.state.store, connection_arn)
    if found is None or found[0].account != ctx.account:
        raise AwsError("ResourceNotFound", f"Connection {connection_arn} does not exist.")
    return await additions_of(ctx.state, *found, refused)
