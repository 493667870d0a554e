from __future__ import annotations

from typing import Any

import pytest

from fogbank.testing.server import Fogbank
from tests.services.s3.support import refused


def test_a_bucket_s_life(s3: Any, bucket: str) -> None:
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    assert s3.create_bucket(Bucket=bucket)["Location"] == f"/{bucket}"  # again: no error in us-east-1
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    error = refused(s3.delete_bucket, Bucket=bucket)
    assert (error["Code"], error["BucketName"]) == ("BucketNotEmpty", bucket)
    s3.put_object(Bucket=bucket, Key="k2", Body=b"x")  # it is open again at once
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}, {"Key": "k2"}]})
    s3.delete_bucket(Bucket=bucket)
    assert refused(s3.head_bucket, Bucket=bucket)["Code"] == "404"
    assert refused(s3.list_objects_v2, Bucket=bucket)["Code"] == "NoSuchBucket"
    assert refused(s3.put_object, Bucket=bucket, Key="k")["Code"] == "NoSuchBucket"


@pytest.mark.parametrize(
    "name", ["ab", "Abc", "a..b", "192.168.0.1", "-abc", "abc-", "xn--abc", "abc-s3alias"]
)
def test_names_that_are_none(s3: Any, name: str) -> None:
    assert refused(s3.create_bucket, Bucket=name)["Code"] == "InvalidBucketName"


def test_regions_and_owners(server: Fogbank) -> None:
    west = server.client("s3", region="eu-west-1")
    assert refused(west.create_bucket, Bucket="in-the-west")["Code"] == "IllegalLocationConstraintException"
    made = west.create_bucket(
        Bucket="in-the-west", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    assert made["Location"] == "http://in-the-west.s3.amazonaws.com/"
    assert west.get_bucket_location(Bucket="in-the-west")["LocationConstraint"] == "eu-west-1"
    again = {"Bucket": "in-the-west", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    assert refused(west.create_bucket, **again)["Code"] == "BucketAlreadyOwnedByYou"
    stranger = server.client("s3", account="222222222222")
    assert refused(stranger.create_bucket, Bucket="in-the-west")["Code"] == "BucketAlreadyExists"
    assert refused(stranger.list_objects_v2, Bucket="in-the-west")["Code"] == "AccessDenied"
    assert (
        refused(west.head_bucket, Bucket="in-the-west", ExpectedBucketOwner="222222222222")["Code"] == "403"
    )
    assert stranger.list_buckets()["Buckets"] == []


def test_pages_of_buckets(server: Fogbank) -> None:
    s3 = server.client("s3", account="333333333333")
    for name in ("aaa-1", "aaa-2", "aaa", "bbb"):
        s3.create_bucket(Bucket=name)
    first = s3.list_buckets(MaxBuckets=2, Prefix="aaa")
    assert [each["Name"] for each in first["Buckets"]] == ["aaa", "aaa-1"]
    rest = s3.list_buckets(Prefix="aaa", ContinuationToken=first["ContinuationToken"])
    assert [each["Name"] for each in rest["Buckets"]] == ["aaa-2"] and "ContinuationToken" not in rest
    assert s3.list_buckets(BucketRegion="eu-west-1")["Buckets"] == []


def test_tags_and_what_no_bucket_has(s3: Any, bucket: str) -> None:
    assert refused(s3.get_bucket_tagging, Bucket=bucket)["Code"] == "NoSuchTagSet"
    tags = [{"Key": "team", "Value": "a"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refused(s3.get_bucket_tagging, Bucket=bucket)["Code"] == "NoSuchTagSet"
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert refused(s3.get_bucket_policy, Bucket=bucket)["Code"] == "NoSuchBucketPolicy"
    assert refused(s3.get_bucket_cors, Bucket=bucket)["Code"] == "NoSuchCORSConfiguration"
    enabled = {"Status": "Enabled"}
    error = refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=enabled)
    assert error["Message"] == "fogbank does not support s3 PutBucketVersioning yet"
