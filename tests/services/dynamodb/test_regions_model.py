"""Random writes in three regions that are cut off and healed, the third one added at any moment: all come to the same items, each with its
stream in order."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.dynamodb.regions import EAST, IRELAND, TOKYO, Regions
from tests.services.dynamodb.spoken import item, plain
from tests.support.services import dynamodb_house

PLACES = st.sampled_from([EAST, IRELAND, TOKYO])
PKS = st.sampled_from("abc")
WRITE = st.one_of(
    st.tuples(st.just("put"), PLACES, PKS, st.integers(0, 9)),
    st.tuples(st.just("add"), PLACES, PKS, st.integers(-2, 2)),
    st.tuples(st.just("delete"), PLACES, PKS),
    st.tuples(st.just("transaction"), PLACES, st.integers(0, 9)),
)
STEP = st.one_of(
    WRITE,
    WRITE,
    WRITE,
    st.tuples(st.sampled_from(["cut", "heal"]), PLACES),
    st.tuples(st.just("wait"), st.integers(1, 5)),
    st.just(("join",)),
)

Last = dict[str, dict[str, Any] | None]


async def step(world: Regions, last: Last, done: tuple[Any, ...]) -> None:
    """Do it, and note in `last` what the latest change made of each item."""
    if done[0] not in ("wait", "join") and not await world.is_active(done[1]):
        return
    match done:
        case "put", region, pk, n:
            await world[region].put("ttt", {"pk": pk, "n": n})
            last[pk] = {"pk": pk, "n": n}
        case "add", region, pk, by:
            last[pk] = await world[region].update("ttt", {"pk": pk}, "ADD n :by", {":by": by})
        case "delete", region, pk:
            key = item({"pk": pk})
            answer = await world[region].call("DeleteItem", TableName="ttt", Key=key, ReturnValues="ALL_OLD")
            if "Attributes" in answer:  # it changes nothing where the item is not known
                last[pk] = None
        case "transaction", region, n:
            writes = [{"Put": {"TableName": "ttt", "Item": item({"pk": pk, "n": n})}} for pk in "ab"]
            await world[region].call("TransactWriteItems", TransactItems=writes)
            last |= {pk: {"pk": pk, "n": n} for pk in "ab"}
        case "cut", region:
            await world.cut(region)
        case "heal", region:
            await world.heal(region)
        case ("join",):
            if not await world.is_there(TOKYO):
                await world.add(EAST, TOKYO, wait=False)
        case "wait", times:
            for _ in range(times):
                await asyncio.sleep(0)


async def check_stream(world: Regions, region: str, items: dict[str, Any]) -> None:
    """Each record goes on from the one before; all together they make the items."""
    seen: dict[str, dict[str, Any]] = {}
    for record in await world[region].records(await world[region].stream_arn("ttt")):
        change = record["dynamodb"]
        pk = change["Keys"]["pk"]["S"]
        old = plain(change["OldImage"]) if "OldImage" in change else None
        assert seen.get(pk) == old
        if "NewImage" in change:
            seen[pk] = plain(change["NewImage"])
        else:
            del seen[pk]
    assert seen == items


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEP, min_size=3, max_size=30), ticks=st.booleans())
async def test_all_regions_come_to_the_same(steps: list[tuple[Any, ...]], ticks: bool) -> None:
    async with dynamodb_house() as house:
        world, last = Regions(house), Last()
        await world.build(gsi={"byn": "n:N"}, regions=(IRELAND,))
        for done in steps:
            if ticks:
                await world.clock.advance_ms(1)
            await step(world, last, done)
        for region in (EAST, IRELAND, TOKYO):
            await world.heal(region)
        await world.clock.advance_ms(5000)  # a new replica looks again whether its region is still cut off
        await step(world, last, ("join",))
        await world.all_active()
        items = await world.converged()
        if ticks:  # no two changes are of one time: the last one of all has won
            assert items == {pk: values for pk, values in last.items() if values is not None}
        for region in (EAST, IRELAND, TOKYO):
            await check_stream(world, region, items)
            indexed = await world[region].scan("ttt", IndexName="byn")
            assert {each["pk"]: each for each in indexed} == {pk: e for pk, e in items.items() if "n" in e}
