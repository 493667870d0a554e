"""Other processes on the same file: what they committed, and whether there are any.

Every writing batch leaves a row in `batch`: its number, who wrote it, and the news of what it touched. Each process
looks at the last number now and then and reads the rows that are not its own. Rows that are gone, and rows whose
writer gave no particulars, wake every watcher: spurious news is allowed, missed news is not. So the particulars are
left out while nobody else is present, and presence may be noticed late.

Presence is one byte of `<file>-nodes`, locked by its open file description (two stores in one process are neighbours
too) and given up by the kernel when the process dies. Where such locks are missing, neighbours are assumed.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path
from typing import Any

import apsw

from fogbank.core.limits import STORE_NEIGHBOURS_MAX
from fogbank.store import news
from fogbank.store.watches import Watches

POLL_ALONE_S = 0.1
POLL_S = 0.01

_LAST = "SELECT number, node, stranger FROM batch ORDER BY number DESC LIMIT 1"
_FLOCK = "hhqqi4x"  # struct flock of 64-bit Linux: type, whence, start, length, pid
_SETLK: int | None = getattr(fcntl, "F_OFD_SETLK", None)
_GETLK: int | None = getattr(fcntl, "F_OFD_GETLK", None)


class Neighbours:
    """This store's presence on its file, and the news it gives and gets there."""

    def __init__(self, path: Path, node: int, reading: apsw.Connection, watches: Watches) -> None:
        self._node = node
        self._reading = reading
        self._watches = watches
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(path.with_name(path.name + "-nodes"), flags, 0o600)
        self._slot = self._settle()
        self._seen = self._last_batch()[0]  # before any watch: nothing is missed from here on
        self.present = self._look_around()

    def close(self) -> None:
        """Leave. The news lies on for the others."""
        os.close(self._descriptor)

    def poll(self) -> float:
        """Wake whom others' commits concern; seconds until the next look."""
        self.present = self._look_around()
        last, node, stranger = self._last_batch()
        seen, self._seen = self._seen, last
        if last != seen and (node != self._node or stranger > seen):
            self._tell(seen, last)
        return POLL_S if self.present else POLL_ALONE_S

    def _tell(self, seen: int, last: int) -> None:
        rows: list[Any] = self._reading.execute(
            "SELECT node, news FROM batch WHERE number > ? AND number <= ?", (seen, last)
        ).fetchall()
        if len(rows) < last - seen:
            self._watches.tell_all()
            return
        for node, packed in rows:
            if node == self._node:
                continue
            touched = news.unpack(packed)
            if touched is None:
                self._watches.tell_all()
                return
            self._watches.tell(touched)

    def _last_batch(self) -> tuple[int, int, int]:
        """The number, the writer and the `stranger` (sqlite_schema.py) of the last batch on the file."""
        rows: list[Any] = self._reading.execute(_LAST).fetchall()
        number, node, stranger = rows[0]
        return number, node, stranger

    def _settle(self) -> int:
        """Lock the first free byte; its number. With all taken (or no such locks), none: others are assumed then."""
        if _SETLK is not None:
            for slot in range(STORE_NEIGHBOURS_MAX):
                try:
                    fcntl.fcntl(
                        self._descriptor, _SETLK, struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, slot, 1, 0)
                    )
                    return slot
                except (BlockingIOError, PermissionError):
                    continue
        return -1

    def _look_around(self) -> bool:
        if self._slot < 0 or _GETLK is None:
            return True
        # A lock of one's own is never in the way: what is reported is a neighbour's.
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, STORE_NEIGHBOURS_MAX, 0)
        answer = fcntl.fcntl(self._descriptor, _GETLK, asked)
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
