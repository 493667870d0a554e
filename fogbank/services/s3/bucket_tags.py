"""The tags of buckets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.s3 import keys
from fogbank.services.s3.limits import BUCKET_TAGS_MAX
from fogbank.services.s3.lookup import bucket_of
from fogbank.services.s3.records import encode
from fogbank.services.s3.service import SERVICE, failure
from fogbank.services.s3.settings import tag_set, tags_of_set
from fogbank.services.s3.state import S3, retried
from fogbank.store.api import Transaction


@SERVICE.operation(hot=True)
async def get_bucket_tagging(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = (await bucket_of(ctx, bucket, expected_bucket_owner)).bucket
    if not found.tags:
        raise failure("NoSuchTagSet", "The TagSet does not exist", 404, BucketName=bucket)
    return {"TagSet": tag_set(found.tags)}


@SERVICE.operation(refuses={"ContentMD5"})
async def put_bucket_tagging(
    ctx: Call[S3],
    *,
    bucket: str,
    tagging: dict[str, Any],
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    tags = tags_of_set(tagging["TagSet"], BUCKET_TAGS_MAX)
    await _change_tags(ctx, bucket, expected_bucket_owner, tags)


@SERVICE.operation(hot=True)
async def delete_bucket_tagging(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    await _change_tags(ctx, bucket, expected_bucket_owner, {})


async def _change_tags(ctx: Call[S3], name: str, expected_owner: str | None, tags: dict[str, str]) -> None:
    async def attempt() -> None:
        found = await bucket_of(ctx, name, expected_owner)
        changed = encode(replace(found.bucket, tags=tags))
        await ctx.state.store.commit(Transaction().put(keys.bucket(name), changed, expect=found.version))

    await retried(attempt)
