"""Documents and callers that the IAM and STS tests share."""

from __future__ import annotations

import json
from typing import Any

from fogbank.model.call import Caller
from fogbank.model.principal import Principal
from tests.support.house import House

ACCOUNT = "000000000000"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def trust(
    principal: Any = None, *, action: Any = "sts:AssumeRole", effect: str = "Allow", **more: Any
) -> str:
    """A trust policy of one statement."""
    statement = {
        "Effect": effect,
        "Principal": principal or {"Service": "lambda.amazonaws.com"},
        "Action": action,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | more]})


def policy(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> str:
    """A permission policy of one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | more]})


def caller(principal: Principal, region: str = "us-east-1") -> Caller:
    return Caller(principal.account, region, principal, "request-1")


async def user_principal(house: House, name: str) -> Principal:
    """A new user with an access key, as the principal that its requests have."""
    await house.call("iam", "CreateUser", {"UserName": name})
    key = (await house.call("iam", "CreateAccessKey", {"UserName": name}))["AccessKey"]
    found = await house.internal("iam", "find_access_key", access_key_id=key["AccessKeyId"])
    principal: Principal = found.principal
    return principal
