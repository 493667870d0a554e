"""One fogbank for all tests of the data plane; each builds APIs of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.support.rest_apis import Gateways


@pytest.fixture(scope="session")
def gateways() -> Iterator[Gateways]:
    with Fogbank(Settings()) as server:
        yield Gateways(server)
