from __future__ import annotations

import datetime
import hashlib
from pathlib import Path
from typing import Any

import pytest

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.services.s3.support import refused

DAY = datetime.timedelta(days=1)


def body_of(answer: dict[str, Any]) -> bytes:
    content: bytes = answer["Body"].read()
    return content


def test_what_is_put_is_got(s3: Any, bucket: str) -> None:
    key = "a/b c+%2F?=&ü.txt"
    headers = {
        "ContentType": "text/plain",
        "CacheControl": "no-cache",
        "ContentDisposition": "attachment",
        "ContentEncoding": "identity",
        "ContentLanguage": "de",
    }
    put = s3.put_object(
        Bucket=bucket, Key=key, Body=b"hello", Metadata={"One": "1"}, Tagging="x=y", **headers
    )
    assert put["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key=key)
    assert body_of(got) == b"hello"
    assert {name: got[name] for name in headers} == headers
    assert (got["Metadata"], got["TagCount"], got["ContentLength"]) == ({"one": "1"}, 1, 5)
    head = s3.head_object(Bucket=bucket, Key=key)
    assert (head["ContentLength"], head["ETag"]) == (5, put["ETag"])
    assert s3.get_object(Bucket=bucket, Key=key, ResponseContentType="a/b")["ContentType"] == "a/b"
    s3.delete_object(Bucket=bucket, Key=key)
    assert refused(s3.get_object, Bucket=bucket, Key=key)["Code"] == "NoSuchKey"
    assert refused(s3.head_object, Bucket=bucket, Key=key)["Code"] == "404"
    s3.delete_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize(
    ("asked", "content", "shown"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ("bytes=5-99", b"56789", "bytes 5-9/10"),
    ],
)
def test_ranges(s3: Any, bucket: str, asked: str, content: bytes, shown: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (body_of(got), got["ContentRange"]) == (content, shown)


def test_ranges_that_are_none(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    error = refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-")
    assert (error["Code"], error["ActualObjectSize"]) == ("InvalidRange", "10")
    got = s3.get_object(Bucket=bucket, Key="k", Range="bytes=0-1,4-5")
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 200 and body_of(got) == b"0123456789"


def test_conditions_of_reads(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    when = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    read = {"Bucket": bucket, "Key": "k"}
    assert s3.get_object(**read, IfMatch=etag, IfUnmodifiedSince=when - DAY)
    assert refused(s3.get_object, **read, IfMatch='"other"')["Condition"] == "If-Match"
    assert refused(s3.get_object, **read, IfUnmodifiedSince=when - DAY)["Condition"] == "If-Unmodified-Since"
    assert refused(s3.get_object, **read, IfNoneMatch=etag)["Code"] == "304"
    assert refused(s3.head_object, **read, IfModifiedSince=when)["Code"] == "304"
    assert s3.get_object(**read, IfNoneMatch='"other"', IfModifiedSince=when + DAY)


def test_conditions_of_writes(s3: Any, bucket: str) -> None:
    write = {"Bucket": bucket, "Key": "k"}
    assert refused(s3.put_object, **write, IfMatch='"x"')["Code"] == "NoSuchKey"
    etag = s3.put_object(**write, Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, **write, IfNoneMatch="*")["Code"] == "PreconditionFailed"
    assert refused(s3.put_object, **write, IfMatch='"x"')["Code"] == "PreconditionFailed"
    assert refused(s3.delete_object, **write, IfMatch='"x"')["Code"] == "PreconditionFailed"
    s3.put_object(**write, Body=b"2", IfMatch=etag)
    assert body_of(s3.get_object(**write)) == b"2"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_that_clients_compute(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    member = f"Checksum{algorithm}"
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got[member] == put[member] and body_of(got) == b"hello"  # botocore checks it as well
    assert member not in s3.head_object(Bucket=bucket, Key="k")


def test_checksums_that_are_wrong(s3: Any, bucket: str) -> None:
    put = {"Bucket": bucket, "Key": "k", "Body": b"123456789"}
    assert s3.put_object(**put, ChecksumCRC32C="4waSgw==")["ChecksumCRC32C"] == "4waSgw=="
    assert s3.put_object(**put, ChecksumCRC64NVME="rosUhgp5mIg=")["ChecksumCRC64NVME"] == "rosUhgp5mIg="
    assert refused(s3.put_object, **put, ChecksumCRC32C="AAAAAA==")["Code"] == "BadDigest"
    assert refused(s3.put_object, **put, ChecksumCRC32C="AAAA")["Code"] == "InvalidRequest"
    assert refused(s3.put_object, **put, ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==")["Code"] == "BadDigest"


def test_settings_that_are_refused(s3: Any, bucket: str) -> None:
    for setting in (
        {"StorageClass": "GLACIER"},
        {"ACL": "public-read"},
        {"ServerSideEncryption": "aws:kms"},
        {"WebsiteRedirectLocation": "/x"},
        {"ObjectLockLegalHoldStatus": "ON"},
    ):
        assert refused(s3.put_object, Bucket=bucket, Key="k", **setting)["Code"] == "NotImplemented"
    assert refused(s3.put_object, Bucket=bucket, Key="k" * 1025)["Code"] == "KeyTooLongError"
    assert (
        refused(s3.put_object, Bucket=bucket, Key="k", Metadata={"a": "x" * 2048})["Code"]
        == "MetadataTooLarge"
    )
    assert refused(s3.put_object, Bucket=bucket, Key="k", Tagging="&".join(f"t{n}=1" for n in range(11)))
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId="abc")["Code"] == "NoSuchVersion"


def test_tags(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


def test_copies(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a b", Body=b"x", Metadata={"m": "1"}, ContentType="a/b", Tagging="t=1")
    source = {"Bucket": bucket, "Key": "a b"}
    copied = s3.copy_object(Bucket=bucket, Key="c", CopySource=source)["CopyObjectResult"]
    got = s3.get_object(Bucket=bucket, Key="c")
    assert (body_of(got), got["Metadata"], got["ContentType"]) == (b"x", {"m": "1"}, "a/b")
    assert got["ETag"] == copied["ETag"] and got["TagCount"] == 1
    s3.copy_object(
        Bucket=bucket, Key="c", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"}
    )
    assert s3.head_object(Bucket=bucket, Key="c")["Metadata"] == {"n": "2"}
    assert refused(s3.copy_object, Bucket=bucket, Key="a b", CopySource=source)["Code"] == "InvalidRequest"
    failed = refused(s3.copy_object, Bucket=bucket, Key="d", CopySource=source, CopySourceIfMatch='"x"')
    assert failed["Code"] == "PreconditionFailed"
    assert refused(s3.copy_object, Bucket=bucket, Key="d", CopySource=f"{bucket}/none")["Code"] == "NoSuchKey"
    summed = s3.copy_object(Bucket=bucket, Key="d", CopySource=source, ChecksumAlgorithm="SHA256")
    assert "ChecksumSHA256" in summed["CopyObjectResult"]


def test_many_are_deleted_at_once(s3: Any, bucket: str) -> None:
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"same")
    answer = s3.delete_objects(
        Bucket=bucket,
        Delete={"Objects": [{"Key": "k0"}, {"Key": "none"}, {"Key": "k1", "VersionId": "abc"}]},
    )
    assert [each["Key"] for each in answer["Deleted"]] == ["k0", "none"]
    assert [(each["Key"], each["Code"]) for each in answer["Errors"]] == [("k1", "NoSuchVersion")]
    assert "Deleted" not in s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "k1"}], "Quiet": True}
    )
    assert body_of(s3.get_object(Bucket=bucket, Key="k2")) == b"same"
    many = {"Objects": [{"Key": str(number)} for number in range(1001)]}
    assert refused(s3.delete_objects, Bucket=bucket, Delete=many)["Code"] == "MalformedXML"


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with Fogbank(settings) as first:
        s3 = first.client("s3")
        s3.create_bucket(Bucket="kept")
        s3.put_object(Bucket="kept", Key="k", Body=b"x" * 3_000_000, Metadata={"m": "1"})
    with Fogbank(settings) as second:
        got = second.client("s3").get_object(Bucket="kept", Key="k")
        assert body_of(got) == b"x" * 3_000_000 and got["Metadata"] == {"m": "1"}
