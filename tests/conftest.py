"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent

if TYPE_CHECKING:
    from tests.support.wire import Wire

# How long an example takes says how busy the machine is, nothing about the code.
settings.register_profile("fogbank", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fogbank")

# Their modules share a pool or a server: each module runs in one of the processes, which makes it once.
SHARING = ("cli", "recordings", "sandbox")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(HERE).parts[0] in SHARING:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))


@pytest.fixture(scope="session")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """Logs, CloudWatch, IAM and STS on a free port."""
    from tests.support.wire import Wire  # most runs need no server, and it is much to import

    with Wire(tmp_path_factory.mktemp("wire")) as running:
        yield running


@pytest.fixture
def account(wire: Wire) -> str:
    """An account of the test's own."""
    return wire.new_account()
