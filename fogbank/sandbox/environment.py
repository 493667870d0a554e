"""One environment as the node sees it: a socket, an output pipe, a state, and the invocation it is serving.

Everything here runs in callbacks of the event loop on raw descriptors: no stream, no task and no await for a warm
invocation. What to do about what happens is the owner's (the pool's) decision; what happened is found out here.
"""

from __future__ import annotations

import array
import asyncio
import os
import socket
from collections import deque
from typing import Protocol

from fogbank.core.clock import Clock
from fogbank.sandbox import outcomes
from fogbank.sandbox.api import FunctionConfig, Invocation, LogSink
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
from fogbank.sandbox.lines import LineSplitter
from fogbank.sandbox.memory import peak_kb

SCRATCH_BYTES = 256 * 1024  # one receive at most
_PIPE_BYTES = 64 * 1024  # what a pipe holds: one read after the answer finds all that was written before it
_LATE_LINES_MAX = 1024  # lines printed between invocations, kept for the next one
_FIRST_BYTES = 4096
_FDS_MAX = 4
_STATUS_BYTES = 4
_LAST_READS_MAX = 4  # bounds what is read of a pipe that a process outside our reach keeps open


class Api(Protocol):
    """The Runtime API of an environment whose program speaks HTTP (`runtime_api_environment.EnvironmentApi`)."""

    async def start(self, listener: socket.socket) -> None: ...

    def deliver(self, invocation: Invocation, timeout_ms: int) -> None: ...

    def close(self) -> None: ...


class Owner(Protocol):
    """Who decides about environments."""

    def wrapped_up(self, environment: Environment) -> None:
        """It answered earlier, finished what it had left to do, and asks for more."""

    def begun(self, environment: Environment, listeners: list[socket.socket]) -> None:
        """It is walled in and starts its init."""

    def ready(self, environment: Environment) -> None:
        """Init is complete."""

    def answered(self, environment: Environment, job: Job, outcome: outcomes.Outcome) -> None:
        """It answered its invocation and is idle."""

    def init_failed(self, environment: Environment, document: bytes) -> None:
        """Its runtime reported an init error; it is about to exit."""

    def unstarted(self, environment: Environment, reason: str) -> None:
        """The program it should have become could not be started."""

    def broken(self, environment: Environment, reason: str) -> None:
        """It could not be made."""

    def lost(self, environment: Environment) -> None:
        """It closed its channel or broke the protocol: it must be ended."""

    def expired(self, environment: Environment) -> None:
        """Its deadline passed."""


