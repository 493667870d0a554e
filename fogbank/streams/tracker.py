"""How far a shard is done: records are read in order and done in any, and the checkpoint is behind the last gapless one. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class Tracker:
    """Positions of one shard."""

    __slots__ = ("_done", "_open", "position")

    def __init__(self, position: int) -> None:
        self.position = position  # everything up to here is done
        self._open: deque[int] = deque()
        self._done: set[int] = set()

    def read(self, positions: Iterable[int]) -> None:
        """These come next."""
        self._open.extend(positions)

    def done(self, positions: Iterable[int]) -> None:
        self._done.update(positions)
        while self._open and self._open[0] in self._done:
            self.position = self._open.popleft()
            self._done.discard(self.position)

    def passed(self, position: int) -> None:
        """Nothing that matters lies between the last record read and `position`."""
        if not self._open:
            self.position = max(self.position, position)

    @property
    def is_idle(self) -> bool:
        return not self._open

    def __len__(self) -> int:
        return len(self._open)
