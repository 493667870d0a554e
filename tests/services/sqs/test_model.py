"""Random lives of queues against a small model of what AWS documents: delivery, visibility, order, deduplication, dead letters."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from tests.services.sqs.conftest import Queues, sqs_house

VISIBILITY_S = 10
RETENTION_S = 60
# A message that expires in somebody's hands frees its group when it is swept: about that AWS says nothing.
FIFO_RETENTION_S = 1_209_600
RECEIVES_MAX = 3
DEDUPLICATION_MS = 300_000


@dataclass(eq=False)
class Sent:
    """A message of the model."""

    id: str
    group: str
    sent_ms: int
    due_ms: int
    count: int = 0


@dataclass
class Model:
    """A queue as a list."""

    fifo: bool
    now_ms: int = 0
    messages: list[Sent] = field(default_factory=list)
    remembered: dict[str, tuple[int, str]] = field(default_factory=dict)
    deliveries: list[tuple[Sent, int, str]] = field(default_factory=list)  # message, its count then, handle

    @property
    def retention_s(self) -> int:
        return FIFO_RETENTION_S if self.fifo else RETENTION_S

    def alive(self) -> list[Sent]:
        return [m for m in self.messages if m.sent_ms + self.retention_s * 1000 > self.now_ms]

    def is_flying(self, message: Sent) -> bool:
        return message.count > 0 and message.due_ms > self.now_ms

    def receivable(self) -> list[Sent]:
        """Those that a receive may return, each group's in order."""
        alive = self.alive()
        if not self.fifo:
            return [m for m in alive if m.due_ms <= self.now_ms and m.count < RECEIVES_MAX]
        found: list[Sent] = []
        for group in {m.group for m in alive}:
            of_group = [m for m in alive if m.group == group]
            if any(self.is_flying(m) for m in self.messages if m.group == group):
                continue
            for message in of_group:
                if message.due_ms > self.now_ms:
                    break
                found.append(message)
        return found

    def is_in_hands(self, index: int) -> bool:
        message, count, _ = self.deliveries[index]
        return message in self.messages and message.count == count and message.due_ms > self.now_ms


OPERATIONS = st.one_of(
    st.tuples(st.just("send"), st.sampled_from("aab"), st.integers(0, 5), st.sampled_from([0, 0, 5])),
    st.tuples(st.just("receive"), st.integers(1, 4), st.sampled_from([None, None, 0, 1, 30])),
    st.tuples(st.just("delete"), st.integers(0, 3)),
    st.tuples(st.just("change"), st.integers(0, 3), st.sampled_from([0, 1, 30, 30])),
    st.tuples(st.just("advance"), st.sampled_from([1, 5, 10, 10, 40])),
)


