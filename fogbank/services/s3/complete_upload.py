"""CompleteMultipartUpload: an upload's parts become the object. They stay where they lie; no content is moved."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Any

from fogbank.core.errors import AwsError, NotSupported
from fogbank.model import checksums
from fogbank.model.call import Call
from fogbank.services.s3 import keys
from fogbank.services.s3.checking import sent_checksum, shown
from fogbank.services.s3.limits import LIST_KEYS_MAX, PART_BYTES_MIN, PARTS_MAX
from fogbank.services.s3.lookup import FoundBucket, bucket_of, find_object
from fogbank.services.s3.put_object import ENCRYPTION, put_record
from fogbank.services.s3.records import Checksum, Object, Part, Upload, decode_part
from fogbank.services.s3.service import SERVICE, failure, invalid_request, malformed_xml
from fogbank.services.s3.settings import REFUSED_CHECKSUMS, REFUSED_KEYS
from fogbank.services.s3.state import S3, retried
from fogbank.services.s3.uploads import COMPOSITE, FULL_OBJECT, find_upload
from fogbank.store.api import Record, Transaction


@SERVICE.operation(hot=True, refuses=REFUSED_KEYS | REFUSED_CHECKSUMS)
async def complete_multipart_upload(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    upload_id: str,
    multipart_upload: dict[str, Any] | None = None,
    checksum_crc32: str | None = None,
    checksum_crc32_c: str | None = None,
    checksum_crc64_nvme: str | None = None,
    checksum_sha1: str | None = None,
    checksum_sha256: str | None = None,
    checksum_type: str | None = None,
    mpu_object_size: int | None = None,
    if_match: str | None = None,
    if_none_match: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    """Again with the same parts after it has succeeded: the same answer, as long as the object is that one."""
    wanted = (multipart_upload or {}).get("Parts") or []
    _check_order(wanted, upload_id)
    sent = {
        "CRC32": checksum_crc32,
        "CRC32C": checksum_crc32_c,
        "CRC64NVME": checksum_crc64_nvme,
        "SHA1": checksum_sha1,
        "SHA256": checksum_sha256,
    }
    state = ctx.state

    async def attempt() -> Object:
        found = await bucket_of(ctx, bucket, expected_bucket_owner)
        try:
            where, upload, version = await find_upload(ctx, found, key, upload_id)
        except AwsError as gone:
            return await _completed_before(ctx, found, key, upload_id, gone)
        records = await _all_parts(state, upload.id)
        parts = _chosen(wanted, {int(str(record.key[-1])): record for record in records}, upload)
        transaction = Transaction().delete(where, expect=version)
        made = _object(state, upload, parts)
        _check_whole(made, sent, checksum_type, mpu_object_size)
        await put_record(ctx, found, key, made, transaction, if_match, if_none_match)
        kept = {part.number for part in parts}
        for record in records:
            if int(str(record.key[-1])) in kept:
                transaction.check(record.key, record.version)
            else:
                transaction.delete(record.key, expect=record.version)
                state.collector.release_part(transaction, decode_part(record.value))
        await state.store.commit(transaction)
        return made

    made = await retried(attempt)
    scheme = "https" if ctx.caller.secure else "http"
    output: dict[str, Any] = {
        "Location": f"{scheme}://{ctx.caller.host or 's3.amazonaws.com'}/{bucket}/{key}",
        "Bucket": bucket,
        "Key": key,
        "ETag": f'"{made.etag}"',
        "ServerSideEncryption": ENCRYPTION,
    }
    return output | shown(made.checksum)


def _check_order(wanted: list[dict[str, Any]], upload_id: str) -> None:
    numbers = [part["PartNumber"] for part in wanted if "PartNumber" in part]
    if not wanted or not len(wanted) == len(numbers) <= PARTS_MAX:
        raise malformed_xml()
    if any(number >= after for number, after in pairwise(numbers)):
        raise failure(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
            UploadId=upload_id,
        )


async def _all_parts(state: S3, upload_id: str) -> list[Record]:
    found: list[Record] = []
    base = keys.parts(upload_id)
    while True:
        after = found[-1].key if found else None
        records = await state.store.scan(base, after=after, limit=LIST_KEYS_MAX)
        found += records
        if len(records) < LIST_KEYS_MAX:
            return found


def _chosen(wanted: list[dict[str, Any]], records: dict[int, Record], upload: Upload) -> list[Part]:
    """The parts that the request names, checked against what was uploaded."""
    chosen: list[Part] = []
    for each in wanted:
        record = records.get(each["PartNumber"])
        part = decode_part(record.value) if record else None
        etag = str(each.get("ETag", "")).strip('"')
        if part is None or part.etag != etag or not _same_checksum(each, part, upload):
            raise failure(
                "InvalidPart",
                "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
                "specified entity tag may not match the part's entity tag.",
                ETag=etag,
                PartNumber=each["PartNumber"],
                UploadId=upload.id,
            )
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < PART_BYTES_MIN:
            raise failure(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
                ETag=part.etag,
                MinSizeAllowed=PART_BYTES_MIN,
                PartNumber=part.number,
                ProposedSize=part.size,
            )
    return chosen


def _same_checksum(each: dict[str, Any], part: Part, upload: Upload) -> bool:
    """Whether the checksums that the request gives for a part are the part's. A composite one demands them."""
    given = {
        name: each[member] for name in checksums.ALGORITHMS if (member := checksums.member_of(name)) in each
    }
    if upload.declared and upload.checksum_type == COMPOSITE and upload.algorithm not in given:
        raise invalid_request(
            f"The upload was created using a {upload.algorithm.lower()} checksum. The complete request must include the "
            f"checksum for each part. It was missing for part {part.number} in the request."
        )
    return all(
        part.checksum is not None and part.checksum.algorithm == name and part.checksum.value == value
        for name, value in given.items()
    )


