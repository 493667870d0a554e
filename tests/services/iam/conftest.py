from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.house import House
from tests.support.services import iam_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with iam_house() as running:
        yield running
