"""How much of the machine's processors is left over: what decides whether more work is begun at once."""

from __future__ import annotations

_STAT = "/proc/stat"
_IDLE_COLUMNS = (4, 5)  # of the line `cpu  user nice system idle iowait …`, counted with its name


class Processors:
    """The idle share of all processors between two looks; unknown where there is no /proc."""

    def __init__(self, stat: str = _STAT) -> None:
        self._stat = stat
        self._before = self._read()

    def idle_share(self) -> float | None:
        """0 to 1, since the last look (or since this was made); None when it is not known, or the looks are too close."""
        before, now = self._before, self._read()
        self._before = now
        if before is None or now is None or now[1] <= before[1]:
            return None
        return (now[0] - before[0]) / (now[1] - before[1])

    def _read(self) -> tuple[int, int] | None:
        """(idle, all) ticks so far."""
        try:
            with open(self._stat, encoding="ascii") as file:
                columns = file.readline().split()
            return sum(int(columns[at]) for at in _IDLE_COLUMNS), sum(map(int, columns[1:9]))
        except (OSError, ValueError, IndexError):
            return None
