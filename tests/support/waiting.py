"""Waiting for a condition, in the place of sleeping: for what happens on other threads, in other processes, on sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

PAUSE_S = 0.001
PAUSE_BLOCKING_S = 0.02


async def until(check: Callable[[], Any], limit_s: float = 10.0) -> Any:
    """What `check()`, or the coroutine it gives, comes to once that is true; TimeoutError when it does not in time."""
    async with asyncio.timeout(limit_s):
        while True:
            found = check()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(PAUSE_S)


def until_blocking(check: Callable[[], Any], limit_s: float = 30.0) -> Any:
    """The same without a loop."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(PAUSE_BLOCKING_S)
    raise TimeoutError("it did not come true")
