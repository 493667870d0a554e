"""What all batches share: how many entries, and their ids. Pure."""

from __future__ import annotations

import re
from typing import Any

from fogbank.services.sqs.limits import BATCH_ENTRIES_MAX
from fogbank.services.sqs.service import SERVICE, missing

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")


def check_entries(entries: Any, kind: str) -> list[dict[str, Any]]:
    """The entries of a batch whose entries are called `kind`. Raises AWS's errors."""
    if not entries or not isinstance(entries, list):
        raise SERVICE.error("EmptyBatchRequest", f"There should be at least one {kind} in the request.")
    if len(entries) > BATCH_ENTRIES_MAX:
        raise SERVICE.error(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {BATCH_ENTRIES_MAX}. You have sent {len(entries)}.",
        )
    needed = ("Id", "MessageBody" if kind.startswith("Send") else "ReceiptHandle")
    for number, entry in enumerate(entries, 1):
        for member in needed:
            if entry.get(member) is None or (entry[member] == "" and member != "Id"):
                raise missing(f"{kind}.{number}.{member}")
    seen: set[str] = set()
    for entry in entries:
        id = entry["Id"]
        if not isinstance(id, str) or not _ID.match(id):
            raise SERVICE.error(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at "
                "most 80 letters long.",
            )
        if id in seen:
            raise SERVICE.error("BatchEntryIdsNotDistinct", f"Id {id} repeated.")
        seen.add(id)
    return entries


def batch_answer(done: list[dict[str, Any]], failed: list[dict[str, Any]]) -> dict[str, Any]:
    """Real SQS leaves out the list that would be empty, although its model requires both."""
    answer = {"Successful": done} if done else {}
    return answer | {"Failed": failed} if failed else answer
