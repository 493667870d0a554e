"""What can be asked about settings that no table of fogbank can have, and is answered as on AWS for a table that never had them.

The operations that would make them (contributor insights, Kinesis destinations, exports, imports) are refused by name. Global
tables of version 2017.11.29 are gone on AWS itself, which refuses them in the words below.
"""

from __future__ import annotations

from typing import Any

from fogbank.model.call import Call
from fogbank.services.dynamodb.service import SERVICE, bad_value, not_found
from fogbank.services.dynamodb.state import DynamoDB


@SERVICE.operation
async def describe_contributor_insights(
    ctx: Call[DynamoDB], *, table_name: str, index_name: str | None = None
) -> dict[str, Any]:
    record = (await ctx.state.directory.settled(ctx, table_name)).record
    answer = {"TableName": record.name, "ContributorInsightsStatus": "DISABLED"}
    if index_name is not None:
        if not any(index.is_global and index.name == index_name for index in record.indexes):
            raise not_found(
                f"Requested resource not found: Index: {index_name} not found for table: {record.name}"
            )
        answer["IndexName"] = index_name
    return answer


@SERVICE.operation
async def list_contributor_insights(
    ctx: Call[DynamoDB],
    *,
    table_name: str | None = None,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    if table_name is not None:
        await ctx.state.directory.settled(ctx, table_name)
    return {"ContributorInsightsSummaries": []}


@SERVICE.operation
async def describe_kinesis_streaming_destination(ctx: Call[DynamoDB], *, table_name: str) -> dict[str, Any]:
    record = (await ctx.state.directory.settled(ctx, table_name)).record
    return {"TableName": record.name, "KinesisDataStreamDestinations": []}


@SERVICE.operation
async def list_exports(
    ctx: Call[DynamoDB],
    *,
    table_arn: str | None = None,
    max_results: int | None = None,
    next_token: str | None = None,
) -> dict[str, Any]:
    return {"ExportSummaries": []}


@SERVICE.operation
async def list_imports(
    ctx: Call[DynamoDB],
    *,
    table_arn: str | None = None,
    page_size: int | None = None,
    next_token: str | None = None,
) -> dict[str, Any]:
    return {"ImportSummaryList": []}


# --- global tables of version 2017.11.29 -------------------------------------------------------------------------------------


@SERVICE.operation
async def list_global_tables(
    ctx: Call[DynamoDB],
    *,
    exclusive_start_global_table_name: str | None = None,
    limit: int | None = None,
    region_name: str | None = None,
) -> dict[str, Any]:
    return {"GlobalTables": []}


@SERVICE.operation
async def describe_global_table(ctx: Call[DynamoDB], *, global_table_name: str) -> dict[str, Any]:
    message = f"Global table with name: '{global_table_name}' does not exist."
    raise SERVICE.error("GlobalTableNotFoundException", message)


@SERVICE.operation
async def create_global_table(
    ctx: Call[DynamoDB], *, global_table_name: str, replication_group: list[dict[str, str]]
) -> dict[str, Any]:
    raise _legacy()


@SERVICE.operation
async def update_global_table(
    ctx: Call[DynamoDB], *, global_table_name: str, replica_updates: list[dict[str, Any]]
) -> dict[str, Any]:
    raise _legacy()


def _legacy() -> Exception:
    return bad_value(
        "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version "
        "2019.11.21, instead of version 2017.11.29 (Legacy)."
    )
