"""Global tables killed at every moment, on one node and on two: the last write wins everywhere, and each stream has every change."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.core.ids import Ids
from fogbank.services import dynamodb, dynamodbstreams
from tests.services.dynamodb.regions import EAST, IRELAND, TOKYO, Regions
from tests.services.dynamodb.spoken import item
from tests.services.dynamodb.test_regions_model import check_stream
from tests.services.lambda_.fakes import FakeTelemetry
from tests.support.mortal import Killed, Mortal, Mortals, MortalStore

ALL = (EAST, IRELAND, TOKYO)
CUT_MS = 3000


class Node(Mortal):
    """One process with DynamoDB."""

    def __init__(self, world: World, number: int, node: str) -> None:
        self.telemetry = world.telemetry
        super().__init__(
            {
                dynamodb.SERVICE: lambda h: dynamodb.DynamoDB(
                    store=h.store,
                    clock=h.clock,
                    ids=h.ids,
                    lanes=h.lanes,
                    node=node,
                    telemetry=world.telemetry,
                ),
                dynamodbstreams.SERVICE: lambda h: dynamodbstreams.Streams(clock=h.clock),
            },
            clock=world.clock,
        )
        self.mortal = MortalStore(world)
        self.store = self.mortal  # type: ignore[assignment]
        self.ids = Ids(number)


class World(Mortals):
    """A table with a replica in each region, and what the last write made of each item."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.telemetry = FakeTelemetry()
        self.last: dict[str, dict[str, Any] | None] = {}

    def make(self, number: int, node: str) -> Node:
        return Node(self, number, node)

    async def prepare(self, nodes: str) -> None:
        await self.store.open()
        for node in nodes:
            await self.life(node)
        await Regions(await self.life()).build(gsi={"byn": "n:N"})

    async def put(self, region: str, *pks: str, n: int, node: str = "a") -> None:
        await self.pass_ms(
            20
        )  # a write that is repeated is stamped a millisecond later, and still before the next
        puts = [{"Put": {"TableName": "ttt", "Item": item({"pk": pk, "n": n})}} for pk in pks]
        if len(puts) == 1:
            await self.ask("dynamodb", "PutItem", puts[0]["Put"], node, region)
        else:
            await self.ask("dynamodb", "TransactWriteItems", {"TransactItems": puts}, node, region)
        self.last |= {pk: {"pk": pk, "n": n} for pk in pks}

    async def delete(self, region: str, pk: str, node: str = "a") -> None:
        await self.pass_ms(20)
        # It changes nothing where the item is not known yet; put first, so that it is.
        await self.put(region, pk, n=0, node=node)
        await self.pass_ms(20)
        await self.ask("dynamodb", "DeleteItem", {"TableName": "ttt", "Key": item({"pk": pk})}, node, region)
        self.last[pk] = None

    async def connect(self, region: str, connected: bool) -> None:
        """Until it is done: a cut and a heal may be repeated."""
        while True:
            life = await self.life()
            done = await life.answered(
                life.internal("dynamodb", "set_connected", region=region, connected=connected)
            )
            if done:
                return

    async def converged(self) -> bool:
        life = await self.life()
        regions = Regions(life)
        try:
            found = [await life.answer_to(regions.items(region)) for region in ALL]
        except Killed:
            return False
        wanted = {pk: values for pk, values in self.last.items() if values is not None}
        return all(items == wanted for items in found)

    def problems(self) -> list[str]:
        return [f"the regions should have come to {self.last}"]


async def story(world: World, other: str) -> None:
    await world.put(EAST, "a", n=1)
    await world.put(IRELAND, "a", "b", n=2)
    await world.connect(IRELAND, False)
    await world.put(IRELAND, "a", n=3, node=other)
    await world.put(TOKYO, "a", n=4)
    await world.delete(IRELAND, "b", node=other)
    await world.put(EAST, "c", n=5, node=other)
    await world.pass_ms(CUT_MS)
    await world.connect(IRELAND, True)
    await world.put(TOKYO, "c", n=6, node=other)
    await world.until(world.converged)


async def ended(world: World) -> None:
    """What must hold of every run."""
    life = await world.life()
    regions = Regions(life)
    await regions.delivered()
    items = {pk: values for pk, values in world.last.items() if values is not None}
    for region in ALL:
        await check_stream(regions, region, items)
        indexed = await regions[region].scan("ttt", IndexName="byn")
        assert {each["pk"]: each for each in indexed} == items


@pytest.mark.parametrize("nodes", ["a", "az"])
async def test_killed_at_every_moment(nodes: str) -> None:
    world = World(1)
    await world.prepare(nodes)
    begin = world.boundaries
    await story(world, nodes[-1])
    count = world.boundaries - begin
    await ended(world)
    late = [p for p in world.telemetry.emitted if p.name == "ReplicationLatency" and p.value >= CUT_MS]
    assert late, "what waited for the region shows in ReplicationLatency"
    await world.close()
    assert count > 40
    for at in range(1, count + 1):
        world = World(1)
        await world.prepare(nodes)
        world.end_at = world.boundaries + at
        await story(world, nodes[-1])
        world.end_at = None
        await ended(world)
        await world.close()
