"""One environment as the node sees it: a channel, its output, a state, and the invocation it is serving.

Everything here runs in callbacks of the event loop: no stream, no task and no await for a warm invocation. What to do
about what happens is the owner's (the keeper's) decision; what happened is found out here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from fogbank.core.clock import Clock
from fogbank.core.limits import STREAMED_RESPONSE_BYTES_MAX
from fogbank.sandbox import outcomes
from fogbank.sandbox.api import FunctionConfig, LogSink
from fogbank.sandbox.channel import Channel
from fogbank.sandbox.environment_owner import Api, Owner
from fogbank.sandbox.frames import (
    FrameReader,
    Kind,
    ProtocolViolation,
    encode_invocation,
    payload_of,
    usage_kb,
)
from fogbank.sandbox.job import Job
from fogbank.sandbox.lifecycle import Event, State, after
from fogbank.sandbox.memory import peak_kb
from fogbank.sandbox.output import Output
from fogbank.sandbox.streamed import Streamed

_STATUS_BYTES = 4


class Environment:
    """See the module. `number` is unique within a pool."""

    __slots__ = (
        "_channel",
        "_clock",
        "_deadline_s",
        "_frames",
        "_loop",
        "_output",
        "_owner",
        "_scratch",
        "_timer",
        "api",
        "cause",
        "config",
        "created_s",
        "heir_of",
        "host_pid",
        "idle_since_s",
        "job",
        "max_rss_kb",
        "number",
        "out_of_memory",
        "retired",
        "state",
        "stream",
        "uid",
        "verdict",
        "wrapping_up",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        cause: Job,
        stream: str,
        owner: Owner,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        scratch: memoryview,
    ) -> None:
        """`scratch` is for its channel (`channel.SCRATCH_BYTES`)."""
        self.number = number
        self.config: FunctionConfig = cause.config
        self.stream = stream
        self.state = State.STARTING
        self.cause: Job | None = cause  # the invocation that init runs for
        self.job: Job | None = None
        self.verdict: outcomes.Outcome | None = (
            None  # decided before the exit is known: a timeout, an init error
        )
        self.retired = False
        self.out_of_memory = False  # why it was killed
        self.api: Api | None = None  # of a program that speaks HTTP instead of frames
        self.uid: int | None = None  # its own host user, where it has one
        self.heir_of = 0  # the environment whose mounts it takes over
        self.wrapping_up = False  # answered, but its program has not asked for more yet
        self.max_rss_kb = 0
        self.host_pid = 0
        self.created_s = self.idle_since_s = clock.monotonic_s()
        self._owner = owner
        self._scratch = scratch
        self._loop = loop
        self._clock = clock
        self._channel: Channel | None = None
        self._output = Output(self._log, clock, loop)
        self._frames = FrameReader()
        self._deadline_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def kept(self) -> bool:
        """It was provisioned: it stays, however long it is idle."""
        return self.config.initialization != "on-demand"

    def attach(self, channel: socket.socket, pipe: int) -> None:
        """Take the node's ends of the channel and of the output pipe."""
        self._channel = Channel(channel, self._loop, self._scratch, self._take)
        self._output.attach(pipe)

    def happen(self, event: Event) -> None:
        self.state = after(self.state, event)

    # --- invocations ------------------------------------------------------------------------------------------------
    def invoke(self, job: Job) -> None:
        """Run `job`; the environment is idle."""
        self.state = after(self.state, Event.INVOKED)
        self.job = job
        clock = self._clock
        invocation = job.invocation
        timeout_ms = self.config.timeout_ms
        invocation.log.started(clock.now_ms(), self.stream)
        if self._output.late:
            self._output.deliver_late(invocation.log)
        now_s = clock.monotonic_s()
        if job.attempt == 1:
            job.started_s = now_s
        else:
            timeout_ms = max(1, timeout_ms - int((now_s - job.started_s) * 1000))
        if job.attempt == 1:
            self.set_deadline(timeout_ms / 1000)
        if self.api is None:
            assert self._channel is not None
            self._channel.send(encode_invocation(invocation, timeout_ms))
        else:
            self.api.deliver(invocation, timeout_ms)

    def proceed(self) -> None:
        """Its network is connected: it may start its init (`guest/child.py` waits for this one byte)."""
        if self._channel is not None:
            self._channel.send(b"\1")

    def set_deadline(self, seconds: float) -> None:
        """Call `owner.expired` when the environment has not become idle within `seconds`.

        One timer serves many invocations: it is armed again only when it fires, not for each of them."""
        self._deadline_s = deadline_s = self._loop.time() + seconds
        timer = self._timer
        if timer is None or timer.when() > deadline_s:
            if timer is not None:
                timer.cancel()
            self._timer = self._loop.call_at(deadline_s, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        if self.state not in (State.STARTING, State.INIT, State.BUSY) and not self.wrapping_up:
            return
        # Half a millisecond: loops round their clock.
        if self._loop.time() < self._deadline_s - 0.0005:
            self._timer = self._loop.call_at(self._deadline_s, self._timer_fired)
        else:
            self._owner.expired(self)

    # --- what comes back --------------------------------------------------------------------------------------------
    def _take(self, data: bytes, listeners: list[socket.socket]) -> None:
        if not data:
            self._hang_up()
            return
        try:
            for kind, body in self._frames.feed(data):
                if kind == Kind.RESULT:
                    self._answer(body, None)
                elif kind == Kind.OUTPUT:
                    self._output.feed(body)
                elif kind == Kind.EVENT:
                    text = body[8:].decode("utf-8", "replace")
                    self._output.add([text.removesuffix("\n")])
                else:
                    self._rare(kind, body, listeners)
        except ProtocolViolation:
            self._hang_up()

    def _rare(self, kind: int, body: bytes, listeners: list[socket.socket]) -> None:
        match kind:
            case Kind.ERROR:
                self._answer(body, outcomes.handler_error(payload_of(body)))
            case Kind.FATAL:
                self._last_error(body)
            case Kind.UNSTARTED if self.state is State.INIT:
                self._owner.unstarted(self, body.decode("utf-8", "replace"))
            case Kind.CHUNK:
                self._chunk(body)
            case Kind.STREAM:
                self.say_stream(body.decode("latin-1"))
            case Kind.END:
                self._stream_ends(body)
            case Kind.TOO_LARGE:
                self._answer(b"\0\0\0\0", outcomes.response_too_large())
            case Kind.BEGIN if self.state is State.STARTING:
                self.host_pid = int(body or b"0")
                self.state = after(self.state, Event.BEGUN)
                self._owner.begun(self, listeners)
            case Kind.READY if self.state is State.INIT:
                self._init_complete()
            case Kind.INIT_ERROR if self.state is State.INIT:
                self._init_failed(body)
            case Kind.BROKEN if self.state is State.STARTING:
                self._owner.broken(self, body.decode("utf-8", "replace"))
            case _ if self.state in (State.ENDING, State.ENDED):
                pass  # said before it heard that it is being ended
            case _:
                raise ProtocolViolation(f"frame of kind {kind} in state {self.state.value}")

    def _answer(self, body: bytes, outcome: outcomes.Outcome | None, last_line: str | None = None) -> None:
        job = self.job
        if self.state is not State.BUSY or job is None:
            if self.state in (State.ENDING, State.ENDED):
                return
            raise ProtocolViolation("answer to no invocation")
        self._output.settle()
        if job.streamed is not None and self._channel is not None:
            self._channel.resume()
        if last_line is not None:
            self._output.add([last_line])
        self.max_rss_kb = max(self.max_rss_kb, usage_kb(body))
        self.job = None
        self.state = after(self.state, Event.ANSWERED)
        if outcome is None:
            outcome = outcomes.success(payload_of(body))
        self._owner.answered(self, job, outcome)

    def _chunk(self, body: bytes) -> None:
        channel = self._channel
        if channel is not None and not self.say_chunk(body, channel.resume):
            channel.pause()

    def _stream_ends(self, body: bytes) -> None:
        job = self.job
        if job is None or job.streamed is None:
            raise ProtocolViolation("an end of no stream")
        self._answer(body, job.streamed.outcome())

    def _last_error(self, body: bytes) -> None:
        """Its invocation failed, and the process is about to exit: nobody else may be sent to it."""
        if self.job is None or len(body) < 4 + _STATUS_BYTES:
            raise ProtocolViolation("an end to no invocation")
        invocation, status = self.job.invocation, int.from_bytes(body[4 : 4 + _STATUS_BYTES], "big")
        exit = outcomes.exited(invocation.request_id, outcomes.Exit(status, None, False, 0))
        self.retired = True
        self._answer(body, outcomes.handler_error(body[4 + _STATUS_BYTES :]), exit.log_line)

    def _init_complete(self) -> None:
        self._output.settle()
        self.state = after(self.state, Event.INITIALISED)
        self._owner.ready(self)

    def _init_failed(self, document: bytes) -> None:
        self._output.settle()
        self._owner.init_failed(self, document)

    # --- what its Runtime API says for it (runtime_api_environment.Voice) -------------------------------------------
    def say_ready(self) -> None:
        if self.state is State.INIT:
            self._init_complete()

    def say_next(self) -> None:
        if self.wrapping_up:
            self._owner.wrapped_up(self)

    def say_result(self, payload: bytes) -> None:
        self._say(outcomes.success(payload))

    def say_stream(self, content_type: str) -> None:
        job = self.job
        if self.state is State.BUSY and job is not None:
            if job.streamed is not None:
                raise ProtocolViolation("a second stream")
            job.streamed = Streamed(job.invocation.stream, content_type)

    def say_chunk(self, data: bytes, resume: Callable[[], None]) -> bool:
        """False: no more until `resume` is called."""
        job = self.job
        if self.state is not State.BUSY or job is None:
            return True  # said before it heard that it is being ended
        if job.streamed is None:
            raise ProtocolViolation("a piece of no stream")
        if job.streamed.take(data, resume):
            return True
        if job.streamed.too_large:
            self.verdict = outcomes.response_too_large(STREAMED_RESPONSE_BYTES_MAX)
            self._owner.lost(self)
        return False

    def say_stream_end(self) -> None:
        if self.job is not None and self.job.streamed is not None:
            self._say(self.job.streamed.outcome())

    def say_error(self, outcome: outcomes.Outcome) -> None:
        self._say(outcome)

    def say_init_error(self, document: bytes) -> None:
        if self.state is State.INIT:
            self._init_failed(document)

    def _say(self, outcome: outcomes.Outcome) -> None:
        if self.state is State.BUSY:
            self.wrapping_up = True
            self._answer(peak_kb(self.host_pid).to_bytes(4, "big"), outcome)

    def _hang_up(self) -> None:
        """No more can come over the channel; the zygote will say how the process ended."""
        self.detach_channel()
        if self.api is not None:
            return  # closed when the program was executed
        if self.state not in (State.ENDING, State.ENDED):
            self._owner.lost(self)

    # --- log lines --------------------------------------------------------------------------------------------------
    def _log(self) -> LogSink | None:
        job = self.job or self.cause
        return None if job is None else job.invocation.log

    # --- the end ----------------------------------------------------------------------------------------------------
    def take_last(self) -> None:
        """Its process has ended: take what it had still written, an answer included."""
        if self._channel is not None:
            self._channel.read()
        self._output.settle_last()

    def detach_channel(self) -> None:
        """Close the channel; the environment exits when it notices."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def release(self) -> None:
        """Let go of every descriptor and timer."""
        self.detach_channel()
        if self.api is not None:
            self.api.close()
        self._output.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
