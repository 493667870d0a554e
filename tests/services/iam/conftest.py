from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.services.iam.wire import Wire, iam_house
from tests.support.house import House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with iam_house() as running:
        yield running


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with Wire(tmp_path_factory.mktemp("wire")) as running:
        yield running
