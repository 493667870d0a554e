"""Buckets: create, look at, delete, list; their place, tags, and the settings that no bucket here has."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from fogbank.core.errors import Conflict, NotSupported
from fogbank.model import page_tokens
from fogbank.model.call import Call
from fogbank.model.loader import known_regions
from fogbank.services.s3 import keys
from fogbank.services.s3.limits import BUCKET_TAGS_MAX, BUCKETS_MAX, CLOSING_MS, LIST_BUCKETS_MAX
from fogbank.services.s3.lookup import bucket_of, owner
from fogbank.services.s3.records import Bucket, decode_bucket, encode
from fogbank.services.s3.service import SERVICE, failure, invalid_argument
from fogbank.services.s3.settings import tags_of_set
from fogbank.services.s3.state import S3, retried
from fogbank.store.api import ABSENT, Record, Transaction

CLASSIC_REGION = "us-east-1"  # its buckets have no LocationConstraint, and creating one again is no error
_NAME = re.compile(
    r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)"
)
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_TOKEN = "s3 ListBuckets"


@SERVICE.operation(
    hot=True,
    refuses={
        "BucketNamespace",
        "GrantFullControl",
        "GrantRead",
        "GrantReadACP",
        "GrantWrite",
        "GrantWriteACP",
    },
)
async def create_bucket(
    ctx: Call[S3],
    *,
    bucket: str,
    acl: str | None = None,
    create_bucket_configuration: dict[str, Any] | None = None,
    object_ownership: str | None = None,
    object_lock_enabled_for_bucket: bool = False,
) -> dict[str, Any]:
    """Create an empty bucket. Again in us-east-1: no error."""
    check_name(bucket)
    if acl not in (None, "private"):
        raise NotSupported(f"the S3 ACL {acl}")
    if object_ownership not in (None, "BucketOwnerEnforced"):
        raise NotSupported(f"the S3 object ownership {object_ownership}")
    if object_lock_enabled_for_bucket:
        raise NotSupported("S3 Object Lock")
    configuration = create_bucket_configuration or {}
    if refused := configuration.keys() - {"LocationConstraint", "Tags"}:
        raise NotSupported(f"s3 CreateBucket with {', '.join(sorted(refused))}")
    region = _region_of(ctx, configuration.get("LocationConstraint"))
    state = ctx.state
    made = Bucket(
        bucket,
        state.ids.hex(24),
        ctx.account,
        region,
        state.now_ms(),
        tags_of_set(configuration.get("Tags", []), BUCKET_TAGS_MAX),
    )
    if await state.store.count(keys.owned(ctx.account), limit=BUCKETS_MAX) >= BUCKETS_MAX:
        raise failure("TooManyBuckets", "You have attempted to create more buckets than allowed")
    transaction = Transaction().put(keys.bucket(bucket), encode(made), expect=ABSENT)
    transaction.put((*keys.owned(ctx.account), bucket), b"")
    try:
        await state.store.commit(transaction)
    except Conflict:
        await _check_taken(ctx, bucket)
    here = f"/{bucket}" if region == CLASSIC_REGION else f"http://{bucket}.s3.amazonaws.com/"
    return {"Location": here, "BucketArn": f"arn:{ctx.partition}:s3:::{bucket}"}


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or ".." in name or ".-" in name or "-." in name or _ADDRESS.fullmatch(name):
        raise failure("InvalidBucketName", "The specified bucket is not valid.", BucketName=name)


def _region_of(ctx: Call[S3], constraint: str | None) -> str:
    """Where a bucket is made: the region that the request was signed for, which its body must agree with."""
    if constraint == "EU":
        constraint = "eu-west-1"
    if ctx.region == CLASSIC_REGION:
        if constraint is None:
            return CLASSIC_REGION
        if constraint == CLASSIC_REGION or constraint not in known_regions():
            raise failure(
                "InvalidLocationConstraint",
                "The specified location-constraint is not valid",
                LocationConstraint=constraint,
            )
        return constraint
    if constraint != ctx.region:
        which = constraint or "unspecified"
        raise failure(
            "IllegalLocationConstraintException",
            f"The {which} location constraint is incompatible for the region specific endpoint this request was sent to.",
        )
    return ctx.region


async def _check_taken(ctx: Call[S3], name: str) -> None:
    record = await ctx.state.store.get(keys.bucket(name))
    if record is None:
        raise failure(
            "OperationAborted",
            "A conflicting operation is currently in progress against this resource. Please try again.",
            409,
        )
    held = decode_bucket(record.value)
    if held.account != ctx.account:
        raise failure(
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again.",
            409,
            BucketName=name,
        )
    if held.region != CLASSIC_REGION or ctx.region != CLASSIC_REGION:
        raise failure(
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
            409,
            BucketName=name,
        )


@SERVICE.operation(hot=True)
async def head_bucket(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = (await bucket_of(ctx, bucket, expected_bucket_owner)).bucket
    return {"BucketRegion": found.region, "BucketArn": f"arn:{ctx.partition}:s3:::{bucket}"}


@SERVICE.operation(hot=True)
async def get_bucket_location(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = (await bucket_of(ctx, bucket, expected_bucket_owner)).bucket
    return {"LocationConstraint": "" if found.region == CLASSIC_REGION else found.region}


@SERVICE.operation(hot=True)
async def delete_bucket(ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None) -> None:
    """Delete an empty bucket. Writers are kept out while it is looked at, so that none is acknowledged and lost."""

    async def attempt() -> None:
        state, found = ctx.state, await bucket_of(ctx, bucket, expected_bucket_owner)
        closing = replace(found.bucket, closing_until_ms=state.clock.now_ms() + CLOSING_MS)
        key = keys.bucket(bucket)
        shut = Transaction().put(key, encode(closing), expect=found.version)
        version = (await state.store.commit(shut)).versions[0]
        if await state.store.count(keys.objects(found.id), limit=1):
            opened = replace(found.bucket, closing_until_ms=0)
            await state.store.commit(Transaction().put(key, encode(opened), expect=version))
            raise failure(
                "BucketNotEmpty", "The bucket you tried to delete is not empty", 409, BucketName=bucket
            )
        transaction = Transaction().delete(key, expect=version)
        transaction.delete((*keys.owned(found.bucket.account), bucket))
        if await state.store.count(keys.uploads(found.id), limit=1):
            state.collector.release_uploads(transaction, found.id)
        await state.store.commit(transaction)

    await retried(attempt)


@SERVICE.operation(hot=True)
async def list_buckets(
    ctx: Call[S3],
    *,
    max_buckets: int | None = None,
    continuation_token: str | None = None,
    prefix: str = "",
    bucket_region: str | None = None,
) -> dict[str, Any]:
    """The account's buckets by name."""
    if bucket_region is not None and bucket_region not in known_regions():
        message = f"Argument value {bucket_region} is not a valid AWS Region"
        raise invalid_argument(message, "bucket-region")
    if max_buckets is not None and not 1 <= max_buckets <= LIST_BUCKETS_MAX:
        message = f"Argument max-buckets must be an integer between 1 and {LIST_BUCKETS_MAX}"
        raise invalid_argument(message, "max-buckets", max_buckets)
    after = _after(continuation_token)
    limit = max_buckets or LIST_BUCKETS_MAX
    buckets, more = await _page(ctx, prefix, after, bucket_region, limit)
    output: dict[str, Any] = {
        "Buckets": [
            {
                "Name": each.name,
                "CreationDate": each.created_ms,
                "BucketRegion": each.region,
                "BucketArn": f"arn:{ctx.partition}:s3:::{each.name}",
            }
            for each in buckets
        ],
        "Owner": owner(ctx.account),
    }
    if prefix:
        output["Prefix"] = prefix
    if more:
        output["ContinuationToken"] = page_tokens.seal(_TOKEN, buckets[-1].name)
    return output


