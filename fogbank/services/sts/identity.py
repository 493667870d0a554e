"""Who a caller or a key is."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.core.key_ids import account_of_key_id
from fogbank.model.call import Call
from fogbank.model.principal import PrincipalType
from fogbank.services.sts.errors import missing_token
from fogbank.services.sts.service import SERVICE
from fogbank.services.sts.state import Sts

Wire = dict[str, Any]


@SERVICE.operation
async def get_caller_identity(ctx: Call[Sts]) -> Wire:
    caller = ctx.principal
    if caller.type is PrincipalType.ANONYMOUS:
        raise missing_token()
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


@SERVICE.operation
async def get_access_key_info(ctx: Call[Sts], *, access_key_id: str) -> Wire:
    """The account lies in the id; the key need not exist (any more)."""
    account = account_of_key_id(access_key_id)
    if account is None:
        message = "The Access Key ID provided does not exist in our records."
        raise AwsError("InvalidClientTokenId", message, status=403)
    return {"Account": account}
