"""A house with API Gateway, and a few words to speak to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.store.api import Key
from tests.support.house import Spoken
from tests.support.services import apigateway_house

FUNCTION_URI = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:us-east-1:000000000000:function:f/invocations"
)


class Gateway(Spoken):
    """Calls of the apigateway service, short."""

    service = "apigateway"

    async def api(self, **more: Any) -> dict[str, Any]:
        return await self.call("CreateRestApi", **{"name": "test"} | more)

    async def resource(self, api: dict[str, Any], path_part: str, parent: str | None = None) -> str:
        made = await self.call(
            "CreateResource",
            restApiId=api["id"],
            parentId=parent or api["rootResourceId"],
            pathPart=path_part,
        )
        return str(made["id"])

    async def mock(
        self, api: dict[str, Any], resource: str | None = None, method: str = "GET", **more: Any
    ) -> dict[str, str]:
        """A method with a MOCK integration; where it is."""
        where = {
            "restApiId": api["id"],
            "resourceId": resource or api["rootResourceId"],
            "httpMethod": method,
        }
        await self.call("PutMethod", **where, **{"authorizationType": "NONE"} | more)
        await self.call("PutIntegration", **where, type="MOCK")
        return where

    async def stage(self, name: str = "dev", **more: Any) -> dict[str, Any]:
        """An API with a method, deployed on a stage."""
        api = await self.api(**more)
        await self.mock(api)
        await self.call("CreateDeployment", restApiId=api["id"], stageName=name)
        return api

    async def update(self, operation: str, *patches: tuple[Any, ...], **where: Any) -> dict[str, Any]:
        return await self.call(operation, **where, patchOperations=patch_operations(patches))

    async def update_fails(self, operation: str, *patches: tuple[Any, ...], **where: Any) -> str:
        """The message of the BadRequestException."""
        code, message = await self.fails(operation, **where, patchOperations=patch_operations(patches))
        assert code == "BadRequestException"
        return message

    async def records(self) -> list[Key]:
        """The keys of everything that API Gateway holds."""
        return [record.key for record in await self.house.store.scan(("apigateway",), limit=10_000)]


def patch_operations(patches: tuple[tuple[Any, ...], ...]) -> list[dict[str, Any]]:
    """(op, path[, value[, from]]) as patch operations."""
    names = ("op", "path", "value", "from")
    return [
        {name: given for name, given in zip(names, patch, strict=False) if given is not None}
        for patch in patches
    ]


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with apigateway_house() as house:
        yield Gateway(house)
