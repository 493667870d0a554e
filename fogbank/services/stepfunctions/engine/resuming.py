"""After a restart: what this node was busy with is taken up again.

A task that had begun is run again only if its port says that it may be; otherwise its attempt fails as lost, and Retry decides. One
that was only scheduled is run. Callbacks and activities just go on waiting.
"""

from __future__ import annotations

import logging

from fogbank.asl.effects import Continue, Reported, StartMapRun, WaitForSlot
from fogbank.asl.frames import Frame, Phase
from fogbank.asl.resources import Pattern, TaskKind
from fogbank.asl.states.task import TaskNode
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.active import Active
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.runner import Runner
from fogbank.services.stepfunctions.engine.tasks import Tasks, call_of, takes_slot
from fogbank.store.api import Store

log = logging.getLogger("fogbank.stepfunctions")


class Resuming:
    def __init__(self, store: Store, node: str, runner: Runner, tasks: Tasks) -> None:
        self._store = store
        self._node = node
        self._runner = runner
        self._tasks = tasks

    async def resume(self) -> None:
        """Take up what this node was busy with when it ended."""
        prefix = keys.busy(self._node)
        after = None
        while page := await self._store.scan(prefix, after=after, limit=500):
            after = page[-1].key
            for record in page:
                await self.take(keys.ref_of(record.key[-1]))

    async def take(self, ref: Ref) -> None:
        """Go on with one that this node is the owner of, after a restart or after its owner died."""
        try:
            await self._resume(ref)
        except Exception:  # a boundary: one that cannot be taken up must not keep the others down
            log.exception("execution %s cannot be resumed", ref.arn)

    async def _resume(self, ref: Ref) -> None:
        active = await self._runner.active(ref)
        active.busy = True
        for frame in list(active.execution.frames.values()):
            self._resume_frame(active, frame)
        self._runner.tell(active, Continue())

    def _resume_frame(self, active: Active, frame: Frame) -> None:
        attempt = frame.attempt
        if frame.phase is Phase.MAP_RUN and frame.map_run is not None:
            number, arn = frame.map_run["number"], frame.map_run["arn"]
            if number in active.map_runs:
                return
            self._runner.perform(
                active, [StartMapRun(frame.path, number, frame.node.name, {"map_run_arn": arn})]
            )
        if frame.phase is not Phase.TASK or attempt is None or not isinstance(frame.node, TaskNode):
            return
        if attempt.number in active.tasks:
            return  # it was at rest, and this node took it up before it was taken over
        resource = frame.node.resource
        if attempt.scheduled and not attempt.begun:
            if resource.kind is not TaskKind.ACTIVITY:
                self._runner.perform(active, [WaitForSlot(frame.path, attempt.number)])
            return
        if resource.kind is TaskKind.ACTIVITY and attempt.begun:
            return
        if attempt.submitted is not None and resource.pattern is Pattern.CALLBACK:
            return
        effect = frame.node.call(frame)
        call = call_of(effect, active.execution, active.prepared.source, active.head.trace)
        if attempt.submitted is not None or not attempt.begun or self._tasks.port.repeatable(call):
            self._tasks.slots -= takes_slot(effect)
            self._runner.run_task(active, effect)
        else:
            self._runner.tell(active, Reported(frame.path, attempt.number, self._tasks.port.lost(call)))
