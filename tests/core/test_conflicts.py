"""Attempts that meet other writers."""

from __future__ import annotations

import pytest

from fogbank.core.conflicts import again, retrying
from fogbank.core.errors import AwsError, Conflict


def contended() -> AwsError:
    return AwsError("Contended", "too much")


class Disputed:
    """Meets other writers that many times, then answers how often it was asked."""

    def __init__(self, conflicts: int) -> None:
        self.conflicts = conflicts
        self.asked = 0

    async def attempt(self) -> int:
        self.asked += 1
        if self.asked <= self.conflicts:
            raise Conflict(0, ("k",))
        return self.asked


@pytest.mark.parametrize("conflicts", [0, 1, 2])
async def test_the_first_attempt_without_a_conflict_counts(conflicts: int) -> None:
    assert await again(Disputed(conflicts).attempt, 3, contended) == conflicts + 1


async def test_attempts_are_bounded() -> None:
    disputed = Disputed(3)
    with pytest.raises(AwsError, match="too much"):
        await again(disputed.attempt, 3, contended)
    assert disputed.asked == 3


async def test_other_errors_end_it() -> None:
    async def attempt() -> None:
        raise KeyError("a")

    with pytest.raises(KeyError):
        await again(attempt, 3, contended)


async def test_a_decorated_operation_keeps_its_name_and_arguments() -> None:
    seen: list[tuple[int, str]] = []

    @retrying(2, contended)
    async def operation(number: int, *, text: str) -> str:
        seen.append((number, text))
        if len(seen) == 1:
            raise Conflict(0, ("k",))
        return text

    assert await operation(1, text="a") == "a"
    assert seen == [(1, "a"), (1, "a")]
    assert operation.__name__ == "operation"
