"""`kill -9` of a node that replicates: what was acknowledged in one region comes to all, and streams have no hole."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.services.dynamodb.child import house_on
from tests.services.dynamodb.regions import Regions
from tests.services.dynamodb.regions_child import ALL
from tests.services.dynamodb.test_regions_model import check_stream
from tests.support.killing import run_and_kill, start

ROUNDS = 4


class Said:
    """What the processes acknowledged."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.last: dict[
            str, str
        ] = {}  # by region, the last of cut and heal; the next may have been done unsaid

    def take(self, words: list[str]) -> None:
        match words:
            case ["count", region, n]:
                self.counts[region] = int(n)
            case ["cut" | "heal" as act, region]:
                self.last[region] = act
            case _:
                pass  # cut short by the kill


async def check(path: Path, said: Said) -> None:
    async with house_on(path) as house:
        world = Regions(house)
        state: dict[str, Any] = await house.internal("dynamodb", "replication_state")
        assert len(state["cut_off"]) <= 1  # one is cut at a time, and healed before the next
        for region in ALL:
            await world.heal(region)
        await world.all_active()
        items = await world.converged()
        for region, n in said.counts.items():
            assert items[f"own-{region}"]["n"] >= n, f"an acknowledged count of {region} is lost"
        for region in ALL:
            await check_stream(world, region, items)
        for link in (await house.internal("dynamodb", "replication_state"))["links"]:
            assert link["waiting"] == 0


@pytest.mark.slow
async def test_killed_while_it_replicates(tmp_path: Path) -> None:
    drawn, said = random.Random(11), Said()
    path = tmp_path / "store.db"
    for seed in range(ROUNDS):
        child = start("tests.services.dynamodb.regions_child", path, seed)
        for words in run_and_kill(child, drawn.randrange(60, 250)):
            said.take(words)
        await check(path, said)
    assert set(said.counts) == set(ALL) and said.last
