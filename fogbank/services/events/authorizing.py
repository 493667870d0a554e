"""What happens to a connection after its operation answered: getting the first token, forgetting secrets, deleting.

One work item a connection; a later operation's item replaces an earlier one's.
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from fogbank.services.events import keys
from fogbank.services.events.connection_states import Event, State, after
from fogbank.services.events.records import Connection, decode_connection
from fogbank.services.events.tokens import Tokens
from fogbank.store.api import Leased, Store, Transaction

CONNECTION_QUEUE = "events connections"


def enqueue(transaction: Transaction, connection: Connection, now_ms: int) -> None:
    """Have a connection brought to the state that its present one leads to."""
    body = orjson.dumps([connection.account, connection.region, connection.name, connection.uid])
    transaction.enqueue(CONNECTION_QUEUE, connection.arn, body, due_ms=now_ms)


class Authorizing:
    """The handler of the work items."""

    def __init__(self, store: Store, tokens: Tokens) -> None:
        self._store = store
        self._tokens = tokens

    async def do(self, item: Leased) -> None:
        account, region, name, uid = orjson.loads(item.body)
        key = keys.connection(account, region, name)
        record = await self._store.get(key)
        connection = None if record is None else decode_connection(record.value)
        done = Transaction().ack(item)
        if record is None or connection is None or connection.uid != uid:
            await self._store.commit(done)
            return
        token_key = keys.token(account, region, name)
        match State(connection.state):
            case State.AUTHORIZING:
                await self._tokens.grant(connection, record.version, item)
                return
            case State.DEAUTHORIZING:
                state = after(connection.state, Event.FORGOTTEN)
                forgotten = replace(connection, state=state, sealed=None, shown={}, authorized_ms=None)
                done.put(key, forgotten.encode(), expect=record.version).delete(token_key)
            case State.DELETING:
                done.delete(key, expect=record.version).delete(token_key)
        await self._store.commit(done)
