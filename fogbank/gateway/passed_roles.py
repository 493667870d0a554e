"""Roles that an API's definition gives to API Gateway: whoever imports it must be allowed to pass each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.model.permissions import Params, pass_role

PRINCIPAL = "apigateway.amazonaws.com"
#: What members that hold a role are called, in requests and in definitions, without regard to case.
_MEMBERS = frozenset(
    {
        "credentials",
        "credentialsarn",
        "authorizercredentials",
        "authorizercredentialsarn",
        "cloudwatchrolearn",
    }
)


def roles_of_request(params: Params) -> Iterator[str]:
    """Roles among the members and the patch operations of a request."""
    for name, value in params.items():
        if name.lower() in _MEMBERS and _is_role(value):
            yield value
    patches = params.get("patchOperations")
    for patch in patches if isinstance(patches, list) else ():
        member = str(patch.get("path", "")).strip("/").lower() if isinstance(patch, Mapping) else ""
        if member in _MEMBERS and _is_role(role := patch.get("value")):
            yield str(role)


async def check_roles(ctx: Call[Any], definition: Any) -> None:
    """AccessDeniedException for a definition with a role that the caller may not pass."""
    if not ctx.calls.enforces:
        return
    for role in dict.fromkeys(_roles(definition)):
        need = pass_role(role, PRINCIPAL)
        refusal = await ctx.calls.refusal(ctx.caller, need)
        if refusal is not None:
            message = f"User: {ctx.principal.arn} is not authorized to perform: {need.action} on resource: {role} {refusal}"
            raise AwsError("AccessDeniedException", message, status=403)


def _roles(value: Any) -> Iterable[str]:
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Mapping):
            for name, each in found.items():
                if str(name).lower() in _MEMBERS and _is_role(each):
                    yield each
                else:
                    waiting.append(each)
        elif isinstance(found, list):
            waiting += found


def _is_role(value: Any) -> bool:
    """Not the caller's own identity (`arn:aws:iam::*:user/*`)."""
    return isinstance(value, str) and bool(value) and not value.endswith(":user/*")
