"""The apigatewayv2 service (HTTP APIs and WebSocket APIs) as the registry knows it, and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.errors import AwsError
from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.state import ApiGatewayV2

SERVICE: Service[ApiGatewayV2] = Service("apigatewayv2")


def bad_request(message: str) -> AwsError:
    return SERVICE.error("BadRequestException", message)


def not_found(message: str) -> AwsError:
    return SERVICE.error("NotFoundException", message)


def conflict(message: str) -> AwsError:
    return SERVICE.error("ConflictException", message)


def too_many(noun: str, maximum: int) -> AwsError:
    """A quota is used up. AWS answers TooManyRequestsException, there being no LimitExceededException in the model."""
    message = f"Maximum number of {noun} for this API has been reached. Limit: {maximum}"
    return SERVICE.error("TooManyRequestsException", message, LimitType=noun)
