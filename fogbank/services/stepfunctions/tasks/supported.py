"""Which resources a Task state may name: what runs here, what only AWS has, what nobody has.

For CreateStateMachine and its like: a resource that AWS has and fogbank lacks is refused by name when a machine is created,
one that AWS does not have either is a schema error. `parameters_of` are the fields that an optimized integration takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from fogbank.asl.definition import integrations
from fogbank.services.stepfunctions.engine.api import Pattern, TaskKind, TaskResource
from fogbank.services.stepfunctions.tasks.sdk import SdkTasks, is_known_to_aws


class Support(Enum):
    RUNS = "it can be run"
    NOT_YET = "AWS has it, fogbank does not"
    UNKNOWN = "AWS does not have it either"


@dataclass(frozen=True, slots=True)
class Integration:
    """One action of an optimized integration: the patterns beside request-response, and the fields it takes."""

    patterns: frozenset[Pattern]
    parameters: frozenset[str]


_CALLBACK = frozenset({Pattern.CALLBACK})
_SYNC = frozenset({Pattern.SYNC, Pattern.SYNC_2, Pattern.CALLBACK})
_ITEM = frozenset(
    {
        "ConditionalOperator",
        "ConditionExpression",
        "Expected",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
    }
) | {"ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "ReturnValues", "TableName"}


def _of(patterns: frozenset[Pattern], *parameters: str) -> Integration:
    return Integration(patterns, frozenset(parameters))


#: service → action → what it takes.
OPTIMIZED: dict[str, dict[str, Integration]] = {
    "apigateway": {
        "invoke": _of(
            _CALLBACK,
            "AllowNullValues",
            "ApiEndpoint",
            "AuthType",
            "Headers",
            "Method",
            "Path",
            "QueryParameters",
            "RequestBody",
            "Stage",
        )
    },
    "lambda": {
        "invoke": _of(
            _CALLBACK, "FunctionName", "Payload", "Qualifier", "InvocationType", "ClientContext", "LogType"
        )
    },
    "states": {"startExecution": _of(_SYNC, "StateMachineArn", "Input", "Name", "TraceHeader")},
    "dynamodb": {
        "getItem": _of(
            frozenset(),
            "AttributesToGet",
            "ConsistentRead",
            "ExpressionAttributeNames",
            "Key",
            "ProjectionExpression",
            "ReturnConsumedCapacity",
            "TableName",
        ),
        "putItem": Integration(frozenset(), _ITEM | {"Item"}),
        "updateItem": Integration(frozenset(), _ITEM | {"AttributeUpdates", "Key", "UpdateExpression"}),
        "deleteItem": Integration(frozenset(), _ITEM | {"Key"}),
    },
    "sqs": {
        "sendMessage": _of(
            _CALLBACK,
            "DelaySeconds",
            "MessageAttributes",
            "MessageBody",
            "MessageDeduplicationId",
            "MessageGroupId",
            "QueueUrl",
        )
    },
    "sns": {
        "publish": _of(
            _CALLBACK,
            "Message",
            "MessageAttributes",
            "MessageDeduplicationId",
            "MessageGroupId",
            "MessageStructure",
            "PhoneNumber",
            "Subject",
            "TargetArn",
            "TopicArn",
        )
    },
    "events": {"putEvents": _of(_CALLBACK, "Entries")},
}


def support_of(resource: TaskResource, sdk: SdkTasks) -> Support:
    """Whether a Task state may name the resource. Functions and activities are looked for only when they are run."""
    match resource.kind:
        case TaskKind.LAMBDA | TaskKind.ACTIVITY:
            return Support.RUNS
        case TaskKind.SDK:
            return _support_of_sdk(resource, sdk)
    integration = OPTIMIZED.get(resource.service, {}).get(resource.action)
    if integration is not None:
        allowed = resource.pattern is Pattern.REQUEST_RESPONSE or resource.pattern in integration.patterns
        return Support.RUNS if allowed else Support.UNKNOWN
    return Support.NOT_YET if integrations.is_known(resource) else Support.UNKNOWN


def _support_of_sdk(resource: TaskResource, sdk: SdkTasks) -> Support:
    if resource.pattern in (Pattern.SYNC, Pattern.SYNC_2):
        return Support.UNKNOWN
    if sdk.model(resource.service) is None:
        return Support.NOT_YET if is_known_to_aws(resource.service) else Support.UNKNOWN
    operation = sdk.operation(resource.service, resource.action)
    if operation is None:
        return Support.UNKNOWN
    return Support.RUNS if sdk.implements(resource.service, operation.name) else Support.NOT_YET


def parameters_of(resource: TaskResource) -> frozenset[str] | None:
    """The fields that an optimized integration takes; None where that is no matter of the resource."""
    if resource.kind is not TaskKind.SERVICE:
        return None
    integration = OPTIMIZED.get(resource.service, {}).get(resource.action)
    return None if integration is None else integration.parameters


def pruned(resource: TaskResource, parameters: Any) -> Any:
    """The parameters as AWS schedules the task with them: fields that an integration does not take are left out.

    Recorded for SQS, where they came by a path; those that stand in the definition are refused at its creation."""
    known = parameters_of(resource)
    if known is None or not isinstance(parameters, dict) or parameters.keys() <= known:
        return parameters
    return {name: value for name, value in parameters.items() if name in known}
