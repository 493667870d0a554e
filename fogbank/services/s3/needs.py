"""The permissions that S3's operations need: buckets and objects, other actions where a version is named, both ends of a copy."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from fogbank.core.arn import partition_of
from fogbank.model.call import Caller
from fogbank.model.permissions import Need, Needs, Params, Permissions
from fogbank.services.s3.service import SERVICE


def _object(caller: Caller, bucket: object, key: object) -> str:
    return f"arn:{partition_of(caller.region)}:s3:::{bucket}/{key}"


def _on_object(*actions: str) -> Needs:
    """The actions on the object; their `…Version` where the request names one."""

    def needs(caller: Caller, params: Params) -> Iterable[Need]:
        resource = _object(caller, params.get("Bucket"), params.get("Key"))
        for action in actions:
            versioned = f"{action}Version" if "VersionId" in params else action
            yield Need(f"s3:{versioned.replace('TaggingVersion', 'VersionTagging')}", resource, _keys(params))

    return needs


def _put(caller: Caller, params: Params) -> Iterable[Need]:
    resource = _object(caller, params.get("Bucket"), params.get("Key"))
    yield Need("s3:PutObject", resource)
    if params.get("Tagging"):
        yield Need("s3:PutObjectTagging", resource)


def _copy(caller: Caller, params: Params) -> Iterable[Need]:
    path, _, query = str(params.get("CopySource")).partition("?")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    version = query.startswith("versionId=")
    yield Need("s3:GetObjectVersion" if version else "s3:GetObject", _object(caller, bucket, key))
    yield from _put(caller, params)


def _keys(params: Params) -> dict[str, list[str]]:
    return {"s3:versionid": [str(params["VersionId"])]} if "VersionId" in params else {}


SERVICE.needs(
    Permissions(
        "s3",
        {
            "arn:aws:s3:::{Bucket}": """
                CreateBucket DeleteBucket DeleteBucketTagging GetBucketAcl GetBucketCors GetBucketLifecycleConfiguration GetBucketLocation
                GetBucketPolicy GetBucketReplication GetBucketTagging GetBucketVersioning GetBucketWebsite GetObjectLockConfiguration
                HeadBucket ListMultipartUploads ListObjectVersions ListObjects ListObjectsV2 PutBucketTagging""",
            "arn:aws:s3:::{Bucket}/{Key}": "AbortMultipartUpload CompleteMultipartUpload ListParts UploadPart",
            "*": "ListBuckets",
        },
        actions={
            "CompleteMultipartUpload": "PutObject",
            "DeleteBucketTagging": "PutBucketTagging",
            "GetBucketCors": "GetBucketCORS",
            "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
            "GetBucketReplication": "GetReplicationConfiguration",
            "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
            "HeadBucket": "ListBucket",
            "ListBuckets": "ListAllMyBuckets",
            "ListMultipartUploads": "ListBucketMultipartUploads",
            "ListObjectVersions": "ListBucketVersions",
            "ListObjects": "ListBucket",
            "ListObjectsV2": "ListBucket",
            "ListParts": "ListMultipartUploadParts",
            "UploadPart": "PutObject",
        },
        special={
            "CopyObject": _copy,
            "CreateMultipartUpload": _put,
            "DeleteObject": _on_object("DeleteObject"),
            "DeleteObjectTagging": _on_object("DeleteObjectTagging"),
            "GetObject": _on_object("GetObject"),
            "GetObjectAttributes": _on_object("GetObject", "GetObjectAttributes"),
            "GetObjectTagging": _on_object("GetObjectTagging"),
            "HeadObject": _on_object("GetObject"),
            "PutObject": _put,
            "PutObjectTagging": _on_object("PutObjectTagging"),
            "UploadPartCopy": _copy,
        },
        free=frozenset(
            {"DeleteObjects"}
        ),  # it asks for each object, and says in its answer which it may not delete
        keys={"s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys"},
    )
)
