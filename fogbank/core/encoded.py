"""Parts of an answer that are JSON already: a stored item on its way out is not parsed and written again.

The edge writes `json` as it is. Callers inside fogbank (`Calls.call`) get `value()` in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Encoded:
    """JSON text and how it is read into the in-house form of its shape."""

    __slots__ = ("_decode", "json")

    def __init__(self, json: bytes, decode: Callable[[bytes], Any]) -> None:
        self.json = json
        self._decode = decode

    def value(self) -> Any:
        return self._decode(self.json)


def resolved(output: Any) -> Any:
    """`output` with every Encoded part read."""
    if isinstance(output, Encoded):
        return output.value()
    if isinstance(output, dict):
        return {name: resolved(value) for name, value in output.items()}
    if isinstance(output, list):
        return [resolved(value) for value in output]
    return output
