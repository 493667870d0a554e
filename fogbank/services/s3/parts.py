"""The parts of an upload: upload, copy, list."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

from fogbank.model import checksums
from fogbank.model.call import Call
from fogbank.services.s3 import keys
from fogbank.services.s3.checking import check_digests, sent_checksum, shown
from fogbank.services.s3.conditions import Conditions
from fogbank.services.s3.content import digest_segments, digests, segments_of, stretch
from fogbank.services.s3.copy_source import source_of
from fogbank.services.s3.limits import COPY_BYTES_MAX, PARTS_MAX
from fogbank.services.s3.listing import page_size
from fogbank.services.s3.lookup import bucket_of, owner
from fogbank.services.s3.put_object import ENCRYPTION, whole
from fogbank.services.s3.records import Checksum, Part, Segment, Upload, decode_part, encode
from fogbank.services.s3.service import SERVICE, invalid_argument, invalid_request
from fogbank.services.s3.settings import REFUSED_CHECKSUMS, REFUSED_KEYS
from fogbank.services.s3.state import S3, retried
from fogbank.services.s3.uploads import find_upload
from fogbank.store.api import ABSENT, Transaction

_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})", re.ASCII)


@SERVICE.operation(hot=True, refuses=REFUSED_KEYS | REFUSED_CHECKSUMS)
async def upload_part(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    part_number: int,
    upload_id: str,
    body: bytes | AsyncIterator[bytes] = b"",
    content_length: int | None = None,
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    checksum_crc32: str | None = None,
    checksum_crc32_c: str | None = None,
    checksum_crc64_nvme: str | None = None,
    checksum_sha1: str | None = None,
    checksum_sha256: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    """Store a part; one of the same number is replaced."""
    _check_number(part_number)
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    _, upload, _ = await find_upload(ctx, found, key, upload_id)
    sent = {
        "CRC32": checksum_crc32,
        "CRC32C": checksum_crc32_c,
        "CRC64NVME": checksum_crc64_nvme,
        "SHA1": checksum_sha1,
        "SHA256": checksum_sha256,
    }
    given = sent_checksum(sent, checksum_algorithm)
    if given is not None and upload.declared and given[0] != upload.algorithm:
        raise invalid_request(
            f"Checksum Type mismatch occurred, expected checksum Type: {upload.algorithm.lower()}, "
            f"actual checksum Type: {given[0].lower()}"
        )
    content, state = await whole(body), ctx.state
    sha, md5, digest = await digests(content, given[0] if given else upload.algorithm)
    check_digests(md5, digest, content_md5, given)
    if (
        given is not None and given[0] != upload.algorithm
    ):  # checked; what is kept is of the upload's algorithm
        digest = checksums.digest(upload.algorithm, content)
    with state.collector.pinned(sha):
        await state.collector.keep(content, sha)
        part = _part(state, upload, part_number, [Segment(sha, 0, len(content))], md5, digest)
        await _put(ctx, bucket, key, upload, part)
    output = {"ETag": f'"{md5}"', "ServerSideEncryption": ENCRYPTION}
    return output | (shown(part.checksum, with_type=False) if upload.declared or given is None else {})


@SERVICE.operation(
    hot=True,
    refuses=REFUSED_KEYS
    | {"CopySourceSSECustomerAlgorithm", "CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5"},
)
async def upload_part_copy(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    part_number: int,
    upload_id: str,
    copy_source: str,
    copy_source_if_match: str | None = None,
    copy_source_if_modified_since: int | None = None,
    copy_source_if_none_match: str | None = None,
    copy_source_if_unmodified_since: int | None = None,
    copy_source_range: str | None = None,
    expected_bucket_owner: str | None = None,
    expected_source_bucket_owner: str | None = None,
) -> dict[str, Any]:
    """A part out of an object: it refers to the object's blobs."""
    _check_number(part_number)
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    _, upload, _ = await find_upload(ctx, found, key, upload_id)
    conditions = Conditions(
        copy_source_if_match,
        copy_source_if_none_match,
        copy_source_if_modified_since,
        copy_source_if_unmodified_since,
        "x-amz-copy-source-",
    )
    source = await source_of(ctx, copy_source, expected_source_bucket_owner, conditions)
    state, (start, size) = ctx.state, _source_range(copy_source_range, source.held.size)
    if size > COPY_BYTES_MAX:
        raise invalid_request(
            f"The specified copy source is larger than the maximum allowable size for a copy source: {COPY_BYTES_MAX}"
        )
    segments = stretch(await segments_of(state, source.held), start, size)
    with state.collector.pinned(*{segment.sha for segment in segments}):
        md5, digest = await digest_segments(state, segments, upload.algorithm)
        part = _part(state, upload, part_number, segments, md5, digest)
        await _put(ctx, bucket, key, upload, part)
    result = {"ETag": f'"{md5}"', "LastModified": part.modified_ms}
    if upload.declared:
        result |= shown(part.checksum, with_type=False)
    return {"CopyPartResult": result, "ServerSideEncryption": ENCRYPTION}


