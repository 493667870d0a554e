"""One invocation on its way through the pool."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fogbank.sandbox.api import FunctionConfig, Invocation, InvocationResult
from fogbank.sandbox.outcomes import Outcome
from fogbank.sandbox.streamed import Streamed


@dataclass(slots=True, eq=False)
class Job:
    """An invocation, who waits for it, and what is known of it so far."""

    config: FunctionConfig
    invocation: Invocation
    done: asyncio.Future[InvocationResult]
    attempt: int = 1  # 2: init is being repeated, inside the invocation's own time
    started_s: float = 0.0  # the clock's monotonic time at which its duration began
    init_duration_ms: float | None = None
    init_error: bool = False
    init_timed_out: bool = False
    streamed: Streamed | None = None  # what the function has begun to write piece by piece
    warmed: asyncio.Future[None] | None = None  # an environment is wanted, and nothing is to be run in it

    def result(self, outcome: Outcome, stream: str, memory_kb: int, now_s: float) -> InvocationResult:
        """What came of it, in an environment that wrote to `stream` and took `memory_kb` at most."""
        return InvocationResult(
            outcome.status,
            outcome.payload,
            outcome.error_type,
            stream,
            (now_s - self.started_s) * 1000,
            min(-(-memory_kb // 1024), self.config.memory_mb),
            self.init_duration_ms,
            self.init_error,
            self.init_timed_out,
            0 if self.streamed is None else self.streamed.passed_bytes,
        )

    def succeed(self, result: InvocationResult) -> None:
        """Answer the caller, unless it has gone."""
        if self.invocation.ended is not None:
            self.invocation.ended(result)
        if not self.done.done():
            self.done.set_result(result)

    def fail(self, error: Exception) -> None:
        """It could not be run for a reason that is fogbank's."""
        if self.warmed is not None:
            if not self.warmed.done():
                self.warmed.set_exception(error)
            return
        if self.invocation.ended is not None:
            self.invocation.ended(error)
        if not self.done.done():
            self.done.set_exception(error)
