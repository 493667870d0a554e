"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.wire import Wire


@pytest.fixture(scope="session")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """Logs, CloudWatch, IAM and STS on a free port."""
    with Wire(tmp_path_factory.mktemp("wire")) as running:
        yield running


@pytest.fixture
def account(wire: Wire) -> str:
    """An account of the test's own."""
    return wire.new_account()
