"""The errors of callers who may not, in AWS's words. Pure."""

from __future__ import annotations

from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.permissions import Need
from fogbank.model.service import Operation
from fogbank.policies.evaluation import Refusal


def denied(caller: Caller, operation: Operation, need: Need, refusal: Refusal) -> AwsError:
    """AccessDenied or AccessDeniedException, by the family of the service's protocol."""
    permissions = operation.service.permissions
    folds = permissions is not None and permissions.folds_actions
    action = need.action.lower() if folds else need.action
    resource = f'"{need.resource}"' if operation.service.name == "s3" else need.resource
    because = refusal.value.format(action=action)
    message = f"User: {caller.principal.arn} is not authorized to perform: {action} on resource: {resource} {because}"
    protocols = operation.service.model.protocols
    if "query" in protocols or "rest-xml" in protocols:
        return AwsError("AccessDenied", message, status=403)
    return AwsError("AccessDeniedException", message, status=403 if "rest-json" in protocols else 400)
