"""A response that an environment is writing piece by piece: counted, and passed on or gathered.

Who asked for a stream gets the pieces as they come. Who asked for a whole answer gets one, within the size of whole answers.
"""

from __future__ import annotations

from collections.abc import Callable

from fogbank.core.limits import RESPONSE_PAYLOAD_BYTES_MAX, STREAMED_RESPONSE_BYTES_MAX
from fogbank.sandbox import outcomes
from fogbank.sandbox.api import ResponseSink


class Streamed:
    """See the module."""

    __slots__ = ("_count", "_gathered", "_sink")

    def __init__(self, sink: ResponseSink | None, content_type: str) -> None:
        self._sink = sink
        self._gathered: list[bytes] = []
        self._count = 0
        if sink is not None:
            sink.begin(content_type)

    @property
    def passed_bytes(self) -> int:
        """How much was passed on."""
        return self._count if self._sink is not None else 0

    @property
    def too_large(self) -> bool:
        """More than a stream may have: whoever writes it is to be stopped."""
        return self._sink is not None and self._count > STREAMED_RESPONSE_BYTES_MAX

    def take(self, data: bytes, resume: Callable[[], None]) -> bool:
        """A piece. False: no more for now, until `resume` is called, or, if `too_large`, at all."""
        self._count += len(data)
        if self._sink is not None:
            return not self.too_large and self._sink.feed(data, resume)
        if self._count <= RESPONSE_PAYLOAD_BYTES_MAX:
            self._gathered.append(data)
        else:
            self._gathered.clear()
        return True

    def outcome(self) -> outcomes.Outcome:
        """The function has written all of it."""
        if self._sink is None and self._count > RESPONSE_PAYLOAD_BYTES_MAX:
            return outcomes.response_too_large()
        return outcomes.success(b"".join(self._gathered))
