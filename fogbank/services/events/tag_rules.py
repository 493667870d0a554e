"""What tags may be. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.services.events.limits import TAGS_MAX
from fogbank.services.events.service import validation


def with_tags(before: Mapping[str, str], tags: list[dict[str, Any]]) -> dict[str, str]:
    """Tags with more of them. Sentences are guesses."""
    names = [tag["Key"] for tag in tags]
    if len(set(names)) < len(names):
        raise validation("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(name.lower().startswith("aws:") for name in names):
        raise validation("Tag keys must not begin with aws:.")
    merged = dict(before) | {tag["Key"]: tag["Value"] for tag in tags}
    if len(merged) > TAGS_MAX:
        raise validation(f"The number of tags exceeds the limit of {TAGS_MAX}.")
    return merged


def wire_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