def _source_range(header: str | None, size: int) -> tuple[int, int]:
    """(start, size) of the source's bytes."""
    if header is None:
        return 0, size
    found = _RANGE.fullmatch(header)
    if found is None or int(found[1]) > int(found[2]):
        message = (
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy"
        )
        raise invalid_argument(message, "x-amz-copy-source-range", header)
    if int(found[2]) >= size:
        message = f"Range specified is not valid for source object of size: {size}"
        raise invalid_argument(message, "x-amz-copy-source-range", header)
    return int(found[1]), int(found[2]) - int(found[1]) + 1


def _check_number(number: int) -> None:
    if not 1 <= number <= PARTS_MAX:
        message = f"Part number must be an integer between 1 and {PARTS_MAX}, inclusive"
        raise invalid_argument(message, "partNumber", number)


def _part(state: S3, upload: Upload, number: int, segments: list[Segment], md5: str, digest: bytes) -> Part:
    checksum = Checksum(upload.algorithm, checksums.written(digest), upload.checksum_type)
    size = sum(segment.size for segment in segments)
    use = f"{upload.id} {number} {state.ids.hex(12)}"
    return Part(number, size, md5, state.now_ms(), segments, checksum, use)


async def _put(ctx: Call[S3], bucket: str, key: str, upload: Upload, part: Part) -> None:
    """Commit a part of an upload that is still under way."""
    state, where = ctx.state, (*keys.parts(upload.id), part.number)

    async def attempt() -> None:
        found = await bucket_of(ctx, bucket)
        upload_key, _, version = await find_upload(ctx, found, key, upload.id)
        before = await state.store.get(where)
        transaction = Transaction().check(upload_key, version)
        transaction.put(where, encode(part), expect=before.version if before else ABSENT)
        state.collector.use_part(transaction, part)
        if before is not None:
            state.collector.release_part(transaction, decode_part(before.value))
        await state.store.commit(transaction)

    await retried(attempt)


@SERVICE.operation(hot=True, refuses=REFUSED_KEYS)
async def list_parts(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    upload_id: str,
    max_parts: int | None = None,
    part_number_marker: int | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    _, upload, _ = await find_upload(ctx, found, key, upload_id)
    most, marker = page_size(max_parts, "max-parts"), part_number_marker or 0
    base = keys.parts(upload.id)
    records = await ctx.state.store.scan(base, after=(*base, marker), limit=most + 1) if most else []
    listed = [decode_part(record.value) for record in records[:most]]
    who = owner(found.bucket.account)
    output: dict[str, Any] = {
        "Bucket": bucket,
        "Key": key,
        "UploadId": upload.id,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": listed[-1].number if listed else 0,
        "MaxParts": most,
        "IsTruncated": len(records) > most,
        "Parts": [listed_part(part, upload) for part in listed],
        "Initiator": who | {"DisplayName": found.bucket.account},
        "Owner": who,
        "StorageClass": "STANDARD",
    }
    if upload.declared:
        output |= {"ChecksumAlgorithm": upload.algorithm, "ChecksumType": upload.checksum_type}
    return output


def listed_part(part: Part, upload: Upload) -> dict[str, Any]:
    listed = {
        "PartNumber": part.number,
        "LastModified": part.modified_ms,
        "ETag": f'"{part.etag}"',
        "Size": part.size,
    }
    return listed | (shown(part.checksum, with_type=False) if upload.declared else {})
