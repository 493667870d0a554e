"""What replays share. Step Functions: one server for all, with the functions they share; lists are replayed in accounts of their own.
EventBridge: a server for each file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.support.event_buses import Scenario
from tests.support.recordings import recorded
from tests.support.stepfunctions import Replay, accounts

SHARED = "400000000000"


@pytest.fixture(scope="session")
def states_server() -> Iterator[Fogbank]:
    with Fogbank(Settings()) as running:
        yield running


@pytest.fixture(scope="session")
def states_functions() -> dict[str, str]:
    """The functions made so far in the shared account: what each does, and its ARN."""
    return {}


@pytest.fixture
def replay(states_server: Fogbank, states_functions: dict[str, str]) -> Callable[[str, str], Replay]:
    """A scenario by its recording's file and test, in the account that all share."""

    def make(file: str, test: str) -> Replay:
        return Replay(states_server, SHARED, states_functions, file, test)

    return make


@pytest.fixture(scope="session")
def states_accounts() -> Iterator[str]:
    return accounts(int(SHARED) + 1)


@pytest.fixture
def alone(states_server: Fogbank, states_accounts: Iterator[str]) -> Callable[[str, str], Replay]:
    """A scenario in an account of its own."""

    def make(file: str, test: str) -> Replay:
        return Replay(states_server, next(states_accounts), {}, file, test)

    return make


@pytest.fixture(scope="module")
def events_server() -> Iterator[Fogbank]:
    with Fogbank() as running:
        yield running


@pytest.fixture
def scenario(events_server: Fogbank, request: pytest.FixtureRequest) -> Callable[[str], Scenario]:
    """A scenario of EventBridge by its test in the recording that the module names as `FILE`."""
    return lambda test: Scenario(events_server, recorded(request.module.FILE, test))
