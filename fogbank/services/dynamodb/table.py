"""A table as the hot path needs it: its settings and what is derived from them, made once for each version. Pure.

Checks keys and items against the schema, gives the store keys of items and index entries, and what an index projects.
"""

from __future__ import annotations

from typing import Protocol

from fogbank.core.arn import partition_of
from fogbank.core.errors import AwsError
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import HASH_KEY_BYTES_MAX, RANGE_KEY_BYTES_MAX
from fogbank.services.dynamodb.records import Index, TableRecord
from fogbank.services.dynamodb.service import bad_value, invalid
from fogbank.services.dynamodb.values import Item, key_part, pack, size_of, value_size
from fogbank.store.api import Key

SCHEMA_MISMATCH = "The provided key element does not match the schema"
_KEY_KINDS = {"S": "string", "B": "binary"}


class Expression(Protocol):
    """A condition, an update or a projection, compiled."""

    @property
    def nested(self) -> frozenset[str]:
        """The attributes that it looks into."""


class Table:
    """One version of a table."""

    __slots__ = (
        "arn",
        "entries",
        "has_local",
        "hash",
        "hash_type",
        "indexes",
        "journal_key",
        "key",
        "key_names",
        "place",
        "prefix",
        "range",
        "range_type",
        "record",
        "replication_key",
        "scalars",
        "stamps_prefix",
        "stream_key",
        "ttl_prefix",
        "version",
    )

    def __init__(self, place: Place, record: TableRecord, version: int) -> None:
        self.place = place
        self.record = record
        self.version = version
        self.key = keys.table(place, record.name)
        self.arn = (
            f"arn:{partition_of(place.region)}:dynamodb:{place.region}:{place.account}:table/{record.name}"
        )
        self.hash, self.range = record.hash, record.range
        self.hash_type = record.types[record.hash]
        self.range_type = record.types[record.range] if record.range is not None else ""
        self.key_names = (self.hash,) if self.range is None else (self.hash, self.range)
        self.prefix = keys.data(record.id, 0)
        self.entries = tuple(IndexEntries(self, index) for index in record.indexes)
        self.indexes = {entries.index.name: entries for entries in self.entries}
        #: What every key attribute is said to be, those of the table first.
        self.scalars = dict.fromkeys(self.key_names, "Key")
        for each in self.entries:
            for name in filter(None, (each.hash, each.range)):
                self.scalars.setdefault(name, "IndexKey")
        self.has_local = any(not index.is_global for index in record.indexes)
        stream = record.stream
        is_streaming = stream is not None and stream.is_enabled
        self.stream_key = keys.stream(place, record.name, stream.label) if is_streaming and stream else None
        self.ttl_prefix = keys.data(record.id, record.ttl.number) if record.ttl is not None else None
        is_journaled = bool(record.holders) or record.recovery is not None
        self.journal_key = keys.journal(record.id) if is_journaled else None
        self.replication_key = keys.replication(record.id) if record.replicas else None
        self.stamps_prefix = keys.data(record.id, keys.STAMPS) if record.is_stamped else None

    # --- keys --------------------------------------------------------------------------------------------------------

    def check_key(self, key: Item) -> None:
        """A Key parameter must be the primary key and nothing else."""
        if len(key) != len(self.key_names) or self.hash not in key:
            raise invalid(SCHEMA_MISMATCH)
        for name in self.key_names:
            if name not in key or self.record.types[name] not in key[name]:
                raise invalid(SCHEMA_MISMATCH)
        self._check_key_values(key)

    def check_item(self, item: Item) -> None:
        """An item must have the primary key, and what it has of index keys must have their types."""
        for name in self.key_names:
            value = item.get(name)
            if value is None:
                raise bad_value(f"Missing the key {name} in the item")
            wanted = self.record.types[name]
            if wanted not in value:
                (found,) = value
                raise bad_value(f"Type mismatch for key {name} expected: {wanted} actual: {found}")
        self._check_key_values(item)
        if self.entries:
            self.check_index_keys(item)

    def _check_key_values(self, item: Item) -> None:
        value = item[self.hash]
        content = value[self.hash_type]
        if content == "":
            raise empty_key(self.hash, self.hash_type)
        if len(content) * 3 > HASH_KEY_BYTES_MAX and value_size(value) > HASH_KEY_BYTES_MAX:
            raise bad_value("Size of hashkey has exceeded the maximum size limit of2048 bytes")
        if self.range is not None:
            value = item[self.range]
            content = value[self.range_type]
            if content == "":
                raise empty_key(self.range, self.range_type)
            if len(content) * 3 > RANGE_KEY_BYTES_MAX and value_size(value) > RANGE_KEY_BYTES_MAX:
                raise bad_value("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")

    def check_index_keys(self, item: Item) -> None:
        """What an item has of an index's key must be fit for it."""
        for entries in self.entries:
            entries.check(item)

    def check_whole(self, expression: Expression | None) -> None:
        """No expression may look into a key attribute."""
        if expression is None or not (nested := expression.nested):
            return
        for name, what in self.scalars.items():
            if name in nested:
                raise invalid(
                    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                    f"{what}: {name}"
                )

    def store_key(self, item: Item) -> Key:
        """Where an item lies, given it or its key."""
        if self.range is None:
            return (*self.prefix, keys.digest(item[self.hash]))
        return (*self.prefix, keys.digest(item[self.hash]), key_part(item[self.range]))

    def key_of(self, item: Item) -> Item:
        """The primary key of an item."""
        if self.range is None:
            return {self.hash: item[self.hash]}
        return {self.hash: item[self.hash], self.range: item[self.range]}

    def item_digest(self, item: Item) -> bytes:
        return keys.item_digest(item[self.hash], item[self.range] if self.range is not None else None)

    # --- time to live --------------------------------------------------------------------------------------------------

    def ttl_key(self, item: Item) -> Key | None:
        """Where an item's time-to-live entry lies; None when it has no time of expiry."""
        if self.ttl_prefix is None or self.record.ttl is None:
            return None
        expiry_s = expiry_of(item, self.record.ttl.attribute)
        return None if expiry_s is None else (*self.ttl_prefix, expiry_s, self.item_digest(item))

    def shared_entries(self, item: Item | None, packed: bytes | None) -> dict[Key, bytes]:
        """Every further record of an item: index entries and its time-to-live entry. Empty for None."""
        if item is None:
            return {}
        found: dict[Key, bytes] = {}
        for entries in self.entries:
            if (key := entries.store_key(item)) is not None:
                found[key] = entries.packed(item, packed)
        if (key := self.ttl_key(item)) is not None:
            found[key] = pack(self.key_of(item), 0)
        return found


