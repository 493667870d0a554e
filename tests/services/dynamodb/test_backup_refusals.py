"""Backups, restores and continuous backups: what AWS refuses, in its words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.dynamodb.spoken import Dynamo
from tests.support.waiting import until

VALIDATION = "ValidationException"
REQUEST = "Invalid Request: "
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


@pytest.fixture
async def arn(db: Dynamo) -> str:
    """A backup of the table ttt."""
    await db.create("ttt", "pk:S", gsi={"byg": "g:S"})
    made = await db.call("CreateBackup", TableName="ttt", BackupName="bbb")
    found = str(made["BackupDetails"]["BackupArn"])

    async def is_there() -> bool:
        described = await db.call("DescribeBackup", BackupArn=found)
        return bool(described["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")

    await until(is_there)
    return found


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"BillingModeOverride": "PROVISIONED"},
            "Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED",
        ),
        (
            {"BillingModeOverride": "PAY_PER_REQUEST", "ProvisionedThroughputOverride": UNITS},
            "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST",
        ),
        (
            {"ProvisionedThroughputOverride": UNITS},
            "Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED",
        ),
        (
            {
                "GlobalSecondaryIndexOverride": [
                    {
                        "IndexName": "other",
                        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ]
            },
            "Index other does not match a secondary index that existed in the source table and cannot be created during the "
            "restore operation",
        ),
        (
            {"OnDemandThroughputOverride": {"MaxReadRequestUnits": 0}},
            "Requested MaxReadRequestUnits for OnDemandThroughput is outside of valid range",
        ),
    ],
)
async def test_overrides_that_are_refused(db: Dynamo, arn: str, more: dict[str, Any], message: str) -> None:
    params = {"BackupArn": arn, "TargetTableName": "uuu"} | more
    assert await db.fails("RestoreTableFromBackup", **params) == (VALIDATION, REQUEST + message)


async def test_restores_that_are_refused(db: Dynamo, arn: str) -> None:
    exists = ("TableAlreadyExistsException", "Table already exists: ttt")
    assert await db.fails("RestoreTableFromBackup", BackupArn=arn, TargetTableName="ttt") == exists
    none = arn[:-8] + "00000001"
    assert await db.fails("RestoreTableFromBackup", BackupArn=none, TargetTableName="uuu") == (
        "BackupNotFoundException",
        f"Backup not found: {none}",
    )
    latest = {"UseLatestRestorableTime": True}
    code, message = await db.fails(
        "RestoreTableToPointInTime", SourceTableName="ttt", TargetTableName="uuu", **latest
    )
    assert code == "PointInTimeRecoveryUnavailableException" and "ttt" in message
    await db.call(
        "UpdateContinuousBackups",
        TableName="ttt",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    neither = {"SourceTableName": "ttt", "TargetTableName": "uuu"}
    for more in ({}, latest | {"RestoreDateTime": db.clock.now_ms()}):
        code, message = await db.fails("RestoreTableToPointInTime", **neither, **more)
        assert code == VALIDATION and message.startswith(REQUEST)


async def test_continuous_backups_that_are_refused(db: Dynamo) -> None:
    missing = ("TableNotFoundException", "Table not found: none")
    off = {"PointInTimeRecoveryEnabled": False}
    assert await db.fails("DescribeContinuousBackups", TableName="none") == missing
    for operation, more in (
        ("UpdateContinuousBackups", {"PointInTimeRecoverySpecification": off}),
        ("CreateBackup", {"BackupName": "bbb"}),
    ):
        assert await db.fails(operation, TableName="none", **more) == missing
    await db.create("ttt", "pk:S")
    assert await db.fails(
        "UpdateContinuousBackups",
        TableName="ttt",
        PointInTimeRecoverySpecification=off | {"RecoveryPeriodInDays": 3},
    ) == (VALIDATION, REQUEST + "Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.")
    assert await db.call("ListBackups", TableName="none") == {"BackupSummaries": []}
    assert (await db.fails("DescribeBackup", BackupArn="x" * 40)) == (VALIDATION, "Invalid Backup ARN")


async def test_time_to_live_is_changed_once_in_a_while(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")

    async def fails(enabled: bool, name: str) -> str:
        spec = {"Enabled": enabled, "AttributeName": name}
        code, message = await db.fails("UpdateTimeToLive", TableName="ttt", TimeToLiveSpecification=spec)
        assert code == VALIDATION
        return message

    assert await fails(False, "t") == "TimeToLive is already disabled"
    spec = {"Enabled": True, "AttributeName": "t"}
    await db.call("UpdateTimeToLive", TableName="ttt", TimeToLiveSpecification=spec)
    assert await fails(True, "t") == "TimeToLive is already enabled"
    assert await fails(True, "u") == (
        "TimeToLive is active on a different AttributeName: current AttributeName is t"
    )
    soon = "Time to live has been modified multiple times within a fixed interval"
    assert await fails(False, "t") == soon
    await db.clock.advance_ms(31 * 60_000)
    await db.call("UpdateTimeToLive", TableName="ttt", TimeToLiveSpecification=spec | {"Enabled": False})
    assert await db.call("DescribeTimeToLive", TableName="ttt") == {
        "TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}
    }
