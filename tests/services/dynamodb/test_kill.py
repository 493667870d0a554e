"""`kill -9`, again and again on the same data: no acknowledged write and no stream record is lost, their order is kept."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.dynamodb.child import house_on
from tests.services.dynamodb.spoken import Dynamo, plain

ROUNDS = 3
TASKS = 5
ROOT = Path(__file__).parents[3]


def run_and_kill(path: Path, acks: int) -> dict[int, int]:
    """The highest count that each task saw acknowledged."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.services.dynamodb.child", str(path), str(TASKS)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None and child.stderr is not None
    lines = []
    for line in child.stdout:
        lines.append(line)
        if len(lines) >= acks:
            break
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    errors = child.stderr.read().decode()
    child.stdout.close()
    child.stderr.close()
    assert child.wait() == -signal.SIGKILL, errors
    acknowledged: dict[int, int] = {}
    for line in lines:
        if line.endswith(b"\n"):
            task, count = map(int, line.split())
            acknowledged[task] = count
    return acknowledged


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
    acknowledged: dict[int, int] = {}
    for _ in range(ROUNDS):
        acknowledged |= run_and_kill(path, draws.randrange(20, 100))
        assert len(acknowledged) == TASKS
        await check(path, acknowledged)
