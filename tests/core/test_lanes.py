"""Lanes own every task: a failure is logged and goes on, closing leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging

import pytest

from fogbank.core import lanes as lanes_module
from fogbank.core.lanes import Lanes


async def test_a_failing_loop_is_logged_and_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "RESTART_PAUSE_S", 0)
    lanes = Lanes()
    calls = 0
    third = asyncio.Event()

    async def body() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            third.set()
            await asyncio.Event().wait()
        raise ValueError("once more")

    with caplog.at_level(logging.ERROR):
        lanes.loop("probe", body)
        await asyncio.wait_for(third.wait(), 10)
    assert caplog.text.count("lane probe failed") == 2
    await lanes.close()


async def test_close_cancels_and_waits_for_every_lane() -> None:
    lanes = Lanes()
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("work")

    task = lanes.spawn("work", work())
    await asyncio.sleep(0)
    await lanes.close()
    assert ended == ["work"]
    assert task.cancelled()
    late = work()
    with pytest.raises(RuntimeError, match="started while closing"):
        lanes.spawn("late", late)


async def test_a_failed_spawn_is_logged_by_name(caplog: pytest.LogCaptureFixture) -> None:
    lanes = Lanes()

    async def work() -> None:
        raise ValueError("broken")

    task = lanes.spawn("one-off", work())
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert "lane one-off ended" in caplog.text
    await lanes.close()
