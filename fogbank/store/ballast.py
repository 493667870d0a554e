"""Room kept for getting out of a full disk: deleting needs space too, for the write-ahead log.

A file beside the store's holds a few megabytes. When the disk is full, it is given up for transactions that free space; all
others are refused until there is room for it again, in the file system or within the store's own file.
"""

from __future__ import annotations

import os
from pathlib import Path

from fogbank.core.limits import STORE_BALLAST_BYTES


class Ballast:
    """One file of `STORE_BALLAST_BYTES`. `held`: it is there, and the space with it."""

    __slots__ = ("_path", "held")

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(store.name + ".ballast")
        self.held = False

    def load(self) -> bool:
        """Take the space, if it is to be had."""
        if not self.held:
            self.held = self._allocate()
            if not self.held:
                self._path.unlink(missing_ok=True)
        return self.held

    def drop(self) -> bool:
        """Give the space up; False when there was none."""
        self.held = False
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _allocate(self) -> bool:
        try:
            with self._path.open("ab") as file:
                if file.tell() < STORE_BALLAST_BYTES:
                    os.posix_fallocate(file.fileno(), 0, STORE_BALLAST_BYTES)
        except OSError:
            return False
        return True
