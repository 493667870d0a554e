"""An invocation whose response is read while it is written: for InvokeWithResponseStream and function URLs that stream."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from fogbank.core.errors import AwsError, SandboxError
from fogbank.sandbox.api import InvocationResult, Status
from fogbank.sandbox.response_stream import ResponseStream
from fogbank.services.lambda_.invocation_log import InvocationLog
from fogbank.services.lambda_.targets import Executable, Target

if TYPE_CHECKING:
    from fogbank.services.lambda_.state import Lambda


class StreamedRun:
    """One such invocation. Iterate it for the pieces of the response; close it when no more are wanted."""

    __slots__ = ("_log", "executable", "stream")

    def __init__(self, executable: Executable) -> None:
        self.executable = executable
        self.stream = ResponseStream()
        self._log: InvocationLog | None = None

    async def carry(self, work: Awaitable[tuple[InvocationResult, InvocationLog]]) -> None:
        """Run to the end, whoever reads."""
        end: InvocationResult | Exception = SandboxError("fogbank is stopping")
        try:
            end, self._log = await work
        except AwsError as error:
            end = error
        finally:
            self.stream.end(end)

    @property
    def streams(self) -> bool:
        """The function began to answer piece by piece; else its answer came whole, in `result`."""
        return self.stream.content_type is not None

    @property
    def result(self) -> InvocationResult | None:
        """How it ended; None before. Raises what kept it from being run."""
        result = self.stream.result
        if isinstance(result, Exception):
            raise result
        return result

    @property
    def failed(self) -> bool:
        result = self.result
        return result is not None and result.status is not Status.SUCCESS

    def tail(self) -> str:
        """The end of its log, in base64."""
        return "" if self._log is None else self._log.tail()


async def start(
    state: Lambda,
    target: Target,
    request_id: str,
    payload: bytes,
    *,
    trace: str,
    tail: bool = False,
    client_context: str | None = None,
) -> StreamedRun:
    """Invoke, and return when the response has begun or the invocation has ended. Raises AwsError for what is not the function's
    doing. A caller that goes away does not stop the function."""
    executable = target.enter(state.ids, trace)
    run = StreamedRun(executable)
    work = state.runner.run(
        executable,
        request_id,
        payload,
        tail=tail,
        client_context=client_context,
        trace=trace,
        stream=run.stream,
    )
    state.lanes.spawn("lambda stream", run.carry(work))
    try:
        await run.stream.opened()
    except BaseException:
        await run.stream.aclose()
        raise
    run.failed  # noqa: B018  raises when it could not be run
    return run


class Events:
    """The events of one InvokeWithResponseStream: its pieces, then how it ended."""

    __slots__ = ("_complete", "_run", "_tail", "_whole")

    def __init__(self, run: StreamedRun, *, tail: bool) -> None:
        self._run = run
        self._tail = tail
        self._whole = not run.streams  # one piece is to be made of it
        self._complete = False

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> dict[str, Any]:
        run = self._run
        if self._complete:
            raise StopAsyncIteration
        async for piece in run.stream:
            return {"PayloadChunk": {"Payload": piece}}
        result = run.result
        if result is None:
            raise StopAsyncIteration  # its reader has closed it
        if self._whole and result.status is Status.SUCCESS:
            self._whole = False
            return {"PayloadChunk": {"Payload": result.payload}}
        self._complete = True
        ending: dict[str, Any] = {}
        if result.status is not Status.SUCCESS:
            # A guess: the model and the documentation say no more than "an error code" and "the details".
            ending["ErrorCode"] = result.error_type or "Unhandled"
            ending["ErrorDetails"] = result.payload.decode("utf-8", "replace")
        if self._tail:
            ending["LogResult"] = run.tail()
        return {"InvokeComplete": ending}

    async def aclose(self) -> None:
        await self._run.stream.aclose()
