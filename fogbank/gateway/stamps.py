"""Times as API Gateway writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def request_time(now_ms: int) -> str:
    """`25/Nov/2026:16:08:23 +0000`."""
    return _request_time(now_ms // 1000)


@lru_cache(16)
def _request_time(second: int) -> str:
    at = datetime.fromtimestamp(second, UTC)
    return f"{at:%d}/{_MONTHS[at.month - 1]}/{at:%Y:%H:%M:%S} +0000"


def log_time(now_ms: int) -> str:
    """`Wed Nov 25 16:08:23 UTC 2026`, as in TestInvokeMethod's log."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    return f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at:%d %H:%M:%S} UTC {at:%Y}"


def http_date(now_ms: int) -> str:
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    return f"{_DAYS[at.weekday()]}, {at:%d} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S} GMT"
