"""The dynamodb service as the registry knows it, and its errors. Operations are declared in the noun modules beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.errors import AwsError
from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.dynamodb.state import DynamoDB

SERVICE: Service[DynamoDB] = Service("dynamodb", encodes=True)


def invalid(message: str) -> AwsError:
    """ValidationException: DynamoDB's answer to all bad input. Not in its model, so without a shape."""
    return AwsError("ValidationException", message)


def bad_value(message: str) -> AwsError:
    """The most common family of refusals."""
    return AwsError("ValidationException", f"One or more parameter values were invalid: {message}")


def not_found(message: str = "Requested resource not found") -> AwsError:
    return SERVICE.error("ResourceNotFoundException", message)


def no_table(name: str) -> AwsError:
    """What the operations about tables answer; those about items say no name."""
    return not_found(f"Requested resource not found: Table: {name} not found")


def in_use(message: str) -> AwsError:
    return SERVICE.error("ResourceInUseException", message)
