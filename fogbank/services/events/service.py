"""The EventBridge service object, and the errors that its operations share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.errors import AwsError
from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.events.state import Events

SERVICE: Service[Events] = Service("events")


def validation(message: str) -> AwsError:
    """ValidationException: EventBridge models none, and answers it all the same."""
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    return SERVICE.error("ResourceNotFoundException", message)


def exists(message: str) -> AwsError:
    return SERVICE.error("ResourceAlreadyExistsException", message)


def concurrent(message: str) -> AwsError:
    return SERVICE.error("ConcurrentModificationException", message)


def limit_exceeded(message: str) -> AwsError:
    return SERVICE.error("LimitExceededException", message)
