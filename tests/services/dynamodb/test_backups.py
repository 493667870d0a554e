"""Backups, point-in-time recovery and what is restored from them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fogbank.core.clock import VirtualClock
from fogbank.services.dynamodb.keys import Place
from fogbank.store.sqlite import SqliteStore
from tests.services.dynamodb.spoken import Dynamo, item, schema
from tests.services.dynamodb.test_nodes import deaf_node
from tests.support.house import House
from tests.support.services import DYNAMODB
from tests.support.waiting import until

HERE = Place("000000000000", "us-east-1")
RECOVER = {"PointInTimeRecoveryEnabled": True}


async def backed_up(db: Dynamo, arn: str) -> dict[str, Any]:
    async def is_available() -> bool:
        found = await db.call("DescribeBackup", BackupArn=arn)
        return bool(found["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")

    await until(is_available)
    return dict((await db.call("DescribeBackup", BackupArn=arn))["BackupDescription"])


async def active(db: Dynamo, name: str) -> dict[str, Any]:
    async def is_active() -> bool:
        return bool((await db.call("DescribeTable", TableName=name))["Table"]["TableStatus"] == "ACTIVE")

    await until(is_active)
    return dict((await db.call("DescribeTable", TableName=name))["Table"])


async def contents(db: Dynamo, table: str, **more: Any) -> dict[str, Any]:
    return {each["pk"]: each.get("n") for each in await db.scan(table, **more)}


async def back_up(db: Dynamo, table: str = "ttt", name: str = "bbb") -> str:
    made = (await db.call("CreateBackup", TableName=table, BackupName=name))["BackupDetails"]
    assert made["BackupStatus"] == "CREATING" and made["BackupType"] == "USER"
    return str(made["BackupArn"])


async def test_a_backup_is_the_table_at_its_instant(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", gsi={"byn": "n:N"}, stream="KEYS_ONLY", Tags=[{"Key": "a", "Value": "b"}])
    for n in range(120):
        await db.put("ttt", {"pk": f"k{n}", "n": n})
    arn = await back_up(db)
    # The copying has not begun, or is under way: the backup must not see these.
    await db.update("ttt", {"pk": "k1"}, "SET n = :n", {":n": 777})
    await db.call("DeleteItem", TableName="ttt", Key=item({"pk": "k2"}))
    await db.put("ttt", {"pk": "k2", "n": 888})
    await db.call("DeleteItem", TableName="ttt", Key=item({"pk": "k3"}))
    await db.put("ttt", {"pk": "new", "n": 1})
    described = await backed_up(db, arn)
    assert described["BackupDetails"]["BackupSizeBytes"] > 120 * 5
    assert described["SourceTableDetails"]["TableName"] == "ttt"
    assert described["SourceTableFeatureDetails"]["StreamDescription"]["StreamViewType"] == "KEYS_ONLY"
    answer = await db.call("RestoreTableFromBackup", TargetTableName="again", BackupArn=arn)
    assert answer["TableDescription"]["TableStatus"] == "CREATING"
    assert answer["TableDescription"]["RestoreSummary"]["RestoreInProgress"] is True
    table = await active(db, "again")
    assert await contents(db, "again") == {f"k{n}": n for n in range(120)}
    assert await contents(db, "again", IndexName="byn") == {f"k{n}": n for n in range(120)}
    assert table["ItemCount"] == 120 and table["GlobalSecondaryIndexes"][0]["ItemCount"] == 120
    assert answer["TableDescription"]["RestoreSummary"]["SourceBackupArn"] == arn
    assert "RestoreSummary" not in table
    assert "LatestStreamArn" not in table and table["DeletionProtectionEnabled"] is False
    assert (await db.call("ListTagsOfResource", ResourceArn=table["TableArn"]))["Tags"] == []
    # The table lets go of its journal, and of what is in it.
    journal = (await db.state.directory.load(HERE, "ttt")).record

    async def is_trimmed() -> bool:
        return not await db.house.store.read_log(("dynamodb", "journal", journal.id), limit=1)

    assert journal.holders == ()
    await until(is_trimmed)
    await db.call("DeleteBackup", BackupArn=arn)
    assert (await db.fails("DescribeBackup", BackupArn=arn))[0] == "BackupNotFoundException"
    assert await contents(db, "again") == {f"k{n}": n for n in range(120)}


async def test_a_backup_under_writes_holds_whole_transactions(db: Dynamo) -> None:
    """Each transaction moves one from an item to its neighbour: the sum is the same at every instant."""
    await db.create("ttt", "pk:S")
    for n in range(150):
        await db.put("ttt", {"pk": f"k{n}", "n": 10})
    moved = 0
    done = asyncio.Event()

    async def move(lane: int) -> None:
        nonlocal moved
        while not done.is_set():
            first, second = f"k{(moved * 37 + lane) % 150}", f"k{(moved * 53 + lane + 1) % 150}"
            moved += 1
            if first == second:
                continue
            changes = [
                {
                    "Update": {
                        "TableName": "ttt",
                        "Key": item({"pk": pk}),
                        "UpdateExpression": "ADD n :by",
                        "ExpressionAttributeValues": item({":by": by}),
                    }
                }
                for pk, by in ((first, 1), (second, -1))
            ]
            await db.call("TransactWriteItems", TransactItems=changes)

    writers = [asyncio.create_task(move(lane)) for lane in range(4)]
    for name in ("bbb1", "bbb2"):
        before = moved
        arn = await back_up(db, name=name)
        await backed_up(db, arn)
        assert moved > before, "the writers were kept waiting"
        await db.call("RestoreTableFromBackup", TargetTableName=name, BackupArn=arn)
        await active(db, name)
        restored = await contents(db, name)
        assert len(restored) == 150 and sum(restored.values()) == 1500
    done.set()
    await asyncio.gather(*writers)
    assert await contents(db, "bbb1") != await contents(db, "bbb2")


async def test_a_restored_table_cannot_be_used_before_all_of_it_is_there() -> None:
    async with House({}) as house:
        db = deaf_node(house)  # nothing is done in its background, so the table stays as it is
        await db.create("ttt", "pk:S")
        await db.call("UpdateContinuousBackups", TableName="ttt", PointInTimeRecoverySpecification=RECOVER)
        await db.call(
            "RestoreTableToPointInTime",
            SourceTableName="ttt",
            TargetTableName="uuu",
            UseLatestRestorableTime=True,
        )
        assert (await db.call("DescribeTable", TableName="uuu"))["Table"]["TableStatus"] == "CREATING"
        ttl = {"AttributeName": "ttl", "Enabled": True}
        refusals: list[tuple[str, dict[str, Any], str]] = [
            ("PutItem", {"Item": item({"pk": "a"})}, "ResourceNotFoundException"),
            ("Scan", {}, "ResourceNotFoundException"),
            ("UpdateTimeToLive", {"TimeToLiveSpecification": ttl}, "ResourceNotFoundException"),
            ("UpdateTable", {"DeletionProtectionEnabled": True}, "ResourceNotFoundException"),
            ("DeleteTable", {}, "ResourceInUseException"),
            ("CreateBackup", {"BackupName": "bbb"}, "TableNotFoundException"),
            ("DescribeContinuousBackups", {}, "TableNotFoundException"),
        ]
        for operation, params, code in refusals:
            assert (await db.fails(operation, TableName="uuu", **params))[0] == code
        # Nor can its source be deleted.
        assert (await db.fails("DeleteTable", TableName="ttt"))[0] == "ResourceInUseException"


async def test_overrides(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:S", gsi={"byn": "n:N", "bym": "m:N"}, lsi={"local": "pk:S n:N"})
    await db.put("ttt", {"pk": "a", "sk": "s", "n": 1, "m": 2})
    arn = await back_up(db)
    await backed_up(db, arn)
    units = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
    index = {
        "IndexName": "bym",
        "KeySchema": [{"AttributeName": "m", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
        "ProvisionedThroughput": units,
    }
    wanted = {"TargetTableName": "uuu", "BackupArn": arn, "BillingModeOverride": "PROVISIONED"}
    await db.call(
        "RestoreTableFromBackup",
        **wanted,
        ProvisionedThroughputOverride=units,
        GlobalSecondaryIndexOverride=[
            index | {"IndexName": "renamed"}
        ],  # keys and projection are what counts
        LocalSecondaryIndexOverride=[],
        SSESpecificationOverride={"Enabled": True},
    )
    table = await active(db, "uuu")
    assert [each["IndexName"] for each in table["GlobalSecondaryIndexes"]] == ["renamed"]
    assert "LocalSecondaryIndexes" not in table
    assert {each["AttributeName"] for each in table["AttributeDefinitions"]} == {"pk", "sk", "m"}
    assert table["ProvisionedThroughput"]["WriteCapacityUnits"] == 4
    assert table["SSEDescription"]["SSEType"] == "KMS"
    assert len(await db.query("uuu", "m = :m", {":m": 2}, IndexName="renamed")) == 1
    other = index | {"Projection": {"ProjectionType": "KEYS_ONLY"}}
    bads: list[dict[str, Any]] = [
        {"GlobalSecondaryIndexOverride": [other], "ProvisionedThroughputOverride": units},
        {
            "GlobalSecondaryIndexOverride": [index | {"KeySchema": schema("x:S")[0]}],
            "ProvisionedThroughputOverride": units,
        },
        {
            "ProvisionedThroughputOverride": units
        },  # the indexes of an on-demand table have no throughput to keep
        {"GlobalSecondaryIndexOverride": []},
    ]
    for bad in bads:
        code, _ = await db.fails("RestoreTableFromBackup", **wanted | {"TargetTableName": "vvv"} | bad)
        assert code == "ValidationException"
    assert (await db.fails("RestoreTableFromBackup", **wanted, ProvisionedThroughputOverride=units))[
        0
    ] == "TableAlreadyExistsException"


async def test_backups_are_listed(db: Dynamo) -> None:
    arns = []
    for name in ("ttt", "uuu"):
        await db.create(name, "pk:S")
        for n in range(3):
            arns.append(await back_up(db, name, f"backup-{n}"))
            await db.clock.advance_ms(10_000)
    listed: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        page = await db.call("ListBackups", Limit=2, **more)
        listed += page["BackupSummaries"]
        if "LastEvaluatedBackupArn" not in page:
            break
        more = {"ExclusiveStartBackupArn": page["LastEvaluatedBackupArn"]}
    assert [each["BackupArn"] for each in listed] == arns
    of_one = await db.call("ListBackups", TableName="uuu")
    assert [each["BackupArn"] for each in of_one["BackupSummaries"]] == arns[3:]
    times = [each["BackupCreationDateTime"] for each in listed]
    some = await db.call("ListBackups", TimeRangeLowerBound=times[1], TimeRangeUpperBound=times[3])
    assert [each["BackupArn"] for each in some["BackupSummaries"]] == arns[1:3]
    assert (await db.call("ListBackups", BackupType="SYSTEM"))["BackupSummaries"] == []
    assert (await db.fails("CreateBackup", TableName="none", BackupName="bbb"))[0] == "TableNotFoundException"
    # The table may be deleted when its backups are made; they stay.
    for arn in arns:
        await backed_up(db, arn)
    await db.call("DeleteTable", TableName="uuu")
    assert len((await db.call("ListBackups", TableName="uuu"))["BackupSummaries"]) == 3


def house_at(path: Path, now_ms: int) -> House:
    """A house on a store in a file: going there at once, where moving a clock on would ring every timer in between."""
    house = House(DYNAMODB, clock=VirtualClock(now_ms))
    house.store = SqliteStore(path, house.clock, house.lanes)
    return house


async def test_a_deleted_table_with_recovery_leaves_a_backup(tmp_path: Path) -> None:
    start_ms = VirtualClock().now_ms()
    async with house_at(tmp_path / "store.db", start_ms) as house:
        db = Dynamo(house)
        await db.create("ttt", "pk:S", gsi={"byn": "n:N"})
        await db.call("UpdateContinuousBackups", TableName="ttt", PointInTimeRecoverySpecification=RECOVER)
        await db.put("ttt", {"pk": "a", "n": 1})
        await db.call("DeleteTable", TableName="ttt")
        assert (await db.call("ListBackups"))["BackupSummaries"] == []
        (kept,) = (await db.call("ListBackups", BackupType="SYSTEM"))["BackupSummaries"]
        assert kept["BackupName"] == "ttt$DeletedTableBackup" and kept["BackupStatus"] == "AVAILABLE"
        assert kept["BackupExpiryDateTime"] == start_ms + 35 * 86_400_000
        await db.create("ttt", "pk:S")
        await db.put("ttt", {"pk": "b"})
        await db.call("RestoreTableFromBackup", TargetTableName="uuu", BackupArn=kept["BackupArn"])
        await active(db, "uuu")
        assert await contents(db, "uuu", IndexName="byn") == {"a": 1}
    async with house_at(tmp_path / "store.db", start_ms + 36 * 86_400_000) as house:
        db = Dynamo(house)

        async def is_over() -> bool:
            left = await house.store.scan(("dynamodb", "data", kept["TableId"]), limit=1)
            return not left and not (await db.call("ListBackups", BackupType="ALL"))["BackupSummaries"]

        await until(is_over)
        assert await contents(db, "uuu") == {"a": 1}


async def test_recovery_to_any_point(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", gsi={"byn": "n:N"})
    await db.put("ttt", {"pk": "old", "n": 0})
    code, _ = await db.fails(
        "RestoreTableToPointInTime",
        SourceTableName="ttt",
        TargetTableName="uuu",
        UseLatestRestorableTime=True,
    )
    assert code == "PointInTimeRecoveryUnavailableException"
    specification = RECOVER | {"RecoveryPeriodInDays": 2}
    answer = await db.call(
        "UpdateContinuousBackups", TableName="ttt", PointInTimeRecoverySpecification=specification
    )
    point = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert point["PointInTimeRecoveryStatus"] == "ENABLED" and point["RecoveryPeriodInDays"] == 2
    states: list[tuple[int, dict[str, Any]]] = []
    for n in range(1, 6):
        await db.clock.advance_ms(5000)
        await db.put("ttt", {"pk": f"k{n % 3}", "n": n})
        if n == 3:
            await db.call("DeleteItem", TableName="ttt", Key=item({"pk": "k1"}))
        states.append((db.clock.now_ms(), await contents(db, "ttt")))
    await db.clock.advance_ms(5000)
    for at, (time_ms, state) in enumerate(states):
        name = f"at-{at}"
        await db.call(
            "RestoreTableToPointInTime", SourceTableName="ttt", TargetTableName=name, RestoreDateTime=time_ms
        )
        await active(db, name)
        assert await contents(db, name) == state
        assert await contents(db, name, IndexName="byn") == state
    await db.call(
        "RestoreTableToPointInTime",
        SourceTableName="ttt",
        TargetTableName="latest",
        UseLatestRestorableTime=True,
    )
    await active(db, "latest")
    assert await contents(db, "latest") == states[-1][1]
    for wrong in (point["EarliestRestorableDateTime"] - 2000, db.clock.now_ms() + 1000):
        code, _ = await db.fails(
            "RestoreTableToPointInTime", SourceTableName="ttt", TargetTableName="vvv", RestoreDateTime=wrong
        )
        assert code == "InvalidRestoreTimeException"


async def test_the_journal_is_kept_for_the_period_only(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    specification = RECOVER | {"RecoveryPeriodInDays": 1}
    await db.call("UpdateContinuousBackups", TableName="ttt", PointInTimeRecoverySpecification=specification)
    await db.put("ttt", {"pk": "a", "n": 1})
    await db.clock.advance_ms(23 * 3_600_000)
    await db.put("ttt", {"pk": "a", "n": 2})
    table = await db.state.directory.load(HERE, "ttt")
    await db.clock.advance_ms(3 * 3_600_000)

    async def kept() -> list[int]:
        return [each.seq for each in await db.house.store.read_log(table.journal_key, limit=10)]

    async def is_trimmed() -> bool:
        return await kept() == [2]

    await until(is_trimmed)
    shown = await db.call("DescribeContinuousBackups", TableName="ttt")
    point = shown["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert point["EarliestRestorableDateTime"] == db.clock.now_ms() - 86_400_000
    off = {"PointInTimeRecoveryEnabled": False}
    shown = await db.call("UpdateContinuousBackups", TableName="ttt", PointInTimeRecoverySpecification=off)
    point = shown["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert point == {"PointInTimeRecoveryStatus": "DISABLED"}

    async def is_gone() -> bool:
        return await kept() == []

    await until(is_gone)
