"""What an operation costs does not follow what is stored: counted in steps of SQLite's machine and in rows, not in time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.values import pack, size_of
from fogbank.store.api import Transaction
from fogbank.store.sqlite import SqliteStore
from tests.services.dynamodb.regions import ACCOUNT, EAST
from tests.services.dynamodb.spoken import Dynamo, av, item
from tests.support.house import House
from tests.support.services import dynamodb_house

SMALL, LARGE = 1_000, 100_000
AT_ONCE = 2000


class Counted:
    """The store's steps and the rows that reads were given, while it is watched."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.steps = self.rows = 0
        connection = store._reading  # in memory reads and writes share it
        assert connection is not None
        self._connection = connection
        self._read = store._read
        store._read = self._counted  # type: ignore[method-assign]

    def _step(self) -> bool:
        self.steps += 1
        return False

    def _counted(self, sql: str, bindings: tuple[Any, ...]) -> list[Any]:
        rows = self._read(sql, bindings)
        self.rows += len(rows)
        return rows

    async def of(self, call: Awaitable[dict[str, Any]]) -> tuple[tuple[int, int], dict[str, Any]]:
        """(steps, rows) that a call takes, and its answer."""
        self.steps = self.rows = 0
        self._connection.set_progress_handler(self._step, 1)
        answer = await call
        self._connection.set_progress_handler(None)
        return (self.steps, self.rows), answer


async def fill(db: Dynamo, name: str, partition: str, count: int) -> None:
    """Items under the store's own keys: by the API it would take minutes. The same as PutItem writes, as is checked."""
    table = await db.state.directory.load(Place(ACCOUNT, EAST), name)
    for first in range(0, count, AT_ONCE):
        transaction = Transaction()
        for n in range(first, min(count, first + AT_ONCE)):
            values = item({"pk": partition, "sk": n, "g": partition, "l": n % 7, "v": "x" * 50})
            packed = pack(values, size_of(values))
            transaction.put(table.store_key(values), packed)
            for key, value in table.shared_entries(values, packed).items():
                transaction.put(key, value)
        await db.house.store.commit(transaction)


def queries(partition: str, count: int) -> dict[str, dict[str, Any]]:
    base = {
        "TableName": "ttt",
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": av(partition)},
        "Limit": 100,
    }
    middle = {":p": av(partition), ":a": av(count // 2), ":b": av(count)}
    index = {"KeyConditionExpression": "g = :p", "IndexName": "byg"}
    local = {"IndexName": "byl"}
    return {
        "first": base,
        "last": base | {"ScanIndexForward": False},
        "between": base
        | {"KeyConditionExpression": "pk = :p AND sk BETWEEN :a AND :b", "ExpressionAttributeValues": middle},
        "deep": base | {"ExclusiveStartKey": item({"pk": partition, "sk": count // 2})},
        "filtered": base
        | {"FilterExpression": "v <> :v", "ExpressionAttributeValues": {":p": av(partition), ":v": av("y")}},
        "counted": base | {"Select": "COUNT"},
        "global index": base | index,
        "local index": base | local,
    }


async def test_work_does_not_follow_the_table(house: House) -> None:
    db = Dynamo(house)
    await db.create("ttt", "pk:S sk:N", gsi={"byg": "g:S sk:N"}, lsi={"byl": "pk:S l:N"})
    counted = Counted(house.store)  # type: ignore[arg-type]
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for count in (SMALL, LARGE):
        await fill(db, "ttt", f"p{count}", count)
        found[count] = await works(db, counted, f"p{count}", count)
    assert found[SMALL] == found[LARGE]
    assert all(rows <= 200 for _, rows in found[LARGE].values())


async def works(db: Dynamo, counted: Counted, partition: str, count: int) -> dict[str, tuple[int, int]]:
    """By operation, what it took."""
    await db.get("ttt", {"pk": "a", "sk": 0})  # from here on the node knows the table
    made: dict[str, tuple[int, int]] = {}
    for name, params in queries(partition, count).items():
        made[f"query {name}"], answer = await counted.of(db.call("Query", **params))
        assert answer["Count"] == 100
    key = {"pk": partition, "sk": count // 3}
    new = {"pk": partition, "sk": -1, "g": partition, "l": 1, "v": "n"}
    update = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": av("u")}}
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "get": ("GetItem", {"Key": item(key)}),
        "put over": ("PutItem", {"Item": item(new | key)}),
        "update": ("UpdateItem", {"Key": item(key)} | update),
        "put new": ("PutItem", {"Item": item(new)}),
        "delete": ("DeleteItem", {"Key": item({"pk": partition, "sk": -1})}),
        "describe": ("DescribeTable", {}),
        "scan": ("Scan", {"Limit": 100}),
    }
    for name, (operation, params) in calls.items():
        made[name], _ = await counted.of(db.call(operation, TableName="ttt", **params))
    return made


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with dynamodb_house() as made:
        yield made


async def test_filled_is_as_put(house: House) -> None:
    """What `fill` writes is what the service would have written."""
    db = Dynamo(house)
    await db.create("ttt", "pk:S sk:N", gsi={"byg": "g:S sk:N"}, lsi={"byl": "pk:S l:N"})
    await fill(db, "ttt", "a", 1)
    prefix = (keys.ROOT, "data")
    filled = [(record.key, record.value) for record in await house.store.scan(prefix, limit=10)]
    await db.put("ttt", {"pk": "a", "sk": 0, "g": "a", "l": 0, "v": "x" * 50})
    assert [(record.key, record.value) for record in await house.store.scan(prefix, limit=10)] == filled
    assert len(filled) == 3
