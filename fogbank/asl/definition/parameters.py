"""The fields of Parameters and Arguments that each optimized integration takes: AWS checks them with the definition.

After the parameters that AWS documents for each integration. What has no entry here is not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fogbank.asl.definition.places import Place
from fogbank.asl.resources import TaskKind, parse_resource

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


def check(resource: Any, fields: Mapping[str, Any], place: Place) -> None:
    """Of a Task state whose parameters are an object; an expression that makes them is known only when it runs."""
    found = parse_resource(resource) if isinstance(resource, str) else None
    if found is None or found.kind is not TaskKind.SERVICE:
        return
    entry = _TABLE.get((found.service, found.action))
    name = "Arguments" if place.jsonata else "Parameters"
    given = fields.get(name)
    if entry is None or not isinstance(given, dict):
        return
    required, others = (part.split() for part in entry)
    names = {key if place.jsonata else key.removesuffix(".$") for key in given}
    at = place.at(name)
    for field in sorted(names.difference(required, others)):
        at.refuse(f"The field '{field}' is not supported by Step Functions")
    for field in required:
        if field not in names:
            at.refuse(f"The field '{field}' is required but was missing")
