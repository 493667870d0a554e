"""Map runs of this node: begun with their state, found by the API, told when a child ended."""

from __future__ import annotations

import logging
from typing import Any

from fogbank.asl.documents import loads
from fogbank.asl.effects import MapRunEnded, StartMapRun
from fogbank.asl.execution import Status
from fogbank.asl.outcomes import Failed
from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.active import Active
from fogbank.services.stepfunctions.engine.api import MapPort, MapRunView
from fogbank.services.stepfunctions.engine.control import Control
from fogbank.services.stepfunctions.engine.express import Express
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.map_run import MapRun
from fogbank.services.stepfunctions.engine.map_run_news import Follower
from fogbank.services.stepfunctions.engine.map_run_records import MapRunListed, MapRunRecord, owner_of
from fogbank.services.stepfunctions.engine.nodes import Nodes
from fogbank.services.stepfunctions.engine.records import Head
from fogbank.services.stepfunctions.engine.runner import Runner, map_run_arn
from fogbank.store.api import Store, Transaction

_UNBOUNDED = 2**31 - 1  # how AWS shows MaxConcurrency 0 (measured by others)

log = logging.getLogger("fogbank.stepfunctions")


class MapRuns:
    """All map runs of this node."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        runner: Runner,
        express: Express,
        port: MapPort,
        control: Control,
        nodes: Nodes,
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.lanes = lanes
        self.runner = runner
        self.express = express
        self.port = port
        self.control = control
        self._nodes = nodes
        self._runs: dict[str, MapRun] = {}
        runner.start_map_run = self._start
        runner.stop_map_run = self._stop
        runner.leave_map_runs = self._leave
        runner.commits.write_map_run = self._write
        runner.commits.runs_map = self._runs.__contains__
        runner.child_ended = self._child_ended

    # --- from the runner ---------------------------------------------------------------------------------------------

    def _write(self, transaction: Transaction, active: Active, effect: StartMapRun) -> None:
        """With the step that starts a map run, so that its plan outlives a crash."""
        if effect.redrive or "label" not in effect.plan:
            return
        ref = active.ref
        owner = owner_of(effect.plan["map_run_arn"])
        now_ms = self.clock.now_ms()
        record = MapRunRecord(
            owner,
            ref,
            effect.path,
            effect.number,
            effect.state_name,
            active.prepared.digest,
            effect.plan | {"trace": active.head.trace},
            now_ms,
        )
        transaction.put(keys.map_run(ref.account, ref.region, owner), record.encode())
        transaction.put(keys.map_run_of(ref, now_ms, owner), b"")

    def _start(self, active: Active, effect: StartMapRun) -> None:
        self.lanes.spawn("states map run", self._run(active, effect))

    async def _run(self, active: Active, effect: StartMapRun) -> None:
        ref = active.ref
        owner = owner_of(effect.plan["map_run_arn"])
        try:
            stored = await self.store.get(keys.map_run(ref.account, ref.region, owner))
            if stored is None:
                raise LookupError(f"map run {owner} is lost")
            record = MapRunRecord.decode(stored.value)
            if effect.redrive:
                record.number = effect.number
                record.status = Status.RUNNING
                record.stop_ms = None
                record.redrives += 1
                record.redrive_ms = self.clock.now_ms()
                await self._save(record)
            record.resumed = effect.redrive or "label" not in effect.plan
            run = self._runs[owner] = MapRun(self, record, active.prepared)
            follower = Follower(self.store, self.lanes, run, self._nodes)
            try:
                follower.start()
                outcome = await run.run()
            finally:
                follower.close()
        except Exception:  # a boundary: the execution must hear of it
            log.exception("map run %s failed unexpectedly", owner)
            outcome = Failed("States.Runtime", "Internal error.")
        finally:
            self._runs.pop(owner, None)
        active.map_runs.discard(effect.number)
        if outcome is not None:
            self.runner.tell(active, MapRunEnded(effect.path, effect.number, outcome))

    def _stop(self, active: Active, number: int) -> None:
        for run in list(self._runs.values()):
            if run.record.ref == active.ref and run.record.number == number:
                run.stop()

    def _leave(self, active: Active) -> None:
        for run in list(self._runs.values()):
            if run.record.ref == active.ref:
                run.leave()
        active.map_runs.clear()

    def _child_ended(self, ref: Ref, head: Head) -> None:
        run = self._runs.get(head.map_run or "")
        if run is not None:
            run.ended(head.index, head.status)

    async def _save(self, record: MapRunRecord) -> None:
        ref = record.ref
        await self.store.commit(
            Transaction().put(keys.map_run(ref.account, ref.region, record.owner), record.encode())
        )

    async def finished(self, record: MapRunRecord) -> None:
        record.stop_ms = self.clock.now_ms()
        ref = record.ref
        await self.store.commit(
            Transaction()
            .put(keys.map_run(ref.account, ref.region, record.owner), record.encode())
            .delete(keys.map_counts(ref.account, ref.region, record.owner))
            .delete_prefix(keys.map_ended(ref.account, ref.region, record.owner))
        )

    # --- for the API -------------------------------------------------------------------------------------------------

    async def describe(self, account: str, region: str, owner: str) -> MapRunView | None:
        run = self._runs.get(owner)
        if run is not None:
            record = run.record
        else:
            stored = await self.store.get(keys.map_run(account, region, owner))
            if stored is None:
                return None
            record = MapRunRecord.decode(stored.value)
            if record.stop_ms is None:
                counts = await self.store.get(keys.map_counts(account, region, owner))
                record.counts = {} if counts is None else loads(counts.value)
        plan = record.plan
        return MapRunView(
            arn=map_run_arn(account, region, owner),
            execution_arn=record.ref.arn,
            status=record.status,
            start_ms=record.start_ms,
            stop_ms=record.stop_ms,
            max_concurrency=plan.get("max_concurrency") or _UNBOUNDED,
            tolerated_failure_percentage=plan.get("tolerated_percentage", 0.0),
            tolerated_failure_count=plan.get("tolerated_count", 0),
            item_counts=_counts(record, "items:"),
            execution_counts=_counts(record, ""),
            redrive_count=record.redrives,
            redrive_ms=record.redrive_ms,
        )

    async def list(self, ref: Ref, *, after: Any, limit: int) -> list[MapRunListed]:
        prefix = keys.map_runs_of(ref)
        before = None if after is None else (*prefix, *after)
        found = []
        for record in await self.store.scan(prefix, before=before, limit=limit, reverse=True):
            owner = str(record.key[-1])
            stored = await self.store.get(keys.map_run(ref.account, ref.region, owner))
            stop_ms = None if stored is None else MapRunRecord.decode(stored.value).stop_ms
            found.append(MapRunListed(owner, int(record.key[-2]), stop_ms))
        return found

    async def update(
        self,
        account: str,
        region: str,
        owner: str,
        max_concurrency: int | None,
        percentage: float | None,
        count: int | None,
    ) -> bool:
        """False if there is no such map run."""
        run = self._runs.get(owner)
        stored = await self.store.get(keys.map_run(account, region, owner))
        if stored is None:
            return False
        record = run.record if run is not None else MapRunRecord.decode(stored.value)
        wanted = {
            "max_concurrency": max_concurrency,
            "tolerated_percentage": percentage,
            "tolerated_count": count,
        }
        record.plan.update({name: value for name, value in wanted.items() if value is not None})
        await self._save(record)
        if run is not None:
            run.changed()
        return True


def _counts(record: MapRunRecord, prefix: str) -> dict[str, int]:
    by_status = {
        name: record.counts.get(f"{prefix}{status}", 0)
        for name, status in (
            ("running", "RUNNING"),
            ("succeeded", "SUCCEEDED"),
            ("failed", "FAILED"),
            ("timedOut", "TIMED_OUT"),
            ("aborted", "ABORTED"),
        )
    }
    total = max(record.counts.get(f"{prefix}total", 0), sum(by_status.values()))
    # Also without a ResultWriter, as others measured on AWS; of what is written before the run ends nobody tells.
    ended = record.stop_ms is not None
    written = sum(by_status[name] for name in ("succeeded", "failed", "timedOut")) if ended else 0
    return {
        **by_status,
        "pending": total - sum(by_status.values()),
        "total": total,
        "resultsWritten": written,
        "failuresNotRedrivable": 0,
        "pendingRedrive": 0,
    }
