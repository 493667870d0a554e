"""Waiting for what must come, and saying what did not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

T = TypeVar("T")


def until(what: str, check: Callable[[], T | None], limit_s: float = 20.0) -> T:
    """What `check` gives as soon as it gives something."""
    end = time.monotonic() + limit_s
    while not (found := check()):
        if time.monotonic() > end:
            fail(f"no {what} within {limit_s:.0f} s")
        time.sleep(0.02)
    return found


def must(holds: bool, otherwise: str) -> None:
    """End with `otherwise` unless it holds."""
    if not holds:
        fail(otherwise)


def fail(why: str) -> NoReturn:
    raise SystemExit(f"FAILED: {why}")