def _object(state: S3, upload: Upload, parts: list[Part]) -> Object:
    """The object whose generation is the upload's id: its parts lie under it already."""
    md5 = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
    return Object(
        upload.id,
        sum(part.size for part in parts),
        f"{md5.hexdigest()}-{len(parts)}",
        state.now_ms(),
        "",
        _checksum(upload, parts),
        upload.settings,
        len(parts),
    )


def _checksum(upload: Upload, parts: list[Part]) -> Checksum:
    algorithm = upload.algorithm
    digests = [
        (checksums.read(algorithm, part.checksum.value) or b"", part.size) for part in parts if part.checksum
    ]
    if upload.checksum_type == FULL_OBJECT:
        return Checksum(algorithm, checksums.written(checksums.combine(algorithm, digests)))
    value = checksums.checksum(algorithm, b"".join(digest for digest, _ in digests))
    return Checksum(algorithm, f"{value}-{len(parts)}", COMPOSITE)


def _check_whole(
    made: Object, sent: dict[str, str | None], checksum_type: str | None, size: int | None
) -> None:
    """What the request says of the whole object."""
    checksum = made.checksum
    assert checksum is not None
    if size is not None and size != made.size:
        raise invalid_request(
            f"The provided 'x-amz-mp-object-size' header value {size} does not match what was computed: {made.size}"
        )
    if checksum_type is not None and checksum_type != checksum.type:
        raise invalid_request(
            f"The upload was created using the {checksum.type} checksum mode. The complete request must use the same "
            "checksum mode."
        )
    bare = {name: value.partition("-")[0] if value else None for name, value in sent.items()}
    given = sent_checksum(bare, None)
    if given is None:
        return
    if checksum.type == COMPOSITE and sent[given[0]] == given[1]:
        raise NotSupported("checksums of the whole on completing S3 uploads of composite checksums")
    if given[0] != checksum.algorithm or sent[given[0]] != checksum.value:
        raise failure(
            "BadDigest", f"The {given[0].lower()} you specified did not match the calculated checksum."
        )


async def _completed_before(
    ctx: Call[S3], found: FoundBucket, key: str, upload_id: str, gone: AwsError
) -> Object:
    """A client that lost the answer asks again."""
    held = (await find_object(ctx, found, key)).held
    if held is None or held.generation != upload_id:
        raise gone
    return held
