from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from fogbank.asl.errors import StatesError
from fogbank.core.config import AuthMode
from fogbank.services.stepfunctions.distributed import Maps
from fogbank.services.stepfunctions.engine.api import ChildResult, MapCall, MapItem
from tests.services.s3.support import storage
from tests.support.house import House

RUN = "arn:aws:states:us-east-1:000000000000:mapRun:m/label:11111111-2222-3333-4444-555555555555"


class Bench:
    """Maps over S3 in a house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.maps = Maps(calls=house.calls, ids=house.ids, mode=AuthMode.OPEN)

    async def put(self, key: str, body: bytes, *, packed: bool = False) -> None:
        content = gzip.compress(body) if packed else body
        await self.house.call("s3", "PutObject", {"Bucket": "data", "Key": key, "Body": content})

    async def get(self, key: str) -> bytes:
        body = (await self.house.call("s3", "GetObject", {"Bucket": "data", "Key": key}))["Body"]
        return body if isinstance(body, bytes) else b"".join([piece async for piece in body])

    async def read(
        self, config: dict[str, Any] | None, arguments: dict[str, Any] | None = None, skip: int = 0
    ) -> list[Any]:
        return [item.value for item in await self.items(config, arguments, skip)]

    async def items(
        self, config: dict[str, Any] | None, arguments: dict[str, Any] | None = None, skip: int = 0
    ) -> list[MapItem]:
        resource = "arn:aws:states:::s3:getObject"
        if arguments is not None and "Key" not in arguments:
            resource = "arn:aws:states:::s3:listObjectsV2"
        given = {"Bucket": "data", "Key": "k"} if arguments is None else arguments
        call = map_call(reader_resource=resource, reader_arguments=given, reader_config=config)
        return [item async for item in self.maps.items(call, skip=skip)]

    async def refuses(self, config: dict[str, Any] | None, arguments: dict[str, Any] | None = None) -> str:
        with pytest.raises(StatesError) as caught:
            await self.read(config, arguments)
        assert caught.value.error == "States.ItemReaderFailed"
        return caught.value.cause

    async def write(
        self,
        results: Sequence[ChildResult],
        config: dict[str, Any] | None = None,
        prefix: str = "out",
        resource: str | None = "arn:aws:states:::s3:putObject",
    ) -> Any:
        async def each() -> AsyncIterator[ChildResult]:
            for result in results:
                yield result

        call = map_call(
            writer_resource=resource,
            writer_arguments={"Bucket": "data", "Prefix": prefix},
            writer_config=config,
        )
        return await self.maps.write(call, each())


def map_call(**more: Any) -> MapCall:
    return MapCall(
        map_run_arn=RUN,
        execution_arn="arn:aws:states:us-east-1:000000000000:execution:m:e",
        execution_name="e",
        state_machine_arn="arn:aws:states:us-east-1:000000000000:stateMachine:m",
        state_name="Map",
        label="label",
        role_arn="arn:aws:iam::000000000000:role/machine",
        account="000000000000",
        region="us-east-1",
        partition="aws",
        **more,
    )


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with storage(tmp_path) as house:
        await house.call("s3", "CreateBucket", {"Bucket": "data"})
        yield Bench(house)
