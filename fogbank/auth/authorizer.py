"""May this caller do that? The place where IAM decides.

Policies are not evaluated yet (a later issue), so nothing here pretends to: in open mode everything is allowed; in enforced
mode root's own keys are, and everyone else is refused as AWS refuses a caller whom no policy allows anything.
GetCallerIdentity needs no permission, on AWS neither.
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.actions import action_of, resource_of
from fogbank.core.config import AuthMode
from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.principal import PrincipalType
from fogbank.model.service import Operation

FREE = frozenset({("sts", "GetCallerIdentity")})


class ModeAuthorizer:
    """Decides by mode and principal (`model.calls.Authorizer`)."""

    def __init__(self, mode: AuthMode) -> None:
        self._enforced = mode is AuthMode.ENFORCE

    async def authorize(self, caller: Caller, operation: Operation, params: dict[str, Any]) -> None:
        """Return, or raise AccessDenied in the words and with the code of the service's protocol family."""
        if not self._enforced:
            return
        principal = caller.principal
        # A session that open mode gave to a stranger's key must not be root's here.
        if principal.type is PrincipalType.ROOT and not principal.acts_as_root:
            return
        if (operation.service.name, operation.name) not in FREE:
            raise denied(caller, operation, params)


def denied(caller: Caller, operation: Operation, params: dict[str, Any]) -> AwsError:
    """The error of a caller whom no policy allows the action."""
    action = action_of(operation)
    resource = resource_of(caller, operation, params)
    message = (
        f"User: {caller.principal.arn} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    protocols = operation.service.model.protocols
    if "query" in protocols or "rest-xml" in protocols:
        return AwsError("AccessDenied", message, status=403)
    return AwsError("AccessDeniedException", message, status=403 if "rest-json" in protocols else 400)