class Environment:
    """See the module. `number` is unique within a pool."""

    __slots__ = (
        "_clock",
        "_deadline_s",
        "_frames",
        "_late",
        "_loop",
        "_outgoing",
        "_owner",
        "_pipe",
        "_pipe_lines",
        "_scratch",
        "_socket",
        "_socket_lines",
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
        """`scratch` (SCRATCH_BYTES) is what environments of one loop receive into, one after the other: a buffer of
        that size made for each receive would cost more than the receive."""
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
        self._socket: socket.socket | None = None
        self._pipe = -1
        self._frames = FrameReader()
        self._socket_lines = LineSplitter()
        self._pipe_lines = LineSplitter()
        self._late: deque[tuple[int, str]] = deque(maxlen=_LATE_LINES_MAX)
        self._outgoing: memoryview | None = None
        self._deadline_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def attach(self, channel: socket.socket, pipe: int) -> None:
        """Take the node's ends of the channel and of the output pipe."""
        channel.setblocking(False)
        os.set_blocking(pipe, False)
        self._socket, self._pipe = channel, pipe
        self._loop.add_reader(channel.fileno(), self._first_readable)
        self._loop.add_reader(pipe, self._pipe_readable)

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
        if self._late:
            self._deliver_late(invocation.log)
        now_s = clock.monotonic_s()
        if job.attempt == 1:
            job.started_s = now_s
        else:
            timeout_ms = max(1, timeout_ms - int((now_s - job.started_s) * 1000))
        if job.attempt == 1:
            self.set_deadline(timeout_ms / 1000)
        if self.api is None:
            self._write(encode_invocation(invocation, timeout_ms))
        else:
            self.api.deliver(invocation, timeout_ms)

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

    def _write(self, frame: bytes) -> None:
        assert self._socket is not None
        try:
            sent = self._socket.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it is gone: the reader finds out
        if sent < len(frame):
            self._outgoing = memoryview(frame)[sent:]
            self._loop.add_writer(self._socket.fileno(), self._writable)

    def _writable(self) -> None:
        if self._socket is None or self._outgoing is None:
            return
        try:
            sent = self._socket.send(self._outgoing)
        except BlockingIOError:
            return
        except OSError:
            sent = len(self._outgoing)
        self._outgoing = self._outgoing[sent:]
        if not self._outgoing:
            self._outgoing = None
            self._loop.remove_writer(self._socket.fileno())

    # --- what comes back --------------------------------------------------------------------------------------------
    def _first_readable(self) -> None:
        """The first read may bring listeners along; later ones need not look."""
        assert self._socket is not None
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_FIRST_BYTES, socket.CMSG_SPACE(_FDS_MAX * 4))
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        fds = array.array("i")
        for level, kind, body in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(body[: len(body) - len(body) % fds.itemsize])
        listeners = [socket.socket(fileno=fd) for fd in fds]
        self._loop.add_reader(self._socket.fileno(), self._readable)
        self._take(data, listeners)

    def _readable(self) -> None:
        if self._socket is None:
            return
        try:
            data = bytes(self._scratch[: self._socket.recv_into(self._scratch)])
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._take(data, [])

    def _take(self, data: bytes, listeners: list[socket.socket]) -> None:
        if not data:
            self._hang_up()
            return
        try:
            for kind, body in self._frames.feed(data):
                if kind == Kind.RESULT:
                    self._answer(body, None)
                elif kind == Kind.OUTPUT:
                    self._lines(self._socket_lines.feed(body))
                elif kind == Kind.EVENT:
                    self._event(body)
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
        self._drain_pipe()
        self._flush_lines()
        if last_line is not None:
            self._lines([last_line])
        self.max_rss_kb = max(self.max_rss_kb, usage_kb(body))
        self.job = None
        self.state = after(self.state, Event.ANSWERED)
        if outcome is None:
            outcome = outcomes.success(payload_of(body))
        self._owner.answered(self, job, outcome)

    def _last_error(self, body: bytes) -> None:
        """Its invocation failed, and the process is about to exit: nobody else may be sent to it."""
        if self.job is None or len(body) < 4 + _STATUS_BYTES:
            raise ProtocolViolation("an end to no invocation")
        invocation, status = self.job.invocation, int.from_bytes(body[4 : 4 + _STATUS_BYTES], "big")
        exit = outcomes.exited(invocation.request_id, outcomes.Exit(status, None, False, 0))
        self.retired = True
        self._answer(body, outcomes.handler_error(body[4 + _STATUS_BYTES :]), exit.log_line)

    def _init_complete(self) -> None:
        self._drain_pipe()
        self._flush_lines()
        self.state = after(self.state, Event.INITIALISED)
        self._owner.ready(self)

    def _init_failed(self, document: bytes) -> None:
        self._drain_pipe()
        self._flush_lines()
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

    def _lines(self, lines: list[str]) -> None:
        log, now_ms = self._log(), self._clock.now_ms()
        for line in lines:
            if log is None:
                self._late.append((now_ms, line))
            else:
                log.line(now_ms, line)

    def _event(self, body: bytes) -> None:
        text = body[8:].decode("utf-8", "replace")
        self._lines([text.removesuffix("\n")])

    def _deliver_late(self, log: LogSink) -> None:
        while self._late:
            log.line(*self._late.popleft())

    def _flush_lines(self) -> None:
        for splitter in (self._socket_lines, self._pipe_lines):
            if rest := splitter.flush():
                self._lines(rest)

    def _pipe_readable(self) -> None:
        if not self._drain_pipe():
            self._loop.remove_reader(self._pipe)

    def _drain_pipe(self) -> bool:
        """Read what subprocesses and C code wrote; False when every writer is gone."""
        if self._pipe < 0:
            return False
        try:
            data = os.read(self._pipe, _PIPE_BYTES)
        except BlockingIOError:
            return True
        if data:
            self._lines(self._pipe_lines.feed(data))
        return bool(data)

    # --- the end ----------------------------------------------------------------------------------------------------
    def take_last(self) -> None:
        """Its process has ended: take what it had still written, an answer included."""
        if self._socket is not None:
            self._readable()
        for _ in range(_LAST_READS_MAX):
            if not self._drain_pipe():
                break
        self._flush_lines()

    def detach_channel(self) -> None:
        """Close the channel; the environment exits when it notices."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            if self._outgoing is not None:
                self._loop.remove_writer(self._socket.fileno())
                self._outgoing = None
            self._socket.close()
            self._socket = None

    def release(self) -> None:
        """Let go of every descriptor and timer."""
        self.detach_channel()
        if self.api is not None:
            self.api.close()
        if self._pipe >= 0:
            self._loop.remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
