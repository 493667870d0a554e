"""Answers about settings that no table of fogbank has."""

from __future__ import annotations

from tests.services.dynamodb.spoken import Dynamo


async def test_what_a_table_never_had(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", gsi={"byg": "g:S"})
    for more in ({}, {"IndexName": "byg"}):
        found = await db.call("DescribeContributorInsights", TableName="ttt", **more)
        assert found == {"TableName": "ttt", "ContributorInsightsStatus": "DISABLED"} | more
    assert await db.fails("DescribeContributorInsights", TableName="ttt", IndexName="ghost") == (
        "ResourceNotFoundException",
        "Requested resource not found: Index: ghost not found for table: ttt",
    )
    assert await db.call("DescribeKinesisStreamingDestination", TableName="ttt") == {
        "TableName": "ttt",
        "KinesisDataStreamDestinations": [],
    }
    for operation in (
        "DescribeContributorInsights",
        "ListContributorInsights",
        "DescribeKinesisStreamingDestination",
    ):
        assert await db.fails(operation, TableName="none") == (
            "ResourceNotFoundException",
            "Requested resource not found: Table: none not found",
        )
    for operation, member in (
        ("ListContributorInsights", "ContributorInsightsSummaries"),
        ("ListExports", "ExportSummaries"),
        ("ListImports", "ImportSummaryList"),
        ("ListGlobalTables", "GlobalTables"),
    ):
        assert await db.call(operation) == {member: []}


async def test_global_tables_of_2017_are_gone(db: Dynamo) -> None:
    assert await db.fails("DescribeGlobalTable", GlobalTableName="ttt") == (
        "GlobalTableNotFoundException",
        "Global table with name: 'ttt' does not exist.",
    )
    for operation, more in (
        ("CreateGlobalTable", {"ReplicationGroup": [{"RegionName": "us-east-1"}]}),
        ("UpdateGlobalTable", {"ReplicaUpdates": [{"Create": {"RegionName": "us-east-1"}}]}),
    ):
        code, message = await db.fails(operation, GlobalTableName="ttt", **more)
        assert code == "ValidationException" and "version 2017.11.29 is not supported" in message


async def test_what_would_make_them_is_refused_by_name(db: Dynamo) -> None:
    for operation, more in (
        ("UpdateContributorInsights", {"TableName": "ttt", "ContributorInsightsAction": "ENABLE"}),
        ("EnableKinesisStreamingDestination", {"TableName": "ttt", "StreamArn": "x" * 40}),
        ("ExportTableToPointInTime", {"TableArn": "arn", "S3Bucket": "bucket"}),
    ):
        code, message = await db.fails(operation, **more)
        assert code == "NotImplemented" and operation in message
