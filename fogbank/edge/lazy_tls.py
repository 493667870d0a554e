"""TLS made when it is first needed: the certificate machinery costs a third of the start, and most clients on a developer's
machine speak plain HTTP."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from fogbank.core.clock import Clock

if TYPE_CHECKING:
    from fogbank.edge.tls import LocalTls


class LazyTls:
    """`LocalTls`, made by `prepare` or by the first TLS connection, whichever comes first."""

    def __init__(self, data_dir: Path, host: str, clock: Clock) -> None:
        self._data_dir = data_dir
        self._host = host
        self._clock = clock
        self._made: LocalTls | None = None
        self._making = threading.Lock()

    def context(self) -> ssl.SSLContext:
        """See `edge.sniff.TlsContexts`."""
        return self.prepare().context()

    def prepare(self) -> LocalTls:
        """Read or make the certificates. May be called on a thread. Raises ConfigError."""
        with self._making:
            if self._made is None:
                from fogbank.edge.tls import LocalTls

                self._made = LocalTls(self._data_dir, self._host, self._clock)
            return self._made
