from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from fogbank.testing.server import Fogbank

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Fogbank]:
    """The whole program on a free port."""
    with Fogbank() as running:
        yield running


@pytest.fixture(scope="session")
def s3(server: Fogbank) -> Any:
    return server.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket of the test's own."""
    name = f"bucket-{next(_NUMBERS)}"
    s3.create_bucket(Bucket=name)
    return name
