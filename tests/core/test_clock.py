"""Clocks: virtual time wakes sleepers in order; an offset clock moves ahead and never back."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.clock import OffsetClock, RealClock, VirtualClock, iso8601, iso8601_z


async def test_sleepers_wake_in_the_order_of_their_deadlines() -> None:
    clock = VirtualClock(start_ms=1000)
    woken: list[tuple[str, int]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep_s(seconds)
        woken.append((name, clock.now_ms()))

    tasks = [
        asyncio.create_task(sleeper(name, s))
        for name, s in [("late", 60), ("early", 1), ("year", 31_536_000)]
    ]
    await asyncio.sleep(0)
    await clock.advance_ms(60_000)
    assert woken == [("early", 2000), ("late", 61_000)]
    await clock.advance_ms(31_536_000_000)
    assert [name for name, _ in woken] == ["early", "late", "year"]
    await asyncio.gather(*tasks)


async def test_what_wakes_may_sleep_again_within_one_advance() -> None:
    clock = VirtualClock()
    ticks: list[int] = []

    async def ticker() -> None:
        for _ in range(5):
            await clock.sleep_s(1)
            ticks.append(clock.now_ms())

    task = asyncio.create_task(ticker())
    await asyncio.sleep(0)
    start_ms = clock.now_ms()
    await clock.advance_ms(5000)
    assert ticks == [start_ms + 1000 * n for n in range(1, 6)]
    await task


async def test_a_cancelled_sleeper_does_not_stop_the_others() -> None:
    clock = VirtualClock()
    first = asyncio.create_task(clock.sleep_s(1))
    second = asyncio.create_task(clock.sleep_s(2))
    await asyncio.sleep(0)
    first.cancel()
    await clock.advance_ms(3000)
    assert second.done()


async def test_advancing_an_offset_clock_wakes_real_sleepers() -> None:
    clock = OffsetClock(RealClock())
    before_ms = clock.now_ms()
    task = asyncio.create_task(clock.sleep_s(86_400))
    await asyncio.sleep(0)
    clock.advance_ms(86_400_001)
    await asyncio.wait_for(task, 10)
    assert clock.now_ms() >= before_ms + 86_400_000
    clock.advance_ms(-5)
    assert clock.offset_ms == 86_400_001


@given(st.integers(0, 4_102_444_800_000))
def test_iso_times_have_milliseconds(when_ms: int) -> None:
    text = iso8601(when_ms)
    assert text.endswith("+0000")
    assert int(text[20:23]) == when_ms % 1000
    assert iso8601_z(when_ms) == text[:-5] + "Z"
