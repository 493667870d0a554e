"""DynamoDB in three regions of one house."""

from __future__ import annotations

from typing import Any

from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.table import Table
from tests.services.dynamodb.spoken import Dynamo
from tests.support.house import House
from tests.support.waiting import until

EAST, IRELAND, TOKYO = "us-east-1", "eu-west-1", "ap-northeast-1"
ACCOUNT = "000000000000"


class There(Dynamo):
    """Calls in one region."""

    def __init__(self, house: House, region: str) -> None:
        super().__init__(house)
        self.region = region

    async def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return await self.house.call("dynamodb", operation, params, region=self.region)

    async def stream(self, operation: str, **params: Any) -> dict[str, Any]:
        return await self.house.call("dynamodbstreams", operation, params, region=self.region)

    async def fails(self, operation: str, **params: Any) -> tuple[str, str]:
        error = await self.house.fails("dynamodb", operation, params, region=self.region)
        return error.code, error.message


class Regions:
    """Regions by name."""

    def __init__(self, house: House) -> None:
        self.house, self.clock = house, house.clock
        self._regions = {region: There(house, region) for region in (EAST, IRELAND, TOKYO)}

    def __getitem__(self, region: str) -> There:
        return self._regions[region]

    async def build(
        self, keys: str = "pk:S", regions: tuple[str, ...] = (IRELAND, TOKYO), **more: Any
    ) -> None:
        """A table `ttt` with a replica in each region."""
        await self[EAST].create("ttt", keys, **more)
        for region in regions:
            await self.add(EAST, region)

    async def add(self, source: str, region: str, *, table: str = "ttt", wait: bool = True) -> dict[str, Any]:
        create = [{"Create": {"RegionName": region}}]
        answer = await self[source].call("UpdateTable", TableName=table, ReplicaUpdates=create)
        if wait:
            await self.all_active(table)
        return answer

    async def table(self, region: str, name: str = "ttt") -> Table:
        found = await self[region].state.directory.load(Place(ACCOUNT, region), name)
        assert isinstance(found, Table)
        return found

    async def _places(self, table: str) -> list[str]:
        shown = (await self[EAST].call("DescribeTable", TableName=table))["Table"]
        return [EAST, *(each["RegionName"] for each in shown.get("Replicas", ()))]

    async def is_there(self, region: str) -> bool:
        return region in await self._places("ttt")

    async def is_active(self, region: str) -> bool:
        """Whether the replica in that region can be used."""
        if not await self.is_there(region):
            return False
        return (await self.table(region)).record.status == "ACTIVE"

    async def all_active(self, table: str = "ttt") -> None:
        async def are_active() -> bool:
            for region in await self._places(table):
                shown = (await self[region].call("DescribeTable", TableName=table))["Table"]
                if shown["TableStatus"] != "ACTIVE":
                    return False
            return True

        await until(are_active, 30)

    async def cut(self, region: str) -> None:
        await self.house.internal("dynamodb", "set_connected", region=region, connected=False)

    async def heal(self, region: str) -> None:
        await self.house.internal("dynamodb", "set_connected", region=region, connected=True)

    async def items(self, region: str) -> dict[str, Any]:
        return {each["pk"]: each for each in await self[region].scan("ttt")}

    async def delivered(self) -> None:
        """Wait until nothing is on its way."""

        async def is_all() -> bool:
            state = await self.house.internal("dynamodb", "replication_state")
            return all(each["waiting"] == 0 for each in state["links"])

        await until(is_all, 30)

    async def converged(self, region: str = EAST) -> dict[str, Any]:
        """The items of all regions, when everything was delivered."""
        await self.delivered()
        found = await self.items(region)
        for other in await self._places("ttt"):
            assert await self.items(other) == found
        return found
