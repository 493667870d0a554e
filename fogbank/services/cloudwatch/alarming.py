"""Evaluates alarms: a lane that looks at every alarm some times a minute and records what changes.

Nodes do not share the work: each evaluates all, and the version of an alarm lets only one of them record a transition.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError, Conflict
from fogbank.core.limits import ALARMS_EVALUATED_AT_ONCE
from fogbank.services.cloudwatch import keys
from fogbank.services.cloudwatch.alarm import Alarm, HistoryItem, State, failed_action, state_change
from fogbank.services.cloudwatch.evaluation import EXTRA_PERIODS, Decision, Rule, decide, reason_data
from fogbank.services.cloudwatch.journal import Journal
from fogbank.services.cloudwatch.keys import Place
from fogbank.services.cloudwatch.metric import Metric
from fogbank.services.cloudwatch.queries import Source, compute
from fogbank.services.cloudwatch.query_forms import parse_queries
from fogbank.services.cloudwatch.series import Range, merge_units, read_series
from fogbank.services.cloudwatch.statistics import parse_statistic
from fogbank.store.api import Key, Record, Store, Transaction

log = logging.getLogger("fogbank.cloudwatch")

EVALUATION_INTERVAL_S = 10.0


class Alarming:
    """The evaluation of all alarms."""

    def __init__(self, store: Store, clock: Clock, journal: Journal) -> None:
        self._store = store
        self._clock = clock
        self._journal = journal
        self._number = 0
        self._news = asyncio.Event()

    def start(self) -> None:
        """Hear of new alarms."""
        self._store.watch_records(keys.ALARMED, self._news.set)

    async def run(self) -> None:
        """The lane's body: a round every ten seconds, and none while there is no alarm."""
        self._news.clear()
        if not await self._store.scan(keys.ALARMED, limit=1):
            await self._news.wait()
        await self._clock.sleep_s(EVALUATION_INTERVAL_S)
        await self.evaluate_all()

    async def evaluate_all(self) -> None:
        after: Key | None = None
        while True:
            page = await self._store.scan(keys.ALARMED, after=after, limit=ALARMS_EVALUATED_AT_ONCE)
            if page:
                await self._journal.flush()
            for mark in page:
                account, region, name = map(str, mark.key[-3:])
                await self._evaluate(Place(account, region), name)
            if len(page) < ALARMS_EVALUATED_AT_ONCE:
                return
            after = page[-1].key

    async def _evaluate(self, place: Place, name: str) -> None:
        record = await self._store.get(keys.alarm(place, name))
        if record is None:
            return
        alarm = Alarm.unpack(record.value)
        try:
            decision, data = await self._decide(place, alarm)
        except AwsError as refused:
            log.warning("alarm %s cannot be evaluated: %s", name, refused)
            return
        if decision.state.value == alarm.state or not decision.reason:
            return
        try:
            await self.change(
                place, record, alarm, decision.state, decision.reason, orjson.dumps(data).decode()
            )
        except Conflict:
            pass  # set, deleted or evaluated by someone else: the next round sees

    async def _decide(self, place: Place, alarm: Alarm) -> tuple[Decision, dict[str, Any]]:
        settings, now_ms = alarm.settings, self._clock.now_ms()
        rule, current = Rule.of(settings), State(alarm.state)
        period_s = period_of(settings)
        end_s = now_ms // 1000 // period_s * period_s
        start_s = end_s - (rule.periods + EXTRA_PERIODS) * period_s
        counts: dict[int, float] = {}
        if "Metrics" in settings:
            values = await self._math(place, settings, start_s, end_s)
        else:
            values, counts = await self._metric(place, settings, Range(start_s, end_s, period_s), now_ms)
        decision = decide(rule, list(range(start_s, end_s, period_s)), values, current)
        return decision, reason_data(settings, decision, counts, now_ms, period_s)

    async def _metric(
        self, place: Place, settings: dict[str, Any], wanted: Range, now_ms: int
    ) -> tuple[dict[int, float], dict[int, float]]:
        metric = Metric.of(settings["Namespace"], settings["MetricName"], settings.get("Dimensions"))
        found = await read_series(self._store, place, metric, wanted, now_ms, settings.get("Unit"))
        statistic = parse_statistic(settings.get("Statistic") or settings["ExtendedStatistic"])
        periods = merge_units(found)
        values = {start_s: statistic(samples) for start_s, samples in periods.items()} if statistic else {}
        counts = {start_s: samples.count for start_s, samples in periods.items()}
        return {start_s: value for start_s, value in values.items() if value is not None}, counts

    async def _math(
        self, place: Place, settings: dict[str, Any], start_s: int, end_s: int
    ) -> dict[int, float]:
        queries = parse_queries(settings["Metrics"])
        results = await compute(
            Source(self._store, place, self._clock.now_ms()), queries, start_s * 1000, end_s * 1000
        )
        returned = next(query for query in queries if query.returned)
        series = results.series_of(returned)
        return dict(series[0].points) if series else {}

    async def change(
        self, place: Place, record: Record, alarm: Alarm, state: State, reason: str, data: str
    ) -> None:
        """Record a state and what follows from it. Raises Conflict when the alarm is not as it was read."""
        now_ms = self._clock.now_ms()
        moved = state.value != alarm.state
        after = replace(
            alarm,
            state=state.value,
            reason=reason,
            reason_data=data,
            updated_ms=now_ms,
            transitioned_ms=now_ms if moved else alarm.transitioned_ms,
        )
        tx = Transaction().put(record.key, after.pack(), expect=record.version)
        if moved:
            self.remember(tx, place, state_change(alarm, after))
            for action in after.settings.get(state.actions, ()) if actions_enabled(after) else ():
                self.remember(tx, place, failed_action(after, action))
        await self._store.commit(tx)

    def remember(self, tx: Transaction, place: Place, item: HistoryItem) -> None:
        """Add an item to the history, in which it is found by time and by alarm."""
        self._number += 1
        number = self._number % (1 << 20)
        packed = item.pack()
        tx.put(keys.history(place, item.time_ms, number, item.alarm), packed)
        tx.put(keys.alarm_history(place, item.alarm, item.time_ms, number), packed)
        tx.put(keys.place(place), b"")


def actions_enabled(alarm: Alarm) -> bool:
    return bool(alarm.settings.get("ActionsEnabled", True))


def period_of(settings: dict[str, Any]) -> int:
    """The alarm's period in seconds; of a metric math alarm, the longest of its metrics."""
    if "Period" in settings:
        return int(settings["Period"])
    metrics = settings.get("Metrics", ())
    periods = [one["MetricStat"]["Period"] for one in metrics if "MetricStat" in one]
    periods += [one["Period"] for one in metrics if "Period" in one]
    return max(periods, default=300)
