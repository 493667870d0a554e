"""What a function's answer says about the batch: `batchItemFailures`, and a window's `state`. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson


def failed_ids(payload: bytes, ids: Collection[str]) -> set[str] | None:
    """The ids that the answer reports as failed; None when the whole batch counts as failed.

    No answer, null, an empty object, and a missing, null or empty list are a success. An entry without an identifier, with an
    empty or null one, or with one that was not in the batch, fails the whole batch; so does an answer that is none.
    """
    if not payload:
        return set()
    try:
        answer = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    if not answer:
        return set()
    if not isinstance(answer, dict):
        return None if not isinstance(answer, list | str) else set()
    failures = answer.get("batchItemFailures")
    if not failures:
        return set()
    if not isinstance(failures, list):
        return None
    failed = set()
    for failure in failures:
        id = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(id, str) or not id or id not in ids:
            return None
        failed.add(id)
    return failed


def state_of(payload: bytes) -> Any:
    """The `state` that a function returned for its window; {} when it returned none."""
    try:
        answer = orjson.loads(payload) if payload else None
    except orjson.JSONDecodeError:
        answer = None
    found = answer.get("state") if isinstance(answer, dict) else None
    return found if found is not None else {}
