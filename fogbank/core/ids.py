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
_ALNUM = string.ascii_letters + string.digits
_LOWER_DIGITS = string.ascii_lowercase + string.digits


class Ids:
    """Draws every identifier, jitter and weight of one fogbank."""

    def __init__(self, seed: int | None = None) -> None:
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)

    def uuid(self) -> str:
        """A version 4 UUID, as AWS uses for request ids."""
        raw = self._random.getrandbits(128)
        raw = (raw & ~(0xF << 76)) | (0x4 << 76)
        raw = (raw & ~(0x3 << 62)) | (0x2 << 62)
        text = f"{raw:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def unique(self, prefix: str, length: int = 21) -> str:
        """An IAM unique id such as `AROA…`: `prefix` and random base-32, `length` characters in all."""
        return prefix + "".join(self._random.choices(_UPPER_DIGITS, k=length - len(prefix)))

    def alnum(self, length: int) -> str:
        """Lower-case letters and digits (API ids and the like)."""
        return "".join(self._random.choices(_LOWER_DIGITS, k=length))

    def hex(self, length: int) -> str:
        """`length` hexadecimal digits."""
        return f"{self._random.getrandbits(4 * length):0{length}x}"

    def uniform(self) -> float:
        """A float in [0, 1): routing weights, jitter."""
        return self._random.random()

    def secret(self, length: int = 40) -> str:
        """A secret access key: `length` characters of base-64 alphabet from the operating system."""
        return base64.b64encode(os.urandom(length)).decode()[:length].replace("=", "A")

    def token(self, length_bytes: int = 96) -> str:
        """A session token: URL-safe text over `length_bytes` from the operating system."""
        return base64.b64encode(os.urandom(length_bytes)).decode()
