"""Finding what a name or an ARN names, and changing it under its version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import Conflict
from fogbank.services.events import keys
from fogbank.services.events.limits import CONFLICT_RETRIES_MAX
from fogbank.services.events.records import Connection, decode_connection
from fogbank.services.events.service import concurrent
from fogbank.store.api import Record, Store, Transaction

#: From the record that is there (None: none) to the transaction that changes it, and what is answered.
Change = Callable[[Record | None], tuple[Transaction, dict[str, Any]]]


async def changed(store: Store, key: tuple[Any, ...], change: Change) -> dict[str, Any]:
    """Read, decide, commit; again when another was faster."""
    for _ in range(CONFLICT_RETRIES_MAX):
        transaction, answer = change(await store.get(key))
        try:
            await store.commit(transaction)
        except Conflict:
            continue
        return answer
    raise concurrent("The resource is being modified concurrently.")


def name_in(arn_text: str, kind: str) -> tuple[str, str, str, str] | None:
    """(account, region, name, uid) of `kind/name/uid`."""
    arn = parse_arn(arn_text)
    if arn is None or arn.service != "events":
        return None
    match arn.resource.split("/"):
        case [found, name, uid] if found == kind:
            return arn.account, arn.region, name, uid
    return None


async def connection_of_arn(store: Store, arn: str) -> tuple[Connection, int] | None:
    """The connection and its record's version."""
    named = name_in(arn, "connection")
    if named is None:
        return None
    record = await store.get(keys.connection(*named[:3]))
    if record is None:
        return None
    connection = decode_connection(record.value)
    return (connection, record.version) if connection.uid == named[3] else None
