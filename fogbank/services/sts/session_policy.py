"""The policy that narrows a session: one document out of those a caller passes, and how full the session gets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from fogbank.core.errors import AwsError
from fogbank.core.limits import STS_PACKED_POLICY_BYTES_MAX

POLICY_ARNS_MAX = 10
_PERCENT = 100


def combined(documents: Sequence[str]) -> str:
    """One document that grants what any of `documents` grants; empty when there are none."""
    if not documents:
        return ""
    statements: list[object] = []
    for text in documents:
        found = orjson.loads(text)["Statement"]
        statements += [found] if isinstance(found, dict) else found
    return orjson.dumps({"Version": "2012-10-17", "Statement": statements}).decode()


def packed_percent(policy: str, tags: Iterable[tuple[str, str]]) -> int | None:
    """How much of a session's room policy and tags take, in percent; None without any. PackedPolicyTooLarge above 100."""
    size = len(policy.encode()) + sum(len(f"{key}{value}".encode()) for key, value in tags)
    if not size:
        return None
    percent = -(-size * _PERCENT // STS_PACKED_POLICY_BYTES_MAX)
    if percent > _PERCENT:
        message = f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
        raise AwsError("PackedPolicyTooLarge", message)
    return percent
