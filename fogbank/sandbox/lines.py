"""Cuts raw output into log events: one for each line, as Lambda does."""

from __future__ import annotations

from fogbank.core.limits import LOG_LINE_BYTES_MAX


class LineSplitter:
    """Lines of one output stream. Holds at most one unfinished line."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes, without their newline; an endless line comes in pieces."""
        data = self._rest + data if self._rest else data
        *whole, self._rest = data.split(b"\n")
        lines = [text for line in whole for text in _pieces(line)]
        while len(self._rest) >= LOG_LINE_BYTES_MAX:
            lines.append(_text(self._rest[:LOG_LINE_BYTES_MAX]))
            self._rest = self._rest[LOG_LINE_BYTES_MAX:]
        return lines

    def flush(self) -> list[str]:
        """The unfinished line, if there is one: the invocation it belongs to is over."""
        rest, self._rest = self._rest, b""
        return [_text(rest)] if rest else []


def _pieces(line: bytes) -> list[str]:
    if len(line) <= LOG_LINE_BYTES_MAX:
        return [_text(line)]
    return [
        _text(line[start : start + LOG_LINE_BYTES_MAX]) for start in range(0, len(line), LOG_LINE_BYTES_MAX)
    ]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
