"""What clients and workers do to Standard executions that are there: answers by token, stopping, redriving.

Each is done where the execution is worked at: here, or by a letter to the node that does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fogbank.asl.effects import Abort, Beat, Continue, Redrive, Reported, WorkerStarted
from fogbank.asl.frames import Frame
from fogbank.asl.outcomes import Failed, Outcome, Succeeded
from fogbank.asl.step import waiting
from fogbank.asl.tokens import Token, parse_token
from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.active import Active
from fogbank.services.stepfunctions.engine.api import ExecutionView
from fogbank.services.stepfunctions.engine.errors import (
    invalid_token,
    no_execution,
    not_redrivable,
    task_timed_out,
)
from fogbank.services.stepfunctions.engine.keys import Ref, parse_execution_arn, ref_of
from fogbank.services.stepfunctions.engine.mail import Mail, Moved
from fogbank.services.stepfunctions.engine.nodes import Elsewhere
from fogbank.services.stepfunctions.engine.records import Head
from fogbank.services.stepfunctions.engine.redriving import redrive_status
from fogbank.services.stepfunctions.engine.runner import Runner
from fogbank.store.api import Store


class Control:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        lanes: Lanes,
        ids: Ids,
        node: str,
        runner: Runner,
        describe: Callable[[str], Awaitable[ExecutionView]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._runner = runner
        self._describe = describe
        self.mail = Mail(store, lanes, ids, node, self._serve)
        self._here: dict[str, Callable[..., Awaitable[Any]]] = {
            "abort": self._abort,
            "beat": self._beat,
            "fail": self._fail,
            "redrive": self._redrive,
            "start": self._start,
            "succeed": self._succeed,
            "wake": self._wake,
        }

    async def abort(self, ref: Ref, error: str | None, cause: str | None) -> int:
        """Stop it; when it ended. ExecutionDoesNotExist."""
        return int(await self._do(ref, "abort", ref.id, error, cause))

    async def redrive(self, ref: Ref, client_token: str | None) -> int:
        """When it was redriven. ExecutionDoesNotExist, ExecutionNotRedrivable."""
        return int(await self._do(ref, "redrive", ref.id, client_token))

    async def wake(self, ref: Ref) -> bool:
        """Have it look at the time. False where another node works at it: it is told, and nobody waits. ExecutionDoesNotExist."""
        try:
            await self._wake(ref.id)
            return True
        except Elsewhere as there:
            await self.mail.post(there.node, ref, "wake", ref.id)
            return False

    async def task_started(self, token: str, worker: str | None) -> bool:
        try:
            return bool(await self._do(_ref_of(token), "start", token, worker))
        except AwsError:
            return False

    async def task_succeeded(self, token: str, output: str) -> None:
        await self._do(_ref_of(token), "succeed", token, output)

    async def task_failed(self, token: str, error: str | None, cause: str | None) -> None:
        await self._do(_ref_of(token), "fail", token, error, cause)

    async def task_heartbeat(self, token: str) -> None:
        await self._do(_ref_of(token), "beat", token)

    async def _do(self, ref: Ref, what: str, *arguments: Any) -> Any:
        while True:
            try:
                return await self._here[what](*arguments)
            except Elsewhere as there:
                try:
                    return await self.mail.ask(there.node, ref, what, *arguments)
                except Moved:
                    continue

    async def _serve(self, what: str, arguments: list[Any]) -> Any:
        if what in ("abort", "redrive", "wake"):
            return await self._do(ref_of(arguments[0]), what, *arguments)
        return await self._do(_ref_of(arguments[0]), what, *arguments)

    # --- at this node: these raise Elsewhere -------------------------------------------------------------------------

    async def _wake(self, id: str) -> None:
        await self._runner.send(ref_of(id), Continue())

    async def _abort(self, id: str, error: str | None, cause: str | None) -> int:
        ref = ref_of(id)
        head = await self._head(ref)
        if head.stop_ms is None:
            await self._runner.send(ref, Abort(error, cause))
            head = await self._head(ref)
        return head.stop_ms or self._clock.now_ms()

    async def _redrive(self, id: str, client_token: str | None) -> int:
        ref = ref_of(id)
        head = await self._head(ref)
        if client_token is not None and head.redrive_token == client_token and head.redrive_ms is not None:
            return head.redrive_ms
        view = await self._describe(ref.arn)
        status, reason = await redrive_status(self._store, ref, view, self._clock.now_ms())
        if status != "REDRIVABLE":
            raise not_redrivable(reason or "Execution is a child of a Map Run and is redriven with it")
        active = await self._runner.active(ref)
        active.redrive_token = client_token
        await self._runner.send(ref, Redrive())
        return (await self._head(ref)).redrive_ms or self._clock.now_ms()

    async def _start(self, token: str, worker: str | None) -> bool:
        found, active, _ = await self._waiting(token)
        await self._runner.send(active.ref, WorkerStarted(found.path, found.number, worker))
        return waiting(active.execution, found.path, found.number) is not None

    async def _succeed(self, token: str, output: str) -> None:
        await self._answer(token, Succeeded(output))

    async def _fail(self, token: str, error: str | None, cause: str | None) -> None:
        await self._answer(token, Failed(error, cause))

    async def _beat(self, token: str) -> None:
        found, active, _ = await self._waiting(token)
        await self._runner.send(active.ref, Beat(found.path, found.number))

    async def _answer(self, token: str, outcome: Outcome) -> None:
        found, active, _ = await self._waiting(token)
        active.answered.add(found.number)
        await self._runner.send(active.ref, Reported(found.path, found.number, outcome))

    async def _waiting(self, text: str) -> tuple[Token, Active, Frame]:
        """The attempt that a token names, if somebody still waits for its answer."""
        token, ref = parse_token(text), _ref_of(text)
        if token is None:
            raise invalid_token()
        try:
            active = await self._runner.active(ref)
        except AwsError:
            raise task_timed_out() from None
        frame = waiting(active.execution, token.path, token.number)
        if frame is None or frame.attempt is None or token.number in active.answered:
            await self._runner.rest(active)
            raise task_timed_out()
        if not frame.attempt.secret or frame.attempt.secret != token.secret:
            await self._runner.rest(active)
            raise invalid_token()
        return token, active, frame

    async def _head(self, ref: Ref) -> Head:
        record = await self._store.get(keys.head(ref))
        if record is None:
            raise no_execution(ref.arn)
        return Head.decode(record.value)


def _ref_of(text: str) -> Ref:
    """Which execution a token is of. InvalidToken."""
    token = parse_token(text)
    ref = None if token is None else parse_execution_arn(token.arn)
    if ref is None:
        raise invalid_token()
    return ref
