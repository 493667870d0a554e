"""ListObjects, ListObjectsV2 and ListObjectVersions: one walk, three forms of answer."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.model import page_tokens
from fogbank.model.call import Call
from fogbank.services.s3 import keys
from fogbank.services.s3.listing import Page, encoded, list_page, page_size, wants_url
from fogbank.services.s3.lookup import NULL_VERSION, FoundBucket, bucket_of, owner
from fogbank.services.s3.records import decode_object
from fogbank.services.s3.service import SERVICE, invalid_argument
from fogbank.services.s3.state import S3
from fogbank.store.api import Record

_TOKEN = "s3 ListObjectsV2"
_REFUSED = frozenset({"OptionalObjectAttributes", "RequestPayer"})


@SERVICE.operation(hot=True, refuses=_REFUSED)
async def list_objects(
    ctx: Call[S3],
    *,
    bucket: str,
    delimiter: str = "",
    encoding_type: str | None = None,
    marker: str = "",
    max_keys: int | None = None,
    prefix: str = "",
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    url, most = wants_url(encoding_type), page_size(max_keys, "max-keys")
    page = await list_page(
        ctx.state.store, keys.objects(found.id), prefix=prefix, delimiter=delimiter, after=marker, most=most
    )
    output = _answer(found, page, prefix, delimiter, most, url) | {"Marker": encoded(marker, url)}
    output |= _contents(found, page, url, with_owner=True)
    if page.truncated and delimiter:
        output["NextMarker"] = encoded(page.last, url)
    return output


@SERVICE.operation(hot=True, refuses=_REFUSED)
async def list_objects_v2(
    ctx: Call[S3],
    *,
    bucket: str,
    delimiter: str = "",
    encoding_type: str | None = None,
    max_keys: int | None = None,
    prefix: str = "",
    continuation_token: str | None = None,
    fetch_owner: bool = False,
    start_after: str | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    url, most = wants_url(encoding_type), page_size(max_keys, "max-keys")
    after = start_after or ""
    if continuation_token is not None:
        after = _opened(continuation_token)
    page = await list_page(
        ctx.state.store, keys.objects(found.id), prefix=prefix, delimiter=delimiter, after=after, most=most
    )
    output = _answer(found, page, prefix, delimiter, most, url) | {"KeyCount": len(page)}
    output |= _contents(found, page, url, with_owner=fetch_owner)
    if continuation_token is not None:
        output["ContinuationToken"] = continuation_token
    elif start_after is not None:
        output["StartAfter"] = encoded(start_after, url)
    if page.truncated:
        output["NextContinuationToken"] = page_tokens.seal(_TOKEN, page.last)
    return output


def _opened(token: str) -> str:
    try:
        return str(page_tokens.unseal(_TOKEN, token))
    except page_tokens.ForeignToken:
        message = "The continuation token provided is incorrect"
        raise invalid_argument(message, "continuation-token") from None


@SERVICE.operation(hot=True, refuses=_REFUSED)
async def list_object_versions(
    ctx: Call[S3],
    *,
    bucket: str,
    delimiter: str = "",
    encoding_type: str | None = None,
    key_marker: str = "",
    max_keys: int | None = None,
    prefix: str = "",
    version_id_marker: str = "",
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    """Without versioning each object has one version, the null version."""
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    if version_id_marker and not key_marker:
        message = "A version-id marker cannot be specified without a key marker."
        raise invalid_argument(message, "version-id-marker", version_id_marker)
    if version_id_marker not in ("", NULL_VERSION):
        raise NotSupported("S3 versioning")
    url, most = wants_url(encoding_type), page_size(max_keys, "max-keys")
    page = await list_page(
        ctx.state.store,
        keys.objects(found.id),
        prefix=prefix,
        delimiter=delimiter,
        after=key_marker,
        most=most,
    )
    output = _answer(found, page, prefix, delimiter, most, url)
    output |= {"KeyMarker": encoded(key_marker, url), "VersionIdMarker": version_id_marker}
    versions = [
        _entry(found, record, url, with_owner=True) | {"IsLatest": True, "VersionId": NULL_VERSION}
        for record in page.records
    ]
    if versions:
        output["Versions"] = versions
    if page.truncated:
        output["NextKeyMarker"] = encoded(page.last, url)
        if not page.prefixes or page.last != page.prefixes[-1]:
            output["NextVersionIdMarker"] = NULL_VERSION
    return output


def _answer(
    found: FoundBucket, page: Page, prefix: str, delimiter: str, most: int, url: bool
) -> dict[str, Any]:
    output: dict[str, Any] = {
        "Name": found.bucket.name,
        "Prefix": encoded(prefix, url),
        "MaxKeys": most,
        "IsTruncated": page.truncated,
    }
    if url:
        output["EncodingType"] = "url"
    if delimiter:
        output["Delimiter"] = encoded(delimiter, url)
    if page.prefixes:
        output["CommonPrefixes"] = [{"Prefix": encoded(each, url)} for each in page.prefixes]
    return output


def _contents(found: FoundBucket, page: Page, url: bool, *, with_owner: bool) -> dict[str, Any]:
    contents = [_entry(found, record, url, with_owner=with_owner) for record in page.records]
    return {"Contents": contents} if contents else {}


def _entry(found: FoundBucket, record: Record, url: bool, *, with_owner: bool) -> dict[str, Any]:
    held = decode_object(record.value)
    entry: dict[str, Any] = {
        "Key": encoded(str(record.key[-1]), url),
        "LastModified": held.modified_ms,
        "ETag": f'"{held.etag}"',
        "Size": held.size,
        "StorageClass": "STANDARD",
    }
    if held.checksum is not None:
        entry |= {"ChecksumAlgorithm": [held.checksum.algorithm], "ChecksumType": held.checksum.type}
    if with_owner:
        entry["Owner"] = owner(found.bucket.account)
    return entry
