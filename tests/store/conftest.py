"""Fixtures: a store on every backend, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from fogbank.core.clock import VirtualClock
from fogbank.store.api import Store
from tests.store.backends import NAMES, Backend, make_backend


@pytest.fixture(params=NAMES)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    with make_backend(request.param, tmp_path, url) as made:
        yield made


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def store(backend: Backend, clock: VirtualClock) -> AsyncIterator[Store]:
    async with backend.open(clock) as opened:
        yield opened
    await backend.lanes.close()
