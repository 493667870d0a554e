"""Delivers matching events to subscribed Lambda functions, as AWS does: gzip, base64, one asynchronous invocation a batch.

Deliveries are queued in the transaction that stores the events, so what a killed node owed is delivered after its start.
"""

from __future__ import annotations

import base64
import gzip
import logging
from typing import TYPE_CHECKING

import orjson

from fogbank.core.arn import partition_of
from fogbank.core.errors import AwsError
from fogbank.core.ids import Ids
from fogbank.model.call import Call, Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import Principal, PrincipalType
from fogbank.services.logs.chunks import Position
from fogbank.services.logs.filters import GroupFilters, SubscriptionFilter
from fogbank.services.logs.keys import Place
from fogbank.store.api import Leased, Store, Transaction

if TYPE_CHECKING:
    from fogbank.services.logs.ingest import Batch
    from fogbank.services.logs.state import Logs

log = logging.getLogger("fogbank.logs")

SUBSCRIPTION_QUEUE = "logs.subscriptions"
ATTEMPTS_MAX = 20
RETRY_MS = 60_000


def enqueue(ctx: Call[Logs], tx: Transaction, filters: GroupFilters, batch: Batch, now_ms: int) -> None:
    """Queue what each subscription of the group is to get of this batch."""
    if not filters.subscriptions:
        return
    unique = ctx.state.next_unique(now_ms)
    for stored, pattern in filters.subscriptions:
        events = [
            {"id": Position(time_ms, unique, at).event_id(), "timestamp": time_ms, "message": message}
            for at, (time_ms, message) in enumerate(zip(batch.times, batch.messages, strict=True))
            if pattern.matches(message)
        ]
        if events:
            body = _body(ctx, stored, batch, events)
            tx.enqueue(SUBSCRIPTION_QUEUE, ctx.state.ids.uuid(), body, due_ms=now_ms)


def _body(
    ctx: Call[Logs], stored: SubscriptionFilter, batch: Batch, events: list[dict[str, object]]
) -> bytes:
    message = {
        "messageType": "DATA_MESSAGE",
        "owner": ctx.account,
        "logGroup": batch.group.record.name,
        "logStream": batch.stream.record.name,
        "subscriptionFilters": [stored.name],
        "logEvents": events,
    }
    return orjson.dumps((ctx.account, ctx.region, stored.destination_arn, message))


def service_caller(place: Place, ids: Ids, source_arn: str = "") -> Caller:
    """CloudWatch Logs itself, acting for an account: on behalf of the group with `source_arn`."""
    name = f"logs.{place.region}.amazonaws.com"
    principal = Principal(PrincipalType.SERVICE, place.account, name, name)
    return Caller(place.account, place.region, principal, ids.uuid(), source_arn=source_arn)


def source_of(place: Place, group: str) -> str:
    """The group as AddPermission's SourceArn names it."""
    partition = partition_of(place.region)
    return f"arn:{partition}:logs:{place.region}:{place.account}:log-group:{group}:*"


class Delivery:
    """The handler of the subscription queue."""

    def __init__(self, store: Store, calls: Calls, ids: Ids) -> None:
        self._store = store
        self._calls = calls
        self._ids = ids

    async def do(self, item: Leased) -> None:
        account, region, function, message = orjson.loads(item.body)
        packed = base64.b64encode(gzip.compress(orjson.dumps(message), 6, mtime=0)).decode()
        params = {
            "FunctionName": function,
            "InvocationType": "Event",
            "Payload": orjson.dumps({"awslogs": {"data": packed}}),
        }
        try:
            place = Place(account, region)
            caller = service_caller(place, self._ids, source_of(place, message["logGroup"]))
            await self._calls.call("lambda", "Invoke", params, caller)
        except AwsError as refused:
            if item.attempt < ATTEMPTS_MAX and refused.code != "ResourceNotFoundException":
                await self._store.commit(
                    Transaction().retry(item, due_ms=item.due_ms + RETRY_MS * item.attempt)
                )
                return
            log.error("log events for %s are dropped: %s", function, refused)
        await self._store.commit(Transaction().ack(item))
