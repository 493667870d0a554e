"""Whether a function's role may do what Lambda is to do with it: asked when a source, a destination or a dead-letter queue is set."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.model.call import Call, Caller
from fogbank.model.calls import Calls
from fogbank.model.permissions import Need
from fogbank.services.lambda_.errors import invalid_parameter
from fogbank.services.lambda_.names import FunctionName
from fogbank.services.lambda_.platform import session_of

#: Services that records and dead letters go to, and the operation that takes one. Others are refused.
OPERATIONS = {
    "sqs": "SendMessage",
    "sns": "Publish",
    "events": "PutEvents",
    "s3": "PutObject",
}
#: Those whose resources have policies of their own.
_WITH_POLICIES = frozenset({"dynamodb", "events", "lambda", "sqs"})


async def may(calls: Calls, caller: Caller, action: str, resource: str) -> bool:
    """The role `caller` may do `action` (without its service) to the resource with that ARN."""
    if not calls.enforces:
        return True
    arn = parse_arn(resource)
    service = "" if arn is None else arn.service
    policies = ()
    if service in _WITH_POLICIES:
        policies = await calls.internal(service, "resource_policies", caller, resource=resource)
    return await calls.refusal(caller, Need(f"{service}:{action}", resource), policies) is None


async def may_send(calls: Calls, caller: Caller, destination: str, key: str = "") -> bool:
    """The role may send records or dead letters there; `key` is what an object in a bucket would be called."""
    arn = parse_arn(destination)
    assert arn is not None  # its form is checked first
    resource = f"{destination}/{key}" if arn.service == "s3" else destination
    action = "InvokeFunction" if arn.service == "lambda" else OPERATIONS[arn.service]
    return await may(calls, caller, action, resource)


async def check_dead_letters(ctx: Call[Any], name: FunctionName, role: str, destination: str | None) -> None:
    """A dead-letter queue that the role may not send to is refused, in AWS's words."""
    arn = parse_arn(destination) if destination else None
    if destination is None or arn is None or not ctx.calls.enforces:
        return
    principal = session_of(role, name.account, name.region, name.name, open_mode=False)
    if not await may_send(
        ctx.calls, Caller(name.account, name.region, principal, ctx.request_id), destination
    ):
        operation = OPERATIONS[arn.service]
        raise invalid_parameter(
            f"The provided execution role does not have permissions to call {operation} on {arn.service.upper()}"
        )
