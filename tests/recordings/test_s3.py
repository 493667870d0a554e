"""S3's lists answer what AWS answered, those of versions aside: buckets here have no versioning."""

from __future__ import annotations

import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from botocore.config import Config

from fogbank.testing.server import Fogbank
from tests.services.s3.support import refused
from tests.support.recordings import Matcher, recorded

FILE = "s3/test_s3_list_operations.snapshot.json"
BODY = b"content 123"
FOLDERS = ("folder/aSubfolder/subFile1", "folder/aSubfolder/subFile2", "folder/file1", "folder/file2")
NESTED = ("test/foo/bar/123", "test/foo/bar/456", "test/bar/foo/123")
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def fogbank() -> Iterator[Fogbank]:
    with Fogbank() as running:
        yield running


class Scenario:
    """A bucket, and what was recorded of one test."""

    def __init__(self, fogbank: Fogbank, test: str, **config: Any) -> None:
        self.fogbank = fogbank
        self.was = recorded(FILE, test)
        # The recorder did not check what it sent, and its SDK's default checksum is ours.
        self.s3 = fogbank.client("s3", config=Config(**config))
        self.bucket = f"recorded-{next(_NUMBERS)}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.matcher = Matcher()

    def put(self, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=BODY)

    def matches(self, key: str, answer: dict[str, Any]) -> dict[str, Any]:
        # Where the recorder wrote "bucket" for the bucket's name, a matcher takes the word for a name.
        ignore = {"Bucket"} if self.was[key].get("Bucket") == "bucket" else set()
        self.matcher.matches(self.was[key], answer, ignore=ignore)
        return answer

    def lists(self, key: str, operation: str, **params: Any) -> dict[str, Any]:
        return self.matches(key, getattr(self.s3, operation)(Bucket=self.bucket, **params))

    def raw(self, key: str, query: str) -> None:
        """A list asked for without boto3, which always asks for url-encoded keys."""
        with urllib.request.urlopen(f"{self.fogbank.url}/{self.bucket}?{query}") as answer:
            content = answer.read()
        self.matches(key, _plain(ElementTree.fromstring(content)))


def _plain(root: ElementTree.Element) -> dict[str, Any]:
    """An element as the recorder parsed it."""

    def value(element: ElementTree.Element) -> Any:
        if not len(element):
            return element.text
        found: dict[str, Any] = {}
        for child in element:
            name = child.tag.rpartition("}")[2]
            if name in found:
                found[name] = [
                    *(found[name] if isinstance(found[name], list) else [found[name]]),
                    value(child),
                ]
            else:
                found[name] = value(child)
        return found

    return {root.tag.rpartition("}")[2]: value(root)}


@pytest.mark.parametrize("delimiter", ["", "/", "%2F"])
def test_list_objects_with_prefix(fogbank: Fogbank, delimiter: str) -> None:
    it = Scenario(fogbank, f"TestS3ListObjects::test_list_objects_with_prefix[{delimiter}]")
    it.put("test/foo/bar/123")
    it.lists(
        "list-objects", "list_objects", Prefix="test/", Delimiter=delimiter, MaxKeys=1, EncodingType="url"
    )
    if delimiter == "%2F":
        it.raw("list-objects-no-encoding", "prefix=test&delimiter=%2F")


