"""Why a target did not get its event, and what is to be done about it."""

from __future__ import annotations

from fogbank.core.errors import AwsError

#: Codes that say "not now" whatever their status.
_NOT_NOW = frozenset(
    {
        "ExecutionLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "AuthInProgress",
        "ResourceConflictException",  # a function that is being made
    }
)


class Undelivered(Exception):
    """`again`: it is worth another attempt, not before `pause_ms`."""

    def __init__(self, code: str, message: str, *, again: bool, pause_ms: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.again = again
        self.pause_ms = pause_ms


class Later(Exception):
    """Not an attempt: the target's rate is used up for now."""

    def __init__(self, pause_ms: int) -> None:
        super().__init__(f"in {pause_ms} ms")
        self.pause_ms = pause_ms


def refused(error: AwsError) -> Undelivered:
    """Of a service that refused. What lacks permission or is not there is not tried again, as on AWS."""
    again = (error.status >= 500 and error.status != 501) or error.status == 429 or error.code in _NOT_NOW
    return Undelivered(error.code, error.message, again=again)
