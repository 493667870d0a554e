"""How reading items and writing results fail."""

from __future__ import annotations

from fogbank.asl.errors import StatesError
from fogbank.core.errors import AwsError


def unreadable(cause: str) -> StatesError:
    return StatesError("States.ItemReaderFailed", cause)


def unwritable(cause: str) -> StatesError:
    return StatesError("States.ResultWriterFailed", cause)


def sentence(error: AwsError, request_id: str) -> str:
    """S3's refusal as the SDK puts it."""
    return f"{error.message} (Service: S3, Status Code: {error.status}, Request ID: {request_id})"