def test_list_objects_next_marker(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListObjects::test_list_objects_next_marker")
    it.put("test_0", "test_1", "test_2")
    it.lists("list-objects-all", "list_objects")
    page = it.lists("list-objects-max-1", "list_objects", MaxKeys=1, Delimiter="/")
    it.lists("list-objects-rest", "list_objects", Marker=page["NextMarker"], MaxKeys=1)
    it.lists("list-objects-marker-empty", "list_objects", Marker="", MaxKeys=1)


def test_list_objects_empty_marker(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListObjects::test_s3_list_objects_empty_marker")
    it.lists("list-objects", "list_objects", Marker="")


def test_list_objects_marker_common_prefixes(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListObjects::test_list_objects_marker_common_prefixes")
    it.put(*FOLDERS)
    it.lists("list-objects-all-keys", "list_objects")
    page = {"Prefix": "folder/", "Delimiter": "/", "MaxKeys": 1}
    marker = it.lists("list-objects-start", "list_objects", **page)["NextMarker"]
    marker = it.lists("list-objects-next-1", "list_objects", **page, Marker=marker)["NextMarker"]
    it.lists("list-objects-end", "list_objects", **page, Marker=marker)
    it.lists("list-objects-manual-first-file", "list_objects", **page, Marker=FOLDERS[0])


def test_list_objects_v2_with_prefix(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListObjectsV2::test_list_objects_v2_with_prefix")
    it.put(*NESTED)
    for number, prefix in enumerate(("test/", "test/foo", "test/foo/bar"), 1):
        it.lists(f"list-objects-v2-{number}", "list_objects_v2", Prefix=prefix, EncodingType="url")
    it.raw("list-objects-v2-no-encoding", "list-type=2&prefix=test%2Ffoo")


def test_list_objects_v2_with_prefix_and_delimiter(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListObjectsV2::test_list_objects_v2_with_prefix_and_delimiter")
    it.put(*NESTED)
    page = {"EncodingType": "url", "Delimiter": "/"}
    for number, prefix in enumerate(("test/", "test/foo", "test/foo/bar"), 1):
        it.lists(f"list-objects-v2-{number}", "list_objects_v2", Prefix=prefix, **page)
    it.lists("list-objects-v2-1-with-max-keys", "list_objects_v2", Prefix="test/", MaxKeys=1, **page)


def test_list_objects_v2_continuation_start_after(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListObjectsV2::test_list_objects_v2_continuation_start_after")
    it.put(*(f"test_{number}" for number in range(12)))
    token = it.lists("list-objects-v2-max-5", "list_objects_v2", MaxKeys=5)["NextContinuationToken"]
    it.lists("list-objects-v2-rest", "list_objects_v2", ContinuationToken=token)
    it.lists("list-objects-start-after", "list_objects_v2", StartAfter="test_7", MaxKeys=2)
    it.lists(
        "list-objects-start-after-token", "list_objects_v2", StartAfter="test_7", ContinuationToken=token
    )
    error = refused(it.s3.list_objects_v2, Bucket=it.bucket, ContinuationToken="")
    it.matcher.matches(it.was["exc-continuation-token"]["Error"], error)


def test_list_objects_v2_continuation_common_prefixes(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListObjectsV2::test_list_objects_v2_continuation_common_prefixes")
    it.put(*FOLDERS)
    it.lists("list-objects-v2-all-keys", "list_objects_v2")
    page = {"Prefix": "folder/", "Delimiter": "/", "MaxKeys": 1}
    token = it.lists("list-objects-v2-start", "list_objects_v2", **page)["NextContinuationToken"]
    page["ContinuationToken"] = token
    token = it.lists("list-objects-v2-next-1", "list_objects_v2", **page)["NextContinuationToken"]
    it.lists("list-objects-v2-end", "list_objects_v2", **page | {"ContinuationToken": token})


@pytest.mark.parametrize(
    "operation", ["list_objects", "list_objects_v2", "list_object_versions", "list_multipart_uploads"]
)
def test_encoding_types(fogbank: Fogbank, operation: str) -> None:
    it = Scenario(fogbank, f"TestS3ListObjectsV2::test_list_ops_encoding_type_validation[{operation}]")
    for key, value in (("wrong-value", "value"), ("empty-value", "")):
        error = refused(getattr(it.s3, operation), Bucket=it.bucket, EncodingType=value)
        it.matcher.matches(it.was[f"{operation}-error-{key}"]["Error"], error)


def test_list_multiparts_next_marker(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListMultipartUploads::test_list_multiparts_next_marker")
    it.lists("list-multiparts-empty", "list_multipart_uploads")
    keys = ("test_c", "test_b", "test_a", "test_a", "test_a")
    ids = [it.s3.create_multipart_upload(Bucket=it.bucket, Key=key)["UploadId"] for key in keys]
    it.matches("upload-ids-order", {"UploadIds": [{"UploadId": each} for each in ids]})
    it.lists("list-multiparts-all", "list_multipart_uploads")
    first = it.lists("list-multiparts-max-1", "list_multipart_uploads", MaxUploads=1)
    key, upload = first["NextKeyMarker"], first["NextUploadIdMarker"]
    for name, key_marker, id_marker in (
        ("next-key-only", key, None),
        ("next-key-last", keys[0], None),
        ("next-upload-only", None, upload),
        ("both-markers", key, upload),
        ("both-markers-2", key, ids[-1]),
        ("get-last-upload-no-truncate", keys[1], ids[1]),
        ("next-key-empty", "", None),
    ):
        given = {"KeyMarker": key_marker, "UploadIdMarker": id_marker}
        markers = {marker: value for marker, value in given.items() if value is not None}
        it.lists(f"list-multiparts-{name}", "list_multipart_uploads", MaxUploads=1, **markers)
    wrong = {"Bucket": it.bucket, "KeyMarker": keys[0], "UploadIdMarker": ids[1]}
    error = refused(it.s3.list_multipart_uploads, **wrong)
    it.matcher.matches(it.was["list-multiparts-wrong-id-for-key"]["Error"], error)


def test_list_multiparts_with_prefix_and_delimiter(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListMultipartUploads::test_list_multiparts_with_prefix_and_delimiter")
    for key in NESTED:
        it.s3.create_multipart_upload(Bucket=it.bucket, Key=key)
    page = {"EncodingType": "url", "Delimiter": "/"}
    for number, prefix in enumerate(("test/", "test/foo/", "test/foo/bar"), 1):
        it.lists(f"list-multiparts-{number}", "list_multipart_uploads", Prefix=prefix, **page)
    it.raw("list-multiparts-no-encoding", "uploads&prefix=test%2Ffoo")


def test_list_multipart_uploads_marker_common_prefixes(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListMultipartUploads::test_list_multipart_uploads_marker_common_prefixes")
    for key in FOLDERS:
        it.s3.create_multipart_upload(Bucket=it.bucket, Key=key)
    page = {"Prefix": "folder/", "Delimiter": "/", "MaxUploads": 1}
    it.lists("list-multiparts-start", "list_multipart_uploads", **page)
    it.lists(
        "list-multiparts-manual-prefix", "list_multipart_uploads", **page, KeyMarker="folder/aSubfolder/"
    )
    it.lists("list-multiparts-manual-first-file", "list_multipart_uploads", **page, KeyMarker=FOLDERS[0])


def test_list_parts_pagination(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListParts::test_list_parts_pagination")
    key = "test-list-part-pagination"
    named = {"Key": key, "UploadId": it.s3.create_multipart_upload(Bucket=it.bucket, Key=key)["UploadId"]}
    it.lists("list-parts-empty", "list_parts", **named)
    for number in (1, 2):
        it.s3.upload_part(Bucket=it.bucket, **named, PartNumber=number, Body=b"data")
    it.lists("list-parts-all", "list_parts", **named)
    marker = it.lists("list-parts-1", "list_parts", **named, MaxParts=1)["NextPartNumberMarker"]
    it.lists("list-parts-next", "list_parts", **named, MaxParts=1, PartNumberMarker=marker)
    it.lists("list-parts-wrong-part", "list_parts", **named, MaxParts=1, PartNumberMarker=10)


def test_list_parts_empty_numbers(fogbank: Fogbank) -> None:
    test = "TestS3ListParts::test_list_parts_empty_part_number_marker"
    it = Scenario(fogbank, test, parameter_validation=False)
    key = "test-list-part-empty-marker"
    named = {"Key": key, "UploadId": it.s3.create_multipart_upload(Bucket=it.bucket, Key=key)["UploadId"]}
    it.s3.upload_part(Bucket=it.bucket, **named, PartNumber=1, Body=b"data")
    it.lists("list-parts-empty-marker", "list_parts", **named, PartNumberMarker="")
    it.lists("list-parts-empty-max-parts", "list_parts", **named, MaxParts="")


def test_list_buckets_region_validation(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListBuckets::test_list_buckets_region_validation")
    error = refused(it.s3.list_buckets, BucketRegion="eu-east-1")
    it.matcher.matches(it.was["bad-region"]["Error"], error)


def test_list_buckets_by_prefix_and_region(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListBuckets::test_list_buckets_by_prefix_with_case_sensitivity")
    it.matches("list-objects-by-prefix-empty", it.s3.list_buckets(Prefix=it.bucket.upper()))
    it.matches("list-objects-by-prefix-not-empty", it.s3.list_buckets(Prefix=it.bucket))
    it = Scenario(fogbank, "TestS3ListBuckets::test_list_buckets_by_bucket_region")
    named = {"Prefix": it.bucket}
    empty = it.s3.list_buckets(**named, BucketRegion="eu-central-1")
    it.matches("list-objects-by-bucket-region-empty", empty)
    found = it.s3.list_buckets(**named, BucketRegion="us-east-1")
    it.matches("list-objects-by-bucket-region-not-empty", found)


@pytest.mark.parametrize(
    ("test", "key"),
    [
        ("with_max_buckets", "list-objects-with-max-buckets"),
        ("with_continuation_token", "list-objects-with-continuation"),
        ("when_continuation_token_is_empty", "list-objects-with-empty-continuation-token"),
    ],
)
def test_list_buckets_pages(fogbank: Fogbank, test: str, key: str) -> None:
    it = Scenario(fogbank, f"TestS3ListBuckets::test_list_buckets_{test}")
    for _ in range(2):
        it.s3.create_bucket(Bucket=f"recorded-{next(_NUMBERS)}")
    more = {"ContinuationToken": ""} if "empty" in test else {}
    page = it.s3.list_buckets(MaxBuckets=1, **more)
    if test == "with_continuation_token":
        page = it.s3.list_buckets(MaxBuckets=1, ContinuationToken=page["ContinuationToken"])
    it.matches(key, page)


def test_list_parts_via_object_attributes(fogbank: Fogbank) -> None:
    it = Scenario(fogbank, "TestS3ListParts::test_list_parts_via_object_attrs_pagination")
    key = "test-object-attrs-pagination"
    made = it.s3.create_multipart_upload(Bucket=it.bucket, Key=key, ChecksumAlgorithm="SHA256")
    named = {"Key": key, "UploadId": made["UploadId"]}
    parts = []
    for number in (1, 2):
        body = b"a" * (5 * 1024 * 1024 + 1)
        part = {"PartNumber": number, "Body": body, "ChecksumAlgorithm": "SHA256"}
        sent = it.s3.upload_part(Bucket=it.bucket, **named, **part)
        parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": sent["ChecksumSHA256"]})
    # What the recorder sent is not known: only the digests differ.
    digests = {"Bucket", "ETag", "ChecksumSHA256"}
    it.matcher.matches(it.was["list-parts"], it.s3.list_parts(Bucket=it.bucket, **named), ignore=digests)
    done = it.s3.complete_multipart_upload(Bucket=it.bucket, **named, MultipartUpload={"Parts": parts})
    it.matcher.matches(it.was["complete-mpu"], done, ignore=digests)
    for name, page in (
        ("all", {}),
        ("1", {"MaxParts": 1000}),
        ("next", {"MaxParts": 1, "PartNumberMarker": 1}),
        ("wrong-part", {"MaxParts": 1, "PartNumberMarker": 10}),
    ):
        found = it.s3.get_object_attributes(
            Bucket=it.bucket, Key=key, ObjectAttributes=["ObjectParts"], **page
        )
        it.matcher.matches(it.was[f"get-object-attrs-{name}"], found, ignore=digests)
