"""OAuth tokens of connections: got from their authorization endpoints, kept sealed, renewed before they end or when refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.core.ids import Ids
from fogbank.gateway.connected import send
from fogbank.gateway.http_client import HttpClient
from fogbank.gateway.http_connection import HttpError
from fogbank.services.events import keys
from fogbank.services.events.connection_states import Event, Impossible, after
from fogbank.services.events.limits import CONFLICT_RETRIES_MAX, TOKEN_RENEWED_BEFORE_MS, TOKEN_TIMEOUT_S
from fogbank.services.events.oauth import NoToken, token_of, token_request
from fogbank.services.events.records import Connection, decode_connection
from fogbank.services.events.sealing import seal, unseal
from fogbank.store.api import Key, Leased, Store, Transaction
from fogbank.store.secrets import Secrets

_REASON_CHARS_MAX = 512


class Tokens:
    """`grant` gets one; `current` gives the one that is there. Of one connection, one is asked for at a time on a node."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, secrets: Secrets, client: HttpClient) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._secrets = secrets
        self._client = client
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def current(self, connection: Connection, version: int, refused: str) -> tuple[str, str]:
        """(the Authorization header, its stamp) of a token that is not the refused one. Raises NoToken."""
        turn = self._turns.setdefault(connection.arn, asyncio.Lock())
        async with turn:
            token = await self._kept(connection)
            if token is None or token["stamp"] == refused or self._ends(token):
                token = await self._renew(connection, version)
            return str(token["authorization"]), str(token["stamp"])

    async def grant(self, connection: Connection, version: int, item: Leased) -> None:
        """Get the first token; the connection's state, the token and the work item's end are one commit. Raises Conflict."""
        now_ms = self._clock.now_ms()
        transaction = Transaction().ack(item)
        try:
            token = await self._ask(connection)
        except NoToken as reason:
            changed = _refused(connection, str(reason))
        else:
            changed = replace(
                connection,
                state=after(connection.state, Event.GRANTED),
                authorized_ms=now_ms,
                reason=None,
            )
            transaction.put(_token_key(connection), self._sealed(connection, token))
        transaction.put(_key(connection), changed.encode(), expect=version)
        await self._store.commit(transaction)

    async def _renew(self, connection: Connection, version: int) -> dict[str, Any]:
        """A new token, kept. Without one the connection is no longer authorized, as on AWS."""
        try:
            token = await self._ask(connection)
        except NoToken as reason:
            await self.deauthorize(connection, str(reason))
            raise
        kept = Transaction().check(_key(connection), version)
        kept.put(_token_key(connection), self._sealed(connection, token))
        try:
            await self._store.commit(kept)
        except Conflict:
            pass  # the connection changed meanwhile: the token serves this once
        return token

    async def _ask(self, connection: Connection) -> dict[str, Any]:
        if connection.sealed is None:
            raise NoToken("the connection has no authorization parameters")
        oauth = unseal(self._secrets, connection.arn, connection.sealed)["OAuthParameters"]
        request = token_request(oauth)
        try:
            answer = await send(
                self._client,
                request.method,
                request.url,
                request.headers,
                request.body,
                timeout_s=TOKEN_TIMEOUT_S,
            )
        except (HttpError, TimeoutError):
            raise NoToken("the authorization endpoint does not answer") from None
        token = token_of(answer)
        lifetime_s = token.lifetime_s
        return {
            "stamp": self._ids.uuid(),
            "authorization": token.authorization,
            "ends_ms": None if lifetime_s is None else self._clock.now_ms() + lifetime_s * 1000,
            "of": connection.revision,
        }

    async def _kept(self, connection: Connection) -> dict[str, Any] | None:
        """The token in the store, if it was got with the parameters that the connection has now."""
        record = await self._store.get(_token_key(connection))
        if record is None:
            return None
        token: dict[str, Any] = unseal(self._secrets, connection.arn, orjson.loads(record.value))
        return token if token["of"] == connection.revision else None

    def _sealed(self, connection: Connection, token: dict[str, Any]) -> bytes:
        return orjson.dumps(seal(self._secrets, connection.arn, token))

    def _ends(self, token: dict[str, Any]) -> bool:
        """Soon, or it has ended."""
        ends_ms = token["ends_ms"]
        return ends_ms is not None and ends_ms - TOKEN_RENEWED_BEFORE_MS <= self._clock.now_ms()

    async def deauthorize(self, connection: Connection, reason: str) -> None:
        """What the connection has was refused: it is not used again before an update."""
        key = _key(connection)
        for _ in range(CONFLICT_RETRIES_MAX):
            record = await self._store.get(key)
            if record is None or (now := decode_connection(record.value)).sealed != connection.sealed:
                return  # another one by now
            try:
                changed = _refused(now, reason)
                await self._store.commit(Transaction().put(key, changed.encode(), expect=record.version))
            except Conflict:
                continue
            except Impossible:
                pass  # it is being deauthorized or deleted anyway
            return


def _refused(connection: Connection, reason: str) -> Connection:
    return replace(
        connection,
        state=after(connection.state, Event.REFUSED),
        reason=f"Unable to authorize the connection: {reason}."[:_REASON_CHARS_MAX],  # a guess
    )


def _key(connection: Connection) -> Key:
    return keys.connection(connection.account, connection.region, connection.name)


def _token_key(connection: Connection) -> Key:
    return keys.token(connection.account, connection.region, connection.name)
