"""EventBridge answers what AWS answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.testing import Fogbank
from tests.support.recordings import Matcher, error_of, recorded

EVENTS = "events/test_events.snapshot.json"


@pytest.fixture(scope="module")
def fogbank() -> Iterator[Fogbank]:
    with Fogbank() as running:
        yield running


@pytest.fixture
def events(fogbank: Fogbank) -> Any:
    return fogbank.client("events")


@pytest.fixture
def matcher() -> Matcher:
    return Matcher()


def test_create_connection_validations(events: Any, matcher: Matcher) -> None:
    was = recorded(EVENTS, "TestEvents::test_create_connection_validations")
    error = error_of(
        events.create_connection,
        Name="This should fail with two errors 123467890123412341234123412341234",
        AuthorizationType="INVALID",
        AuthParameters={"BasicAuthParameters": {"Username": "user", "Password": "pass"}},
    )
    matcher.matches(was["create_connection_exc"], error, ignore={"message"})
