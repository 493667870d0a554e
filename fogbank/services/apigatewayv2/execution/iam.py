"""AWS_IAM: the request is signed by somebody who may invoke."""

from __future__ import annotations

from fogbank.core.errors import AwsError
from fogbank.model.principal import PrincipalType
from fogbank.services.apigatewayv2.execution.exchange import Exchange
from fogbank.services.apigatewayv2.execution.faults import forbidden


async def check_iam(x: Exchange) -> None:
    """Identity policies are not evaluated yet (as in auth/authorizer.py): root may, nobody else. HTTP APIs tell a caller
    nothing but Forbidden."""
    try:
        who = await x.stage.gateway.identify(x.request)
    except AwsError as error:
        raise forbidden(detail=f"{error.code}: {error.message}") from None
    if who is None:
        raise forbidden(detail="the request is not signed")
    if not (who.type is PrincipalType.ROOT or who.acts_as_root):
        raise forbidden(detail=f"{who.arn} may not invoke")
    if who.account != x.stage.place.account and not who.acts_as_root:
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
