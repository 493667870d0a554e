"""GetObject and HeadObject: whole, a range, or a part; conditional; with headers of the caller's choice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fogbank.model.call import Call
from fogbank.services.s3.checking import shown
from fogbank.services.s3.conditions import Conditions
from fogbank.services.s3.content import parts_of, read, segments_of, stretch
from fogbank.services.s3.lookup import bucket_of, object_of
from fogbank.services.s3.put_object import ENCRYPTION
from fogbank.services.s3.records import Object
from fogbank.services.s3.service import SERVICE, failure, invalid_argument, invalid_request
from fogbank.services.s3.settings import REFUSED_KEYS
from fogbank.services.s3.state import S3

PARTIAL = 206
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which bytes are answered; `partial` when the request asked for less than all."""

    start: int
    size: int
    partial: bool


@SERVICE.operation(hot=True, refuses=REFUSED_KEYS)
async def get_object(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    if_match: str | None = None,
    if_modified_since: int | None = None,
    if_none_match: str | None = None,
    if_unmodified_since: int | None = None,
    range: str | None = None,
    response_cache_control: str | None = None,
    response_content_disposition: str | None = None,
    response_content_encoding: str | None = None,
    response_content_language: str | None = None,
    response_content_type: str | None = None,
    response_expires: int | None = None,
    version_id: str | None = None,
    part_number: int | None = None,
    expected_bucket_owner: str | None = None,
    checksum_mode: str | None = None,
) -> dict[str, Any]:
    """The content and what goes with it. `Body` is bytes, or an iterator of them when it is large."""
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    held = await object_of(ctx, found, key, version_id)
    Conditions(if_match, if_none_match, if_modified_since, if_unmodified_since).check_read(held)
    which = await _stretch(ctx, held, range, part_number)
    segments = await segments_of(ctx.state, held)
    if which.partial:
        segments = stretch(segments, which.start, which.size)
    overrides = {
        "CacheControl": response_cache_control,
        "ContentDisposition": response_content_disposition,
        "ContentEncoding": response_content_encoding,
        "ContentLanguage": response_content_language,
        "ContentType": response_content_type,
        "Expires": response_expires,
    }
    output = _described(held, which, overrides, checksum_mode, part_number)
    return output | {"Body": await read(ctx.state, segments)}


@SERVICE.operation(hot=True, refuses=REFUSED_KEYS)
async def head_object(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    if_match: str | None = None,
    if_modified_since: int | None = None,
    if_none_match: str | None = None,
    if_unmodified_since: int | None = None,
    range: str | None = None,
    response_cache_control: str | None = None,
    response_content_disposition: str | None = None,
    response_content_encoding: str | None = None,
    response_content_language: str | None = None,
    response_content_type: str | None = None,
    response_expires: int | None = None,
    version_id: str | None = None,
    part_number: int | None = None,
    expected_bucket_owner: str | None = None,
    checksum_mode: str | None = None,
) -> dict[str, Any]:
    """The same without the content."""
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    held = await object_of(ctx, found, key, version_id)
    Conditions(if_match, if_none_match, if_modified_since, if_unmodified_since).check_read(held)
    which = await _stretch(ctx, held, range, part_number)
    overrides = {
        "CacheControl": response_cache_control,
        "ContentDisposition": response_content_disposition,
        "ContentEncoding": response_content_encoding,
        "ContentLanguage": response_content_language,
        "ContentType": response_content_type,
        "Expires": response_expires,
    }
    return _described(held, which, overrides, checksum_mode, part_number)


def _described(
    held: Object,
    which: Stretch,
    overrides: dict[str, Any],
    checksum_mode: str | None,
    part_number: int | None,
) -> dict[str, Any]:
    output: dict[str, Any] = {
        "AcceptRanges": "bytes",
        "LastModified": held.modified_ms,
        "ContentLength": which.size,
        "ETag": f'"{held.etag}"',
        "ServerSideEncryption": ENCRYPTION,
        "Metadata": held.settings.metadata,
    }
    output |= held.settings.headers | {name: value for name, value in overrides.items() if value is not None}
    if held.settings.tags:
        output["TagCount"] = len(held.settings.tags)
    if part_number is not None and held.part_count:
        output["PartsCount"] = held.part_count
    if which.partial:
        output["HttpStatus"] = PARTIAL
        output["ContentRange"] = f"bytes {which.start}-{which.start + which.size - 1}/{held.size}"
    if checksum_mode == "ENABLED" and which.size == held.size:
        output |= shown(held.checksum)
    return output


async def _stretch(ctx: Call[S3], held: Object, header: str | None, part_number: int | None) -> Stretch:
    if part_number is not None:
        if header is not None:
            raise invalid_request("Cannot specify both Range header and partNumber query parameter")
        return await _part(ctx, held, part_number)
    asked = None if header is None else range_of(header, held.size)
    return asked or Stretch(0, held.size, partial=False)


def range_of(header: str, size: int) -> Stretch | None:
    """The stretch that a Range header asks for; None for one that S3 does not heed. Raises InvalidRange."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        wanted = min(int(found[2]), size)
        start, end = size - wanted, size - 1
    else:
        start = int(found[1])
        end = min(int(found[2]), size - 1) if found[2] else size - 1
        if found[2] and int(found[2]) < start:
            return None
    if start >= size or end < start:
        raise failure(
            "InvalidRange",
            "The requested range is not satisfiable",
            416,
            ActualObjectSize=size,
            RangeRequested=header,
        )
    return Stretch(start, end - start + 1, partial=True)


async def _part(ctx: Call[S3], held: Object, number: int) -> Stretch:
    if not 1 <= number <= 10_000:
        message = "Part number must be an integer between 1 and 10000, inclusive"
        raise invalid_argument(message, "partNumber", number)
    start = 0
    if held.sha:
        if number == 1:
            return Stretch(0, held.size, partial=held.size > 0)
    else:
        async for part in parts_of(ctx.state, held.generation):
            if part.number == number:
                return Stretch(start, part.size, partial=True)
            start += part.size
    raise failure(
        "InvalidPartNumber",
        "The requested partnumber is not satisfiable",
        416,
        ActualPartCount=held.part_count or 1,
        PartNumberRequested=number,
    )
