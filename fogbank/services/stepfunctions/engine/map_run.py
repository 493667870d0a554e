"""One map run while it runs here: its children, their counts, and the result.

A child's name follows from its map run and its index, and its head stays in the store: after a crash the items are gone
through again, and each child that is there already is taken as it is. Standard children are executions like any other;
Express ones leave only their head.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from fogbank.asl.advance import DATA_BYTES_MAX
from fogbank.asl.documents import dumps, loads
from fogbank.asl.effects import Redrive
from fogbank.asl.errors import StatesError
from fogbank.asl.execution import Ending, Status
from fogbank.asl.jsonata import Budget
from fogbank.asl.outcomes import Failed, Outcome, Succeeded
from fogbank.asl.states.map_ import STATE_DATA
from fogbank.core.arn import partition_of
from fogbank.core.errors import AwsError, Conflict
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.api import ChildResult, MapCall, StartRequest
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.limits import CHILDREN_RUNNING_MAX
from fogbank.services.stepfunctions.engine.map_batches import batches
from fogbank.services.stepfunctions.engine.map_run_records import MapRunRecord
from fogbank.services.stepfunctions.engine.records import Head
from fogbank.services.stepfunctions.engine.sources import Prepared
from fogbank.store.api import Transaction

if TYPE_CHECKING:
    from fogbank.services.stepfunctions.engine.map_runs import MapRuns

_HEADS_AT_ONCE = 200
STARTING_AT_ONCE = 64


class MapRun:
    """One map run while it runs here."""

    def __init__(self, runs: MapRuns, record: MapRunRecord, prepared: Prepared) -> None:
        self._runs = runs
        self.record = record
        self._prepared = prepared
        self._node = prepared.machine.distributed[record.state]
        self._live: dict[int, int] = {}  # items of each running child, by index
        self._started = 0
        self._known = 0  # items in all, as far as known
        self._all_known = False
        self._news = asyncio.Event()
        self._stopped = False
        self._left = False
        record.counts = {}
        plan = record.plan
        if plan["items"] is not None:
            self._known, self._all_known = len(plan["items"]), True
            record.counts["items:total"] = self._known

    async def run(self) -> Outcome | None:
        """To its end; None when it was stopped, and nobody waits for it."""
        record = self.record
        try:
            await self._start_children()
            while self._live and not self._over():
                await self._wait()
            self._all_known = True
            if not self._stopped and not self._failed():
                output = await self._output()
                record.status = Status.SUCCEEDED
                await self._runs.finished(record)
                return Succeeded(output)
            outcome: Outcome = Failed(
                "States.ExceedToleratedFailureThreshold",
                "The specified tolerated failure threshold was exceeded",
            )
        except StatesError as failure:
            outcome = Failed(failure.error, failure.cause)
        if self._left:
            return None
        await self._abort_children()
        record.status = Status.ABORTED if self._stopped else Status.FAILED
        await self._runs.finished(record)
        return None if self._stopped else outcome

    def stop(self) -> None:
        self._stopped = True
        self._news.set()

    def leave(self) -> None:
        """Another node goes on with it."""
        self._left = True
        self.stop()

    def changed(self) -> None:
        self._news.set()

    def ended(self, index: int, status: Status) -> None:
        """A child ended."""
        items = self._live.pop(index, None)
        if items is not None:
            self._count(status, items)
            self._count(Status.RUNNING, -items, -1)
            self._news.set()

    # --- children ----------------------------------------------------------------------------------------------------

    async def _start_children(self) -> None:
        runs, plan = self._runs, self.record.plan
        budget = Budget(runs.ids, runs.clock.now_ms())
        starting: set[asyncio.Task[None]] = set()
        async with aclosing(batches(self._selected(budget), plan)) as inputs:
            async for input, items in inputs:
                while len(self._live) >= self._concurrency() and not self._over():
                    await self._wait()
                if self._over():
                    break
                index = self._started
                self._started += 1
                self._live[index] = items
                self._count(Status.RUNNING, items)
                starting.add(runs.lanes.spawn("states child", self._start_child(index, input, items)))
                if len(starting) >= STARTING_AT_ONCE:  # they share commits
                    _, starting = await asyncio.wait(starting, return_when=asyncio.FIRST_COMPLETED)
        if starting:
            await asyncio.wait(starting)

    async def _selected(self, budget: Budget) -> AsyncIterator[Any]:
        plan, node = self.record.plan, self._node
        index = 0
        async for item, about in self._items():
            if not self._all_known:
                self._known += 1
                self.record.counts["items:total"] = self._known
            yield node.select(plan, {"Index": index, **about}, item, budget)
            index += 1

    async def _items(self) -> AsyncIterator[tuple[Any, dict[str, Any]]]:
        """Each with what the context object tells of it beside its index."""
        plan = self.record.plan
        if plan["items"] is not None:
            for item in plan["items"]:
                yield item, {"Value": item, "Source": STATE_DATA}
            return
        async for read in self._runs.port.items(self._call(), skip=0):
            if read.key is None:
                yield read.value, {"Value": read.value, "Source": read.source}
            else:
                yield read.value, {"Key": read.key, "Value": read.value["Value"], "Source": read.source}

    async def _start_child(self, index: int, input: Any, items: int) -> None:
        """Counted as running already."""
        record, runs = self.record, self._runs
        ref = child_ref(record, index)
        existing = await runs.store.get(keys.head(ref)) if record.resumed else None
        if existing is not None and await self._take(ref, Head.decode(existing.value)):
            return
        head = Head(
            record.source, Status.RUNNING, runs.clock.now_ms(), dumps(input), map_run=record.owner,
            state=record.state, index=index, item_count=items, trace=record.plan.get("trace"),
        )  # fmt: skip
        if record.plan["child_type"] == "EXPRESS":
            runs.lanes.spawn("states express child", self._express(ref, head))
            return
        try:
            await runs.runner.begin(ref, head, self._prepared)
        except Conflict:
            stored = await runs.store.get(keys.head(ref))
            if stored is not None:
                await self._take(ref, Head.decode(stored.value))

    async def _take(self, ref: Ref, head: Head) -> bool:
        """A child that is there already. False: start it as if it were not."""
        redrive_ms = self.record.redrive_ms
        ended_before = redrive_ms is not None and (head.stop_ms or 0) <= redrive_ms
        if head.status is Status.RUNNING:
            # It may have ended while this was read.
            stored = await self._runs.store.get(keys.head(ref))
            if stored is not None and (now := Head.decode(stored.value)).status is not Status.RUNNING:
                self.ended(now.index, now.status)
        elif head.status is Status.SUCCEEDED or not ended_before:
            self.ended(head.index, head.status)
        elif self.record.plan["child_type"] == "EXPRESS":
            return False
        else:
            await self._runs.runner.send(ref, Redrive())
        return True

    async def _express(self, ref: Ref, head: Head) -> None:
        runs = self._runs
        request = StartRequest(self._prepared.source, ref.name, head.input, head.trace)
        try:
            child = self._prepared.machine.child(self.record.state)
            run = runs.express.open(request, machine=child, map_run_arn=self.record.plan["map_run_arn"])
            ending = await runs.express.finish(run)
            head = head.ended(ending)
        except AwsError as error:
            head = head.ended(Ending(Status.FAILED, runs.clock.now_ms(), None, error.code, error.message))
        transaction = Transaction().put(keys.head(ref), head.encode())
        if head.stop_ms is not None:
            transaction.put(keys.ended_at(ref, head.stop_ms), b"")
        await runs.store.commit(transaction)
        self.ended(head.index, head.status)

    async def _abort_children(self) -> None:
        for index in list(self._live):
            if self.record.plan["child_type"] != "EXPRESS":
                try:
                    await self._runs.control.abort(child_ref(self.record, index), None, None)
                except AwsError:
                    continue

    # --- counting ----------------------------------------------------------------------------------------------------

    def _count(self, status: Status, items: int, children: int = 1) -> None:
        counts = self.record.counts
        counts[status.value] = counts.get(status.value, 0) + children
        counts[f"items:{status.value}"] = counts.get(f"items:{status.value}", 0) + items

    def _concurrency(self) -> int:
        wanted = self.record.plan.get("max_concurrency", 0)
        return min(wanted, CHILDREN_RUNNING_MAX) or CHILDREN_RUNNING_MAX

    def _over(self) -> bool:
        return self._stopped or self._failed()

    def _failed(self) -> bool:
        """Whether more items failed than may."""
        plan, counts = self.record.plan, self.record.counts
        failed = sum(counts.get(f"items:{status}", 0) for status in ("FAILED", "TIMED_OUT", "ABORTED"))
        if failed == 0:
            return False
        count, percentage = plan.get("tolerated_count"), plan.get("tolerated_percentage")
        if count is None and percentage is None:
            return True
        if count is not None and failed > count and (count > 0 or percentage is None):
            return True
        return percentage is not None and self._all_known and failed * 100 > percentage * max(1, self._known)

    async def _wait(self) -> None:
        self._news.clear()
        if not self._over():
            await self._news.wait()

    # --- results -----------------------------------------------------------------------------------------------------

    async def _output(self) -> str:
        """The state's result: the outputs of those children that succeeded, or what the ResultWriter says."""
        plan = self.record.plan
        if plan["writer"] is not None:
            written = await self._runs.port.write(self._call(), self._results())
            return dumps(written)
        texts: list[str] = []
        size = 2
        async for head, _ in self._heads():
            if head.output is not None:
                size += len(head.output) + 1
                if size > DATA_BYTES_MAX:
                    raise StatesError(
                        "States.DataLimitExceeded",
                        f"The state/task '{self.record.state}' returned a result with a size exceeding the maximum "
                        "number of bytes service limit.",
                    )
                texts.append(head.output)
        return dumps([loads(text) for text in texts])

    async def _heads(self) -> AsyncIterator[tuple[Head, Ref]]:
        for first in range(0, self._started, _HEADS_AT_ONCE):
            refs = [
                child_ref(self.record, i) for i in range(first, min(first + _HEADS_AT_ONCE, self._started))
            ]
            stored = await self._runs.store.get_many([keys.head(ref) for ref in refs])
            for ref, record in zip(refs, stored, strict=True):
                if record is not None:
                    yield Head.decode(record.value), ref

    async def _results(self) -> AsyncIterator[ChildResult]:
        source = self._prepared.source
        async for head, ref in self._heads():
            yield ChildResult(
                execution_arn=ref.arn,
                name=ref.name,
                state_machine_arn=f"{source.arn}/{self.record.plan['label']}",
                status=head.status,
                input=head.input,
                output=head.output,
                error=head.error,
                cause=head.cause,
                start_ms=head.start_ms,
                stop_ms=head.stop_ms or head.start_ms,
                redrive_count=head.redrives,
            )

    def _call(self) -> MapCall:
        record, source, plan = self.record, self._prepared.source, self.record.plan
        reader, writer = plan["reader"] or {}, plan["writer"] or {}
        return MapCall(
            map_run_arn=plan["map_run_arn"],
            execution_arn=record.ref.arn,
            execution_name=record.ref.name,
            state_machine_arn=source.arn,
            state_name=record.state,
            label=plan["label"],
            role_arn=source.role_arn,
            account=source.account,
            region=source.region,
            partition=partition_of(source.region),
            reader_resource=reader.get("resource"),
            reader_arguments=reader.get("arguments"),
            reader_config=reader.get("config"),
            writer_resource=writer.get("resource"),
            writer_arguments=writer.get("arguments"),
            writer_config=writer.get("config"),
        )


def child_ref(record: MapRunRecord, index: int) -> Ref:
    """The child for an index: always the same name, a UUID like AWS's."""
    raw = hashlib.sha256(f"{record.owner}:{index}".encode()).hexdigest()
    name = f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:32]}"
    return Ref(record.ref.account, record.ref.region, record.owner.partition(":")[0], name)
