"""A PostgreSQL server that is away: requests are refused soon and by one kind of error, and all goes on when it is back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fogbank.core.clock import RealClock
from fogbank.core.errors import StoreError
from fogbank.core.limits import STORE_AWAY_S
from fogbank.store.api import Store, Transaction
from tests.store.backends import Backend, make_backend

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

from fogbank.store import postgres_link  # noqa: E402 - needs the driver

END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"


@pytest.fixture
def backend(postgres: str, tmp_path: Path) -> Iterator[Backend]:
    with make_backend("postgres", tmp_path, postgres) as made:
        yield made


class Away:
    """A server that ended every connection and takes no new ones, until `back`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, postgres: str, where: str) -> None:
        self._real = postgres_link.connect
        self._monkeypatch, self._postgres = monkeypatch, postgres
        (self._name,) = parse_qs(urlsplit(where).query)["application_name"]
        self.tries = 0

    async def begin(self) -> None:
        async def refused(url: str) -> Any:
            self.tries += 1
            raise psycopg.OperationalError("connection refused")

        self._monkeypatch.setattr(postgres_link, "connect", refused)
        async with await psycopg.AsyncConnection.connect(self._postgres, autocommit=True) as killer:
            await killer.execute(END_ALL, (self._name,))

    def back(self) -> None:
        self._monkeypatch.setattr(postgres_link, "connect", self._real)


async def refused(store: Store) -> list[BaseException | Any]:
    """What becomes of a write, a read and a lease."""
    calls = (
        store.commit(Transaction().put(("k",), b"lost")),
        store.get(("k",)),
        store.lease("q", owner="me", limit=1, lease_ms=1),
    )
    return list(await asyncio.gather(*calls, return_exceptions=True))


async def test_a_server_that_is_away(
    backend: Backend, postgres: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with backend.open(RealClock()) as store:
        await store.commit(Transaction().put(("k",), b"kept"))
        away = Away(monkeypatch, postgres, str(backend.where))
        await away.begin()
        async with asyncio.timeout(STORE_AWAY_S * 5):  # the pauses of the last attempts come on top
            assert all(isinstance(outcome, StoreError) for outcome in await refused(store))
        tries = away.tries
        async with asyncio.timeout(STORE_AWAY_S * 5):  # it is known to be away: nobody waits again
            for _ in range(100):
                assert all(isinstance(outcome, StoreError) for outcome in await refused(store))
        assert away.tries < tries + 100, "each request tried it by itself"
        told = [record.message for record in caplog.records if record.name == "fogbank.store"]
        assert 1 <= sum("does not answer" in line or "has not answered" in line for line in told) <= 6
        away.back()

        async def again() -> Store:
            while True:
                try:
                    await store.commit(Transaction().put(("k",), b"new"))
                    return store
                except StoreError:
                    await asyncio.sleep(0.01)

        async with asyncio.timeout(20):
            await again()
        found = await store.get(("k",))
        assert found is not None and found.value == b"new"
        assert "answers again" in caplog.text
    await backend.lanes.close()


@pytest.mark.parametrize(
    ("url", "absent"),
    [
        ("postgresql://h/db", ()),
        ("postgresql://h/db?connect_timeout=60", ("connect_timeout=3",)),
    ],
)
def test_a_server_that_vanished_is_not_waited_for(url: str, absent: tuple[str, ...]) -> None:
    made = postgres_link.with_timeouts(url)
    assert "tcp_user_timeout=4000" in made and "connect_timeout=" in made
    assert not any(text in made for text in absent)
