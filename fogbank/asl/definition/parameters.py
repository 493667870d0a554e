"""The fields of Parameters and Arguments that each optimized integration takes: AWS checks them with the definition.

After the parameters that AWS documents for each integration. What has no entry here is not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fogbank.asl.definition.places import Place
from fogbank.asl.resources import Pattern, TaskKind, TaskResource, parse_resource

_DYNAMODB_WRITE: Final = (
    "ConditionExpression ConditionalOperator Expected ExpressionAttributeNames ExpressionAttributeValues "
    "ReturnConsumedCapacity ReturnItemCollectionMetrics ReturnValues ReturnValuesOnConditionCheckFailure"
)
_TABLE: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("apigateway", "invoke"): (
        "ApiEndpoint Method",
        "AllowNullValues AuthType Headers Path QueryParameters RequestBody Stage",
    ),
    ("dynamodb", "deleteItem"): ("TableName Key", _DYNAMODB_WRITE),
    ("dynamodb", "getItem"): (
        "TableName Key",
        "AttributesToGet ConsistentRead ExpressionAttributeNames ProjectionExpression ReturnConsumedCapacity",
    ),
    ("dynamodb", "putItem"): ("TableName Item", _DYNAMODB_WRITE),
    ("dynamodb", "updateItem"): ("TableName Key", f"AttributeUpdates UpdateExpression {_DYNAMODB_WRITE}"),
    ("events", "putEvents"): ("Entries", "EndpointId"),
    ("http", "invoke"): (
        "ApiEndpoint Method",
        "Authentication Headers InvocationConfig QueryParameters RequestBody Transform",
    ),
    ("lambda", "invoke"): ("FunctionName", "ClientContext InvocationType LogType Payload Qualifier"),
    ("sns", "publish"): (
        "Message",
        "MessageAttributes MessageDeduplicationId MessageGroupId MessageStructure PhoneNumber Subject TargetArn TopicArn",
    ),
    ("sqs", "sendMessage"): (
        "QueueUrl MessageBody",
        "DelaySeconds MessageAttributes MessageDeduplicationId MessageGroupId MessageSystemAttributes",
    ),
    ("states", "startExecution"): ("StateMachineArn", "Input Name TraceHeader"),
}
"""(service, action) to its required and its other fields."""


def check(fields: Mapping[str, Any], place: Place) -> None:
    """Of a Task state. Parameters that an expression makes are known only when it runs."""
    resource = fields.get("Resource")
    found = parse_resource(resource) if isinstance(resource, str) else None
    if found is None:
        return
    if found.kind is TaskKind.ACTIVITY and "Credentials" in fields:
        place.at("Credentials").refuse("The field 'Credentials' is not supported for activities")
    unusable = place.express and found.pattern is not Pattern.REQUEST_RESPONSE
    name = "Arguments" if place.jsonata else "Parameters"
    if found.kind is TaskKind.SDK and isinstance(fields.get(name), dict):
        for field in place.rules.foreign(found, fields[name], place.jsonata):
            place.at(name).refuse(f"The field '{field}' is not supported by Step Functions")
    if found.kind is not TaskKind.SERVICE or unusable or not place.rules.recognises(found):
        return
    if name not in fields:
        place.refuse(f"{name} field is required for resource ARN: {resource}")
    elif isinstance(fields[name], dict) and (entry := _TABLE.get((found.service, found.action))) is not None:
        _check(fields[name], entry, place.at(name))


def _check(given: Mapping[str, Any], entry: tuple[str, str], place: Place) -> None:
    required, others = (part.split() for part in entry)
    names = {key if place.jsonata else key.removesuffix(".$") for key in given}
    for field in sorted(names.difference(required, others)):
        place.refuse(f"The field '{field}' is not supported by Step Functions")
    for field in required:
        if field not in names:
            place.refuse(f"The field '{field}' is required but was missing")


def fields_of(resource: TaskResource) -> frozenset[str] | None:
    """The fields that an optimized integration takes; None where AWS does not say."""
    found = _TABLE.get((resource.service, resource.action)) if resource.kind is TaskKind.SERVICE else None
    return None if found is None else frozenset(" ".join(found).split())
