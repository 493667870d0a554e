"""The frames between an environment and its node. `fogbank/sandbox/frames.py` is the other end; a test holds the two together.

node → environment, one for each invocation:
    7 unsigned 32-bit big-endian numbers: timeout in ms, then the lengths of request id, function ARN, trace id,
    client context, Cognito identity and payload; then those six byte strings. An absent text has length 0.

environment → node:
    kind (1 byte), length (32 bit), body

A frame is one invocation at most: the node never sends the next before the answer, so nothing is ever read ahead.
"""

import struct
import threading

INVOKE_HEAD = struct.Struct("!7I")
FRAME_HEAD = struct.Struct("!BI")
USAGE = struct.Struct("!I")
EVENT_HEAD = struct.Struct("!Q")

BEGIN = 1  # isolation is complete, init starts; may carry the listeners opened inside the network namespace
READY = 2  # init is complete
RESULT = 3  # memory used so far in KiB (32 bit), response
ERROR = 4  # memory used so far in KiB (32 bit), error document
INIT_ERROR = 5  # error document
OUTPUT = 6  # bytes written to sys.stdout or sys.stderr
EVENT = 7  # time in µs (64 bit), one log event
BROKEN = 8  # the environment could not be made: reason
UNSTARTED = 10  # the program it should have become could not be started: reason
FATAL = 11  # like ERROR, with the status (32 bit) that the process is about to exit with before the document

STREAM = 12  # the response comes piece by piece: its content type
CHUNK = 13  # a piece of the response, 64 KiB at most
END = 14  # the response is whole: memory used so far in KiB (32 bit)

RECEIVE_BYTES = 65536


class Closed(Exception):
    """The node is gone."""


class Channel:
    """The environment's end of the socket. Frames of several threads never mix; a forked child writes none."""

    def __init__(self, sock):
        self._sock = sock
        self._lock = threading.Lock()

    def send(self, kind, body=b""):
        head = FRAME_HEAD.pack(kind, len(body))
        with self._lock:
            self._sock.sendall(head + body if len(body) < RECEIVE_BYTES else head)
            if len(body) >= RECEIVE_BYTES:
                self._sock.sendall(body)

    def receive(self):
        """The next invocation: (timeout in ms, [request id, ARN, trace, context, identity, payload] as bytes)."""
        receive = self._sock.recv
        data = receive(RECEIVE_BYTES)
        size = INVOKE_HEAD.size
        while len(data) < size:
            data += self._more(size - len(data), data)
        numbers = INVOKE_HEAD.unpack_from(data)
        whole = size + sum(numbers[1:])
        if len(data) < whole:
            data = self._rest(data, whole)
        parts = []
        for length in numbers[1:]:
            parts.append(data[size : size + length])
            size += length
        return numbers[0], parts

    def _more(self, wanted, so_far):
        data = self._sock.recv(wanted)
        if not data:
            raise Closed(f"the node closed the channel after {len(so_far)} bytes")
        return data

    def _rest(self, data, whole):
        buffer = bytearray(whole)
        view = memoryview(buffer)
        view[: len(data)] = data
        position = len(data)
        while position < whole:
            count = self._sock.recv_into(view[position:])
            if not count:
                raise Closed("the node closed the channel inside a frame")
            position += count
        view.release()
        return bytes(buffer)

    def forget(self):
        """In a process the function forked: the channel belongs to its parent."""
        self._sock.close()
