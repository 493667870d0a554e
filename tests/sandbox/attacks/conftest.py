"""Fixtures of the attacker suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from fogbank.sandbox.api import FunctionNetwork
from tests.sandbox.attacks.arena import Arena


@pytest_asyncio.fixture
async def arena(tmp_path: Path) -> AsyncIterator[Arena]:
    """A pool whose functions share the host's network, with a warm neighbour. Skips where nothing isolates."""
    async with Arena(tmp_path / "arena") as made:
        await made.neighbour_is_unharmed()
        if made.pool.isolation()["namespaces"] != "yes":
            pytest.skip(
                "this machine has no namespaces: functions are plain processes, and nothing is promised"
            )
        yield made


@pytest_asyncio.fixture
async def closed_arena(tmp_path: Path) -> AsyncIterator[Arena]:
    """The same with functions that have no network but the platform."""
    async with Arena(tmp_path / "arena", FunctionNetwork.NONE) as made:
        await made.neighbour_is_unharmed()
        if made.pool.isolation()["namespaces"] != "yes":
            pytest.skip(
                "this machine has no namespaces: functions are plain processes, and nothing is promised"
            )
        yield made
