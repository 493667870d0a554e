"""Where everything of DynamoDB lies in the store. Only this file and `table.py` know the layout.

    dynamodb table ACCOUNT REGION NAME                      TableRecord
    dynamodb data TABLE-ID 0 HASH [RANGE]                   an item
    dynamodb data TABLE-ID NUMBER HASH [RANGE] ITEM         an index's entry: the projected item
    dynamodb data TABLE-ID NUMBER EXPIRY ITEM               a time-to-live entry: the item's key
    dynamodb stream ACCOUNT REGION TABLE LABEL              StreamRecord; the log of its records under the same key
    dynamodb figures TABLE-ID NUMBER NODE                   items and bytes that a node has counted
    dynamodb token SPAN ACCOUNT REGION TOKEN                    a transaction's ClientRequestToken

HASH and ITEM are digests of key values: partitions have no order among each other, on AWS neither, and a store key stays
short whatever the values. RANGE sorts as the values do.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from fogbank.model.call import Call
from fogbank.services.dynamodb.values import Value
from fogbank.store.api import Key

ROOT = "dynamodb"
DIGEST_BYTES = 16


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
    return hashlib.blake2b(
        (kind + content).encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES
    ).digest()


def item_digest(hash_value: Value, range_value: Value | None) -> bytes:
    """Names an item by its primary key."""
    if range_value is None:
        return digest(hash_value)
    ((kind, content),) = range_value.items()
    both = digest(hash_value) + (kind + content).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(both, digest_size=DIGEST_BYTES).digest()
