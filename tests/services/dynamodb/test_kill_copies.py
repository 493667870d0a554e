"""`kill -9` while tables are being restored and regions replicate: the copies are exact, and nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.services.dynamodb.child import house_on
from tests.services.dynamodb.copy_child import ACCOUNTS, AMOUNT
from tests.services.dynamodb.regions import EAST, IRELAND, TOKYO, Regions
from tests.services.dynamodb.spoken import plain
from tests.services.dynamodb.test_backups import active
from tests.support.killing import run_and_kill, start

#: Lines that are waited for, once the restores are under way, before the process is killed.
LATER = (0, 3, 10)


async def check_restored(world: Regions, name: str) -> None:
    await active(world[EAST], name)
    items = await world[EAST].scan(name)
    assert len(items) == ACCOUNTS and sum(each["n"] for each in items) == ACCOUNTS * AMOUNT
    indexed = await world[EAST].query(name, "g = :g", {":g": "g"}, IndexName="byg")
    assert sorted(map(repr, indexed)) == sorted(map(repr, items))


async def counts_in_stream(world: Regions, region: str) -> dict[str, list[int]]:
    seen: dict[str, list[int]] = {}
    for record in await world[region].records(await world[region].stream_arn("ttt")):
        image: dict[str, Any] = plain(record["dynamodb"]["NewImage"])
        seen.setdefault(image["pk"], []).append(int(image["n"]))
    return seen


async def check(path: Path, round_: int, acknowledged: dict[str, int]) -> None:
    async with house_on(path) as house:
        world = Regions(house)
        await check_restored(world, f"backup-{round_}")
        await check_restored(world, f"point-{round_}")
        items = await world.converged()
        for region in (EAST, IRELAND, TOKYO):
            assert items[region]["n"] >= acknowledged[region], "an acknowledged change is lost"
            for pk, counts in (await counts_in_stream(world, region)).items():
                assert counts[-1] == items[pk]["n"]
                if pk == region:
                    assert counts == list(range(1, counts[-1] + 1))
                else:  # several changes may have come as one
                    assert counts == sorted(set(counts)), "a change came twice or out of order"


@pytest.mark.slow
async def test_killed_while_copying(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    acknowledged: dict[str, int] = {}  # the highest count of each region
    for round_, later in enumerate(LATER):
        child = start("tests.services.dynamodb.copy_child", path, round_)
        for words in run_and_kill(child, later, begun=b"restoring\n"):
            if len(words) == 2:
                acknowledged[words[0]] = int(words[1])
        await check(path, round_, acknowledged)
