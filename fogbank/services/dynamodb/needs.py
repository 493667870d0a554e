"""The permissions that DynamoDB's operations need: one for each table that a batch, a transaction or a statement touches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fogbank.core.arn import partition_of
from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.permissions import Need, Needs, Params, Permissions
from fogbank.services.dynamodb.partiql.parser import parse
from fogbank.services.dynamodb.partiql.statements import Exists
from fogbank.services.dynamodb.service import SERVICE

_TRANSACTED = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


def _table(caller: Caller, name: object, index: object = None) -> str:
    arn = str(name)
    if not arn.startswith("arn:"):
        arn = f"arn:{partition_of(caller.region)}:dynamodb:{caller.region}:{caller.account}:table/{arn}"
    return f"{arn}/index/{index}" if index else arn


def _read(action: str) -> Needs:
    """Query and Scan: of an index, if one is named."""
    return lambda caller, params: (
        Need(f"dynamodb:{action}", _table(caller, params.get("TableName"), params.get("IndexName"))),
    )


def _batch(action: str) -> Needs:
    return lambda caller, params: [
        Need(f"dynamodb:{action}", _table(caller, name)) for name in _mapping(params.get("RequestItems"))
    ]


def _transaction(caller: Caller, params: Params) -> Iterable[Need]:
    items = params.get("TransactItems")
    for item in items if isinstance(items, list) else ():
        for kind, what in _mapping(item).items():
            if kind in _TRANSACTED:
                yield Need(f"dynamodb:{_TRANSACTED[kind]}", _table(caller, _mapping(what).get("TableName")))


def _statements(caller: Caller, params: Params) -> Iterable[Need]:
    several = params.get("Statements") or params.get("TransactStatements") or [params]
    for each in several if isinstance(several, list) else ():
        statement = _mapping(each)
        try:
            parsed = parse(str(statement.get("Statement")), statement.get("Parameters") or [])
        except AwsError:
            yield Need(
                "dynamodb:PartiQLSelect", "*"
            )  # what cannot be read does nothing; who may nothing learns nothing
            continue
        parsed = parsed.select if isinstance(parsed, Exists) else parsed
        action = f"dynamodb:PartiQL{type(parsed).__name__}"
        yield Need(action, _table(caller, parsed.table, getattr(parsed, "index", None)))


def _global_table(caller: Caller, params: Params) -> str:
    name = params.get("GlobalTableName")
    return f"arn:{partition_of(caller.region)}:dynamodb::{caller.account}:global-table/{name}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


SERVICE.needs(
    Permissions(
        "dynamodb",
        {
            "table/{TableName}": """
                CreateBackup CreateTable DeleteItem DeleteTable DescribeContinuousBackups DescribeContributorInsights
                DescribeKinesisStreamingDestination DescribeTable DescribeTimeToLive GetItem PutItem UpdateContinuousBackups UpdateItem
                UpdateTable UpdateTimeToLive""",
            "{TableName} | *": "ListContributorInsights",
            "{TableArn} | *": "ListExports ListImports",
            "{global_table}": "CreateGlobalTable DescribeGlobalTable UpdateGlobalTable",
            "{BackupArn}": "DeleteBackup DescribeBackup RestoreTableFromBackup",
            "{SourceTableArn} | table/{SourceTableName} | table/{TargetTableName}": "RestoreTableToPointInTime",
            "{ResourceArn}": "DeleteResourcePolicy GetResourcePolicy ListTagsOfResource PutResourcePolicy TagResource UntagResource",
            "*": "DescribeEndpoints DescribeLimits ListBackups ListGlobalTables ListTables",
        },
        special={
            "BatchExecuteStatement": _statements,
            "BatchGetItem": _batch("BatchGetItem"),
            "BatchWriteItem": _batch("BatchWriteItem"),
            "ExecuteStatement": _statements,
            "ExecuteTransaction": _statements,
            "Query": _read("Query"),
            "Scan": _read("Scan"),
            "TransactGetItems": _transaction,
            "TransactWriteItems": _transaction,
        },
        members={"global_table": _global_table},
        has_policies=True,
        keys={"dynamodb:select": "Select", "dynamodb:returnvalues": "ReturnValues"},
    )
)