def _after(token: str | None) -> str | None:
    if not token:
        return None
    try:
        return str(page_tokens.unseal(_TOKEN, token))
    except page_tokens.ForeignToken:
        message = "The continuation token provided is incorrect"
        raise invalid_argument(message, "continuation-token") from None


async def _page(
    ctx: Call[S3], prefix: str, after: str | None, region: str | None, limit: int
) -> tuple[list[Bucket], bool]:
    """The buckets of one page, and whether there are more."""
    store, base, found = ctx.state.store, keys.owned(ctx.account), list[Bucket]()
    low = after
    if low is None and prefix:  # the bucket whose name is the prefix lies before the range
        found += await _read(ctx, [await store.get((*base, prefix))], region)
        low = prefix
    high = (*base, keys.behind(prefix)) if prefix else None
    while len(found) <= limit:
        records = await store.scan(
            base, after=None if low is None else (*base, low), before=high, limit=min(limit + 1, 1000)
        )
        found += await _read(ctx, list(records), region)
        if len(records) < min(limit + 1, 1000):
            break
        low = str(records[-1].key[-1])
    return found[:limit], len(found) > limit


async def _read(ctx: Call[S3], owned: list[Record | None], region: str | None) -> list[Bucket]:
    named = [keys.bucket(str(record.key[-1])) for record in owned if record is not None]
    found = [decode_bucket(record.value) for record in await ctx.state.store.get_many(named) if record]
    return [each for each in found if each.account == ctx.account and region in (None, each.region)]
