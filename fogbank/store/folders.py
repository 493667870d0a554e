"""The data directory: where what lies, which process holds it, and this node's name in it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

from fogbank.core.errors import ConfigError
from fogbank.core.ids import Ids


class Folders:
    """Where one fogbank keeps its files. In memory mode all lie in a temporary folder that ends with it.

    One process at a time may hold a data directory: a lock file says which. Raises ConfigError.
    """

    def __init__(self, data_dir: Path | None) -> None:
        self.temporary = data_dir is None
        self._lock: IO[str] | None = None
        if data_dir is None:
            self.root = Path(tempfile.mkdtemp(prefix="fogbank-"))
            return
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.root = data_dir.resolve()
            self._lock = (self.root / "lock").open("a+")
        except OSError as error:
            raise ConfigError(f"the data directory {data_dir} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "another process"
            self._lock.close()
            raise ConfigError(f"the data directory {self.root} is in use by {holder}") from None
        self._lock.truncate(0)
        self._lock.write(f"process {os.getpid()}")
        self._lock.flush()

    def node(self, ids: Ids) -> str:
        """This node's name, drawn once and kept: a restarted node takes up the work it had leased."""
        path = self.root / "node"
        if not path.exists():
            temporary = path.with_suffix(".new")
            temporary.write_text(ids.hex(16))
            temporary.replace(path)
        return path.read_text().strip()

    @property
    def store(self) -> Path | None:
        return None if self.temporary else self.root / "store.db"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def code(self) -> Path:
        return self.root / "code"

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()
        if self.temporary:
            shutil.rmtree(self.root, ignore_errors=True)
