"""The loop is kept awake while few invocations are under way, for a moment after, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from fogbank.sandbox.vigil import VIGIL_S, Vigil


class Loop:
    """Counts turns that somebody asked for."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.asked: list[Callable[[], None]] = []

    def time(self) -> float:
        return self.now_s

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.asked.append(callback)

    def turn(self) -> bool:
        """Run what was asked for; whether the loop would sleep now."""
        asked, self.asked = self.asked, []
        for callback in asked:
            callback()
        return not self.asked


def vigil_on(loop: Loop, cores: int = 2) -> Vigil:
    return Vigil(cast(Any, loop), cores)


def test_it_sleeps_a_moment_after_the_last_invocation() -> None:
    loop = Loop()
    vigil = vigil_on(loop)
    vigil.enter()
    assert not loop.turn()
    loop.now_s = VIGIL_S * 0.9
    vigil.leave()
    loop.now_s = VIGIL_S * 1.8  # the answer renewed it
    assert not loop.turn()
    loop.now_s = VIGIL_S * 2
    assert loop.turn()


def test_one_turn_at_a_time_is_asked_for() -> None:
    loop = Loop()
    vigil = vigil_on(loop)
    for _ in range(5):
        vigil.enter()
        vigil.leave()
    assert len(loop.asked) == 1


def test_many_need_the_cores_themselves() -> None:
    loop = Loop()
    vigil = vigil_on(loop)
    for _ in range(10):
        vigil.enter()
    assert loop.turn()


def test_a_single_core_is_the_functions() -> None:
    loop = Loop()
    vigil_on(loop, cores=1).enter()
    assert loop.turn()
