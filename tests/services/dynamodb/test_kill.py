"""`kill -9`, again and again on the same data: no acknowledged write and no stream record is lost, their order is kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.services.dynamodb.child import house_on
from tests.services.dynamodb.spoken import Dynamo, plain
from tests.support.killing import run_and_kill, start

ROUNDS = 3
TASKS = 5


async def check(path: Path, acknowledged: dict[int, int]) -> None:
    async with house_on(path) as house:
        db = Dynamo(house)
        items = {each["pk"]: each for each in await db.scan("ttt")}
        counts = {task: int(items[f"count-{task}"]["n"]) for task in acknowledged}
        for task, count in acknowledged.items():
            assert counts[task] >= count, f"an acknowledged count of {task} is lost"
            assert all(f"{task}-{n}" in items for n in range(1, count + 1)), "an acknowledged item is lost"
        listed = {
            each["pk"]: each["n"]
            for each in await db.query("ttt", "g = :g", {":g": "counts"}, IndexName="global")
        }
        assert listed == {f"count-{task}": count for task, count in counts.items()}
        seen: dict[str, list[int]] = {}
        others: list[str] = []
        for record in await db.records(await db.stream_arn("ttt")):
            image = plain(record["dynamodb"]["NewImage"])
            if "n" in image:
                seen.setdefault(image["pk"], []).append(int(image["n"]))
            else:
                others.append(image["pk"])
        for task, count in counts.items():
            assert seen[f"count-{task}"] == list(range(1, count + 1)), (
                "stream records are lost, doubled or out of order"
            )
        assert sorted(others) == sorted(pk for pk in items if not pk.startswith("count-"))


@pytest.mark.slow
async def test_killed_again_and_again(tmp_path: Path) -> None:
    draws = random.Random(3)
    path = tmp_path / "store.db"
    acknowledged: dict[int, int] = {}  # the highest count that each task saw
    for _ in range(ROUNDS):
        child = start("tests.services.dynamodb.child", path, TASKS)
        for task, count in run_and_kill(child, draws.randrange(20, 100)):
            acknowledged[int(task)] = int(count)
        assert len(acknowledged) == TASKS
        await check(path, acknowledged)
