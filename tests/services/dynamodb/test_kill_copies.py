"""`kill -9` while tables are being restored and regions replicate: the copies are exact, and nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services.dynamodb.child import house_on
from tests.services.dynamodb.copy_child import ACCOUNTS, AMOUNT
from tests.services.dynamodb.regions import EAST, IRELAND, TOKYO, Regions
from tests.services.dynamodb.spoken import plain
from tests.services.dynamodb.test_backups import active

ROOT = Path(__file__).parents[3]
#: Lines that are waited for, once the restores are under way, before the process is killed.
LATER = (0, 3, 10)


def run_and_kill(path: Path, round_: int, later: int) -> dict[str, int]:
    """The highest count that each region acknowledged."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.services.dynamodb.copy_child", str(path), str(round_)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None and child.stderr is not None
    lines: list[bytes] = []
    for line in child.stdout:
        lines.append(line)
        if line == b"restoring\n":
            break
    for _ in range(later):
        lines.append(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    errors = child.stderr.read().decode()
    child.stdout.close()
    child.stderr.close()
    assert child.wait() == -signal.SIGKILL, errors
    acknowledged: dict[str, int] = {}
    for line in lines:
        region, _, count = line.decode().strip().partition(" ")
        if line.endswith(b"\n") and count:
            acknowledged[region] = int(count)
    return acknowledged


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
    acknowledged: dict[str, int] = {}
    for round_, later in enumerate(LATER):
        acknowledged |= run_and_kill(path, round_, later)
        await check(path, round_, acknowledged)
