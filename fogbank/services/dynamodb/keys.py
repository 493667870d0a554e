"""Where everything of DynamoDB lies in the store. Only this file and `table.py` know the layout.

    dynamodb table ACCOUNT REGION NAME                      TableRecord
    dynamodb data TABLE-ID 0 HASH [RANGE]                   an item
    dynamodb data TABLE-ID NUMBER HASH [RANGE] ITEM         an index's entry: the projected item
    dynamodb data TABLE-ID NUMBER EXPIRY ITEM               a time-to-live entry: the item's key
    dynamodb data TABLE-ID -1 HASH [RANGE]                  an item's replication stamp, also after its deletion
    dynamodb data TABLE-ID -2 TIME HASH [RANGE]             a deleted item's stamp, by its time
    dynamodb journal TABLE-ID                               the log of items as they were before each change
    dynamodb replication TABLE-ID                           the log of changes for other regions
    dynamodb link TABLE-ID REGION                           a region that the log goes to; `cursor`: how far it came
    dynamodb cut REGION                                     the region is cut off from all others
    dynamodb backup ACCOUNT REGION TABLE ID                 a backup; its items lie as those of a table
    dynamodb copy TABLE-ID                                  how far the filling of a table or backup came
    dynamodb stream ACCOUNT REGION TABLE LABEL              StreamRecord; the log of its records under the same key
    dynamodb figures TABLE-ID NUMBER NODE                   items and bytes that a node has counted
    dynamodb token SPAN ACCOUNT REGION TOKEN                    a transaction's ClientRequestToken

HASH and ITEM are digests of key values: partitions have no order among each other, on AWS neither, and a store key stays
short whatever the values. RANGE sorts as the values do.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, NamedTuple

from fogbank.model.call import Call
from fogbank.services.dynamodb.limits import PARTITIONS_CACHED_MAX
from fogbank.services.dynamodb.values import Value
from fogbank.store.api import Key

ROOT = "dynamodb"
DIGEST_BYTES = 16
STAMPS, GRAVES = -1, -2
HEAD_PARTS = 4  # of the keys below `data`: what stands before HASH


class Place(NamedTuple):
    """The account and region that own a table."""

    account: str
    region: str


def place_of(ctx: Call[Any]) -> Place:
    return Place(ctx.account, ctx.region)


def all_tables() -> Key:
    return (ROOT, "table")


def tables(place: Place) -> Key:
    return (ROOT, "table", *place)


def table(place: Place, name: str) -> Key:
    return (ROOT, "table", *place, name)


def data(table_id: str, number: int) -> Key:
    return (ROOT, "data", table_id, number)


def journal(table_id: str) -> Key:
    return (ROOT, "journal", table_id)


def replication(table_id: str) -> Key:
    return (ROOT, "replication", table_id)


def links() -> Key:
    return (ROOT, "link")


def link(table_id: str, region: str) -> Key:
    return (ROOT, "link", table_id, region)


def cursors(table_id: str) -> Key:
    return (ROOT, "cursor", table_id)


def cursor(table_id: str, region: str) -> Key:
    return (ROOT, "cursor", table_id, region)


def cuts() -> Key:
    return (ROOT, "cut")


def cut(region: str) -> Key:
    return (ROOT, "cut", region)


def backups(place: Place, *table: str) -> Key:
    return (ROOT, "backup", *place, *table)


def backup(place: Place, table: str, backup_id: str) -> Key:
    return (ROOT, "backup", *place, table, backup_id)


def copying(target_id: str) -> Key:
    return (ROOT, "copy", target_id)


def streams(place: Place) -> Key:
    return (ROOT, "stream", *place)


def table_streams(place: Place, name: str) -> Key:
    return (ROOT, "stream", *place, name)


def stream(place: Place, name: str, label: str) -> Key:
    return (ROOT, "stream", *place, name, label)


def figures(table_id: str) -> Key:
    return (ROOT, "figures", table_id)


def tokens() -> Key:
    return (ROOT, "token")


def token(span: int, place: Place, text: str) -> Key:
    """`span` counts stretches of time, so that old tokens lie together."""
    return (ROOT, "token", span, *place, text)


def digest(value: Value) -> bytes:
    """Names a partition by its key's value."""
    ((kind, content),) = value.items()
    return _digest(kind + content)


@lru_cache(maxsize=PARTITIONS_CACHED_MAX)
def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def item_digest(hash_value: Value, range_value: Value | None) -> bytes:
    """Names an item by its primary key."""
    if range_value is None:
        return digest(hash_value)
    ((kind, content),) = range_value.items()
    both = digest(hash_value) + (kind + content).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(both, digest_size=DIGEST_BYTES).digest()
