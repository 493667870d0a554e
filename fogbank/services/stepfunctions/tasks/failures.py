"""A service's refusal as the failure of a task: the exception's Java name, and the SDK's sentence about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fogbank.asl.documents import dumps
from fogbank.asl.states.task import unusable_parameters
from fogbank.core.errors import AwsError
from fogbank.model.service import Operation
from fogbank.model.shapes import OperationModel, ServiceModel
from fogbank.services.stepfunctions.engine.api import Failed, Stage
from fogbank.services.stepfunctions.tasks.naming import exception_name, pascal, sdk_exception_name


@dataclass(frozen=True, slots=True)
class Optimized:
    """What the first SDK calls a service: `prefix` of its errors, `label` in sentences, `base` of its exceptions."""

    prefix: str
    label: str
    base: str

    @property
    def unmodelled(self) -> str:
        return f"{self.base}Exception"


#: Those of DynamoDB and SNS are recorded, the others follow the SDK's own class names.
OPTIMIZED = {
    "lambda": Optimized("Lambda", "AWSLambda", "AWSLambda"),
    "dynamodb": Optimized("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDB"),
    "sqs": Optimized("SQS", "AmazonSQS", "AmazonSQS"),
    "sns": Optimized("SNS", "AmazonSNS", "AmazonSNS"),
    "states": Optimized("StepFunctions", "AWSStepFunctions", "AWSStepFunctions"),
    "events": Optimized("EventBridge", "AmazonEventBridge", "AmazonEventBridge"),
}


#: Clients of the second SDK that share another's exceptions.
_BASES = {"dynamodbstreams": "DynamoDb"}


def optimized_failure(
    service: str, error: AwsError, operation: Operation | None, request_id: str, stage: Stage = Stage.RUN
) -> Failed:
    """Of an optimized integration."""
    names = OPTIMIZED[service]
    shape = _shape_of(operation.model, error.code) if operation is not None else None
    name = exception_name(shape) if shape else names.unmodelled
    cause = (
        f"{error.message} (Service: {names.label}; Status Code: {error.status}; Error Code: {error.code}; "
        f"Request ID: {request_id}; Proxy: null)"
    )
    return Failed(f"{names.prefix}.{name}", cause, stage)


def sdk_failure(
    model: ServiceModel,
    error: AwsError,
    operation: OperationModel | None,
    request_id: str,
    stage: Stage = Stage.RUN,
) -> Failed:
    """Of an `aws-sdk` integration."""
    prefix = pascal(str(model.metadata["serviceId"]))
    shape = _shape_of(operation, error.code) if operation is not None else None
    name = sdk_exception_name(shape) if shape else f"{_BASES.get(model.name, prefix)}Exception"
    more = f", Extended Request ID: {request_id}" if model.name == "s3" else ""
    cause = (
        f"{error.message} (Service: {prefix}, Status Code: {error.status}, Request ID: {request_id}{more})"
    )
    return Failed(f"{prefix}.{name}", cause, stage)


def _shape_of(operation: OperationModel, code: str) -> str | None:
    """The modelled error of a code: its shape's name."""
    for name, shape in operation.errors.items():
        if code in (shape.error_code, name):
            return name
    found = operation.service.raw["shapes"].get(code)
    return code if found is not None and found.get("exception") else None


def bad_parameters(parameters: Any, problem: str) -> Failed:
    """Parameters that cannot be an input. The engine asks for problems before; this is for who does not."""
    failure = unusable_parameters(dumps(parameters), problem)
    return Failed(failure.error, failure.cause)


def lost(prefix: str) -> Failed:
    """The node died while the task was under way: as when the connection to the service broke."""
    cause = "Unable to execute HTTP request: The target server failed to respond"
    return Failed(f"{prefix}.SdkClientException", cause)
