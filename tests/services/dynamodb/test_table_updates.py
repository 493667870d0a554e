"""UpdateTable: what it refuses by the request alone, what it answers while AWS is at work, throughput of all kinds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.dynamodb.spoken import Dynamo, schema

VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "
RARE = "STANDARD_INFREQUENT_ACCESS"
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
CREATE = {
    "Create": {"IndexName": "new", "KeySchema": schema("n:S")[0], "Projection": {"ProjectionType": "ALL"}}
}
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}


async def update(db: Dynamo, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await db.call("UpdateTable", TableName="ttt", **more))["TableDescription"]
    return found


async def described(db: Dynamo) -> dict[str, Any]:
    found: dict[str, Any] = (await db.call("DescribeTable", TableName="ttt"))["Table"]
    return found


async def refused(db: Dynamo, **more: Any) -> str:
    code, message = await db.fails("UpdateTable", TableName="ttt", **more)
    assert code == VALIDATION
    return message


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"SSESpecification": {"Enabled": True}, "DeletionProtectionEnabled": True},
            "Server-Side Encryption modification must be the only operation in the request",
        ),
        (
            {"TableClass": RARE, "StreamSpecification": STREAM},
            "TableClass modification must be the only operation in the request",
        ),
        (
            {"DeletionProtectionEnabled": True, "StreamSpecification": STREAM},
            "DeletionProtection modification must be the only operation in the request",
        ),
        (
            {"WarmThroughput": {"ReadUnitsPerSecond": 20_000}, "StreamSpecification": STREAM},
            "WarmThroughput must be the only operation in the request",
        ),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 1}, "StreamSpecification": STREAM},
            "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request",
        ),
        (
            {"ProvisionedThroughput": UNITS, "StreamSpecification": STREAM},
            "You cannot modify stream status while updating table IOPS",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [CREATE], "StreamSpecification": STREAM},
            "You cannot create or delete index while changing stream status",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [CREATE], "ProvisionedThroughput": UNITS},
            "You cannot create or delete index while updating table IOPS",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{}]},
            "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
            "GlobalSecondaryIndexUpdate.Delete must not be null",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [CREATE | {"Delete": {"IndexName": "new"}}]},
            "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [CREATE, {"Delete": {"IndexName": "new"}}]},
            "Only one global secondary index update per index is allowed simultaneously. Index: new",
        ),
        (
            {"ProvisionedThroughput": UNITS},
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"BillingMode": "PROVISIONED"},
            "ProvisionedThroughput must be specified when BillingMode is PROVISIONED",
        ),
        (
            {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": UNITS},
            "ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            "If stream is being enabled then UpdateViewType is required",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}},
            "If stream is being disabled, then UpdateViewType must not be specified",
        ),
    ],
)
async def test_changes_that_do_not_go_together(db: Dynamo, more: dict[str, Any], message: str) -> None:
    await db.create("ttt", "pk:S")
    assert await refused(db, **more) == INVALID + message
    assert "StreamSpecification" not in await described(db)


async def test_streams_that_are_as_asked_already(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    off = {"StreamEnabled": False}
    assert await refused(db, StreamSpecification=off) == "Table has no stream to disable: TableName: ttt"
    shown = await update(db, StreamSpecification=STREAM)
    assert (shown["TableStatus"], shown["StreamSpecification"]) == ("UPDATING", STREAM)
    assert await refused(db, StreamSpecification=STREAM) == (
        "Table already has an enabled stream: TableName: ttt"
    )
    label = shown["LatestStreamLabel"]
    shown = await update(db, StreamSpecification=off)
    assert shown["LatestStreamLabel"] == label and "StreamSpecification" not in shown
    await db.clock.advance_ms(10)
    assert (await update(db, StreamSpecification=STREAM))["LatestStreamLabel"] != label


async def test_provisioned_units_on_their_way(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=UNITS)
    shown = await update(db, ProvisionedThroughput=UNITS | {"ReadCapacityUnits": 9})
    assert shown["TableStatus"] == "UPDATING"
    assert shown["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    assert shown["ProvisionedThroughput"]["LastIncreaseDateTime"] == db.clock.now_ms()
    found = await described(db)
    assert (found["TableStatus"], found["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("ACTIVE", 9)


async def test_units_go_down_four_times_a_day_and_then_once_an_hour(db: Dynamo) -> None:
    many = {"ReadCapacityUnits": 50, "WriteCapacityUnits": 5}
    await db.create("ttt", "pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=many)
    for units in (40, 30, 20, 10):
        await update(db, ProvisionedThroughput=many | {"ReadCapacityUnits": units})
    assert (await described(db))["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 4
    fewer = {"ProvisionedThroughput": many | {"ReadCapacityUnits": 9}}
    code, message = await db.fails("UpdateTable", TableName="ttt", **fewer)
    assert code == "LimitExceededException" and message.startswith(
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day."
    )
    await update(db, ProvisionedThroughput=many)  # up they go at any time
    await db.clock.advance_ms(3_600_000)
    await update(db, **fewer)


async def test_to_another_billing_mode_and_back(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", gsi={"byg": "g:S"})
    assert (await refused(db, BillingMode="PROVISIONED", ProvisionedThroughput=UNITS)) == (
        INVALID + "ProvisionedThroughput must be specified for index: byg"
    )
    index = [{"Update": {"IndexName": "byg", "ProvisionedThroughput": UNITS}}]
    await update(
        db, BillingMode="PROVISIONED", ProvisionedThroughput=UNITS, GlobalSecondaryIndexUpdates=index
    )
    found = await described(db)
    assert found["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert found["TableThroughputModeSummary"]["TableThroughputMode"] == "PROVISIONED"
    assert found["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    await db.clock.advance_ms(1000)
    shown = await update(db, BillingMode="PAY_PER_REQUEST")
    assert shown["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    assert shown["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    since = (await described(db))["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"]
    assert since == db.clock.now_ms()


async def test_warm_throughput_only_goes_up(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    usual = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}
    assert (await described(db))["WarmThroughput"] == usual | {"Status": "ACTIVE"}
    shown = await update(db, WarmThroughput={"ReadUnitsPerSecond": 20_000})
    assert shown["WarmThroughput"] == usual | {"Status": "UPDATING"}
    assert shown["TableStatus"] == "ACTIVE"
    found = (await described(db))["WarmThroughput"]
    assert found == {"ReadUnitsPerSecond": 20_000, "WriteUnitsPerSecond": 4_000, "Status": "ACTIVE"}
    assert await refused(db, WarmThroughput={"ReadUnitsPerSecond": 13_000}) == (
        INVALID
        + "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, "
        "decreasing WarmThroughput is not supported"
    )


async def test_maxima_of_a_table_on_demand(db: Dynamo) -> None:
    made = await db.create("ttt", "pk:S", OnDemandThroughput={"MaxReadRequestUnits": 7})
    assert made["TableDescription"]["OnDemandThroughput"]["MaxReadRequestUnits"] == 7
    await update(db, OnDemandThroughput={"MaxWriteRequestUnits": 8})
    found = (await described(db))["OnDemandThroughput"]
    assert (found["MaxReadRequestUnits"], found["MaxWriteRequestUnits"]) == (7, 8)
    assert await refused(db, OnDemandThroughput={"MaxReadRequestUnits": 0}) == (
        INVALID + "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range"
    )
    await update(db, OnDemandThroughput={"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1})
    assert "OnDemandThroughput" not in await described(db)


async def test_indexes_that_are_not_there(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:S", lsi={"byl": "pk:S l:S"})
    for action in ({"Delete": {"IndexName": "ghost"}}, {"Update": {"IndexName": "ghost"}}):
        found = await db.fails("UpdateTable", TableName="ttt", GlobalSecondaryIndexUpdates=[action])
        assert found[1] != "" and found[0] in ("ResourceNotFoundException", VALIDATION)
    found = await db.fails(
        "UpdateTable", TableName="ttt", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "ghost"}}]
    )
    assert found == (
        "ResourceNotFoundException",
        "Requested resource not found: Index ghost for table ttt",
    )
    local = [{"Delete": {"IndexName": "byl"}}]
    assert await refused(db, GlobalSecondaryIndexUpdates=local) == (
        "Cannot delete an index that is not a GlobalSecondaryIndex: byl"
    )
