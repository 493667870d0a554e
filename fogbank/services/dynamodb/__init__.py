"""DynamoDB: tables, items, indexes, expressions, transactions, streams, time to live.

Importing this package declares every operation. `SERVICE` and the state class `DynamoDB` are what app.py joins.
"""

from __future__ import annotations

from fogbank.services.dynamodb import (
    batches,
    items,
    partiql_batches,
    partiql_statements,
    queries,
    scans,
    stream_internals,
    table_updates,
    tables,
    tags,
    time_to_live,
    transactions,
)
from fogbank.services.dynamodb.service import SERVICE
from fogbank.services.dynamodb.state import DynamoDB

__all__ = [
    "SERVICE",
    "DynamoDB",
    "batches",
    "items",
    "partiql_batches",
    "partiql_statements",
    "queries",
    "scans",
    "stream_internals",
    "table_updates",
    "tables",
    "tags",
    "time_to_live",
    "transactions",
]