class MissingTable(Table):
    """Stands for a table that is not there while a request is looked at."""

    __slots__ = ("_error",)

    def __init__(self, error: AwsError) -> None:
        self._error = error

    def check_key(self, key: Item) -> None:
        raise self._error

    def check_item(self, item: Item) -> None:
        raise self._error

    def check_whole(self, expression: Expression | None) -> None:
        if expression is not None and expression.nested:
            raise self._error


class IndexEntries:
    """The entries of one secondary index."""

    __slots__ = (
        "hash",
        "hash_type",
        "index",
        "key_names",
        "prefix",
        "projected",
        "range",
        "range_type",
        "table",
    )

    def __init__(self, table: Table, index: Index) -> None:
        self.table = table
        self.index = index
        types = table.record.types
        self.hash, self.range = index.hash, index.range
        self.hash_type = types[index.hash]
        self.range_type = types[index.range] if index.range is not None else ""
        self.prefix = keys.data(table.record.id, index.number)
        names = [*table.key_names, index.hash, *([index.range] if index.range is not None else [])]
        #: The attributes of a position in this index: its key and the table's.
        self.key_names = tuple(dict.fromkeys(names))
        self.projected = None if index.projection == "ALL" else frozenset((*self.key_names, *index.included))

    def check(self, item: Item) -> None:
        for name, limit_bytes in ((self.hash, HASH_KEY_BYTES_MAX), (self.range, RANGE_KEY_BYTES_MAX)):
            if name is None or (value := item.get(name)) is None:
                continue
            wanted = self.table.record.types[name]
            if wanted not in value:
                (found,) = value
                raise bad_value(
                    f"Type mismatch for Index Key {name} Expected: {wanted} Actual: {found} "
                    f"IndexName: {self.index.name}"
                )
            if value[wanted] == "":
                raise invalid(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not "
                    f"supported. The AttributeValue for a key attribute cannot contain an empty {_KEY_KINDS[wanted]} "
                    f"value. IndexName: {self.index.name}, IndexKey: {name}"
                )
            if value_size(value) > limit_bytes:
                if limit_bytes == HASH_KEY_BYTES_MAX:
                    raise bad_value("Size of hashkey has exceeded the maximum size limit of2048 bytes")
                raise bad_value("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")

    def store_key(self, item: Item) -> Key | None:
        """Where the entry of an item, or of a position, lies; None when the item is not in this index."""
        hash_value = item.get(self.hash)
        if hash_value is None or not hash_value.get(self.hash_type):
            return None
        if self.range is None:
            return (*self.prefix, keys.digest(hash_value), self.table.item_digest(item))
        range_value = item.get(self.range)
        if range_value is None or not range_value.get(self.range_type):
            return None
        return (*self.prefix, keys.digest(hash_value), key_part(range_value), self.table.item_digest(item))

    def packed(self, item: Item, packed: bytes | None) -> bytes:
        """The entry's value. `packed` is the item's own, when it is at hand."""
        if self.projected is None:
            return packed if packed is not None else pack(item, size_of(item))
        projected = {name: value for name, value in item.items() if name in self.projected}
        return pack(projected, size_of(projected))


def expiry_of(item: Item, attribute: str) -> int | None:
    """The time of expiry in Unix seconds that an item carries."""
    value = item.get(attribute)
    text = value.get("N") if value is not None else None
    if text is None:
        return None
    return int(text.partition(".")[0] or "0")


def key_schema(hash_name: str, range_name: str | None) -> list[dict[str, str]]:
    schema = [{"AttributeName": hash_name, "KeyType": "HASH"}]
    if range_name is not None:
        schema.append({"AttributeName": range_name, "KeyType": "RANGE"})
    return schema


def empty_key(name: str, kind: str) -> AwsError:
    return invalid(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        f"{_KEY_KINDS.get(kind, 'string')} value. Key: {name}"
    )
