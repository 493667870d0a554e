"""Owed events to their targets: attempts, retries by the target's policy, dead letters. An item is acknowledged when its target
has it, so that a killed node's are delivered after its start; one that was on its way may come twice, as on AWS."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from fogbank.asl.documents import dumps
from fogbank.core.arn import parse_arn
from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError
from fogbank.core.ids import Ids
from fogbank.services.events.bus_records import BusPlace
from fogbank.services.events.event import Owed, decode_owed
from fogbank.services.events.inputs import BadInput, input_of
from fogbank.services.events.limits import AGE_S_DEFAULT, BACKOFF_MS, BACKOFF_MS_MAX, RETRIES_DEFAULT
from fogbank.services.events.metrics import Metrics
from fogbank.services.events.senders import Senders
from fogbank.services.events.undelivered import Later, Undelivered
from fogbank.store.api import Leased, Store, Transaction

log = logging.getLogger("fogbank.events")


class Delivering:
    """The handler of the delivery queues."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, senders: Senders, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._senders = senders
        self._metrics = metrics

    async def do(self, item: Leased) -> None:
        owed = decode_owed(item.body)
        rule_arn = BusPlace(owed.account, owed.region, owed.bus).rule_arn(owed.rule)
        transaction = Transaction()
        try:
            text = input_of(owed, rule_arn)
            await self._senders.send(owed, text)
        except Later as later:
            self._count(owed, ThrottledRules=1)
            due_ms = self._clock.now_ms() + later.pause_ms
            if _is_too_old(owed, due_ms):
                why = Undelivered("THROTTLED", "The rate of the API destination was used up.", again=False)
                await self._give_up(owed, rule_arn, why, "MaximumEventAgeInSeconds")
                transaction.ack(item)
            else:
                transaction.retry(item, due_ms=due_ms)
        except BadInput as problem:
            self._count(owed, InvocationAttempts=1)
            await self._give_up(owed, rule_arn, Undelivered("INVALID_INPUT", str(problem), again=False), "")
            transaction.ack(item)
        except Undelivered as why:
            self._count(owed, InvocationAttempts=1, RetryInvocationAttempts=int(owed.attempts > 0))
            await self._undelivered(transaction, item, owed, rule_arn, why)
        else:
            self._count(owed, InvocationAttempts=1, SuccessfulInvocationAttempts=1, Invocations=1)
            transaction.ack(item)
        await self._store.commit(transaction)

    async def _undelivered(
        self, transaction: Transaction, item: Leased, owed: Owed, rule_arn: str, why: Undelivered
    ) -> None:
        now_ms = self._clock.now_ms()
        pause_ms = max(why.pause_ms, self._backoff_ms(owed.attempts))
        spent = _spent(owed, now_ms + pause_ms)
        if why.again and not spent:
            again = replace(owed, attempts=owed.attempts + 1)
            transaction.retry(item, due_ms=now_ms + pause_ms, body=again.encode())
            return
        await self._give_up(owed, rule_arn, why, spent if why.again else "")
        transaction.ack(item)

    def _backoff_ms(self, attempts: int) -> int:
        """Exponential with jitter, as AWS says; its numbers are guesses."""
        longest = min(BACKOFF_MS << min(attempts, 20), BACKOFF_MS_MAX)
        return int(longest * (0.5 + self._ids.uniform() / 2))

    async def _give_up(self, owed: Owed, rule_arn: str, why: Undelivered, spent: str) -> None:
        """To the dead letters, if the target has a queue for them."""
        self._count(owed, Invocations=1, FailedInvocations=1)
        queue = parse_arn((owed.target.get("DeadLetterConfig") or {}).get("Arn") or "")
        if queue is None:
            log.warning("%s gave up on target %s: %s", rule_arn, owed.target["Id"], why)
            return
        params = {
            "MessageBody": dumps(owed.event),
            "MessageAttributes": _attributes(owed, rule_arn, why, spent),
        }
        try:
            await self._senders.send_message(owed, queue, params)
        except AwsError as error:
            self._count(owed, InvocationsFailedToBeSentToDlq=1)
            log.error("a dead letter of %s is lost: %s", rule_arn, error)
        else:
            self._count(owed, InvocationsSentToDlq=1)

    def _count(self, owed: Owed, **counts: int) -> None:
        self._metrics.count(owed.account, owed.region, owed.bus, owed.rule, **counts)


def _spent(owed: Owed, next_ms: int) -> str:
    """Which bound of the target's RetryPolicy forbids another attempt at that time; "" for none."""
    policy = owed.target.get("RetryPolicy") or {}
    if owed.attempts >= policy.get("MaximumRetryAttempts", RETRIES_DEFAULT):
        return "MaximumRetryAttempts"
    return "MaximumEventAgeInSeconds" if _is_too_old(owed, next_ms) else ""


def _is_too_old(owed: Owed, when_ms: int) -> bool:
    policy = owed.target.get("RetryPolicy") or {}
    age_s: int = policy.get("MaximumEventAgeInSeconds", AGE_S_DEFAULT)
    return when_ms - owed.ingested_ms > age_s * 1000


def _attributes(owed: Owed, rule_arn: str, why: Undelivered, spent: str) -> dict[str, Any]:
    texts = {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": owed.target["Arn"],
        "ERROR_CODE": why.code,
        "ERROR_MESSAGE": why.message or why.code,
    }
    if spent:
        texts["EXHAUSTED_RETRY_CONDITION"] = spent
    found: dict[str, Any] = {
        name: {"DataType": "String", "StringValue": text} for name, text in texts.items()
    }
    if owed.attempts:
        found["RETRY_ATTEMPTS"] = {"DataType": "Number", "StringValue": str(owed.attempts)}
    return found
