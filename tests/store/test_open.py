"""Which engine serves, and what is refused at the door."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import apsw
import pytest

from fogbank.core.clock import VirtualClock
from fogbank.core.errors import ConfigError
from fogbank.core.lanes import Lanes
from fogbank.store.api import Transaction
from fogbank.store.open import open_store
from fogbank.store.sqlite import SqliteStore, _connect, _draw_number


async def open_and_close(where: str | Path) -> None:
    store = open_store(where, VirtualClock(), Lanes())
    try:
        await store.open()
    finally:
        await store.close()


def test_the_name_chooses_the_engine(tmp_path: Path) -> None:
    for where in (None, tmp_path / "x", str(tmp_path / "x")):
        assert isinstance(open_store(where, VirtualClock(), Lanes()), SqliteStore)
    postgres = pytest.importorskip("fogbank.store.postgres", reason="psycopg is not installed")
    for url in ("postgresql://host/db", "postgres://host/db"):
        assert isinstance(open_store(url, VirtualClock(), Lanes()), postgres.PostgresStore)


def test_an_unknown_engine_is_refused_by_name_without_its_secrets() -> None:
    with pytest.raises(ConfigError, match=r"mysql://") as caught:
        open_store("mysql://user:hidden@host/db", VirtualClock(), Lanes())
    assert "hidden" not in str(caught.value)


async def test_a_file_of_a_newer_fogbank_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    await open_and_close(path)
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE meta SET value = 999 WHERE name = 'schema'")
    connection.close()
    with pytest.raises(ConfigError, match="newer fogbank"):
        await open_and_close(path)
    connection = apsw.Connection(str(path))
    assert connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchall() == [(999,)]
    connection.close()


async def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(ConfigError, match="not one of fogbank"):
        await open_and_close(path)


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"this is no database " * 1000)
    with pytest.raises(ConfigError, match="cannot be opened"):
        await open_and_close(path)
    with pytest.raises(ConfigError, match="cannot be opened"):
        await open_and_close(tmp_path)


def test_a_file_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    connection = _connect(tmp_path / "store.db", 64)
    connection.pragma("query_only", True)
    with pytest.raises(ConfigError, match=r"store.db cannot be written"):
        _draw_number(connection)


async def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "store.sqlite"
    await open_and_close(path)
    assert path.stat().st_size > 0


async def test_a_store_can_be_closed_without_having_been_opened() -> None:
    await open_store(None, VirtualClock(), Lanes()).close()


async def test_closing_leaves_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = open_store(path, VirtualClock(), Lanes())
    await store.open()
    await store.commit(Transaction().put(("k",), b"v"))
    await store.close()
    assert not path.with_name("store.sqlite-wal").exists()
