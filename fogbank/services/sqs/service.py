"""The SQS service object, the decorator its operations are declared with, and the errors they share.

SQS words its own refusals: a missing member is `MissingParameter`, not the framework's validation error. So operations are
declared `hot` (the registry does not validate) and `operation` checks what is required, then the types.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import xform_name

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.model.calls import validation_message
from fogbank.model.service import Service
from fogbank.model.validation import compile_validator

if TYPE_CHECKING:
    from fogbank.services.sqs.state import Sqs

SERVICE: Service[Sqs] = Service("sqs")

F = TypeVar("F", bound=Callable[..., Any])


def operation(function: F) -> F:
    """Declare an operation of SQS."""
    model = next(m for name, m in SERVICE.model.operations.items() if xform_name(name) == function.__name__)
    shape = model.input
    assert shape is not None
    required = [(xform_name(member), member) for member in shape.required]
    wire = {xform_name(member): member for member in shape.members}
    validate = compile_validator(shape)

    @wraps(function)
    async def checked(ctx: Call[Sqs], **arguments: Any) -> Any:
        for name, member in required:
            if arguments.get(name) is None:
                raise missing(member)
        if validate is not None:
            sent = {wire[name]: value for name, value in arguments.items() if value is not None}
            if problems := validate(sent):
                raise invalid_value(validation_message(problems))
        return await function(ctx, **arguments)

    SERVICE.operation(hot=True)(checked)
    return function


def hot_operation(function: F) -> F:
    """The same on a hot path: the function itself meets every type that a caller can send."""
    SERVICE.operation(hot=True)(function)
    return function


def missing(member: str) -> AwsError:
    return SERVICE.error(
        "MissingRequiredParameterException", f"The request must contain the parameter {member}."
    )


def invalid_value(message: str) -> AwsError:
    """InvalidParameterValue: what SQS answers to most bad input."""
    return SERVICE.error("InvalidParameterValueException", message)


def bad_parameter(name: str, value: object, reason: str) -> AwsError:
    return invalid_value(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def bad_attribute(name: str) -> AwsError:
    return SERVICE.error("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def unknown_attribute(name: str) -> AwsError:
    return SERVICE.error("InvalidAttributeName", f"Unknown Attribute {name}.")


def no_queue() -> AwsError:
    return SERVICE.error("QueueDoesNotExist", "The specified queue does not exist.")


def no_resource(member: str) -> AwsError:
    return SERVICE.error(
        "ResourceNotFoundException",
        f"The resource that you specified for the {member} parameter doesn't exist.",
    )


def bad_handle(handle: str) -> AwsError:
    return SERVICE.error(
        "ReceiptHandleIsInvalid", f'The input receipt handle "{handle[:256]}" is not a valid receipt handle.'
    )


def contended() -> AwsError:
    """After the bounded retries of a read-decide-commit."""
    return AwsError("ServiceUnavailable", "The request was in conflict with too many others.", status=503)
