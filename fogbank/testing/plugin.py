"""The pytest plugin: `pip install fogbank` gives every test-suite these fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fogbank.testing.server import Fogbank


@pytest.fixture(scope="session")
def fogbank_server() -> Iterator[Fogbank]:
    """A fogbank in memory for the whole session."""
    from fogbank.core.config import Settings
    from fogbank.testing.server import Fogbank

    with Fogbank(Settings(port=0)) as server:
        yield server


@pytest.fixture
def fogbank(fogbank_server: Fogbank) -> Fogbank:
    """The session's fogbank, emptied."""
    fogbank_server.reset()
    return fogbank_server
