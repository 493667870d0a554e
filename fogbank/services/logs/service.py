"""The logs service as the registry knows it. Operations are declared in the noun modules beside this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.errors import AwsError
from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.logs.state import Logs

SERVICE: Service[Logs] = Service("logs")


def invalid(message: str) -> AwsError:
    """InvalidParameterException: what CloudWatch Logs answers to most bad input."""
    return SERVICE.error("InvalidParameterException", message)


def no_group() -> AwsError:
    return SERVICE.error("ResourceNotFoundException", "The specified log group does not exist.")


def no_stream() -> AwsError:
    return SERVICE.error("ResourceNotFoundException", "The specified log stream does not exist.")


def aborted() -> AwsError:
    """After the bounded retries of a conflicting update."""
    return SERVICE.error(
        "OperationAbortedException", "Multiple requests to update the same resource were in conflict."
    )
