"""Connections to PostgreSQL: how one is set up, a small pool of them, and what a server's errors mean here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection, conninfo, sql

from fogbank.core.errors import ConfigError, StoreClosed, StoreError, StoreFull
from fogbank.core.limits import STORE_AWAY_S, STORE_CONNECT_S, STORE_READERS_MAX
from fogbank.store import postgres_arrays, postgres_sql

log = logging.getLogger("fogbank.store")

Connection = AsyncConnection[tuple[Any, ...]]
T = TypeVar("T")

_PAUSE_S = 0.01
_PAUSE_S_MAX = 2.0  # less than AWS's clients wait between their later attempts
_PREPARED_MAX = 200


async def connect(url: str) -> Connection:
    """A connection in autocommit mode with this engine's types and settings. Raises psycopg.OperationalError."""
    connection = await AsyncConnection.connect(
        with_timeouts(url), autocommit=True, fallback_application_name="fogbank"
    )
    try:
        connection.prepared_max = _PREPARED_MAX
        postgres_arrays.register(connection)
        await run_script(connection, postgres_sql.SESSION)
    except BaseException:
        await connection.close()
        raise
    return connection


def with_timeouts(url: str) -> str:
    """The URL with limits to how long a server that has vanished from the network is waited for, where it names none."""
    given = conninfo.conninfo_to_dict(url)
    away_ms = round(STORE_AWAY_S * 1000)
    wanted = {"connect_timeout": STORE_CONNECT_S, "keepalives_idle": 5, "tcp_user_timeout": away_ms}
    return conninfo.make_conninfo(url, **{name: value for name, value in wanted.items() if name not in given})


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


class Health:
    """Whether the server answers, as all connections of one store found it. Real time: a server does not know our clock.

    While it is away requests wait STORE_AWAY_S for it from when that was noticed; after that they are refused at once, and
    only one in a growing while tries whether it is back. The log tells of it when it begins, ever more rarely, and at its end.
    """

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._told_s = 0.0
        self._pause_s = _PAUSE_S
        self._next_s = 0.0

    def failed(self, error: BaseException) -> None:
        """No connection could be made."""
        now_s = asyncio.get_running_loop().time()
        if self._since_s is None:
            self._since_s, self._told_s, self._pause_s = now_s, now_s, _PAUSE_S
            log.warning("the PostgreSQL server does not answer (%s); it is tried again", type(error).__name__)
        elif now_s - self._since_s >= 2 * (self._told_s - self._since_s) + _PAUSE_S_MAX:
            self._told_s = now_s
            log.warning("the PostgreSQL server has not answered for %d s", now_s - self._since_s)
        self._next_s = now_s + self._pause_s
        self._pause_s = min(self._pause_s * 2, _PAUSE_S_MAX)

    def answered(self) -> None:
        """A connection was made."""
        if self._since_s is not None:
            away_s = asyncio.get_running_loop().time() - self._since_s
            log.warning("the PostgreSQL server answers again, after %.1f s", away_s)
            self._since_s = None

    def refuse(self) -> None:
        """Raises StoreError while the server has been away for long, but for who is to try it."""
        if self._since_s is None:
            return
        now_s = asyncio.get_running_loop().time()
        if now_s - self._since_s < STORE_AWAY_S:
            return
        if now_s < self._next_s:
            raise StoreError("the PostgreSQL server does not answer")
        self._next_s = now_s + self._pause_s  # the others need not wait for this try as well

    async def connect(self, url: str) -> Connection:
        """As `connect`, and note how it went."""
        try:
            connection = await connect(url)
        except psycopg.Error as error:
            self.failed(error)
            raise
        self.answered()
        return connection


class Patience:
    """Pauses between attempts of one request: growing, and over after STORE_AWAY_S."""

    def __init__(self) -> None:
        self._end_s = asyncio.get_running_loop().time() + STORE_AWAY_S
        self._pause_s = _PAUSE_S

    async def pause(self) -> bool:
        """Wait once more; False when that has been enough."""
        if asyncio.get_running_loop().time() >= self._end_s:
            return False
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(self._pause_s * 2, _PAUSE_S_MAX)
        return True


class Pool:
    """Up to STORE_READERS_MAX connections for single statements: reads, leases. Callers wait for a free one."""

    def __init__(self, url: str, health: Health) -> None:
        self._url = url
        self._health = health
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
                self._health.refuse()
                connection: Connection | None = None
                try:
                    connection = self._free.pop() if self._free else await self._health.connect(self._url)
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
