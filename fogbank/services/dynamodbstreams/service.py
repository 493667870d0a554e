"""The dynamodbstreams service as the registry knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.errors import AwsError
from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.dynamodbstreams.state import Streams

SERVICE: Service[Streams] = Service("dynamodbstreams", encodes=True)


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
