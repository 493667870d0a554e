"""PutObject: content in one piece under a key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.model import checksums
from fogbank.model.call import Call
from fogbank.services.s3.checking import DEFAULT, check_digests, sent_checksum, shown
from fogbank.services.s3.conditions import check_write
from fogbank.services.s3.content import digests
from fogbank.services.s3.lookup import FoundBucket, bucket_of, check_writable, find_object
from fogbank.services.s3.records import Checksum, Object, encode
from fogbank.services.s3.service import SERVICE
from fogbank.services.s3.settings import REFUSED, REFUSED_CHECKSUMS, check_refused, settings_of
from fogbank.services.s3.state import S3, retried
from fogbank.store.api import ABSENT, Transaction

ENCRYPTION = "AES256"


@SERVICE.operation(hot=True, refuses=REFUSED | REFUSED_CHECKSUMS | {"WriteOffsetBytes"})
async def put_object(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    body: bytes | AsyncIterator[bytes] = b"",
    acl: str | None = None,
    cache_control: str | None = None,
    content_disposition: str | None = None,
    content_encoding: str | None = None,
    content_language: str | None = None,
    content_length: int | None = None,
    content_md5: str | None = None,
    content_type: str | None = None,
    checksum_algorithm: str | None = None,
    checksum_crc32: str | None = None,
    checksum_crc32_c: str | None = None,
    checksum_crc64_nvme: str | None = None,
    checksum_sha1: str | None = None,
    checksum_sha256: str | None = None,
    expires: str | None = None,
    if_match: str | None = None,
    if_none_match: str | None = None,
    metadata: dict[str, str] | None = None,
    server_side_encryption: str | None = None,
    storage_class: str | None = None,
    tagging: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    """Store the content; what the key held before is gone. `content_length` is the edge's business."""
    await bucket_of(ctx, bucket, expected_bucket_owner)
    check_refused(acl, server_side_encryption)
    headers = {
        "CacheControl": cache_control,
        "ContentDisposition": content_disposition,
        "ContentEncoding": content_encoding,
        "ContentLanguage": content_language,
        "ContentType": content_type,
        "Expires": expires,
    }
    settings = settings_of(headers, metadata, tagging, storage_class)
    sent = {
        "CRC32": checksum_crc32,
        "CRC32C": checksum_crc32_c,
        "CRC64NVME": checksum_crc64_nvme,
        "SHA1": checksum_sha1,
        "SHA256": checksum_sha256,
    }
    given = sent_checksum(sent, checksum_algorithm)
    content = await whole(body)
    algorithm = given[0] if given else DEFAULT
    sha, md5, digest = await digests(content, algorithm)
    check_digests(md5, digest, content_md5, given)
    checksum = Checksum(algorithm, checksums.written(digest))
    state = ctx.state
    made = Object(state.new_generation(), len(content), md5, state.now_ms(), sha, checksum, settings)
    with state.collector.pinned(sha):
        await state.collector.keep(content, sha)
        await replace_object(ctx, bucket, key, made, if_match, if_none_match)
    return {"ETag": f'"{md5}"', "ServerSideEncryption": ENCRYPTION} | shown(checksum)


async def whole(body: bytes | AsyncIterator[bytes]) -> bytes:
    """A body at once: other services hand on what they read here, which may come in pieces."""
    return body if isinstance(body, bytes) else b"".join([piece async for piece in body])


async def replace_object(
    ctx: Call[S3], bucket: str, key: str, made: Object, if_match: str | None, if_none_match: str | None
) -> None:
    """Commit an object of one blob as what a key holds. The blob is stored and pinned."""

    async def attempt() -> None:
        found = await bucket_of(ctx, bucket)
        transaction = Transaction()
        await put_record(ctx, found, key, made, transaction, if_match, if_none_match)
        ctx.state.collector.use(transaction, made.sha, made.generation)
        await ctx.state.store.commit(transaction)

    await retried(attempt)


async def put_record(
    ctx: Call[S3],
    found: FoundBucket,
    key: str,
    made: Object,
    transaction: Transaction,
    if_match: str | None,
    if_none_match: str | None,
) -> None:
    """Add to a transaction: the key holds this now, and what it held is released."""
    check_writable(ctx, found, transaction)
    before = await find_object(ctx, found, key)
    check_write(key, before.held, if_match, if_none_match)
    transaction.put(before.key, encode(made), expect=before.version or ABSENT)
    if before.held is not None:
        ctx.state.collector.release(transaction, before.held)
