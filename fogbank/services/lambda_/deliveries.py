"""What leaves Lambda's asynchronous half: records for destinations and events for dead-letter queues.

A delivery is queued in the transaction that ends its event, so it happens at least once whatever is killed. One that the other
service refuses is counted (`DestinationDeliveryFailures`, `DeadLetterErrors`) and dropped; one that it cannot take now is tried
again for some minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.core.arn import parse_arn
from fogbank.core.clock import Clock, iso8601_z
from fogbank.core.errors import AwsError, Conflict
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.services.lambda_.metrics import Metrics
from fogbank.services.lambda_.platform import session_of
from fogbank.store.api import Leased, Store, Transaction

QUEUE = "lambda-deliveries"
_LEASE_MS = 60_000
_AT_ONCE = 32
_ATTEMPTS_MAX = 8
_BACKOFF_MS = 1_000
_TRACED = frozenset({"lambda", "sqs"})  # what carries the chain on in which loops are detected
_ERROR_MESSAGE_BYTES_MAX = 1024  # of a dead letter's ErrorMessage


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to deliver. `body` is text; `condition` is empty for a dead letter."""

    arn: str
    account: str
    region: str
    function: str
    resource: str  # as metrics have it
    function_arn: str
    role: str
    body: str
    trace: str
    condition: str = ""
    request_id: str = ""
    error_code: int | None = None
    error_message: str = ""

    @property
    def is_dead_letter(self) -> bool:
        return not self.condition


class Deliveries:
    """The queue and the lane that works it off."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        calls: Calls,
        metrics: Metrics,
        owner: str,
        open_mode: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._lanes = lanes
        self._calls = calls
        self._metrics = metrics
        self._owner = owner
        self._open_mode = open_mode
        self._news = asyncio.Event()
        self._alarm: asyncio.Task[None] | None = None
        self._end_watch: Callable[[], None] = lambda: None

    async def start(self) -> None:
        self._end_watch = self._store.watch_queue(QUEUE, self._news.set)
        self._news.set()
        self._lanes.loop("lambda deliveries", self._work)

    def close(self) -> None:
        self._end_watch()

    def add(self, transaction: Transaction, delivery: Delivery) -> None:
        """Promise it with the transaction."""
        body = orjson.dumps(delivery)
        transaction.enqueue(QUEUE, self._ids.hex(32), body, due_ms=self._clock.now_ms())

    async def _work(self) -> None:
        await self._news.wait()
        self._news.clear()
        while taken := await self._store.lease(QUEUE, owner=self._owner, limit=_AT_ONCE, lease_ms=_LEASE_MS):
            await asyncio.gather(*(self._deliver(leased) for leased in taken))
        due_ms = await self._store.next_due_ms(QUEUE)
        if due_ms is not None and (self._alarm is None or self._alarm.done()):
            self._alarm = self._lanes.spawn("lambda deliveries alarm", self._ring(due_ms))

    async def _ring(self, due_ms: int) -> None:
        await self._clock.sleep_until_ms(due_ms)
        self._news.set()

    async def _deliver(self, leased: Leased) -> None:
        delivery = Delivery(**orjson.loads(leased.body))
        transaction = Transaction()
        try:
            await self._send(delivery)
            transaction.ack(leased)
        except AwsError as error:
            if error.status >= 500 and error.status != 501 and leased.attempt < _ATTEMPTS_MAX:
                pause_ms = _BACKOFF_MS << leased.attempt
                transaction.retry(leased, due_ms=self._clock.now_ms() + pause_ms)
            else:
                transaction.ack(leased)
                self._count_failure(delivery)
        try:
            await self._store.commit(transaction)
        except Conflict:
            return  # in other hands

    async def _send(self, delivery: Delivery) -> None:
        principal = session_of(
            delivery.role, delivery.account, delivery.region, delivery.function, open_mode=self._open_mode
        )
        service, operation, params = call_of(delivery, self._clock.now_ms(), self._ids.uuid())
        arn = parse_arn(delivery.arn)
        caller = Caller(
            delivery.account,
            (arn.region if arn is not None else "") or delivery.region,
            principal,
            self._ids.uuid(),
            "lambda.amazonaws.com",
            trace=delivery.trace if service in _TRACED else "",
        )
        await self._calls.call(service, operation, params, caller)

    def _count_failure(self, delivery: Delivery) -> None:
        tally = self._metrics.tally(delivery.account, delivery.region, delivery.function, delivery.resource)
        if delivery.is_dead_letter:
            tally.failed_dead_letter()
        else:
            tally.failed_delivery()


def call_of(delivery: Delivery, now_ms: int, unique: str) -> tuple[str, str, dict[str, Any]]:
    """The call that delivers: (service, operation, params)."""
    arn = parse_arn(delivery.arn)
    assert arn is not None  # checked when it was configured
    match arn.service:
        case "sqs":
            url = f"https://sqs.{arn.region}.amazonaws.com/{arn.account}/{arn.resource}"
            params: dict[str, Any] = {"QueueUrl": url, "MessageBody": delivery.body}
            if delivery.is_dead_letter:
                params["MessageAttributes"] = _error_attributes(delivery)
            return "sqs", "SendMessage", params
        case "sns":
            params = {"TopicArn": delivery.arn, "Message": delivery.body}
            if delivery.is_dead_letter:
                params["MessageAttributes"] = _error_attributes(delivery)
            return "sns", "Publish", params
        case "events":
            outcome = "Success" if delivery.condition == "Success" else "Failure"
            entry = {
                "Source": "lambda",
                "DetailType": f"Lambda Function Invocation Result - {outcome}",
                "Detail": delivery.body,
                "EventBusName": delivery.arn,
                "Resources": [delivery.arn, delivery.function_arn],
            }
            return "events", "PutEvents", {"Entries": [entry]}
        case "lambda":
            params = {"FunctionName": delivery.arn, "InvocationType": "Event"}
            return "lambda", "Invoke", params | {"Payload": delivery.body.encode()}
    moment = iso8601_z(now_ms)[:19]
    day, stamp = moment[:10].replace("-", "/"), moment.replace(":", ".")
    key = f"aws/lambda/async/{delivery.function}/{day}/{stamp}-{unique}"
    return "s3", "PutObject", {"Bucket": arn.resource, "Key": key, "Body": delivery.body.encode()}


def _error_attributes(delivery: Delivery) -> dict[str, Any]:
    attributes = {"RequestID": {"DataType": "String", "StringValue": delivery.request_id}}
    if delivery.error_code is not None:
        attributes["ErrorCode"] = {"DataType": "Number", "StringValue": str(delivery.error_code)}
    text = delivery.error_message.encode()[:_ERROR_MESSAGE_BYTES_MAX].decode("utf-8", "ignore")
    if text:
        attributes["ErrorMessage"] = {"DataType": "String", "StringValue": text}
    return attributes
