"""DynamoDB: tables, items, indexes, expressions, transactions, streams, time to live.

Importing this package declares every operation. `SERVICE` and the state class `DynamoDB` are what app.py joins.
"""

from __future__ import annotations

from fogbank.services.dynamodb import (
    backups,
    batches,
    continuous_backups,
    items,
    partiql_batches,
    partiql_statements,
    queries,
    replication_internals,
    resource_policies,
    restores,
    scans,
    stream_internals,
    table_updates,
    tables,
    tags,
    time_to_live,
    transactions,
    unconfigured,
)
from fogbank.services.dynamodb import needs as needs
from fogbank.services.dynamodb.service import SERVICE
from fogbank.services.dynamodb.state import DynamoDB

__all__ = [
    "SERVICE",
    "DynamoDB",
    "backups",
    "batches",
    "continuous_backups",
    "items",
    "partiql_batches",
    "partiql_statements",
    "queries",
    "replication_internals",
    "resource_policies",
    "restores",
    "scans",
    "stream_internals",
    "table_updates",
    "tables",
    "tags",
    "time_to_live",
    "transactions",
    "unconfigured",
]
