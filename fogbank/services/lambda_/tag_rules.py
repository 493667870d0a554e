"""What tags may be, in AWS's words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fogbank.core.limits import FUNCTION_TAGS_MAX
from fogbank.services.lambda_.errors import invalid_parameter

_RESERVED = "aws:"


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse too many, or reserved ones. `tags` are all that the resource would have."""
    if len(tags) > FUNCTION_TAGS_MAX:
        raise invalid_parameter("Number of tags exceeds resource tag limit.")
    if any(key.lower().startswith(_RESERVED) for key in tags):
        raise invalid_parameter("System tags cannot be added/updated by requester")
