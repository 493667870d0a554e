"""Connections to PostgreSQL: how one is set up, a small pool of them, and what a server's errors mean here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection, sql

from fogbank.core.errors import ConfigError, StoreClosed, StoreError, StoreFull
from fogbank.core.limits import STORE_BUSY_S, STORE_READERS_MAX
from fogbank.store import postgres_arrays, postgres_sql

log = logging.getLogger("fogbank.store")

Connection = AsyncConnection[tuple[Any, ...]]
T = TypeVar("T")

_PAUSE_S = 0.01
_PAUSE_S_MAX = 2.0
_PREPARED_MAX = 200


async def connect(url: str) -> Connection:
    """A connection in autocommit mode with this engine's types and settings. Raises psycopg.OperationalError."""
    connection = await AsyncConnection.connect(url, autocommit=True, fallback_application_name="fogbank")
    try:
        connection.prepared_max = _PREPARED_MAX
        postgres_arrays.register(connection)
        await run_script(connection, postgres_sql.SESSION)
    except BaseException:
        await connection.close()
        raise
    return connection


async def rows(connection: Connection, statement: str, arguments: Any = None) -> list[tuple[Any, ...]]:
    """All rows of one statement, in binary."""
    cursor = await connection.execute(statement.encode(), arguments, prepare=True, binary=True)
    return await cursor.fetchall() if cursor.description is not None else []


async def run_script(connection: Connection, statements: str) -> None:
    """Several statements at once, without arguments."""
    await connection.execute(sql.SQL(statements), prepare=False)


def lost(error: BaseException, connection: Connection) -> bool:
    """Whether the connection is gone, so that the outcome of what ran on it is not known."""
    return connection.broken or connection.closed or isinstance(error, psycopg.InterfaceError)


def may_repeat(error: BaseException) -> bool:
    """Whether the server undid the transaction only because others were in the way."""
    return isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)


def as_store_error(error: BaseException) -> Exception:
    """What the caller is told. Messages carry the server's text, never values or the URL."""
    if isinstance(error, psycopg.errors.DiskFull):
        return StoreFull("no space left for the PostgreSQL server")
    if isinstance(error, psycopg.Error):
        return StoreError(f"PostgreSQL: {error.diag.message_primary or type(error).__name__}")
    return error if isinstance(error, Exception) else StoreError(str(error))


class Patience:
    """Pauses between attempts: growing, and over after STORE_BUSY_S. Real waits: a server does not know our clock."""

    def __init__(self) -> None:
        self._waited_s = 0.0
        self._pause_s = _PAUSE_S

    async def pause(self) -> bool:
        """Wait once more; False when that has been enough."""
        if self._waited_s >= STORE_BUSY_S:
            return False
        await asyncio.sleep(self._pause_s)
        self._waited_s += self._pause_s
        self._pause_s = min(self._pause_s * 2, _PAUSE_S_MAX)
        return True


class Pool:
    """Up to STORE_READERS_MAX connections for single statements: reads, leases. Callers wait for a free one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: list[Connection] = []
        self._slots = asyncio.Semaphore(STORE_READERS_MAX)
        self._closed = False

    async def use(self, work: Callable[[Connection], Awaitable[T]], *, repeatable: bool = True) -> T:
        """`work` on a free connection; `repeatable` work is done anew on another when the connection is lost."""
        patience = Patience()
        while True:
            if self._closed:
                raise StoreClosed("the store is closed")
            async with self._slots:
                connection: Connection | None = None
                try:
                    connection = self._free.pop() if self._free else await connect(self._url)
                    return await work(connection)
                except psycopg.Error as error:
                    again = (
                        connection is None or may_repeat(error) or (repeatable and lost(error, connection))
                    )
                    if not again:
                        raise as_store_error(error) from error
                    cause = error
                finally:
                    await self._give_back(connection)
            if not await patience.pause():
                raise as_store_error(cause) from cause

    async def _give_back(self, connection: Connection | None) -> None:
        if connection is None:
            return
        if self._closed or connection.broken or connection.closed:
            await connection.close()
        else:
            self._free.append(connection)

    async def close(self) -> None:
        """Close what is free; what is in use closes when it is given back."""
        self._closed = True
        while self._free:
            await self._free.pop().close()


async def prepare_schema(url: str) -> None:
    """Make the tables where there are none. ConfigError when a newer fogbank made them, or nothing answers there."""
    try:
        connection = await connect(url)
    except psycopg.Error as error:
        raise ConfigError(f"no PostgreSQL server answers: {type(error).__name__}") from error
    try:
        await rows(connection, postgres_sql.MIGRATION_LOCK)
        if not (await rows(connection, postgres_sql.HAS_TABLES))[0][0]:
            async with connection.transaction():
                await run_script(connection, postgres_sql.TABLES + postgres_sql.FUNCTIONS)
                await connection.execute(postgres_sql.MARK_SCHEMA, (postgres_sql.SCHEMA,))
        found = (await rows(connection, postgres_sql.SCHEMA_FOUND))[0][0]
        if found > postgres_sql.SCHEMA:
            raise ConfigError(
                f"the PostgreSQL store was made by a newer fogbank (schema {found});"
                f" this one knows up to {postgres_sql.SCHEMA}"
            )
    except psycopg.Error as error:
        raise ConfigError(f"the PostgreSQL store cannot be used: {error.diag.message_primary}") from error
    finally:
        await connection.close()  # the session's lock goes with it
