"""What a function prints and logs, framed on the channel, so that it reaches the node in order and before the answer.

`sys.stdout` and `sys.stderr` carry raw text, cut into lines by the node, as Lambda cuts what it reads from the pipes;
the log sink carries whole events, so that a traceback of many lines stays one event. Programs that the function starts,
and processes it forks, write to the pipe behind file descriptors 1 and 2 instead.
"""

import io
import os
import sys
import time

from . import wire

EVENT_BYTES_MAX = 256 * 1024  # longer events are cut, as Lambda cuts them
_OUTPUT_BYTES_MAX = 64 * 1024


class FrameStream(io.RawIOBase):
    """The raw layer under sys.stdout: each write is a frame."""

    def __init__(self, channel, fd):
        super().__init__()
        self._channel = channel
        self._fd = fd

    def writable(self):
        return True

    def fileno(self):
        return self._fd

    def isatty(self):
        return False

    def write(self, data):
        data = bytes(data)
        if self._channel is None:
            return os.write(self._fd, data)
        for start in range(0, len(data), _OUTPUT_BYTES_MAX):
            self._channel.send(wire.OUTPUT, data[start : start + _OUTPUT_BYTES_MAX])
        return len(data)

    def forget(self):
        self._channel = None

    def close(self):
        """A function that closes sys.stdout must not lose what is printed by others."""


class LogSink:
    """Stands for awslambdaric's log sinks."""

    def __init__(self, channel, stream):
        self._channel = channel
        self._stream = stream

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass

    def log(self, msg, frame_type=None):
        data = msg.encode("utf-8", "backslashreplace")
        if self._channel is None:
            self._stream.write(data)
            return
        head = wire.EVENT_HEAD.pack(time.time_ns() // 1000)
        for start in range(0, len(data), EVENT_BYTES_MAX):
            self._channel.send(wire.EVENT, head + data[start : start + EVENT_BYTES_MAX])

    def log_error(self, message_lines):
        self.log("\n".join(message_lines))

    def forget(self):
        self._channel = None


def install(channel):
    """Put framed streams under sys.stdout and sys.stderr; returns the log sink."""
    out, err = FrameStream(channel, 1), FrameStream(channel, 2)
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(out, "utf-8", "strict", write_through=True)
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(err, "utf-8", "backslashreplace", write_through=True)
    sink = LogSink(channel, out)

    def after_fork():
        for owner in (out, err, sink, channel):
            owner.forget()

    os.register_at_fork(after_in_child=after_fork)
    return sink
