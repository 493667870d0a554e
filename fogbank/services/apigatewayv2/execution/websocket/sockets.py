"""The connections of one node, and their records in the store.

A connection lives on the node that its client reached. Its record names that node, so that `@connections` on another one reaches
it (`relay.py`). Records of connections that ended with their node are removed when the node starts again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fogbank.gateway.records import Held, pack, read, scan
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.execution.websocket.connection import Connection
from fogbank.services.apigatewayv2.execution.websocket.management import perform
from fogbank.services.apigatewayv2.execution.websocket.relay import Relay
from fogbank.store.api import Transaction

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway

PAGE = 1000


class Sockets:
    """See the module."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._open: dict[str, Connection] = {}
        self.relay = Relay(gateway, partial(perform, self))
        self.waiting_bytes = 0  # messages whose integration has not answered

    def __len__(self) -> int:
        return len(self._open)

    async def clean_up(self) -> None:
        """Remove what an earlier life of this node left."""
        after = None
        while found := await scan(self._gateway.store, keys.CONNECTIONS, after=after, limit=PAGE):
            own = [each for each in found if each.wire["node"] == self._gateway.node]
            if own:
                tx = Transaction()
                for each in own:
                    tx.delete(each.key)
                await self._gateway.store.commit(tx)
            after = found[-1].key

    async def add(self, connection: Connection) -> None:
        """Before the client hears of it."""
        record = {
            "node": self._gateway.node,
            "apiId": connection.stage.api_id,
            "stage": connection.stage.name,
            "account": connection.stage.place.account,
            "connectedAt": connection.connected_ms,
        }
        self._open[connection.id] = connection
        await self._gateway.store.commit(Transaction().put(keys.connection(connection.id), pack(record)))

    def get(self, connection_id: str) -> Connection | None:
        return self._open.get(connection_id)

    def forget(self, connection: Connection) -> None:
        self._open.pop(connection.id, None)

    async def remove(self, connection_id: str) -> None:
        await self._gateway.store.commit(Transaction().delete(keys.connection(connection_id)))

    async def record(self, connection_id: str) -> Held | None:
        """Of a connection that this node may not hold."""
        return await read(self._gateway.store, keys.connection(connection_id))
