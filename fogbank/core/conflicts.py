"""Read, decide, commit: again where another writer was quicker, a bounded number of times."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from fogbank.core.errors import AwsError, Conflict

P = ParamSpec("P")
T = TypeVar("T")


async def again(attempt: Callable[[], Awaitable[T]], attempts_max: int, refusal: Callable[[], AwsError]) -> T:
    """What the first attempt that met no Conflict came to. Raises `refusal()` when none did."""
    for _ in range(attempts_max):
        try:
            return await attempt()
        except Conflict:
            continue
    raise refusal()


def retrying(
    attempts_max: int, refusal: Callable[[], AwsError]
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """A decorator of operations that are such an attempt as a whole."""

    def retried(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(function)
        async def attempts(*args: P.args, **kwargs: P.kwargs) -> T:
            return await again(lambda: function(*args, **kwargs), attempts_max, refusal)

        return attempts

    return retried
