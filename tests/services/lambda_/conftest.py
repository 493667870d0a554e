from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.services.lambda_.fakes import LambdaHouse, functions


@pytest.fixture
async def house() -> AsyncIterator[LambdaHouse]:
    async with functions() as house:
        yield house