class Life:
    """One random life: every operation done to the queue and to the model."""

    def __init__(self, queues: Queues, fifo: bool) -> None:
        self.queues = queues
        self.name = "q.fifo" if fifo else "q"
        self.model = Model(fifo)
        self.sent = 0

    async def begin(self) -> None:
        attributes = {
            "VisibilityTimeout": str(VISIBILITY_S),
            "MessageRetentionPeriod": str(self.model.retention_s),
        }
        if not self.model.fifo:
            await self.queues.create("dlq")
            policy = {"deadLetterTargetArn": self.queues.arn("dlq"), "maxReceiveCount": RECEIVES_MAX}
            attributes["RedrivePolicy"] = json.dumps(policy)
        await self.queues.create(self.name, **attributes)
        self.model.now_ms = self.queues.house.clock.now_ms()

    async def send(self, group: str, id: int, delay_s: int) -> None:
        model = self.model
        params: dict[str, Any] = {}
        if model.fifo:
            params = {"MessageGroupId": group, "MessageDeduplicationId": str(id)}
            delay_s = 0
        else:
            params = {"DelaySeconds": delay_s}
        self.sent += 1
        answer = await self.queues.send(self.name, f"message {self.sent}", **params)
        earlier = model.remembered.get(str(id)) if model.fifo else None
        if earlier is not None and earlier[0] > model.now_ms:
            assert answer["MessageId"] == earlier[1]
            return
        model.remembered[str(id)] = model.now_ms + DEDUPLICATION_MS, answer["MessageId"]
        due_ms = model.now_ms + delay_s * 1000
        model.messages.append(Sent(answer["MessageId"], group, model.now_ms, due_ms))

    async def receive(self, limit: int, visibility_s: int | None) -> None:
        model = self.model
        more = {} if visibility_s is None else {"VisibilityTimeout": visibility_s}
        got = await self.queues.receive(self.name, limit, **more)
        receivable = model.receivable()
        assert len(got) == min(limit, len(receivable))
        by_id = {message.id: message for message in receivable}
        messages = [by_id[each["MessageId"]] for each in got]
        assert len(set(messages)) == len(messages)
        if model.fifo:
            for group in {message.group for message in messages}:
                ours = [message for message in messages if message.group == group]
                assert ours == [m for m in receivable if m.group == group][: len(ours)]
        for message, shown in zip(messages, got, strict=True):
            message.count += 1
            message.due_ms = model.now_ms + (VISIBILITY_S if visibility_s is None else visibility_s) * 1000
            assert shown["Attributes"]["ApproximateReceiveCount"] == str(message.count)
            model.deliveries.append((message, message.count, shown["ReceiptHandle"]))

    async def delete(self, back: int) -> None:
        model = self.model
        index = len(model.deliveries) - 1 - back  # the latest are the interesting ones
        if index < 0:
            return
        message, count, handle = model.deliveries[index]
        there = message in model.alive() or message in model.messages
        refused = await self._fails("DeleteMessage", ReceiptHandle=handle)
        if model.fifo and there and not model.is_in_hands(index):
            # One whose retention is over may be gone already, and then there is nothing to refuse.
            assert refused or message not in model.alive()
        else:
            assert not refused
            if there and message.count == count:
                model.messages.remove(message)

    async def change(self, back: int, timeout_s: int) -> None:
        model = self.model
        index = len(model.deliveries) - 1 - back
        if index < 0:
            return
        message, _, handle = model.deliveries[index]
        refused = await self._fails(
            "ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=timeout_s
        )
        if message in model.messages and message not in model.alive():
            return  # swept or not: either is right
        is_in_hands = model.is_in_hands(index)
        if model.fifo or is_in_hands:
            assert refused is not is_in_hands
        elif message.count < RECEIVES_MAX:  # else it may be a dead letter by now
            assert refused is (
                message not in model.messages
            )  # an expired handle is taken, and changes nothing
        if is_in_hands:
            message.due_ms = model.now_ms + timeout_s * 1000

    async def advance(self, seconds: int) -> None:
        await self.queues.advance(seconds)
        self.model.now_ms = self.queues.house.clock.now_ms()

    async def end(self) -> None:
        """What is left is all there, and nothing else; the counts say so."""
        model = self.model
        await self.advance(31)
        await self.check_counts()
        left = {message.id for message in model.alive()}
        found: set[str] = set()
        while got := await self.queues.receive(self.name, 10, VisibilityTimeout=1000):
            assert not found & {message["MessageId"] for message in got}
            found |= {message["MessageId"] for message in got}
            for message in got:
                if model.fifo:
                    await self.queues.delete(self.name, message)
        if not model.fifo:
            dead = {m.id for m in model.alive() if m.count >= RECEIVES_MAX}
            assert found == left - dead
            letters = await self.queues.receive("dlq", 10)
            while more := await self.queues.receive("dlq", 10):
                letters += more
            assert dead == {letter["MessageId"] for letter in letters} & left
        else:
            assert found == left

    async def check_counts(self) -> None:
        visible, flying, delayed = await self.queues.counts(self.name)
        assert flying == delayed == 0 and visible >= 0
        if self.model.fifo:
            assert visible == len(self.model.alive())

    async def _fails(self, operation: str, **params: Any) -> bool:
        try:
            await self.queues.call(operation, self.name, **params)
        except AwsError as error:
            assert error.code == "InvalidParameterValue"
            return True
        return False


async def live(fifo: bool, operations: list[tuple[Any, ...]]) -> None:
    house, telemetry = sqs_house()
    async with house:
        life = Life(Queues(house, telemetry), fifo)
        await life.begin()
        for name, *arguments in operations:
            await getattr(life, name)(*arguments)
        await life.end()


@settings(max_examples=250, deadline=None)
@given(st.lists(OPERATIONS, min_size=8, max_size=40))
def test_standard_queues(operations: list[tuple[Any, ...]]) -> None:
    asyncio.run(live(False, operations))


@settings(max_examples=250, deadline=None)
@given(st.lists(OPERATIONS, min_size=8, max_size=40))
def test_fifo_queues(operations: list[tuple[Any, ...]]) -> None:
    asyncio.run(live(True, operations))
