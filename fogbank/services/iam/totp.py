"""Time-based one-time passwords (RFC 6238: SHA-1, 30 s, 6 digits), as virtual MFA devices make them. Pure."""

from __future__ import annotations

import hashlib
import hmac

STEP_MS = 30_000
_DRIFT_STEPS = 1  # a device's clock may be this far off
_DIGITS = 6


def code_at(seed: bytes, step: int) -> str:
    """The code of the `step`-th half minute since 1970."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def step_of(seed: bytes, code: str, now_ms: int, *, after_step: int) -> int | None:
    """The step that `code` belongs to, if it is near now and later than `after_step`; else None."""
    now = now_ms // STEP_MS
    for step in range(max(now - _DRIFT_STEPS, after_step + 1), now + _DRIFT_STEPS + 1):
        if hmac.compare_digest(code_at(seed, step), code):
            return step
    return None


def step_of_two(seed: bytes, first: str, second: str, now_ms: int, *, after_step: int) -> int | None:
    """The step of `second` if both are codes of two steps in a row, near now; else None."""
    step = step_of(seed, second, now_ms, after_step=after_step + 1)
    if step is None or not hmac.compare_digest(code_at(seed, step - 1), first):
        return None
    return step
