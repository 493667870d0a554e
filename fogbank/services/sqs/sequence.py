"""Numbers that order messages: a node's clock and a counter. Of two nodes, the store refuses the second of the same."""

from __future__ import annotations

_PER_MS = 1_000_000


class Sequence:
    """Grows with every number it gives, also when the clock stands or steps back."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now_ms: int) -> int:
        self._last = max(self._last + 1, now_ms * _PER_MS)
        return self._last
