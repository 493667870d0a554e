"""Running one invocation on the sandbox, with all that belongs to it: its slot, its log, its metrics.

What happens at the end happens in `Run.ended`, which the sandbox calls also when the caller has gone: the function runs on
to its end, as on AWS, and only the reply is dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from fogbank.core.arn import parse_arn
from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError, PoolExhausted, RuntimeUnavailable, SandboxError
from fogbank.core.ids import Ids
from fogbank.model.telemetry import Telemetry
from fogbank.sandbox.api import Invocation, InvocationResult, Pool, ResponseSink, Status
from fogbank.services.lambda_ import concurrency
from fogbank.services.lambda_.errors import throttled
from fogbank.services.lambda_.invocation_log import InvocationLog
from fogbank.services.lambda_.lineage import lineage_with, parts_of
from fogbank.services.lambda_.report import Trace
from fogbank.services.lambda_.segments import segments_of
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.targets import Executable

log = logging.getLogger("fogbank.lambda")


class Run:
    """One invocation on its way. Its slot was taken by who made it."""

    __slots__ = ("_clock", "_done", "_traced", "executable", "log")

    def __init__(
        self,
        executable: Executable,
        log: InvocationLog,
        clock: Clock,
        traced: Callable[[InvocationResult | Exception], None] | None,
    ) -> None:
        self.executable = executable
        self.log = log
        self._clock = clock
        self._traced = traced
        self._done = False

    def ended(self, outcome: InvocationResult | Exception) -> None:
        """The function is done, or could not be run."""
        if self._done:
            return
        self._done = True
        executable = self.executable
        if isinstance(outcome, InvocationResult):
            executable.tally.invoked(
                outcome.duration_ms, outcome.status is not Status.SUCCESS, executable.slots
            )
            self.log.finished(self._clock.now_ms(), outcome)
        if self._traced is not None:
            self._traced(outcome)
        executable.slots.leave()


class Runner:
    """Runs invocations."""

    def __init__(self, pool: Pool, telemetry: Telemetry, clock: Clock, ids: Ids) -> None:
        self._pool = pool
        self._telemetry = telemetry
        self._clock = clock
        self._ids = ids

    async def run(
        self,
        executable: Executable,
        request_id: str,
        payload: bytes,
        *,
        tail: bool = False,
        client_context: str | None = None,
        trace: str = "",
        stream: ResponseSink | None = None,
        patient: bool = False,
    ) -> tuple[InvocationResult, InvocationLog]:
        """Run it. The caller has entered `executable.slots`; they are left here, in every case. `trace` is the header of what
        the invocation comes of; `stream` takes a response that streams; `patient`: see `Invocation`.

        Raises AWS's errors for what is not the function's doing."""
        made = self._trace(executable, trace)
        log = InvocationLog(
            self._telemetry,
            executable.log,
            request_id,
            tail=tail,
            trace=made if executable.config.tracing else None,
        )
        traced = made.sampled and self._telemetry.traces
        run = Run(
            executable, log, self._clock, self._tracer(executable, made, request_id) if traced else None
        )
        invocation = Invocation(
            request_id,
            payload,
            executable.arn,
            log,
            client_context,
            None,
            made.header,
            run.ended,
            stream,
            patient,
        )
        try:
            result = await self._pool.invoke(executable.config, invocation)
        except SandboxError as error:
            run.ended(error)
            raise _platform_error(error) from error
        return result, log

    def _trace(self, executable: Executable, incoming: str) -> Trace:
        """The invocation's place in its trace, or a trace of its own; sampled where the function's tracing is active."""
        active = executable.config.tracing
        drawn = self._ids.hex(40)
        parts = parts_of(incoming) if incoming else {}
        trace_id = parts.get("Root", "")
        if not trace_id:
            trace_id = f"1-{self._clock.now_ms() // 1000:08x}-{drawn[:24]}"
        lineage = lineage_with(incoming, executable.arn)
        header = f"Root={trace_id};Parent={drawn[24:]};Sampled={'1' if active else '0'};Lineage={lineage}"
        return Trace(header, trace_id, drawn[24:], active, parts.get("Parent", ""))

    def _tracer(
        self, executable: Executable, trace: Trace, request_id: str
    ) -> Callable[[InvocationResult | Exception], None]:
        start_ms = self._clock.now_ms()
        arn = parse_arn(executable.arn)
        assert arn is not None

        def traced(outcome: InvocationResult | Exception) -> None:
            end_ms = self._clock.now_ms()
            name = arn.resource.split(":")[1]
            made = segments_of(trace, name, executable.arn, request_id, start_ms, end_ms, outcome)
            self._telemetry.segments(arn.account, arn.region, made)

        return traced


def _platform_error(error: SandboxError) -> AwsError:
    if isinstance(error, RuntimeUnavailable):
        return SERVICE.error("InvalidRuntimeException", str(error), Type="Service")
    if isinstance(error, PoolExhausted):
        log.warning("an invocation was throttled: %s", error)
        return throttled(concurrency.ACCOUNT)
    log.error("an invocation could not be run: %s", error)
    return SERVICE.error(
        "ServiceException", "The Lambda service encountered an internal error.", Type="Service"
    )
