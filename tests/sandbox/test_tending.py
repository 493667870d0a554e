"""Environments between invocations: frozen, thawed, expired; and zygotes nobody needs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fogbank.core.clock import VirtualClock
from tests.sandbox.harness import Lab

TICKER = """
    import threading, time
    ticks = 0
    def tick():
        global ticks
        while True:
            ticks += 1
            time.sleep(0.001)
    threading.Thread(target=tick, daemon=True).start()
    def handler(event, context):
        return ticks
"""


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tending")


@pytest.mark.parametrize("freezer", ["cgroup", "signals"])
async def test_an_idle_environment_gets_no_cpu_until_it_is_used(
    folder: Path, freezer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Lab(folder) as lab:
        if freezer == "cgroup" and "freezer" not in lab.pool.isolation()["cgroup"]:
            pytest.skip("no cgroup freezer may be written here")
        if freezer == "signals":
            monkeypatch.setattr(lab.pool._cgroups, "freeze_file", lambda number: None)
        config = lab.function(TICKER)
        await lab.invoke(config)
        await lab.until(lambda: lab.states() == ["frozen"])
        (row,) = lab.pool.environments()
        before = _cpu_ns(row["pid"])
        await asyncio.sleep(0.3)
        # Running, it takes ten times that; a freeze takes effect a moment after it is ordered.
        assert _cpu_ns(row["pid"]) - before < 1_000_000
        first = (await lab.invoke(config)).payload
        assert first < 250  # it did not tick while it was frozen
        await lab.until(lambda: lab.states() == ["frozen"])
        assert (await lab.invoke(config)).payload >= first


def _cpu_ns(pid: str) -> int:
    """CPU time of all threads, in ns."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))


async def test_an_environment_in_steady_use_is_never_frozen(folder: Path) -> None:
    async with Lab(folder) as lab:
        config = lab.function("def handler(event, context):\n    return event")
        for number in range(300):
            await lab.invoke(config, number)
        assert lab.states() == ["ready"]


async def test_idle_environments_and_then_zygotes_expire(folder: Path) -> None:
    clock = VirtualClock()
    async with Lab(folder, clock, idle_s=60, zygote_idle_s=600) as lab:
        config = lab.function("def handler(event, context):\n    return event")
        await lab.invoke(config, 1)
        await clock.advance_ms(50_000)
        assert len(lab.states()) == 1
        await clock.advance_ms(30_000)
        await lab.until(lambda: lab.states() == [])
        (zygote,) = lab.pool._keeper.nursery.zygotes()
        await clock.advance_ms(700_000)
        await lab.until(lambda: lab.pool._keeper.nursery.zygotes() == [] and not zygote.alive)
        assert (await lab.invoke(config, 2)).payload == 2


async def test_a_killed_frozen_environment_ends(folder: Path) -> None:
    async with Lab(folder) as lab:
        config = lab.function("def handler(event, context):\n    return event")
        await lab.invoke(config)
        await lab.until(lambda: lab.states() == ["frozen"])
        await lab.pool.retire(config.key)
        await lab.until(lambda: lab.states() == [])
