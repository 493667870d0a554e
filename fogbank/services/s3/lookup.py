"""Finding the bucket and the object that a request speaks of, and whether its caller may."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from fogbank.model.call import Call
from fogbank.services.s3 import keys
from fogbank.services.s3.limits import KEY_BYTES_MAX
from fogbank.services.s3.records import Bucket, Object, decode_bucket, decode_object
from fogbank.services.s3.service import access_denied, conflicting, failure, no_bucket, no_key, no_version
from fogbank.services.s3.state import S3
from fogbank.store.api import Key, Transaction

NULL_VERSION = "null"  # what objects of buckets without versioning have


@dataclass(frozen=True, slots=True)
class FoundBucket:
    """A bucket, and the version of its record."""

    bucket: Bucket
    version: int

    @property
    def id(self) -> str:
        return self.bucket.id


@dataclass(frozen=True, slots=True)
class FoundObject:
    """What a key holds, and the version of its record: None and 0 for nothing."""

    key: Key
    held: Object | None
    version: int


async def bucket_of(ctx: Call[S3], name: str, expected_owner: str | None = None) -> FoundBucket:
    """Raises NoSuchBucket; AccessDenied for one of another account (there are no bucket policies yet)."""
    record = await ctx.state.store.get(keys.bucket(name))
    if record is None:
        raise no_bucket(name)
    bucket = decode_bucket(record.value)
    if bucket.account != ctx.account or expected_owner not in (None, bucket.account):
        raise access_denied()
    return FoundBucket(bucket, record.version)


def check_writable(ctx: Call[S3], found: FoundBucket, transaction: Transaction) -> None:
    """With the commit that puts something into a bucket: the bucket still is, and is not being deleted."""
    if found.bucket.closing_until_ms > ctx.state.clock.now_ms():
        raise conflicting()
    transaction.check(keys.bucket(found.bucket.name), found.version)


async def find_object(ctx: Call[S3], bucket: FoundBucket, key: str) -> FoundObject:
    """What a key holds, be it nothing. Raises KeyTooLongError."""
    if len(key.encode("utf-8", "surrogatepass")) > KEY_BYTES_MAX:
        size = len(key.encode("utf-8", "surrogatepass"))
        raise failure("KeyTooLongError", "Your key is too long", Size=size, MaxSizeAllowed=KEY_BYTES_MAX)
    where = (*keys.objects(bucket.id), key)
    record = await ctx.state.store.get(where)
    if record is None:
        return FoundObject(where, None, 0)
    return FoundObject(where, decode_object(record.value), record.version)


async def object_of(ctx: Call[S3], bucket: FoundBucket, key: str, version_id: str | None = None) -> Object:
    """What a key holds. Raises NoSuchKey, NoSuchVersion."""
    check_version(key, version_id)
    held = (await find_object(ctx, bucket, key)).held
    if held is None:
        raise no_key(key)
    return held


def check_version(key: str, version_id: str | None) -> None:
    """Without versioning, the only version is the null version."""
    if version_id not in (None, NULL_VERSION):
        raise no_version(key, version_id or "")


def owner_id(account: str) -> str:
    """The canonical user id of an account."""
    return hashlib.sha256(f"fogbank {account}".encode()).hexdigest()


def owner(account: str) -> dict[str, str]:
    return {"ID": owner_id(account)}
