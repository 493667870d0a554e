"""News of other nodes: LISTEN on a connection of its own, and everyone woken when that was lost for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
from psycopg import sql

from fogbank.store import news, postgres_sql
from fogbank.store.postgres_link import Connection, Health, rows
from fogbank.store.watches import Watches

_PAUSE_S, _PAUSE_S_MAX = 0.2, 2.0


class Listener:
    """Hands what other nodes touched to this node's watches. `node` gives this node's number, whose news it drops."""

    def __init__(self, url: str, health: Health, watches: Watches, node: Callable[[], int]) -> None:
        self._url = url
        self._health = health
        self._pause_s = _PAUSE_S
        self._watches = watches
        self._node = node
        self._connection: Connection | None = None

    async def open(self) -> None:
        """Listen from here on; `run` hears it."""
        connection = await self._health.connect(self._url)
        channel = (await rows(connection, postgres_sql.CHANNEL))[0][0]
        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        self._connection = connection

    async def run(self) -> None:
        """Until the connection is lost, then until there is a new one. Called again and again by its lane."""
        if self._connection is None:
            await asyncio.sleep(self._pause_s)
            try:
                await self.open()
            except psycopg.Error:  # the log tells of it by `health`
                self._pause_s = min(self._pause_s * 2, _PAUSE_S_MAX)
                return
            self._pause_s = _PAUSE_S
            self._watches.tell_all()  # whatever was said meanwhile is lost
        connection = self._connection
        assert connection is not None
        try:
            async for notify in connection.notifies():
                self._hear(notify.payload)
        except psycopg.Error:
            await self.close()

    def _hear(self, payload: str) -> None:
        node, _, packed = payload.partition(" ")
        if node == str(self._node()):
            return
        touched = news.unpack(packed.encode())
        if touched is None:
            self._watches.tell_all()
        else:
            self._watches.tell(touched)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
