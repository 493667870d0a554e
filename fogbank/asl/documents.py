"""JSON on its way through an execution: parsed and as text, each made from the other when first needed, and kept.

A value that states only pass on is thus parsed once and written once, and keeps the text that a client gave it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson


class _Unset:
    __slots__ = ()


_UNSET: Final = _Unset()
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def dumps(value: Any) -> str:
    """Compact JSON. Also numbers past 64 bits and halves of surrogates, which orjson refuses."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text if not _SURROGATES.search(text) else json.dumps(value, separators=(",", ":"))


def loads(text: str | bytes) -> Any:
    """Raises ValueError. Integers past 64 bits stay exact."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


class Document:
    """One JSON value that nobody changes. Make it `of` a value or `parse` it from text."""

    __slots__ = ("_text", "_value")

    def __init__(self, value: Any, text: str | None) -> None:
        self._value = value
        self._text = text

    @classmethod
    def of(cls, value: Any) -> Document:
        return cls(value, None)

    @classmethod
    def parse(cls, text: str) -> Document:
        """Text that is known to be JSON."""
        return cls(_UNSET, text)

    @property
    def value(self) -> Any:
        if self._value is _UNSET:
            assert self._text is not None
            self._value = loads(self._text)
        return self._value

    @property
    def text(self) -> str:
        text = self._text
        if text is None:
            text = self._text = dumps(self._value)
        return text

    @property
    def written(self) -> str | None:
        """The text, if there is one already."""
        return self._text

    def exceeds(self, bytes_max: int) -> bool:
        """Whether its text is longer than `bytes_max` in UTF-8."""
        text = self.text
        if len(text) * 4 <= bytes_max:
            return False
        return len(text) > bytes_max or len(text.encode("utf-8", "surrogatepass")) > bytes_max

    def __repr__(self) -> str:
        return f"Document({self.text!r})"
