"""A process to be killed: counts up items of a table with a stream and prints each acknowledgement.

    python -m tests.services.dynamodb.child <path of the store> <tasks>

Task t adds one to item t again and again, and puts a new item for each count. Printed once acknowledged: `t count`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from fogbank.core.clock import RealClock
from fogbank.store.sqlite import SqliteStore
from tests.services.dynamodb.spoken import Dynamo
from tests.support.house import House
from tests.support.services import DYNAMODB


def house_on(path: Path) -> House:
    """A house on a store in a file."""
    house = House(DYNAMODB, clock=RealClock())
    house.store = SqliteStore(path, house.clock, house.lanes)
    return house


async def main(path: Path, tasks: int) -> None:
    async with house_on(path) as house:
        db = Dynamo(house)
        if not (await db.call("ListTables"))["TableNames"]:
            await db.create("ttt", "pk:S", gsi={"global": "g:S n:N"}, stream="NEW_IMAGE")

        async def count(task: int) -> None:
            while True:
                after = await db.update(
                    "ttt", {"pk": f"count-{task}"}, "ADD n :one SET g = :g", {":one": 1, ":g": "counts"}
                )
                await db.put("ttt", {"pk": f"{task}-{after['n']}"})
                print(task, after["n"], flush=True)

        await asyncio.gather(*(count(task) for task in range(tasks)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
