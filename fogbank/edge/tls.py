"""The certificates that the server shows.

The main one covers the usual names. A wildcard covers one label only, and AWS's names have an id in front
(`abc.execute-api.us-east-1.localhost`), so names under suffixes of ours get a certificate when a client first asks for
them. Authority and main certificate survive restarts; the latter is renewed before it expires, also while the server runs.
Clients judge validity in real time, so the clock given here is the machine's, not fogbank's.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fogbank.auth.files import write_over
from fogbank.auth.lru import Lru
from fogbank.core.clock import Clock
from fogbank.core.errors import ConfigError
from fogbank.core.limits import TLS_NAMES_CACHED_MAX
from fogbank.edge.authority import CERTIFICATE_FILE, LEAF_DAYS, open_authority
from fogbank.edge.client_certificates import MutualContext, ask
from fogbank.edge.hosts import OWN_SUFFIXES

LEAF_FILE = "tls.pem"  # certificate and key, as OpenSSL reads them
RENEW_BEFORE = timedelta(days=30)

_NAME = re.compile(r"[a-z0-9_\-]{1,63}(\.[a-z0-9_\-]{1,63}){1,8}")


def ca_pem(data_dir: Path) -> str:
    """The authority's certificate, to be trusted. Raises ConfigError when none was made yet."""
    path = data_dir / "keys" / CERTIFICATE_FILE
    try:
        return path.read_text()
    except FileNotFoundError:
        message = f"{path} is not there: start fogbank once with this data directory, it makes it"
        raise ConfigError(message) from None


class LocalTls:
    """Contexts for TLS connections (`edge.sniff.TlsContexts`)."""

    def __init__(self, data_dir: Path, host: str, clock: Clock) -> None:
        """Reads or makes what is needed in `data_dir/keys`. `host` is where the server listens. Raises ConfigError."""
        self._folder = data_dir / "keys"
        self._clock = clock
        self._names = default_names(host)
        self._authority = open_authority(self._folder, self._now())
        self._on_demand: Lru[str, ssl.SSLContext] = Lru(TLS_NAMES_CACHED_MAX)
        self._mutual: Lru[tuple[str, str], ssl.SSLContext] = Lru(TLS_NAMES_CACHED_MAX)
        self._renew_at_ms = 0
        self._context = self._fresh()

    @property
    def ca_file(self) -> Path:
        return self._folder / CERTIFICATE_FILE

    def context(self) -> ssl.SSLContext:
        """The context for a new connection, with a certificate that is valid now."""
        if self._clock.now_ms() >= self._renew_at_ms:
            self._on_demand = Lru(TLS_NAMES_CACHED_MAX)
            self._mutual = Lru(TLS_NAMES_CACHED_MAX)
            self._context = self._fresh()
        return self._context

    def choice(self) -> None:
        """See `edge.sniff.TlsContexts`: by itself, no name asks for certificates."""

    def context_for(self, trust: Callable[[str], str | None], name: str | None) -> ssl.SSLContext:
        """The context for a connection to `name`: one that asks for a certificate, where `trust` has a truststore for it."""
        usual = self.context()
        truststore = trust(name) if name and _NAME.fullmatch(name) else None
        if name is None or truststore is None:
            return usual
        key = (name, hashlib.sha256(truststore.encode()).hexdigest())
        found = self._mutual.get(key)
        if found is None:
            context = MutualContext(ssl.PROTOCOL_TLS_SERVER)
            ask(context, name, truststore)
            found = self._made(name, context)
            self._mutual.put(key, found)
        return found

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)

    def _fresh(self) -> ssl.SSLContext:
        """The main context: its certificate from the folder, unless it ends soon or does not cover its names."""
        path = self._folder / LEAF_FILE
        now = self._now()
        ends = self._authority.end_of(path.read_bytes(), self._names) if path.exists() else None
        if ends is None or ends - RENEW_BEFORE <= now:
            write_over(path, self._authority.issue(self._names, now))
            ends = now + timedelta(days=LEAF_DAYS)
        self._renew_at_ms = int((ends - RENEW_BEFORE).timestamp() * 1000)
        context = _server_context(path, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        context.sni_callback = self._choose
        return context

    def _choose(self, tls: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        """OpenSSL asks, during a handshake, for the certificate of a name."""
        name = (name or "").lower()
        if name in self._names or not _NAME.fullmatch(name):
            return
        parent = name.partition(".")[2]
        if not any(parent == suffix or parent.endswith("." + suffix) for suffix in OWN_SUFFIXES):
            return
        # Siblings share a wildcard, but under a single label clients do not accept one.
        covered = f"*.{parent}" if "." in parent else name
        found = self._on_demand.get(covered)
        if found is None:
            found = self._made(covered, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self._on_demand.put(covered, found)
        tls.context = found

    def _made(self, name: str, context: ssl.SSLContext) -> ssl.SSLContext:
        """`context`, showing a certificate for `name`."""
        path = self._folder / f"sni.{os.getpid()}.pem"  # OpenSSL reads certificates from files only
        write_over(path, self._authority.issue([name], self._now()))
        try:
            return _server_context(path, context)
        finally:
            path.unlink()


def default_names(host: str) -> list[str]:
    """The names that the main certificate covers."""
    names = ["localhost", "127.0.0.1", "::1", "localhost.localstack.cloud", socket.gethostname()]
    if host not in ("0.0.0.0", "::"):
        names.append(host)
    return list(dict.fromkeys(name for name in names if name and name.isascii()))


def _server_context(path: Path, context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(path)
    return context
