"""The apigateway service (REST APIs, v1) as the registry knows it, and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.errors import AwsError
from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.apigateway.state import ApiGateway

SERVICE: Service[ApiGateway] = Service("apigateway")


def bad_request(message: str) -> AwsError:
    return SERVICE.error("BadRequestException", message)


def not_found(message: str) -> AwsError:
    return SERVICE.error("NotFoundException", message)


def conflict(message: str) -> AwsError:
    return SERVICE.error("ConflictException", message)


def limit_exceeded(message: str) -> AwsError:
    return SERVICE.error("LimitExceededException", message)


def too_many_requests() -> AwsError:
    """After the bounded retries of a conflicting update."""
    return SERVICE.error("TooManyRequestsException", "Too Many Requests")
