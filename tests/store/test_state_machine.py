"""Any sequence of calls: every engine answers as the model does, also after it was closed and opened again."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from fogbank.core.clock import VirtualClock
from fogbank.core.errors import Conflict
from fogbank.store.api import Key, Leased, Store, Transaction
from fogbank.store.sqlite_records import SMALL_BYTES_MAX
from tests.store.backends import NAMES, make_backend
from tests.store.model import Model
from tests.store.test_keys import rank

START_MS = VirtualClock().now_ms()
RECORD_KINDS = ["put", "put", "delete", "check", "prefix"]
LOG_KINDS = ["append", "append", "append", "trim", "drop"]
QUEUE_KINDS = ["enqueue", "enqueue", "enqueue", "cancel", "lease"]
KEYS: list[Key] = [("a",), ("a", 1), ("a", 1, b"x"), ("a", -1), ("a", "b"), ("a\x00",), ("b", b""), (7,)]
PREFIXES: list[Key] = [(), ("a",), ("a", 1), ("b",), ("c",)]
LOGS: list[Key] = [("l", 1), ("l", 2)]
QUEUES = ["q", "r"]
OWNERS = ["me", "you"]

key = st.sampled_from(KEYS)
log = st.sampled_from(LOGS)
queue = st.sampled_from([*QUEUES, "q", "q"])
item_id = st.sampled_from(["1", "2", "3", "4", "5"])
body = st.binary(max_size=3)
value = body | st.binary(max_size=3).map(lambda start: start.ljust(SMALL_BYTES_MAX + 1))
group = st.sampled_from([None, "g", "g", "h"])
due_ms = st.integers(-50, 50).map(lambda offset: START_MS + offset)
time_ms = st.integers(0, 40)
entries = st.lists(st.tuples(time_ms, body), max_size=5) | st.integers(100, 300).map(
    lambda n: [(n % 37, b"e")] * n
)


class Comparison(RuleBasedStateMachine):
    """One engine and the model, side by side."""

    backend_name: ClassVar[str]
    postgres: ClassVar[str | None]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.held = ExitStack()
        folder = Path(self.held.enter_context(tempfile.TemporaryDirectory()))
        self.backend = self.held.enter_context(make_backend(self.backend_name, folder, self.postgres))
        self.clock = VirtualClock()
        self.model = Model()
        self.leases: list[Leased] = []
        self.run(self._open())

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    async def _open(self) -> None:
        self.stack = AsyncExitStack()
        self.store: Store = await self.stack.enter_async_context(self.backend.open(self.clock))

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.run(self.backend.lanes.close())
        self.runner.close()
        self.held.close()

    # --- writes -------------------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def commit_anything(self, data: st.DataObject) -> None:
        self._commit(data, [*RECORD_KINDS, *LOG_KINDS, *QUEUE_KINDS])

    @rule(data=st.data())
    def commit_records(self, data: st.DataObject) -> None:
        self._commit(data, RECORD_KINDS)

    @rule(data=st.data())
    def commit_logs(self, data: st.DataObject) -> None:
        self._commit(data, LOG_KINDS)

    @rule(data=st.data())
    def commit_queues(self, data: st.DataObject) -> None:
        self._commit(data, QUEUE_KINDS)

    @rule(data=st.data(), done=st.booleans(), due_ms=due_ms)
    def finish(self, data: st.DataObject, done: bool, due_ms: int) -> None:
        """What a worker does next with what it leased last."""
        if self.leases:
            leased = self.leases[-1]
            work = Transaction().ack(leased) if done else Transaction().retry(leased, due_ms=due_ms)
            self._compare(work)

    def _commit(self, data: st.DataObject, kinds: list[str]) -> None:
        transaction = Transaction()
        for _ in range(data.draw(st.integers(1, 4), label="operations")):
            self._draw_operation(data, transaction, data.draw(st.sampled_from(kinds)))
        self._compare(transaction)

    def _compare(self, transaction: Transaction) -> None:
        conflict = self.model.first_conflict(transaction)
        if conflict is None:
            self.model.apply(transaction, self.run(self.store.commit(transaction)))
            return
        with pytest.raises(Conflict) as caught:
            self.run(self.store.commit(transaction))
        assert caught.value.index == conflict

    def _draw_operation(self, data: st.DataObject, transaction: Transaction, kind: str) -> None:
        draw = data.draw
        match kind:
            case "put" | "delete" | "check":
                name = draw(key)
                current = self.model.version(name)
                expect = draw(st.sampled_from([None, current, current, 0, current + 1]))
                if kind == "put":
                    transaction.put(name, draw(value), expect=expect)
                elif kind == "delete":
                    transaction.delete(name, expect=expect)
                else:
                    transaction.check(name, current if expect is None else expect)
            case "prefix":
                transaction.delete_prefix(draw(st.sampled_from(PREFIXES[1:])))
            case "append":
                name = draw(log)
                last = self.model.last_seq(name)
                transaction.append(
                    name, draw(entries), expect_last=draw(st.sampled_from([None, last, last + 1]))
                )
            case "trim":
                transaction.trim_log(draw(log), draw(st.integers(0, 200)))
            case "drop":
                transaction.drop_log(draw(log))
            case "enqueue":
                transaction.enqueue(
                    draw(queue), draw(item_id), draw(body), due_ms=draw(due_ms), group=draw(group)
                )
            case "cancel":
                transaction.cancel(draw(queue), draw(item_id))
            case "lease" if self.leases:
                leased = draw(st.sampled_from(self.leases[-6:]))
                if draw(st.booleans()):
                    transaction.ack(leased)
                else:
                    transaction.retry(leased, due_ms=draw(due_ms), body=draw(st.none() | body))

    @rule(queue=queue, owner=st.sampled_from(OWNERS), limit=st.integers(1, 3), lease_ms=st.integers(1, 60))
    def lease(self, queue: str, owner: str, limit: int, lease_ms: int) -> None:
        now_ms = self.clock.now_ms()
        expected = self.model.due(queue, now_ms, limit)
        taken = self.run(self.store.lease(queue, owner=owner, limit=limit, lease_ms=lease_ms))
        assert [leased.id for leased in taken] == [item.id for item in expected]
        for leased, item in zip(taken, expected, strict=True):
            self.model.leased(item, leased, owner)
            assert (leased.queue, leased.body, leased.group) == (queue, item.body, item.group)
            assert (leased.due_ms, leased.attempt) == (item.due_ms, item.attempt)
            assert leased.lease_until_ms == now_ms + lease_ms
            assert all(leased.lease != earlier.lease for earlier in self.leases)
            self.leases.append(leased)

    @rule(data=st.data(), lease_ms=st.integers(1, 60))
    def extend(self, data: st.DataObject, lease_ms: int) -> None:
        if self.leases:
            leased = data.draw(st.sampled_from(self.leases[-6:]))
            item = self.model.find(leased)
            extended = self.run(self.store.extend(leased, lease_ms=lease_ms))
            assert (extended is None) == (item is None)
            if item is not None:
                item.lease_until_ms = self.clock.now_ms() + lease_ms
                assert (extended.lease_until_ms, extended.lease) == (item.lease_until_ms, leased.lease)

    @rule(owner=st.sampled_from(OWNERS))
    def release(self, owner: str) -> None:
        assert self.run(self.store.release(owner)) == self.model.release(owner)

    @rule(duration_ms=st.integers(1, 40))
    def time_passes(self, duration_ms: int) -> None:
        self.run(self.clock.advance_ms(duration_ms))

    @precondition(lambda self: self.model.records and self.model.logs and self.model.queues)
    @rule()
    def clear(self) -> None:
        self.run(self.store.clear())
        self.model.clear()

    @rule()
    def close_and_open(self) -> None:
        if self.backend.shared:
            self.run(self.stack.aclose())
            self.run(self._open())

    # --- reads --------------------------------------------------------------------------------------------------------

    @rule(
        prefix=st.sampled_from(PREFIXES),
        after=st.none() | key,
        before=st.none() | key,
        limit=st.integers(0, 9),
        reverse=st.booleans(),
    )
    def scan(self, prefix: Key, after: Key | None, before: Key | None, limit: int, reverse: bool) -> None:
        found = self.run(self.store.scan(prefix, after=after, before=before, limit=limit, reverse=reverse))
        expected = sorted(
            (k for k in self.model.records if k[: len(prefix)] == prefix), key=rank, reverse=reverse
        )
        if after is not None:
            expected = [k for k in expected if rank(k) > rank(after)]
        if before is not None:
            expected = [k for k in expected if rank(k) < rank(before)]
        assert [(r.key, r.value, r.version) for r in found] == [
            (k, *self.model.records[k]) for k in expected[:limit]
        ]

    @rule(prefix=st.sampled_from(PREFIXES), limit=st.integers(0, 9))
    def count(self, prefix: Key, limit: int) -> None:
        held = sum(1 for k in self.model.records if k[: len(prefix)] == prefix)
        assert self.run(self.store.count(prefix, limit=limit)) == min(held, limit)

    @rule(
        log=log,
        after_seq=st.just(0) | st.integers(0, 150),
        before_seq=st.none() | st.integers(0, 400),
        from_ms=st.none() | time_ms,
        to_ms=st.none() | time_ms,
        limit=st.sampled_from([0, 1, 5, 1000]),
        reverse=st.booleans(),
    )
    def read_log(
        self,
        log: Key,
        after_seq: int,
        before_seq: int | None,
        from_ms: int | None,
        to_ms: int | None,
        limit: int,
        reverse: bool,
    ) -> None:
        self._compare_log(log, after_seq, before_seq, from_ms, to_ms, limit, reverse)

    def _compare_log(
        self,
        log: Key,
        low: int,
        high: int | None,
        since: int | None,
        until: int | None,
        limit: int,
        reverse: bool,
    ) -> None:
        expected = [
            entry
            for entry in self.model.entries(log)
            if low < entry[0]
            and (high is None or entry[0] < high)
            and (since is None or since <= entry[1])
            and (until is None or entry[1] < until)
        ]
        expected = expected[:: -1 if reverse else 1][:limit]
        found = self.run(
            self.store.read_log(
                log, after_seq=low, before_seq=high, from_ms=since, to_ms=until, limit=limit, reverse=reverse
            )
        )
        assert [(e.seq, e.time_ms, e.body) for e in found] == expected

    @rule()
    def everything_agrees(self) -> None:
        found = self.run(self.store.get_many(KEYS))
        assert [r and (r.value, r.version) for r in found] == [self.model.records.get(k) for k in KEYS]
        for name in LOGS:
            assert self.run(self.store.last_seq(name)) == self.model.last_seq(name)
            for since, until in [(None, None), (None, 12), (12, 24), (24, None)]:
                self._compare_log(name, 0, None, since, until, 1000, False)
        for name in QUEUES:
            assert self.run(self.store.depth(name)) == self.model.depth(name, self.clock.now_ms())
            assert self.run(self.store.next_due_ms(name)) == self.model.next_due_ms(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_engine_answers_as_the_model(name: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres") if name == "postgres" else None
    machine = type("Machine", (Comparison,), {"backend_name": name, "postgres": url})
    examples = {"memory": 150, "sqlite": 50, "postgres": 20}[name]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
