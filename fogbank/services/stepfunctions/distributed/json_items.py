"""The elements of a JSON array that comes in pieces, and of JSON lines: never more than one in memory. Pure."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from fogbank.services.stepfunctions.distributed.failures import unreadable
from fogbank.services.stepfunctions.distributed.limits import ITEM_BYTES_MAX

_STRUCTURE = re.compile(rb'[\[\]{},"]')
_IN_STRING = re.compile(rb'["\\]')
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


class ArraySplitter:
    """Feed it pieces; it gives the text of each element. Whether the elements are JSON is for who parses them.

    Raises StatesError for what is no array, or one that ends early or goes on behind its end.
    """

    def __init__(self) -> None:
        self._held = b""  # from the start of the present element
        self._at = 0  # how far it has been looked at
        self._depth = 0  # 1 inside of the array itself
        self._in_string = False
        self._ended = False
        self._found = 0

    def feed(self, piece: bytes) -> list[bytes]:
        self._held += piece
        found: list[bytes] = []
        if not self._depth and not self._ended and not self._begin():
            return found
        while not self._ended:
            if self._in_string:
                if not self._leave_string():
                    break
                continue
            match = _STRUCTURE.search(self._held, self._at)
            if match is None:
                self._at = len(self._held)
                break
            self._at = match.end()
            self._step(match[0], match.start(), found)
        if self._ended and self._held.strip(_BLANK):
            raise unreadable("There is content behind the end of the JSON array.")
        if len(self._held) > ITEM_BYTES_MAX:
            raise unreadable(f"An item is larger than {ITEM_BYTES_MAX} bytes.")
        return found

    def end(self) -> None:
        """No more is coming."""
        if not self._ended:
            raise unreadable("The JSON array ends early.")

    def _begin(self) -> bool:
        text = self._held.removeprefix(_BOM).lstrip(_BLANK)
        if not text:
            return False
        if text[:1] != b"[":
            raise unreadable("Attempting to map over non-iterable node.")
        self._held, self._at, self._depth = text[1:], 0, 1
        return True

    def _leave_string(self) -> bool:
        """Whether the string's end is here."""
        match = _IN_STRING.search(self._held, self._at)
        if match is None:
            self._at = len(self._held)
            return False
        if match[0] == b"\\":
            if match.end() == len(self._held):
                self._at = match.start()  # what is escaped is in the next piece
                return False
            self._at = match.end() + 1
            return True
        self._at = match.end()
        self._in_string = False
        return True

    def _step(self, mark: bytes, at: int, found: list[bytes]) -> None:
        match mark:
            case b'"':
                self._in_string = True
            case b"[" | b"{":
                self._depth += 1
            case b"]" | b"}" if self._depth > 1:
                self._depth -= 1
            case b"]" | b"}":
                element = self._held[:at].strip(_BLANK)
                if mark == b"}" or (not element and self._found):
                    raise unreadable("The content is not a valid JSON array.")
                if element:
                    found.append(element)
                self._held, self._at, self._depth, self._ended = self._held[self._at :], 0, 0, True
            case b"," if self._depth == 1:
                self._found += 1
                found.append(self._held[:at].strip(_BLANK))
                self._held, self._at = self._held[self._at :], 0


async def array_elements(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    splitter = ArraySplitter()
    async for piece in pieces:
        for element in splitter.feed(piece):
            yield element
    splitter.end()


async def lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines of a text, without their ends. A carriage return before one belongs to it."""
    held = b""
    async for piece in pieces:
        *whole, held = (held + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
        if len(held) > ITEM_BYTES_MAX:
            raise unreadable(f"A line is longer than {ITEM_BYTES_MAX} bytes.")
    if held:
        yield held.removesuffix(b"\r")
