"""A house with DynamoDB and its streams, and short ways to speak to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.services.dynamodb.spoken import Dynamo
from tests.support.services import dynamodb_house


@pytest.fixture
async def db() -> AsyncIterator[Dynamo]:
    async with dynamodb_house() as house:
        yield Dynamo(house)


@pytest.fixture
async def table(db: Dynamo) -> Any:
    """A table `ttt` with a partition key pk."""
    await db.create("ttt", "pk:S")
    return db
