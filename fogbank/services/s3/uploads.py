"""Uploads of parts: begin, abort, list."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.model import checksums
from fogbank.model.call import Call
from fogbank.services.s3 import keys
from fogbank.services.s3.checking import DEFAULT
from fogbank.services.s3.listing import encoded, list_page, page_size, wants_url
from fogbank.services.s3.lookup import FoundBucket, bucket_of, check_writable, find_object, owner
from fogbank.services.s3.put_object import ENCRYPTION
from fogbank.services.s3.records import Upload, decode_upload, encode
from fogbank.services.s3.service import (
    SERVICE,
    invalid_argument,
    invalid_request,
    no_upload,
    precondition_failed,
)
from fogbank.services.s3.settings import REFUSED, check_refused, settings_of
from fogbank.services.s3.state import S3, is_upload_of, retried
from fogbank.store.api import Key, Transaction

COMPOSITE, FULL_OBJECT = "COMPOSITE", "FULL_OBJECT"


@SERVICE.operation(hot=True, refuses=REFUSED)
async def create_multipart_upload(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    acl: str | None = None,
    cache_control: str | None = None,
    content_disposition: str | None = None,
    content_encoding: str | None = None,
    content_language: str | None = None,
    content_type: str | None = None,
    expires: int | None = None,
    metadata: dict[str, str] | None = None,
    server_side_encryption: str | None = None,
    storage_class: str | None = None,
    tagging: str | None = None,
    expected_bucket_owner: str | None = None,
    checksum_algorithm: str | None = None,
    checksum_type: str | None = None,
) -> dict[str, Any]:
    check_refused(acl, server_side_encryption)
    headers = {
        "CacheControl": cache_control,
        "ContentDisposition": content_disposition,
        "ContentEncoding": content_encoding,
        "ContentLanguage": content_language,
        "ContentType": content_type,
        "Expires": expires,
    }
    state = ctx.state
    algorithm, kind = _checksum_of(checksum_algorithm, checksum_type)
    upload = Upload(
        state.new_upload_id(key),
        state.now_ms(),
        settings_of(headers, metadata, tagging, storage_class),
        algorithm,
        kind,
        checksum_algorithm is not None,
    )

    async def attempt() -> None:
        found = await bucket_of(ctx, bucket, expected_bucket_owner)
        await find_object(ctx, found, key)  # refuses keys that are too long
        transaction = Transaction()
        check_writable(ctx, found, transaction)
        transaction.put((*keys.uploads(found.id), key, upload.id), encode(upload))
        await state.store.commit(transaction)

    await retried(attempt)
    output = {"Bucket": bucket, "Key": key, "UploadId": upload.id, "ServerSideEncryption": ENCRYPTION}
    if upload.declared:
        output |= {"ChecksumAlgorithm": algorithm, "ChecksumType": kind}
    return output


def _checksum_of(algorithm: str | None, kind: str | None) -> tuple[str, str]:
    if algorithm is None:
        if kind is not None:
            raise invalid_request(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            )
        return DEFAULT, FULL_OBJECT
    if algorithm not in checksums.ALGORITHMS:
        raise NotSupported(f"the S3 checksum {algorithm}")
    default = FULL_OBJECT if algorithm == DEFAULT else COMPOSITE
    kind = kind or default
    if kind not in (COMPOSITE, FULL_OBJECT):
        raise invalid_request("Value for x-amz-checksum-type header is invalid.")
    wrong = algorithm not in checksums.COMBINABLE if kind == FULL_OBJECT else algorithm == DEFAULT
    if wrong:
        raise invalid_request(
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )
    return algorithm, kind


async def find_upload(ctx: Call[S3], found: FoundBucket, key: str, upload_id: str) -> tuple[Key, Upload, int]:
    """An upload under way: its key, itself, the version of its record. Raises NoSuchUpload."""
    where = (*keys.uploads(found.id), key, upload_id)
    record = await ctx.state.store.get(where)
    if record is None:
        raise no_upload(upload_id)
    return where, decode_upload(record.value), record.version


@SERVICE.operation(hot=True, refuses={"RequestPayer"})
async def abort_multipart_upload(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    upload_id: str,
    expected_bucket_owner: str | None = None,
    if_match_initiated_time: int | None = None,
) -> None:
    async def attempt() -> None:
        found = await bucket_of(ctx, bucket, expected_bucket_owner)
        where, upload, version = await find_upload(ctx, found, key, upload_id)
        if if_match_initiated_time not in (None, upload.initiated_ms):
            raise precondition_failed("x-amz-if-match-initiated-time")
        transaction = Transaction().delete(where, expect=version)
        ctx.state.collector.release_parts(transaction, upload.id)
        await ctx.state.store.commit(transaction)

    await retried(attempt)


@SERVICE.operation(hot=True, refuses={"RequestPayer"})
async def list_multipart_uploads(
    ctx: Call[S3],
    *,
    bucket: str,
    delimiter: str = "",
    encoding_type: str | None = None,
    key_marker: str = "",
    max_uploads: int | None = None,
    prefix: str = "",
    upload_id_marker: str = "",
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    """By key, then by when they began. `upload_id_marker` counts only beside a key marker."""
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    url, most = wants_url(encoding_type), page_size(max_uploads, "max-uploads")
    base = keys.uploads(found.id)
    if key_marker and upload_id_marker and not is_upload_of(upload_id_marker, key_marker):
        raise invalid_argument("Invalid uploadId marker", "upload-id-marker", upload_id_marker)
    behind = (*base, key_marker, upload_id_marker) if key_marker and upload_id_marker else None
    page = await list_page(
        ctx.state.store,
        base,
        prefix=prefix,
        delimiter=delimiter,
        after=key_marker,
        most=most,
        after_key=behind,
    )
    uploads = [(str(record.key[-2]), decode_upload(record.value)) for record in page.records]
    output: dict[str, Any] = {
        "Bucket": bucket,
        "KeyMarker": encoded(key_marker, url),
        "UploadIdMarker": upload_id_marker if key_marker else "",
        "MaxUploads": most,
        "IsTruncated": page.truncated,
        "Uploads": [_listed(found, key, upload, url) for key, upload in uploads],
    }
    # As recorded: a page that ends in a common prefix has empty markers.
    ends_in_key = bool(uploads) and page.last == uploads[-1][0]
    output["NextKeyMarker"] = encoded(page.last, url) if ends_in_key else ""
    output["NextUploadIdMarker"] = uploads[-1][1].id if ends_in_key else ""
    if prefix:
        output["Prefix"] = encoded(prefix, url)
    if url:
        output["EncodingType"] = "url"
    if delimiter:
        output["Delimiter"] = encoded(delimiter, url)
    if page.prefixes:
        output["CommonPrefixes"] = [{"Prefix": encoded(each, url)} for each in page.prefixes]
    return output


def _listed(found: FoundBucket, key: str, upload: Upload, url: bool) -> dict[str, Any]:
    who = owner(found.bucket.account)
    listed: dict[str, Any] = {
        "UploadId": upload.id,
        "Key": encoded(key, url),
        "Initiated": upload.initiated_ms,
        "StorageClass": "STANDARD",
        "Owner": who,
        "Initiator": who | {"DisplayName": found.bucket.account},
    }
    if upload.declared:
        listed |= {"ChecksumAlgorithm": upload.algorithm, "ChecksumType": upload.checksum_type}
    return listed
