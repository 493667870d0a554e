"""What all tests share."""

from __future__ import annotations

import os
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("every_store") is not None:
        metafunc.fixturenames.insert(0, "engine")
        metafunc.parametrize("engine", ("memory", "postgres"), indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    from tests.store.postgres_server import postgres_url

    with postgres_url() as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def everything_on_postgres(request: pytest.FixtureRequest) -> None:
    """FOGBANK_TEST_STORE=postgres builds every house on PostgreSQL."""
    if os.environ.get("FOGBANK_TEST_STORE") == "postgres":
        from tests.support.stores import Chosen

        Chosen.url = request.getfixturevalue("postgres")


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The store of the test's houses; by the mark `every_store` a test runs on each."""
    from tests.support.stores import Chosen

    before = Chosen.url
    Chosen.url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    yield request.param
    Chosen.url = before


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
