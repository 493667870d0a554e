"""What clients give an object beside its content: headers, metadata, tags; and the settings that are refused by name."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from fogbank.core.errors import NotSupported
from fogbank.services.s3.limits import (
    BUCKET_TAGS_MAX,
    METADATA_BYTES_MAX,
    TAG_KEY_CHARS_MAX,
    TAG_VALUE_CHARS_MAX,
    TAGS_MAX,
)
from fogbank.services.s3.records import Settings
from fogbank.services.s3.service import failure, invalid_argument

DEFAULT_CONTENT_TYPE = "binary/octet-stream"
#: Members of PutObject, CopyObject and CreateMultipartUpload that fogbank refuses.
REFUSED = frozenset(
    {
        "BucketKeyEnabled",
        "GrantFullControl",
        "GrantRead",
        "GrantReadACP",
        "GrantWriteACP",
        "ObjectLockEventHold",
        "ObjectLockEventHoldDurationDays",
        "ObjectLockEventHoldDurationYears",
        "ObjectLockLegalHoldStatus",
        "ObjectLockMode",
        "ObjectLockRetainUntilDate",
        "RequestPayer",
        "SSECustomerAlgorithm",
        "SSECustomerKey",
        "SSECustomerKeyMD5",
        "SSEKMSEncryptionContext",
        "SSEKMSKeyId",
        "WebsiteRedirectLocation",
    }
)
#: Members about a customer's own encryption key, on reads and parts.
REFUSED_KEYS = frozenset({"SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5", "RequestPayer"})
#: Checksums that fogbank does not compute.
REFUSED_CHECKSUMS = frozenset(
    {"ChecksumMD5", "ChecksumSHA512", "ChecksumXXHASH128", "ChecksumXXHASH3", "ChecksumXXHASH64"}
)


def settings_of(
    headers: dict[str, Any], metadata: dict[str, str] | None, tagging: str | None, storage_class: str | None
) -> Settings:
    """An object's settings; absent headers are None. Raises S3's error of what is wrong."""
    if storage_class not in (None, "STANDARD"):
        raise NotSupported(f"the S3 storage class {storage_class}")
    size = sum(len(name.encode()) + len(value.encode()) for name, value in (metadata or {}).items())
    if size > METADATA_BYTES_MAX:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        raise failure("MetadataTooLarge", message, Size=size, MaxSizeAllowed=METADATA_BYTES_MAX)
    kept = {name: value for name, value in headers.items() if value is not None}
    kept.setdefault("ContentType", DEFAULT_CONTENT_TYPE)
    return Settings(kept, dict(metadata or {}), tags_of_header(tagging))


def check_refused(acl: str | None, encryption: str | None) -> None:
    """The access and encryption that fogbank has are the defaults of AWS; the others are refused."""
    if acl not in (None, "private", "bucket-owner-full-control"):
        raise NotSupported(f"the S3 ACL {acl}")
    if encryption not in (None, "AES256"):
        raise NotSupported(f"the S3 server-side encryption {encryption}")


def tags_of_header(text: str | None) -> dict[str, str]:
    """Tags written as a query string (`x-amz-tagging`)."""
    if not text:
        return {}
    pairs = parse_qsl(text, keep_blank_values=True)
    if len(dict(pairs)) != len(pairs):
        raise invalid_argument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
            "x-amz-tagging",
            text,
        )
    return checked_tags(dict(pairs), TAGS_MAX)


def tags_of_set(tag_set: list[dict[str, str]], most: int = TAGS_MAX) -> dict[str, str]:
    """Tags as a TagSet lists them."""
    tags = {tag["Key"]: tag["Value"] for tag in tag_set}
    if len(tags) != len(tag_set):
        raise failure("InvalidTag", "Cannot provide multiple Tags with the same key")
    return checked_tags(tags, most)


def checked_tags(tags: dict[str, str], most: int) -> dict[str, str]:
    if len(tags) > most:
        what = (
            "Bucket tag count cannot be greater than 50"
            if most == BUCKET_TAGS_MAX
            else "Object tags cannot be greater than 10"
        )
        raise failure("BadRequest", what)
    for key, value in tags.items():
        if not 0 < len(key) <= TAG_KEY_CHARS_MAX:
            raise failure("InvalidTag", "The TagKey you have provided is invalid", TagKey=key)
        if len(value) > TAG_VALUE_CHARS_MAX:
            raise failure(
                "InvalidTag", "The TagValue you have provided is invalid", TagKey=key, TagValue=value
            )
        if key.startswith("aws:"):
            raise failure("InvalidTag", "System tags cannot be added/updated by requester", TagKey=key)
    return tags


def tag_set(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
