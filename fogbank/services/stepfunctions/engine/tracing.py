"""An execution's place in its X-Ray trace: the id of its segment, and the header that its tasks are given. Pure."""

from __future__ import annotations

import hashlib


def parts_of(header: str) -> dict[str, str]:
    """The fields of an X-Ray header: `Root=1-…;Parent=…;Sampled=1`."""
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if value}


def segment_id(arn: str, redrives: int) -> str:
    """The same on every node and after every restart; another for each redrive."""
    return hashlib.blake2b(f"{arn}:{redrives}".encode(), digest_size=8, person=b"segment").hexdigest()


def handed_on(header: str, arn: str, redrives: int) -> str:
    """The header of what a traced execution calls: its segment is the parent there."""
    parts = parts_of(header)
    if "Root" not in parts:
        return header
    return ";".join(
        f"{name}={value}" for name, value in (parts | {"Parent": segment_id(arn, redrives)}).items()
    )
