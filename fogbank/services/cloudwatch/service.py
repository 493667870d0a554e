"""The cloudwatch service as the registry knows it. Operations are declared in the noun modules beside this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.errors import AwsError
from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.cloudwatch.state import CloudWatch

SERVICE: Service[CloudWatch] = Service("cloudwatch")


def invalid_value(message: str) -> AwsError:
    return SERVICE.error("InvalidParameterValueException", message)


def invalid_combination(message: str) -> AwsError:
    return SERVICE.error("InvalidParameterCombinationException", message)


def missing(message: str) -> AwsError:
    return SERVICE.error("MissingRequiredParameterException", message)


def validation_error(message: str) -> AwsError:
    """The un-modelled error that CloudWatch answers to much bad input."""
    return AwsError("ValidationError", message)
