"""A process to be killed while tables are restored and regions replicate.

    python -m tests.services.dynamodb.copy_child <path of the store> <round>

It moves amounts between the items of a table, so that their sum stays the same, backs the table up and restores it both ways; it
counts up items of a global table in each of three regions and prints `region count` once acknowledged, and `restoring` when
both restores are under way.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.services.dynamodb.child import house_on
from tests.services.dynamodb.regions import EAST, IRELAND, TOKYO, Regions
from tests.services.dynamodb.spoken import item
from tests.services.dynamodb.test_backups import backed_up

ACCOUNTS, AMOUNT = 400, 10


async def prepare(world: Regions) -> None:
    east = world[EAST]
    if (await east.call("ListTables"))["TableNames"]:
        return
    await east.create("money", "pk:S", gsi={"byg": "g:S"})
    on = {"PointInTimeRecoveryEnabled": True}
    await east.call("UpdateContinuousBackups", TableName="money", PointInTimeRecoverySpecification=on)
    accounts = [{"pk": f"k{n}", "n": AMOUNT, "g": "g"} for n in range(ACCOUNTS)]
    for at in range(0, ACCOUNTS, 25):
        puts = [{"PutRequest": {"Item": item(each)}} for each in accounts[at : at + 25]]
        await east.call("BatchWriteItem", RequestItems={"money": puts})
    await world.build()


async def move(world: Regions, lane: int) -> None:
    at = 0
    while True:
        at += 1
        pks = {f"k{(at * 37 + lane) % ACCOUNTS}": 1, f"k{(at * 53 + lane + 1) % ACCOUNTS}": -1}
        changes = [
            {
                "Update": {
                    "TableName": "money",
                    "Key": item({"pk": pk}),
                    "UpdateExpression": "ADD n :by",
                    "ExpressionAttributeValues": item({":by": by}),
                }
            }
            for pk, by in pks.items()
        ]
        if len(changes) == 2:
            await world[EAST].call("TransactWriteItems", TransactItems=changes)


async def count(world: Regions, region: str) -> None:
    while True:
        after = await world[region].update("ttt", {"pk": region}, "ADD n :one", {":one": 1})
        print(region, after["n"], flush=True)


async def restore(world: Regions, round_: str) -> None:
    east = world[EAST]
    made = await east.call("CreateBackup", TableName="money", BackupName="backup")
    arn = made["BackupDetails"]["BackupArn"]
    await backed_up(east, arn)
    await east.call("RestoreTableFromBackup", TargetTableName=f"backup-{round_}", BackupArn=arn)
    await east.call(
        "RestoreTableToPointInTime",
        SourceTableName="money",
        TargetTableName=f"point-{round_}",
        UseLatestRestorableTime=True,
    )
    print("restoring", flush=True)


async def main(path: Path, round_: str) -> None:
    async with house_on(path) as house:
        world = Regions(house)
        await prepare(world)
        counters = [count(world, region) for region in (EAST, IRELAND, TOKYO)]
        await asyncio.gather(*(move(world, lane) for lane in range(2)), *counters, restore(world, round_))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
