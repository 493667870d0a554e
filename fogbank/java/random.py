"""`java.util.Random`: the first number that a seed gives."""

from __future__ import annotations

from typing import Final

_MULTIPLIER: Final = 0x5DEECE66D
_MASK: Final = (1 << 48) - 1


def _scrambled(seed: int) -> int:
    return (seed ^ _MULTIPLIER) & _MASK


def _next(state: int) -> int:
    return (state * _MULTIPLIER + 0xB) & _MASK


def seeded_int(seed: int, bound: int) -> int:
    """`new Random(seed).nextInt(bound)`."""
    state = _scrambled(seed)
    while True:
        state = _next(state)
        bits = state >> 17
        if bound & (bound - 1) == 0:
            return (bound * bits) >> 31
        value = bits % bound
        if bits - value + (bound - 1) < 1 << 31:
            return value


def seeded_double(seed: int) -> float:
    """`new Random(seed).nextDouble()`."""
    state = _next(_scrambled(seed))
    high = state >> 22
    return ((high << 27) + (_next(state) >> 21)) / (1 << 53)
