"""What an environment prints, as log events of the invocation that it belongs to.

It comes two ways: in frames over the channel (what the runtime catches of Python's and Node's own streams), and through a
pipe (what subprocesses and C code write to the descriptors). Lines between invocations wait for the next one.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable

from fogbank.core.clock import Clock
from fogbank.sandbox.api import LogSink
from fogbank.sandbox.lines import LineSplitter

_PIPE_BYTES = 64 * 1024  # what a pipe holds: one read after the answer finds all that was written before it
_LATE_LINES_MAX = 1024  # lines printed between invocations, kept for the next one
_LAST_READS_MAX = 4  # bounds what is read of a pipe that a process outside our reach keeps open


class Output:
    """See the module. `log` gives the sink of the invocation that runs, None between two."""

    __slots__ = ("_clock", "_frame_lines", "_log", "_loop", "_pipe", "_pipe_lines", "late")

    def __init__(
        self, log: Callable[[], LogSink | None], clock: Clock, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.late: deque[tuple[int, str]] = deque(maxlen=_LATE_LINES_MAX)  # time in ms, line
        self._log = log
        self._clock = clock
        self._loop = loop
        self._pipe = -1
        self._frame_lines = LineSplitter()
        self._pipe_lines = LineSplitter()

    def attach(self, pipe: int) -> None:
        """Take the read end of the output pipe."""
        os.set_blocking(pipe, False)
        self._pipe = pipe
        self._loop.add_reader(pipe, self._pipe_readable)

    def feed(self, data: bytes) -> None:
        """A frame of output."""
        self.add(self._frame_lines.feed(data))

    def add(self, lines: list[str]) -> None:
        """Whole lines, without their newlines."""
        log, now_ms = self._log(), self._clock.now_ms()
        for line in lines:
            if log is None:
                self.late.append((now_ms, line))
            else:
                log.line(now_ms, line)

    def deliver_late(self, log: LogSink) -> None:
        while self.late:
            log.line(*self.late.popleft())

    def settle(self) -> None:
        """Take all that was written before now, the unfinished lines too: what they belong to is over."""
        self._drain()
        self._flush()

    def settle_last(self) -> None:
        """Its process has ended: nothing more will be written, but by what is outside our reach."""
        for _ in range(_LAST_READS_MAX):
            if not self._drain():
                break
        self._flush()

    def close(self) -> None:
        """Nothing is taken from now on. Lets go of the environment too: the two need no collector to be freed."""
        self._log = _nobody
        if self._pipe >= 0:
            self._loop.remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1

    def _flush(self) -> None:
        for splitter in (self._frame_lines, self._pipe_lines):
            if rest := splitter.flush():
                self.add(rest)

    def _pipe_readable(self) -> None:
        if not self._drain():
            self._loop.remove_reader(self._pipe)

    def _drain(self) -> bool:
        """Read what subprocesses and C code wrote; False when every writer is gone."""
        if self._pipe < 0:
            return False
        try:
            data = os.read(self._pipe, _PIPE_BYTES)
        except BlockingIOError:
            return True
        if data:
            self.add(self._pipe_lines.feed(data))
        return bool(data)


def _nobody() -> LogSink | None:
    return None
