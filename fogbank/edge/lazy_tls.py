"""TLS made when it is first needed: the certificate machinery costs a third of the start, and most clients on a developer's
machine speak plain HTTP."""

from __future__ import annotations

import asyncio
import ssl
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fogbank.core.clock import Clock

if TYPE_CHECKING:
    from fogbank.edge.tls import LocalTls


class Truststores(Protocol):
    """The custom domain names that ask their clients for certificates."""

    def any(self) -> bool: ...

    def trust(self, name: str) -> str | None:
        """The CA certificates (PEM) that a name trusts; None when it asks for none."""


class LazyTls:
    """`LocalTls`, made by `prepare` or by the first TLS connection, whichever comes first."""

    def __init__(
        self, data_dir: Path, host: str, clock: Clock, trusts: Callable[[], Truststores | None] | None = None
    ) -> None:
        """`trusts`: which names ask clients for certificates, as it is now."""
        self._trusts = trusts
        self._data_dir = data_dir
        self._host = host
        self._clock = clock
        self._made: LocalTls | None = None
        self._making = threading.Lock()

    def context(self) -> ssl.SSLContext:
        """See `edge.sniff.TlsContexts`."""
        return self.prepare().context()

    def choice(self) -> Callable[[str | None], ssl.SSLContext] | None:
        """See `edge.sniff.TlsContexts`."""
        trusts = None if self._trusts is None else self._trusts()
        if trusts is None or not trusts.any():
            return None
        return partial(self.prepare().context_for, trusts.trust)

    async def make_files(self) -> None:
        """Have the authority made, if there is none: in a process of its own, which takes the machinery away with it."""
        folder = self._data_dir / "keys"
        if (folder / "ca.pem").exists():
            return
        made = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fogbank.edge.authority", str(folder), str(self._clock.now_ms())
        )
        await made.wait()

    def prepare(self) -> LocalTls:
        """Read or make the certificates. May be called on a thread. Raises ConfigError."""
        with self._making:
            if self._made is None:
                from fogbank.edge.tls import LocalTls

                self._made = LocalTls(self._data_dir, self._host, self._clock)
            return self._made
