"""Schedules of rules: one work item each, due when the rule fires next. It moves on in the transaction that queues the events."""

from __future__ import annotations

import orjson

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.services.events import keys
from fogbank.services.events.bus_records import ENABLED, Rule, decode_rule
from fogbank.services.events.event import event_of
from fogbank.services.events.limits import FIRES_MADE_UP_MAX
from fogbank.services.events.matching import owe
from fogbank.services.events.metrics import Metrics
from fogbank.services.events.queues import SCHEDULE_QUEUE
from fogbank.services.events.schedules import parse_schedule
from fogbank.store.api import Leased, Store, Transaction


def reschedule(transaction: Transaction, rule: Rule, now_ms: int) -> None:
    """Have the rule fire by its schedule from now on, or no more."""
    due_ms = None
    if rule.schedule is not None and rule.state == ENABLED:
        due_ms = parse_schedule(rule.schedule).after(now_ms)
    if due_ms is None:
        transaction.cancel(SCHEDULE_QUEUE, rule.arn)
        return
    body = orjson.dumps([rule.account, rule.region, rule.bus, rule.name, due_ms])
    transaction.enqueue(SCHEDULE_QUEUE, rule.arn, body, due_ms=due_ms)


class Scheduling:
    """The handler of the schedules' queue. Fires that were missed while nobody served are made up for, to a bound."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._metrics = metrics

    async def do(self, item: Leased) -> None:
        account, region, bus, name, due_ms = orjson.loads(item.body)
        record = await self._store.get(keys.rule(account, region, bus, name))
        rule = None if record is None else decode_rule(record.value)
        transaction = Transaction()
        fires = 0
        if record is None or rule is None or rule.schedule is None or rule.state != ENABLED:
            transaction.ack(item)
        else:
            # Under the rule's version: one that is deleted or changed at this instant is looked at again.
            transaction.check(record.key, record.version)
            fires = self._fire(transaction, rule, due_ms, item)
        await self._store.commit(transaction)
        if rule is not None and fires:
            self._metrics.triggered(rule, fires)

    def _fire(self, transaction: Transaction, rule: Rule, due_ms: int, item: Leased) -> int:
        """Queue the events of all fires that are due; how many."""
        assert rule.schedule is not None
        schedule = parse_schedule(rule.schedule)
        now_ms = self._clock.now_ms()
        fires = 0
        next_ms: int | None = due_ms
        while next_ms is not None and next_ms <= now_ms:
            if fires < FIRES_MADE_UP_MAX:
                owe(transaction, self._ids, rule, self._event(rule, next_ms), now_ms, ingested_ms=now_ms)
                fires += 1
                next_ms = schedule.after(next_ms)
            else:
                next_ms = schedule.after(now_ms)
        if next_ms is None:
            transaction.ack(item)
        else:
            body = orjson.dumps([rule.account, rule.region, rule.bus, rule.name, next_ms])
            transaction.retry(item, due_ms=next_ms, body=body)
        return fires

    def _event(self, rule: Rule, when_ms: int) -> dict[str, object]:
        return event_of(
            id=self._ids.uuid(),
            detail_type="Scheduled Event",
            source="aws.events",
            account=rule.account,
            time_ms=when_ms,
            region=rule.region,
            resources=[rule.arn],
            detail={},
        )
