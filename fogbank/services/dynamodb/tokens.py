"""ClientRequestToken: a transaction sent twice within ten minutes is done once.

Tokens lie by the stretch of ten minutes in which they were used, so that those of earlier ones are found and dropped together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from fogbank.core.clock import Clock
from fogbank.model.call import Call
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.keys import place_of
from fogbank.services.dynamodb.limits import PURGE_BATCH, TOKEN_KEPT_MS
from fogbank.services.dynamodb.service import SERVICE
from fogbank.services.dynamodb.together import Also
from fogbank.services.dynamodb.writes import Write
from fogbank.store.api import ABSENT, Store, Transaction

if TYPE_CHECKING:
    from fogbank.services.dynamodb.state import DynamoDB


@dataclass(frozen=True, slots=True)
class Token:
    """`also` goes into the transaction's commit. None: it was done already, and `sizes` are those of its items, in bytes."""

    also: Also | None
    sizes: tuple[int, ...] = ()


async def token_of(ctx: Call[DynamoDB], text: str, digest: str) -> Token:
    """Raises IdempotentParameterMismatchException when it was used for another request."""
    now_ms = ctx.state.clock.now_ms()
    span = now_ms // TOKEN_KEPT_MS
    for each in (span, span - 1):
        record = await ctx.state.store.get(keys.token(each, place_of(ctx), text))
        if record is None:
            continue
        used_ms, used_for, *sizes = orjson.loads(record.value)
        if now_ms - used_ms >= TOKEN_KEPT_MS:
            continue
        if used_for != digest:
            raise SERVICE.error(
                "IdempotentParameterMismatchException",
                "The provided client token is already in use by another request with different request parameters",
            )
        return Token(None, tuple(sizes))
    key = keys.token(span, place_of(ctx), text)

    def value(writes: Sequence[Write]) -> bytes:
        return orjson.dumps([now_ms, digest, *(max(write.before.size, write.after.size) for write in writes)])

    return Token(Also(key, value, ABSENT))


class TokenSweeper:
    """Drops tokens that are too old to matter."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """The lane's body."""
        await self._clock.sleep_s(TOKEN_KEPT_MS / 1000)
        await self.sweep()

    async def sweep(self) -> None:
        oldest = self._clock.now_ms() // TOKEN_KEPT_MS - 1
        while True:
            records = await self._store.scan(
                keys.tokens(), before=(*keys.tokens(), oldest), limit=PURGE_BATCH
            )
            if not records:
                return
            transaction = Transaction()
            for record in records:
                transaction.delete(record.key)
            await self._store.commit(transaction)
