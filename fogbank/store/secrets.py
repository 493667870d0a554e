"""The data directory's own key, and what is sealed under it.

One 32-byte master key lies in `DIR/keys/master.key` (0600), made on first start; in memory mode it lives only in the
process. Every use derives its own key by HKDF with a label, so that keys never serve two purposes.

`cryptography` is imported by the first use, or by `prepare`: it takes 60 ms and 10 MiB, which an idle server does without.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fogbank.core.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class Secrets:
    """Seals and derives under the master key. Never printed: its repr shows nothing."""

    __slots__ = ("_aead", "_master")

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._aead: dict[str, AESGCM] = {}

    def __repr__(self) -> str:
        return "Secrets(…)"

    @classmethod
    def in_memory(cls) -> Secrets:
        """A key that ends with the process."""
        return cls(os.urandom(KEY_BYTES))

    @classmethod
    def in_folder(cls, data_dir: Path) -> Secrets:
        """The data directory's key, made when there is none. Raises ConfigError when the file is not a key."""
        path = data_dir / "keys" / "master.key"
        if path.exists():
            master = path.read_bytes()
            if len(master) != KEY_BYTES:
                raise ConfigError(f"{path} is not a fogbank master key: it must hold {KEY_BYTES} bytes")
            return cls(master)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        master = os.urandom(KEY_BYTES)
        temporary = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, master)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(temporary, path)  # never over a key that another process made meanwhile
        except FileExistsError:
            return cls.in_folder(data_dir)
        finally:
            temporary.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return cls(master)

    def derive(self, label: str, size_bytes: int = KEY_BYTES) -> bytes:
        """A key of its own for `label`."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(hashes.SHA256(), size_bytes, salt=None, info=label.encode()).derive(self._master)

    def prepare(self) -> None:
        """Have what the first use would wait for. May be called on a thread."""
        self._cipher("prepared").encrypt(bytes(NONCE_BYTES), b"", None)

    def _cipher(self, label: str) -> AESGCM:
        if (found := self._aead.get(label)) is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            found = self._aead[label] = AESGCM(self.derive(label))
        return found

    def seal(self, label: str, content: bytes, context: bytes = b"") -> bytes:
        """Encrypt and authenticate; `context` must be given again to open it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(label).encrypt(nonce, content, context)

    def open(self, label: str, sealed: bytes, context: bytes = b"") -> bytes | None:
        """The content; None when it was not sealed under this key, label and context."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher(label).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            return None
