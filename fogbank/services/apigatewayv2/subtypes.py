"""First-class integrations of HTTP APIs: which operation of which service, and the parameters that AWS documents for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subtype:
    """`parameters` are mapped by name; `required` must be mapped. `json` are those whose text is JSON, `numbers` whole
    numbers: an integration's parameters are texts."""

    service: str
    operation: str
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    json: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    blobs: frozenset[str] = frozenset()

    @property
    def parameters(self) -> frozenset[str]:
        return self.required | self.optional | {"Region"}


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


SUBTYPES = {
    "EventBridge-PutEvents": Subtype(
        "events",
        "PutEvents",
        _of("Detail", "DetailType", "Source"),
        _of("Time", "EventBusName", "Resources", "TraceHeader"),
        json=_of("Resources"),
    ),
    "SQS-SendMessage": Subtype(
        "sqs",
        "SendMessage",
        _of("QueueUrl", "MessageBody"),
        _of(
            "DelaySeconds",
            "MessageAttributes",
            "MessageDeduplicationId",
            "MessageGroupId",
            "MessageSystemAttributes",
        ),
        json=_of("MessageAttributes", "MessageSystemAttributes"),
        numbers=_of("DelaySeconds"),
    ),
    "SQS-ReceiveMessage": Subtype(
        "sqs",
        "ReceiveMessage",
        _of("QueueUrl"),
        _of(
            "AttributeNames",
            "MaxNumberOfMessages",
            "MessageAttributeNames",
            "ReceiveRequestAttemptId",
            "VisibilityTimeout",
            "WaitTimeSeconds",
        ),
        json=_of("AttributeNames", "MessageAttributeNames"),
        numbers=_of("MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds"),
    ),
    "SQS-DeleteMessage": Subtype("sqs", "DeleteMessage", _of("QueueUrl", "ReceiptHandle")),
    "SQS-PurgeQueue": Subtype("sqs", "PurgeQueue", _of("QueueUrl")),
    "AppConfig-GetConfiguration": Subtype(
        "appconfig",
        "GetConfiguration",
        _of("Application", "Environment", "Configuration", "ClientId"),
        _of("ClientConfigurationVersion"),
    ),
    "Kinesis-PutRecord": Subtype(
        "kinesis",
        "PutRecord",
        _of("StreamName", "Data", "PartitionKey"),
        _of("SequenceNumberForOrdering", "ExplicitHashKey"),
        blobs=_of("Data"),
    ),
    "StepFunctions-StartExecution": Subtype(
        "stepfunctions", "StartExecution", _of("StateMachineArn"), _of("Name", "Input")
    ),
    "StepFunctions-StartSyncExecution": Subtype(
        "stepfunctions", "StartSyncExecution", _of("StateMachineArn"), _of("Name", "Input", "TraceHeader")
    ),
    "StepFunctions-StopExecution": Subtype(
        "stepfunctions", "StopExecution", _of("ExecutionArn"), _of("Cause", "Error")
    ),
}
