"""Random operations on items, indexes, transactions and the stream, against the oracle."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from tests.services.dynamodb.oracle import Key, Oracle, Refused, Values
from tests.services.dynamodb.spoken import Dynamo, item, plain
from tests.support.services import dynamodb_house

KEYS = st.tuples(st.sampled_from("ab"), st.integers(-1, 2))
EXTRA = st.fixed_dictionaries(
    {}, optional={"g": st.sampled_from("xy"), "n": st.integers(0, 3), "v": st.sampled_from(["", "v"])}
)
PUT = st.tuples(st.just("put"), KEYS, EXTRA, st.booleans())
DELETE = st.tuples(st.just("delete"), KEYS, st.none() | st.integers(0, 3))
ADD = st.tuples(st.just("add"), KEYS, st.integers(-2, 2))
REMOVE = st.tuples(st.just("remove"), KEYS, st.sampled_from("gnv"))
WRITE = st.one_of(PUT, DELETE, ADD, REMOVE)
TRANSACTION = st.tuples(
    st.just("transaction"), st.lists(WRITE, min_size=1, max_size=4, unique_by=lambda write: write[1])
)
STEPS = st.lists(st.one_of(WRITE, WRITE, WRITE, TRANSACTION), max_size=25)


def params_of(write: tuple[Any, ...]) -> tuple[str, dict[str, Any]]:
    """(operation, parameters) of one write."""
    kind, (pk, sk), *rest = write
    key = item({"pk": pk, "sk": sk})
    match kind, rest:
        case "put", [extra, only_new]:
            params: dict[str, Any] = {"Item": item({"pk": pk, "sk": sk} | extra)}
            return "Put", params | ({"ConditionExpression": "attribute_not_exists(pk)"} if only_new else {})
        case "delete", [n_is]:
            params = {"Key": key}
            if n_is is not None:
                params |= {"ConditionExpression": "n = :n", "ExpressionAttributeValues": item({":n": n_is})}
            return "Delete", params
        case "add", [by]:
            return "Update", {
                "Key": key,
                "UpdateExpression": "ADD n :by",
                "ExpressionAttributeValues": item({":by": by}),
            }
        case "remove", [attribute]:
            return "Update", {"Key": key, "UpdateExpression": f"REMOVE {attribute}"}
    raise AssertionError(write)


def tell(oracle: Oracle, write: tuple[Any, ...]) -> Values | None:
    kind, key, *rest = write
    match kind, rest:
        case "put", [extra, only_new]:
            return oracle.put({"pk": key[0], "sk": key[1]} | extra, only_new)
        case "delete", [n_is]:
            return oracle.delete(key, n_is)
        case "add", [by]:
            return oracle.add(key, by)
        case "remove", [attribute]:
            return oracle.remove(key, attribute)
    raise AssertionError(write)


async def single(db: Dynamo, oracle: Oracle, write: tuple[Any, ...]) -> None:
    operation, params = params_of(write)
    returned = "ALL_NEW" if operation == "Update" else "ALL_OLD"
    try:
        wanted = tell(oracle, write)
    except Refused:
        code, _ = await db.fails(f"{operation}Item", TableName="ttt", **params)
        assert code == "ConditionalCheckFailedException"
        return
    answer = await db.call(f"{operation}Item", TableName="ttt", ReturnValues=returned, **params)
    assert plain(answer.get("Attributes", {})) == (wanted or {})


async def together(db: Dynamo, oracle: Oracle, writes: list[tuple[Any, ...]]) -> None:
    items = []
    for write in writes:
        operation, params = params_of(write)
        items.append({operation: params | {"TableName": "ttt"}})
    trial = Oracle(dict(oracle.items), list(oracle.stream))
    try:
        for write in writes:
            tell(trial, write)
    except Refused:
        error = await db.house.fails("dynamodb", "TransactWriteItems", {"TransactItems": items})
        assert error.code == "TransactionCanceledException"
        return
    await db.call("TransactWriteItems", TransactItems=items)
    oracle.items, oracle.stream = trial.items, trial.stream


async def compare(db: Dynamo, oracle: Oracle) -> None:
    everything = {(each["pk"], int(each["sk"])): each for each in await db.scan("ttt", Limit=3)}
    assert everything == oracle.items
    for pk in "ab":
        found = await db.query(
            "ttt", "pk = :p AND sk BETWEEN :l AND :h", {":p": pk, ":l": 0, ":h": 1}, Limit=2
        )
        assert found == oracle.query(pk, 0, 1)
        local = await db.query("ttt", "pk = :p", {":p": pk}, IndexName="local", Limit=2)
        assert [each["n"] for each in local] == [each["n"] for each in oracle.by_n(pk)]
        assert sorted(local, key=repr) == sorted(_decimals(oracle.by_n(pk)), key=repr)
    for g in "xy":
        found = await db.query("ttt", "g = :g", {":g": g}, IndexName="global", ScanIndexForward=False)
        assert [each["n"] for each in found] == [each["n"] for each in oracle.by_g(g)][::-1]
        assert sorted(found, key=repr) == sorted(_decimals(oracle.by_g(g)), key=repr)
    table = (await db.call("DescribeTable", TableName="ttt"))["Table"]
    assert table["ItemCount"] == len(oracle.items)


def _decimals(values: list[Values]) -> list[Values]:
    """As they come back: numbers are Decimals, attributes in the order in which they were written."""
    return [plain(item(each)) for each in values]


async def compare_stream(db: Dynamo, oracle: Oracle) -> None:
    records = await db.records(await db.stream_arn("ttt"))
    found = []
    for record in records:
        change = record["dynamodb"]
        key = plain(change["Keys"])
        old = plain(change["OldImage"]) if "OldImage" in change else None
        new = plain(change["NewImage"]) if "NewImage" in change else None
        found.append((record["eventName"], (key["pk"], int(key["sk"])), old, new))
    assert found == oracle.stream


@settings(max_examples=60, deadline=None)
@given(STEPS)
async def test_any_operations(steps: list[tuple[Any, ...]]) -> None:
    async with dynamodb_house() as house:
        db, oracle = Dynamo(house), Oracle()
        await db.create(
            "ttt",
            "pk:S sk:N",
            gsi={"global": "g:S n:N"},
            lsi={"local": "pk:S n:N"},
            stream="NEW_AND_OLD_IMAGES",
        )
        for step in steps:
            if step[0] == "transaction":
                await together(db, oracle, step[1])
            else:
                await single(db, oracle, step)
        await compare(db, oracle)
        await compare_stream(db, oracle)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(KEYS, st.integers(1, 5)), min_size=1, max_size=40))
async def test_what_happens_at_once_happens_in_some_order(adds: list[tuple[Key, int]]) -> None:
    """Concurrent updates of few items: each counts once, and the stream tells every step of every item."""
    import asyncio

    async with dynamodb_house() as house:
        db = Dynamo(house)
        await db.create("ttt", "pk:S sk:N", stream="NEW_IMAGE")

        async def add(key: Key, by: int) -> None:
            try:
                await db.update("ttt", {"pk": key[0], "sk": key[1]}, "ADD n :by", {":by": by})
            except AwsError as error:
                raise AssertionError from error

        await asyncio.gather(*(add(*each) for each in adds))
        totals: dict[Key, int] = {}
        for key, by in adds:
            totals[key] = totals.get(key, 0) + by
        assert {(v["pk"], int(v["sk"])): int(v["n"]) for v in await db.scan("ttt")} == totals
        seen: dict[Key, list[int]] = {}
        for record in await db.records(await db.stream_arn("ttt")):
            image = plain(record["dynamodb"]["NewImage"])
            seen.setdefault((image["pk"], int(image["sk"])), []).append(int(image["n"]))
        assert sum(map(len, seen.values())) == len(adds)
        for key, counts in seen.items():
            assert counts == sorted(set(counts)) and counts[-1] == totals[key]
