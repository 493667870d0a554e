"""`@connections` of a connection that another node holds: an order in the store, which that node watches, and its answer.

An order is a record below its holder's name. The holder deletes it, under its version, before it does anything: from then on it is
carried out. Who gave it and hears nothing deletes it the same way: from then on it is not. So a message is never sent that was
answered as gone. A holder that does not take an order in time has ended, and its connections with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from fogbank.core.errors import AwsError, Conflict
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.limits import HANDOVER_S, ORDERS_PAGE
from fogbank.store.api import ABSENT, Key, Record, Transaction

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway

log = logging.getLogger("fogbank.apigatewayv2")

#: (account, connection id, what to do, data) → what came of it. Does not wait.
Perform = Callable[[str, str, str, bytes], Any]


class Relay:
    """One node's end: gives orders and carries out those of others."""

    def __init__(self, gateway: Gateway, perform: Perform) -> None:
        self._gateway = gateway
        self._store = gateway.store
        self._node = gateway.node
        self._perform = perform
        self._serving = False
        self._news = False
        self._unwatch: Callable[[], None] | None = None

    async def start(self) -> None:
        """Watch for orders. What an earlier life of this node asked, nobody waits for any more."""
        self._unwatch = self._store.watch_records(keys.orders(self._node), self._came)
        if await self._store.count(keys.answers(self._node), limit=1):
            await self._store.commit(Transaction().delete_prefix(keys.answers(self._node)))
        self._came()

    def close(self) -> None:
        if self._unwatch is not None:
            self._unwatch()

    # --- giving orders ----------------------------------------------------------------------------------------------

    async def ask(
        self,
        holder: str,
        account: str,
        connection_id: str,
        what: str,
        data: bytes = b"",
        wait_s: float = HANDOVER_S,
    ) -> Any:
        """What came of it on the node `holder`; None when that node has ended. Raises AwsError when it does not say."""
        store, order_id = self._store, self._gateway.ids.uuid()
        order, answer = keys.order(holder, order_id), keys.answer(self._node, order_id)
        came = asyncio.Event()
        unwatch = store.watch_records(answer, came.set)
        try:
            head = {"from": self._node, "account": account, "connection": connection_id, "what": what}
            await store.commit(Transaction().put(order, orjson.dumps(head) + b"\n" + data, expect=ABSENT))
            found = await self._answer(answer, came, wait_s)
            if found is None and await self._withdrawn(order):
                return None
            found = found or await self._answer(answer, came, wait_s)
        finally:
            unwatch()
        if found is None:
            log.error("node %s took an order for connection %s and did not answer", holder, connection_id)
            message = "The node that holds the connection does not answer"
            raise AwsError("ServiceUnavailableException", message, status=503)
        await store.commit(Transaction().delete(answer))
        return orjson.loads(found.value)

    async def _answer(self, key: Key, came: asyncio.Event, wait_s: float) -> Record | None:
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    came.clear()
                    if (found := await self._store.get(key)) is not None:
                        return found
                    await came.wait()
        except TimeoutError:
            return None

    async def _withdrawn(self, order: Key) -> bool:
        """Nobody has taken it, and nobody will."""
        record = await self._store.get(order)
        return record is not None and await self._taken(record)

    async def _taken(self, record: Record) -> bool:
        """The order is ours: we were the first to delete it."""
        try:
            await self._store.commit(Transaction().delete(record.key, expect=record.version))
        except Conflict:
            return False
        return True

    # --- carrying them out ------------------------------------------------------------------------------------------

    def _came(self) -> None:
        self._news = True
        if not self._serving and not self._gateway.closing:
            self._serving = True
            self._gateway.spawn("websocket orders", self._serve())

    async def _serve(self) -> None:
        try:
            while self._news:
                self._news = False
                while found := await self._store.scan(keys.orders(self._node), limit=ORDERS_PAGE):
                    for record in found:
                        if await self._taken(record):
                            await self._carry_out(record)
        finally:
            self._serving = False

    async def _carry_out(self, record: Record) -> None:
        text, _, data = record.value.partition(b"\n")
        head = orjson.loads(text)
        outcome = self._perform(head["account"], head["connection"], head["what"], data)
        answer = keys.answer(head["from"], str(record.key[-1]))
        await self._store.commit(Transaction().put(answer, orjson.dumps(outcome)))
