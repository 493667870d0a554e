"""AWS_IAM: the request is signed by somebody who may invoke."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.errors import AwsError
from fogbank.core.http import Request
from fogbank.model.call import Caller
from fogbank.model.permissions import Need
from fogbank.model.principal import Principal, PrincipalType
from fogbank.services.apigatewayv2.execution.exchange import Exchange
from fogbank.services.apigatewayv2.execution.faults import forbidden
from fogbank.services.apigatewayv2.keys import Place

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway

INVOKE = "execute-api:Invoke"


async def check_invoke(gateway: Gateway, place: Place, who: Principal, arn: str, request: Request) -> None:
    """Raise Forbidden unless the caller's own policies let it invoke `arn` (these APIs have no resource policies)."""
    agent = request.headers.get("user-agent") or ""
    caller = Caller(place.account, place.region, who, gateway.ids.uuid(), request.peer, agent, request.secure)
    refusal = await gateway.calls.refusal(caller, Need(INVOKE, arn))
    if refusal is not None:
        raise forbidden(detail=f"{who.arn} may not invoke {arn} {refusal}")


def route_arn(x: Exchange) -> str:
    """`arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/path`."""
    return x.stage.arn(f"{x.request.method}/{x.arrival.path.lstrip('/')}")


async def check_iam(x: Exchange) -> None:
    """In enforced mode the caller's policies decide; in open mode, which evaluates none, root may, nobody else. HTTP APIs tell a
    caller nothing but Forbidden."""
    try:
        who = await x.stage.gateway.identify(x.request)
    except AwsError as error:
        raise forbidden(detail=f"{error.code}: {error.message}") from None
    if who is None:
        raise forbidden(detail="the request is not signed")
    gateway, place = x.stage.gateway, x.stage.place
    if not gateway.open_mode:
        await check_invoke(gateway, place, who, route_arn(x), x.request)
    elif not (who.type is PrincipalType.ROOT or who.acts_as_root):
        raise forbidden(detail=f"{who.arn} may not invoke")
    elif who.account != place.account and not who.acts_as_root:
        raise forbidden(detail=f"{who.arn} is of another account")
    x.principal = who
    x.authorizer = {
        "iam": {
            "accessKey": who.access_key_id,
            "accountId": who.account,
            "callerId": who.user_id,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": who.arn,
            "userId": who.user_id,
        }
    }
