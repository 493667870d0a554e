"""`x-amz-copy-source`: what a copy copies."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from fogbank.model.call import Call
from fogbank.services.s3.conditions import Conditions
from fogbank.services.s3.lookup import bucket_of, object_of
from fogbank.services.s3.records import Object
from fogbank.services.s3.service import invalid_argument
from fogbank.services.s3.state import S3


@dataclass(frozen=True, slots=True)
class Source:
    """The object that is copied, and where it is."""

    bucket: str
    key: str
    held: Object


async def source_of(ctx: Call[S3], text: str, expected_owner: str | None, conditions: Conditions) -> Source:
    """`/bucket/key[?versionId=…]`, percent-encoded. Raises S3's errors."""
    path, _, query = text.partition("?")
    name, separator, key = unquote(path).removeprefix("/").partition("/")
    if not separator or not name or not key:
        message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise invalid_argument(message, "x-amz-copy-source", text)
    version_id = unquote(query.removeprefix("versionId=")) if query.startswith("versionId=") else None
    held = await object_of(ctx, await bucket_of(ctx, name, expected_owner), key, version_id)
    conditions.check_read(held)
    return Source(name, key, held)
