"""Which resources a Task state may name: what runs here, what only AWS has, what nobody has.

For CreateStateMachine and its like: a resource that AWS has and fogbank lacks is refused by name when a machine is created,
one that AWS does not have either is a schema error. AWS's integrations and their fields are the language's to know.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from fogbank.asl.definition import integrations
from fogbank.asl.definition.parameters import fields_of
from fogbank.services.stepfunctions.engine.api import Pattern, TaskKind, TaskResource
from fogbank.services.stepfunctions.tasks.sdk import SdkTasks


class Support(Enum):
    RUNS = "it can be run"
    NOT_YET = "AWS has it, fogbank does not"
    UNKNOWN = "AWS does not have it either"


#: The optimized integrations that run here: service → actions.
OPTIMIZED: dict[str, frozenset[str]] = {
    "apigateway": frozenset({"invoke"}),
    "dynamodb": frozenset({"getItem", "putItem", "updateItem", "deleteItem"}),
    "events": frozenset({"putEvents"}),
    "http": frozenset({"invoke"}),
    "lambda": frozenset({"invoke"}),
    "sns": frozenset({"publish"}),
    "sqs": frozenset({"sendMessage"}),
    "states": frozenset({"startExecution"}),
}


def support_of(resource: TaskResource, sdk: SdkTasks) -> Support:
    """Whether a Task state may name the resource. Functions and activities are looked for only when they are run."""
    match resource.kind:
        case TaskKind.LAMBDA | TaskKind.ACTIVITY:
            return Support.RUNS
        case TaskKind.SDK:
            return _support_of_sdk(resource, sdk)
    if not integrations.is_known(resource):
        return Support.UNKNOWN
    return Support.RUNS if resource.action in OPTIMIZED.get(resource.service, ()) else Support.NOT_YET


def _support_of_sdk(resource: TaskResource, sdk: SdkTasks) -> Support:
    if resource.pattern in (Pattern.SYNC, Pattern.SYNC_2):
        return Support.UNKNOWN
    if sdk.model(resource.service) is None:
        return Support.NOT_YET if sdk.is_known_to_aws(resource.service) else Support.UNKNOWN
    operation = sdk.operation(resource.service, resource.action)
    if operation is None:
        return Support.UNKNOWN
    return Support.RUNS if sdk.implements(resource.service, operation.name) else Support.NOT_YET


def pruned(resource: TaskResource, parameters: Any) -> Any:
    """The parameters as AWS sends them: fields that an optimized integration does not take are left out.

    Recorded for SQS, where they came by a path; those that stand in the definition are refused at its creation."""
    known = fields_of(resource)
    if known is None or not isinstance(parameters, dict) or parameters.keys() <= known:
        return parameters
    return {name: value for name, value in parameters.items() if name in known}
