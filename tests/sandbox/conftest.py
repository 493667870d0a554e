"""Fixtures of the sandbox tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.sandbox.harness import Lab


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """One pool for all tests of a module."""
    async with Lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture
def public_path() -> Iterator[Path]:
    """A folder that a stranger may reach; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="fogbank-test-") as folder:
        os.chmod(folder, 0o777)
        yield Path(folder)
