"""CopyObject. The copy refers to the same blobs: no content is written, and it is read only where a digest must be made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.model import checksums
from fogbank.model.call import Call
from fogbank.services.s3 import keys
from fogbank.services.s3.checking import DEFAULT, shown
from fogbank.services.s3.conditions import Conditions
from fogbank.services.s3.content import digest_segments, segments_of
from fogbank.services.s3.copy_source import Source, source_of
from fogbank.services.s3.limits import COPY_BYTES_MAX
from fogbank.services.s3.lookup import bucket_of
from fogbank.services.s3.put_object import ENCRYPTION, put_record
from fogbank.services.s3.records import Checksum, Object, Part, Segment, Settings, encode
from fogbank.services.s3.service import SERVICE, invalid_argument, invalid_request
from fogbank.services.s3.settings import REFUSED, check_refused, settings_of, tags_of_header
from fogbank.services.s3.state import S3, retried
from fogbank.store.api import Transaction

_DIRECTIVES = (None, "COPY", "REPLACE")


@SERVICE.operation(
    hot=True,
    refuses=REFUSED
    | {
        "AnnotationDirective",
        "CopySourceSSECustomerAlgorithm",
        "CopySourceSSECustomerKey",
        "CopySourceSSECustomerKeyMD5",
    },
)
async def copy_object(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    copy_source: str,
    acl: str | None = None,
    cache_control: str | None = None,
    checksum_algorithm: str | None = None,
    content_disposition: str | None = None,
    content_encoding: str | None = None,
    content_language: str | None = None,
    content_type: str | None = None,
    copy_source_if_match: str | None = None,
    copy_source_if_modified_since: int | None = None,
    copy_source_if_none_match: str | None = None,
    copy_source_if_unmodified_since: int | None = None,
    expires: int | None = None,
    if_match: str | None = None,
    if_none_match: str | None = None,
    metadata: dict[str, str] | None = None,
    metadata_directive: str | None = None,
    tagging_directive: str | None = None,
    server_side_encryption: str | None = None,
    storage_class: str | None = None,
    tagging: str | None = None,
    expected_bucket_owner: str | None = None,
    expected_source_bucket_owner: str | None = None,
) -> dict[str, Any]:
    check_refused(acl, server_side_encryption)
    for name, directive in (("metadata", metadata_directive), ("tagging", tagging_directive)):
        if directive not in _DIRECTIVES:
            raise invalid_argument(f"Unknown {name} directive.", f"x-amz-{name}-directive", directive)
    if checksum_algorithm is not None and checksum_algorithm not in checksums.ALGORITHMS:
        raise NotSupported(f"the S3 checksum {checksum_algorithm}")
    await bucket_of(ctx, bucket, expected_bucket_owner)
    conditions = Conditions(
        copy_source_if_match,
        copy_source_if_none_match,
        copy_source_if_modified_since,
        copy_source_if_unmodified_since,
        "x-amz-copy-source-",
    )
    source = await source_of(ctx, copy_source, expected_source_bucket_owner, conditions)
    headers = {
        "CacheControl": cache_control,
        "ContentDisposition": content_disposition,
        "ContentEncoding": content_encoding,
        "ContentLanguage": content_language,
        "ContentType": content_type,
        "Expires": expires,
    }
    settings = settings_of(headers, metadata, None, storage_class)
    if metadata_directive != "REPLACE":
        settings = source.held.settings
        same = (source.bucket, source.key) == (bucket, key)
        if (
            same
            and tagging_directive != "REPLACE"
            and storage_class is None
            and server_side_encryption is None
        ):
            raise invalid_request(
                "This copy request is illegal because it is trying to copy an object to itself without changing the "
                "object's metadata, storage class, website redirect location or encryption attributes."
            )
    tags = tags_of_header(tagging) if tagging_directive == "REPLACE" else source.held.settings.tags
    copied = await _copy(
        ctx, bucket, key, source, replace(settings, tags=tags), checksum_algorithm, (if_match, if_none_match)
    )
    result = {"ETag": f'"{copied.etag}"', "LastModified": copied.modified_ms} | shown(copied.checksum)
    return {"CopyObjectResult": result, "ServerSideEncryption": ENCRYPTION}


async def _copy(
    ctx: Call[S3],
    bucket: str,
    key: str,
    source: Source,
    settings: Settings,
    algorithm: str | None,
    conditions: tuple[str | None, str | None],
) -> Object:
    state, held = ctx.state, source.held
    if held.size > COPY_BYTES_MAX:
        raise invalid_request(
            f"The specified copy source is larger than the maximum allowable size for a copy source: {COPY_BYTES_MAX}"
        )
    segments = await segments_of(state, held)
    with state.collector.pinned(*{segment.sha for segment in segments}):
        etag, checksum = await _digests(state, held, segments, algorithm)
        made = Object(state.new_generation(), held.size, etag, state.now_ms(), held.sha, checksum, settings)

        async def attempt() -> None:
            transaction = Transaction()
            await put_record(ctx, await bucket_of(ctx, bucket), key, made, transaction, *conditions)
            _use(state, made, segments, transaction)
            await state.store.commit(transaction)

        await retried(attempt)
    return made


async def _digests(
    state: S3, held: Object, segments: list[Segment], algorithm: str | None
) -> tuple[str, Checksum]:
    """The MD5 and checksum of the copy: the source's, where it was not made of parts and the algorithm is the same."""
    wanted = algorithm or (held.checksum.algorithm if held.checksum else DEFAULT)
    kept = held.checksum
    if kept is not None and kept.algorithm == wanted and kept.type == "FULL_OBJECT" and not held.part_count:
        return held.etag, kept
    md5, digest = await digest_segments(state, segments, wanted)
    return md5, Checksum(wanted, checksums.written(digest))


def _use(state: S3, made: Object, segments: list[Segment], transaction: Transaction) -> None:
    if made.sha:
        state.collector.use(transaction, made.sha, made.generation)
        return
    for number, segment in enumerate(segments, 1):
        use = f"{made.generation} {number}"
        part = Part(number, segment.size, "", made.modified_ms, [segment], None, use)
        transaction.put((*keys.parts(made.generation), number), encode(part))
        state.collector.use_part(transaction, part)
