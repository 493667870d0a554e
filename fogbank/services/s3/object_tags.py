"""The tags of objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.s3.lookup import bucket_of, check_version, find_object, object_of
from fogbank.services.s3.records import encode
from fogbank.services.s3.service import SERVICE, no_key
from fogbank.services.s3.settings import tag_set, tags_of_set
from fogbank.services.s3.state import S3, retried
from fogbank.store.api import Transaction


@SERVICE.operation(hot=True, refuses={"RequestPayer"})
async def get_object_tagging(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    version_id: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    return {"TagSet": tag_set((await object_of(ctx, found, key, version_id)).settings.tags)}


@SERVICE.operation(refuses={"ContentMD5", "RequestPayer"})
async def put_object_tagging(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    tagging: dict[str, Any],
    version_id: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    """Replace the tags. The protocol has checked the body's checksum."""
    await _change(ctx, bucket, key, version_id, expected_bucket_owner, tags_of_set(tagging["TagSet"]))


@SERVICE.operation(hot=True)
async def delete_object_tagging(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    version_id: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    await _change(ctx, bucket, key, version_id, expected_bucket_owner, {})


async def _change(
    ctx: Call[S3],
    bucket: str,
    key: str,
    version_id: str | None,
    expected_owner: str | None,
    tags: dict[str, str],
) -> None:
    async def attempt() -> None:
        found = await find_object(ctx, await bucket_of(ctx, bucket, expected_owner), key)
        check_version(key, version_id)
        if found.held is None:
            raise no_key(key)
        changed = replace(found.held, settings=replace(found.held.settings, tags=tags))
        await ctx.state.store.commit(Transaction().put(found.key, encode(changed), expect=found.version))

    await retried(attempt)
