"""Tags: IAM's rules and the wire shape. Pure."""

from __future__ import annotations

from fogbank.core.limits import IAM_TAGS_MAX
from fogbank.services.iam.errors import invalid_input, limit_exceeded
from fogbank.services.iam.records import Tags

WireTags = list[dict[str, str]]


def read(tags: WireTags | None) -> Tags:
    """Tags of a request as a map; InvalidInput for duplicates and reserved keys."""
    found: Tags = {}
    folded: set[str] = set()
    for tag in tags or []:
        key = tag["Key"]
        if key.lower() in folded:
            raise invalid_input("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        if key.lower().startswith("aws:"):
            raise invalid_input("Tag keys starting with 'aws:' are reserved for AWS use.")
        folded.add(key.lower())
        found[key] = tag["Value"]
    return found


def merge(present: Tags, added: Tags) -> Tags:
    """`present` with `added` laid over it; keys are equal without regard to case. LimitExceeded above 50."""
    spelled = {key.lower(): key for key in present}
    merged = dict(present)
    for key, value in added.items():
        merged.pop(spelled.get(key.lower(), key), None)
        merged[key] = value
    if len(merged) > IAM_TAGS_MAX:
        raise limit_exceeded("The number of tags has reached the maximum limit.")
    return merged


def without(present: Tags, keys: list[str]) -> Tags:
    gone = {key.lower() for key in keys}
    return {key: value for key, value in present.items() if key.lower() not in gone}


def wire(tags: Tags) -> WireTags:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
