"""The SQS service object, the decorator its operations are declared with, and the errors they share.

SQS words its own refusals: a missing member is `MissingParameter`, not the framework's validation error. So operations are
declared `hot` (the registry does not validate) and `operation` checks types, then what is required.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import xform_name

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.model.service import Service
from fogbank.services.sqs.forms import has_form_of

if TYPE_CHECKING:
    from fogbank.services.sqs.state import Sqs

SERVICE: Service[Sqs] = Service("sqs")

F = TypeVar("F", bound=Callable[..., Any])

#: What an operation finds empty when it is absent: those have refusals of their own for it.
EMPTY: dict[str, Any] = {"Entries": [], "Attributes": {}}


def operation(function: F) -> F:
    """Declare an operation of SQS: called with what is required, and of the right types."""
    model = next(m for name, m in SERVICE.model.operations.items() if xform_name(name) == function.__name__)
    shape = model.input
    assert shape is not None
    required = [(xform_name(member), member) for member in shape.required]
    checks = {xform_name(name): (name, has_form_of(member)) for name, member in shape.members.items()}

    @wraps(function)
    async def checked(ctx: Call[Sqs], **arguments: Any) -> Any:
        for name, value in arguments.items():
            if value is not None and not checks[name][1](value):
                raise AwsError("SerializationException", f"{checks[name][0]} is not of the right type.")
        for name, member in required:
            if arguments.get(name) is None:
                if member not in EMPTY:
                    raise missing(member)
                arguments[name] = EMPTY[member]
        return await function(ctx, **arguments)

    SERVICE.operation(hot=True)(checked)
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
        "ReceiptHandleIsInvalid", f'The input receipt handle "{handle[:1024]}" is not a valid receipt handle.'
    )


def foreign_handle(handle: str) -> AwsError:
    return SERVICE.error(
        "ReceiptHandleIsInvalid", f'The receipt handle "{handle[:1024]}" is not valid for this queue.'
    )


def contended() -> AwsError:
    """After the bounded retries of a read-decide-commit."""
    return AwsError("ServiceUnavailable", "The request was in conflict with too many others.", status=503)
