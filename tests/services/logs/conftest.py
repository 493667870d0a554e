"""A house with CloudWatch Logs and CloudWatch, and a few words to speak to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.house import Spoken
from tests.support.services import logs_house


class LogsHouse(Spoken):
    """Calls of the logs service, short."""

    service = "logs"

    async def make(self, group: str, *streams: str, **more: Any) -> None:
        await self.call("CreateLogGroup", logGroupName=group, **more)
        for stream in streams:
            await self.call("CreateLogStream", logGroupName=group, logStreamName=stream)

    async def put(self, group: str, stream: str, *events: tuple[int, str]) -> dict[str, Any]:
        """Events as (milliseconds from now, message)."""
        now_ms = self.now_ms
        given = [{"timestamp": now_ms + offset_ms, "message": message} for offset_ms, message in events]
        return await self.call("PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=given)

    async def get(self, group: str, stream: str, **more: Any) -> list[str]:
        answer = await self.call("GetLogEvents", logGroupName=group, logStreamName=stream, **more)
        return [event["message"] for event in answer["events"]]

    async def filter(self, group: str, pattern: str = "", **more: Any) -> list[str]:
        """The messages of all pages."""
        found: list[str] = []
        while True:
            answer = await self.call("FilterLogEvents", logGroupName=group, filterPattern=pattern, **more)
            found += [event["message"] for event in answer["events"]]
            if "nextToken" not in answer:
                return found
            more["nextToken"] = answer["nextToken"]

    async def stream(self, group: str, name: str) -> dict[str, Any]:
        """A stream as described."""
        answer = await self.call("DescribeLogStreams", logGroupName=group, logStreamNamePrefix=name)
        found: dict[str, Any] = answer["logStreams"][0]
        return found

    async def group(self, name: str) -> dict[str, Any]:
        answer = await self.call("DescribeLogGroups", logGroupNamePrefix=name)
        found: dict[str, Any] = answer["logGroups"][0]
        return found


@pytest.fixture
async def logs() -> AsyncIterator[LogsHouse]:
    async with logs_house() as house:
        yield LogsHouse(house)
