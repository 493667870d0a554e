"""Global tables (version 2019.11.21) as groups of tables: one in each region, of one name, each naming the other regions.

All regions of one fogbank share its store, so that a group changes in one transaction; items go by replication (`replication.py`).
What AWS keeps in step is kept so: keys, indexes, billing mode, time to live, the kind of encryption. Each replica has its own stream,
tags, deletion protection, table class and point-in-time recovery.
"""

from __future__ import annotations

from dataclasses import replace

from fogbank.core.errors import AwsError, Conflict
from fogbank.services.dynamodb import backfill, expiry, keys, purging
from fogbank.services.dynamodb.encryption import managed_key
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.records import Index, TableRecord, TimeToLive
from fogbank.services.dynamodb.replication import Link
from fogbank.services.dynamodb.service import bad_value, invalid
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import Store, Transaction

VIEW = "NEW_AND_OLD_IMAGES"


async def members(store: Store, table: Table) -> list[Table]:
    """The other regions' tables. Raises Conflict when the group is changing."""
    places = [Place(table.place.account, replica.region) for replica in table.record.replicas]
    wanted = [keys.table(place, table.record.name) for place in places]
    found: list[Table] = []
    for place, key, record in zip(places, wanted, await store.get_many(wanted), strict=True):
        if record is None:
            raise Conflict(0, key)
        found.append(Table(place, TableRecord.unpack(record.value), record.version))
    return found


async def leave(store: Store, transaction: Transaction, table: Table) -> None:
    """Take a table that `transaction` deletes out of its group. What it has not delivered yet still will be."""
    for member in await members(store, table):
        replicas = tuple(each for each in member.record.replicas if each.region != table.place.region)
        record = replace(member.record, replicas=replicas)
        transaction.put(member.key, record.pack(), expect=member.version)
        transaction.delete(keys.link(member.record.id, table.place.region))
        transaction.delete(keys.cursor(member.record.id, table.place.region))
        closing = link_between(table, member)
        transaction.put(closing.key, replace(closing, is_closing=True).pack())


def link_between(source: Table, target: Table) -> Link:
    return Link(
        source.place.account,
        source.record.name,
        source.place.region,
        source.record.id,
        target.place.region,
        target.record.id,
    )


async def spread(
    store: Store, transaction: Transaction, before: Table, after: TableRecord, now_ms: int
) -> None:
    """Change the other replicas as `transaction` changes this one. Raises ValidationException, Conflict."""
    if not before.record.replicas:
        return
    if after.billing_mode != "PAY_PER_REQUEST":
        raise bad_billing()
    if after.stream is None or not after.stream.is_enabled:
        raise bad_value("Disabling Stream is not allowed for a Global Table replica.")
    for member in await members(store, before):
        record = replace(
            member.record,
            types=after.types,
            indexes=tuple(_as_there(index, member.record) for index in after.indexes),
            next_number=after.next_number,
            ttl=_ttl_as_there(after.ttl, member.record.ttl),
            ttl_changed_ms=after.ttl_changed_ms,
            on_demand=after.on_demand,
            warm=after.warm,
            sse=sse_in(after.sse, member.place),
        )
        _follow_up(transaction, member, record, now_ms)
        if record != member.record:
            transaction.put(member.key, record.pack(), expect=member.version)


def _as_there(index: Index, record: TableRecord) -> Index:
    """An index with the status it has in another replica, where it may be filled sooner or later."""
    for there in record.indexes:
        if there.number == index.number:
            return replace(index, status=there.status)
    return replace(index, status="CREATING")


def _ttl_as_there(ttl: TimeToLive | None, there: TimeToLive | None) -> TimeToLive | None:
    if ttl is None or (there is not None and there.number == ttl.number):
        return there if ttl is not None else None
    return replace(ttl, status="ENABLING")


def _follow_up(transaction: Transaction, member: Table, record: TableRecord, now_ms: int) -> None:
    """Fill what is new, take away what is gone."""
    there, wanted = _numbers(member.record), _numbers(record)
    for number in wanted - there:
        backfill.enqueue(transaction, member, number, now_ms)
    for number in there - wanted:
        purging.enqueue_index(transaction, record.id, number, now_ms)
    if record.ttl is not None and member.record.ttl is None:
        expiry.enqueue(transaction, member, now_ms)


def _numbers(record: TableRecord) -> set[int]:
    numbers = {index.number for index in record.indexes}
    return numbers | {record.ttl.number} if record.ttl is not None else numbers


def sse_in(sse: dict[str, str] | None, place: Place) -> dict[str, str] | None:
    """The encryption settings as another region has them: by the key that AWS manages there."""
    return None if sse is None else sse | {"KMSMasterKeyArn": managed_key(place)}


def bad_billing() -> AwsError:
    return invalid("Table write capacity should either be Pay-Per-Request or AutoScaled.")
