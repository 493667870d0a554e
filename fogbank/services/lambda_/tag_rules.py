"""What tags may be, in AWS's words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fogbank.core.limits import FUNCTION_TAGS_MAX
from fogbank.services.lambda_.errors import invalid_parameter

_KEY_CHARS_MAX = 128
_VALUE_CHARS_MAX = 256
_RESERVED = "aws:"


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse too many, reserved or oversized tags. `tags` are all that the resource would have."""
    if len(tags) > FUNCTION_TAGS_MAX:
        raise invalid_parameter("Number of tags exceeds resource tag limit.")
    for key, value in tags.items():
        if not 0 < len(key) <= _KEY_CHARS_MAX or len(value) > _VALUE_CHARS_MAX:
            raise invalid_parameter(
                f"Tag keys have 1 to {_KEY_CHARS_MAX} characters, and values at most {_VALUE_CHARS_MAX}."
            )
        if key.lower().startswith(_RESERVED):
            raise invalid_parameter("System tags cannot be added/updated by requester")
