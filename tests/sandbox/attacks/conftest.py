"""Fixtures of the attacker suite: a pool for all tests of a module, so that what an attack leaves behind meets the next ones."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from fogbank.sandbox.api import FunctionNetwork
from tests.sandbox.attacks.arena import Arena


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _open_arena(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arena]:
    async with Arena(tmp_path_factory.mktemp("arena")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _closed_arena(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arena]:
    async with Arena(tmp_path_factory.mktemp("closed"), FunctionNetwork.NONE) as made:
        yield made


async def _ready(arena: Arena) -> None:
    await arena.neighbour_is_unharmed()
    if arena.pool.isolation()["namespaces"] != "yes":
        pytest.skip("this machine has no namespaces: functions are plain processes, and nothing is promised")


@pytest_asyncio.fixture(loop_scope="module")
async def arena(_open_arena: Arena) -> AsyncIterator[Arena]:
    """A pool whose functions share the host's network, with a warm neighbour. Skips where nothing isolates."""
    await _ready(_open_arena)
    yield _open_arena
    await _open_arena.clear()


@pytest_asyncio.fixture(loop_scope="module")
async def closed_arena(_closed_arena: Arena) -> AsyncIterator[Arena]:
    """The same with functions that have no network but the platform."""
    await _ready(_closed_arena)
    yield _closed_arena
    await _closed_arena.clear()
