"""A process to be killed: writes in three regions of a global table while regions are cut off and healed.

    python -m tests.services.dynamodb.regions_child <path of the store> <seed>

Each region counts up an item of its own and writes items that the others write as well. Printed once acknowledged: `count REGION n`,
`cut REGION`, `heal REGION`.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from tests.services.dynamodb.child import house_on
from tests.services.dynamodb.regions import EAST, IRELAND, TOKYO, Regions

ALL = (EAST, IRELAND, TOKYO)
SHARED = "abcd"


async def count(world: Regions, region: str) -> None:
    while True:
        after = await world[region].update("ttt", {"pk": f"own-{region}"}, "ADD n :one", {":one": 1})
        print("count", region, after["n"], flush=True)


async def disturb(world: Regions, region: str, drawn: random.Random) -> None:
    while True:
        pk = drawn.choice(SHARED)
        if drawn.random() < 0.2:
            await world[region].call("DeleteItem", TableName="ttt", Key={"pk": {"S": pk}})
        else:
            await world[region].put("ttt", {"pk": pk, "from": region, "v": drawn.randrange(1000)})
        await asyncio.sleep(0.002)


async def cut_and_heal(world: Regions, drawn: random.Random) -> None:
    while True:
        region = drawn.choice(ALL)
        await world.cut(region)
        print("cut", region, flush=True)
        await asyncio.sleep(drawn.uniform(0, 0.05))
        await world.heal(region)
        print("heal", region, flush=True)
        await asyncio.sleep(drawn.uniform(0, 0.05))


async def main(path: Path, seed: int) -> None:
    drawn = random.Random(seed)
    async with house_on(path) as house:
        world = Regions(house)
        if not (await world[EAST].call("ListTables"))["TableNames"]:
            await world.build()
        works = [cut_and_heal(world, drawn)]
        for region in ALL:
            works += [count(world, region), disturb(world, region, drawn)]
        await asyncio.gather(*works)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
