"""The settings of buckets that fogbank cannot set: true answers to those who ask, as deployment tools do."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.s3.lookup import bucket_of, owner
from fogbank.services.s3.service import SERVICE, failure
from fogbank.services.s3.state import S3


@SERVICE.operation(hot=True)
async def get_bucket_versioning(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    """It was never enabled."""
    await bucket_of(ctx, bucket, expected_bucket_owner)


@SERVICE.operation(hot=True)
async def get_bucket_acl(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    """The owner's alone."""
    found = (await bucket_of(ctx, bucket, expected_bucket_owner)).bucket
    grantee = {"Type": "CanonicalUser"} | owner(found.account)
    return {
        "Owner": owner(found.account),
        "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}],
    }


@SERVICE.operation(hot=True)
async def get_bucket_policy(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    await bucket_of(ctx, bucket, expected_bucket_owner)
    raise _none("NoSuchBucketPolicy", "The bucket policy does not exist", bucket)


@SERVICE.operation(hot=True)
async def get_bucket_cors(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    await bucket_of(ctx, bucket, expected_bucket_owner)
    raise _none("NoSuchCORSConfiguration", "The CORS configuration does not exist", bucket)


@SERVICE.operation(hot=True)
async def get_bucket_lifecycle_configuration(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    await bucket_of(ctx, bucket, expected_bucket_owner)
    raise _none("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", bucket)


@SERVICE.operation(hot=True)
async def get_bucket_website(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    await bucket_of(ctx, bucket, expected_bucket_owner)
    message = "The specified bucket does not have a website configuration"
    raise _none("NoSuchWebsiteConfiguration", message, bucket)


@SERVICE.operation(hot=True)
async def get_bucket_replication(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    await bucket_of(ctx, bucket, expected_bucket_owner)
    message = "The replication configuration was not found"
    raise _none("ReplicationConfigurationNotFoundError", message, bucket)


@SERVICE.operation(hot=True)
async def get_object_lock_configuration(
    ctx: Call[S3], *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    await bucket_of(ctx, bucket, expected_bucket_owner)
    message = "Object Lock configuration does not exist for this bucket"
    raise _none("ObjectLockConfigurationNotFoundError", message, bucket)


def _none(code: str, message: str, bucket: str) -> AwsError:
    return failure(code, message, 404, BucketName=bucket)
