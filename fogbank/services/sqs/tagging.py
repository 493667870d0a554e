"""Tags of queues: their rules. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fogbank.services.sqs.limits import TAGS_MAX
from fogbank.services.sqs.records import Queue
from fogbank.services.sqs.service import invalid_value

_KEY_CHARS_MAX = 128
_VALUE_CHARS_MAX = 256


def checked_tags(queue: Queue, tags: Mapping[str, str]) -> Queue:
    """The queue with `tags` added. Raises AWS's errors."""
    for key, value in tags.items():
        if not 1 <= len(key) <= _KEY_CHARS_MAX or key.lower().startswith("aws:"):
            raise invalid_value(
                f"Tag keys must be between 1 and 128 characters in length and not begin with aws: ({key[:140]})"
            )
        if len(value) > _VALUE_CHARS_MAX:
            raise invalid_value("Tag values must be between 0 and 256 characters in length.")
    merged = queue.tags | dict(tags)
    if len(merged) > TAGS_MAX:
        raise invalid_value(f"Too many tags added for queue {queue.name}.")
    return replace(queue, tags=merged)
