"""Identifiers and randomness, injected. The only place in fogbank that draws random numbers.

`Ids(seed)` is reproducible for simulations and tests; `Ids()` draws from the operating system. Identifiers that
guard something (secrets, session tokens) always come from the operating system, seeded or not.
"""

from __future__ import annotations

import base64
import os
import random
import string

_UPPER_DIGITS = string.ascii_uppercase + "234567"
_LOWER_DIGITS = string.ascii_lowercase + string.digits
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_POOL_BYTES = 4096  # drawn from the operating system at once: a system call for each request id would be a tenth of an invocation


class Ids:
    """Draws every identifier, jitter and weight of one fogbank."""

    def __init__(self, seed: int | None = None) -> None:
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)
        self._draw = os.urandom if seed is None else self._random.randbytes
        self._pool = ""  # hexadecimal digits; each is given out once
        self._at = 0

    def uuid(self) -> str:
        """A version 4 UUID, as AWS uses for request ids."""
        raw = self.hex(32)
        return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-{_VARIANT[raw[16]]}{raw[17:20]}-{raw[20:]}"

    def unique(self, prefix: str, length: int = 21) -> str:
        """An IAM unique id such as `AROA…`: `prefix` and random base-32, `length` characters in all."""
        return prefix + "".join(self._random.choices(_UPPER_DIGITS, k=length - len(prefix)))

    def alnum(self, length: int) -> str:
        """Lower-case letters and digits (API ids and the like)."""
        return "".join(self._random.choices(_LOWER_DIGITS, k=length))

    def hex(self, length: int) -> str:
        """`length` hexadecimal digits."""
        at = self._at
        end = at + length
        if end > len(self._pool):
            self._pool, at, end = self._draw(max(_POOL_BYTES, length)).hex(), 0, length
        self._at = end
        return self._pool[at:end]

    def trace(self, now_ms: int) -> str:
        """The root of an X-Ray trace that begins now: `Root=1-5759e988-bd862e3fe1be46a994272793`."""
        return f"Root=1-{now_ms // 1000:08x}-{self.hex(24)}"

    def uniform(self) -> float:
        """A float in [0, 1): routing weights, jitter."""
        return self._random.random()

    def secret(self, length: int = 40) -> str:
        """A secret access key: `length` characters of base-64 alphabet from the operating system."""
        return base64.b64encode(os.urandom(length)).decode()[:length].replace("=", "A")

    def token(self, length_bytes: int = 96) -> str:
        """A session token: URL-safe text over `length_bytes` from the operating system."""
        return base64.b64encode(os.urandom(length_bytes)).decode()
