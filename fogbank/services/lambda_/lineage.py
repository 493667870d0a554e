"""Recursion: which functions an invocation's chain has been through, carried in the X-Ray header as AWS carries it. Pure.

`Root=…;Parent=…;Sampled=0;Lineage=1:<function>:<times>|…`. SDKs inside functions send the header on (botocore does by itself),
SQS keeps it with the message, and what comes of the message continues the chain.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from fogbank.core.limits import METADATA_CACHED_MAX

TIMES_MAX = 16  # invocations of one function in one chain, about which AWS says "approximately 16"
_FUNCTIONS_MAX = 32  # ours: functions that one header names
_HEADER_CHARS_MAX = 1024


def parts_of(header: str) -> dict[str, str]:
    """The fields of an X-Ray header."""
    if len(header) > _HEADER_CHARS_MAX:
        return {}
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if value}


def times_in(header: str, function_arn: str) -> int:
    """How often the function was invoked in the chain so far."""
    return _lineage(parts_of(header)).get(_name(function_arn), 0) if header else 0


def lineage_with(header: str, function_arn: str) -> str:
    """The `Lineage` of an invocation of the function that comes of `header`."""
    name = _name(function_arn)
    if not header:
        return f"1:{name}:1"
    lineage = _lineage(parts_of(header))
    lineage[name] = lineage.get(name, 0) + 1
    kept = list(lineage.items())[-_FUNCTIONS_MAX:]
    return "|".join(f"1:{name}:{times}" for name, times in kept)


def passed_on(header: str, function_arn: str) -> str:
    """The header of what comes of the function's invocation, where the function does not send it itself."""
    parts = parts_of(header) | {"Lineage": lineage_with(header, function_arn)}
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _lineage(parts: dict[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for step in parts.get("Lineage", "").split("|"):
        match step.split(":"):
            case [_, name, times] if times.isascii() and times.isdigit() and len(times) < 6:
                found[name] = int(times)
    return found


@lru_cache(maxsize=METADATA_CACHED_MAX)
def _name(function_arn: str) -> str:
    """By the function, whatever its version."""
    arn = ":".join(function_arn.split(":")[:7])
    return hashlib.blake2b(arn.encode(), digest_size=4).hexdigest()
