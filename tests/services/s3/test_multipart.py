from __future__ import annotations

import hashlib
import io
import os
from typing import Any

from tests.services.s3.support import refused

MIB = 1024 * 1024


def test_a_large_file_goes_up_and_down(s3: Any, bucket: str) -> None:
    content = os.urandom(17 * MIB)
    s3.upload_fileobj(io.BytesIO(content), bucket, "big")
    back = io.BytesIO()
    s3.download_fileobj(bucket, "big", back)
    assert back.getvalue() == content
    head = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert head["ETag"].endswith('-3"') and head["ChecksumCRC32"].endswith("-3")
    assert head["ChecksumType"] == "COMPOSITE"
    second = s3.get_object(Bucket=bucket, Key="big", PartNumber=2)
    assert second["Body"].read() == content[8 * MIB : 16 * MIB] and second["PartsCount"] == 3
    across = s3.get_object(Bucket=bucket, Key="big", Range=f"bytes={8 * MIB - 5}-{8 * MIB + 4}")
    assert across["Body"].read() == content[8 * MIB - 5 : 8 * MIB + 5]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/big")
    s3.delete_object(Bucket=bucket, Key="big")
    copy = s3.get_object(Bucket=bucket, Key="copy")
    assert copy["ETag"] == f'"{hashlib.md5(content).hexdigest()}"' and copy["Body"].read() == content


def test_parts_are_checked(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", Metadata={"m": "1"})
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}
    etags = [
        s3.upload_part(**named, PartNumber=number, Body=body)["ETag"]
        for number, body in ((1, b"a" * 5 * MIB), (2, b"small"), (3, b"b"), (1, b"c" * 5 * MIB))
    ]
    parts = [{"PartNumber": 1, "ETag": etags[3]}, {"PartNumber": 2, "ETag": etags[1]}]

    def complete(chosen: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return refused(s3.complete_multipart_upload, **named, MultipartUpload={"Parts": chosen}, **more)

    assert complete(parts[::-1])["Code"] == "InvalidPartOrder"
    assert complete([{"PartNumber": 1, "ETag": etags[0]}])["Code"] == "InvalidPart"
    assert complete([{"PartNumber": 9, "ETag": etags[0]}])["PartNumber"] == "9"
    assert complete([*parts, {"PartNumber": 3, "ETag": etags[2]}])["Code"] == "EntityTooSmall"
    assert complete([])["Code"] == "MalformedXML"
    assert complete(parts, MpuObjectSize=1)["Code"] == "InvalidRequest"
    done = s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    assert done["ChecksumType"] == "FULL_OBJECT"  # CRC64NVME, where the client asks for none
    again = s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    assert again["ETag"] == done["ETag"]
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == b"c" * 5 * MIB + b"small" and got["Metadata"] == {"m": "1"}
    assert refused(s3.list_parts, **named)["Code"] == "NoSuchUpload"
    assert refused(s3.upload_part, **named, PartNumber=1, Body=b"")["Code"] == "NoSuchUpload"


def test_parts_out_of_objects(s3: Any, bucket: str) -> None:
    content = os.urandom(6 * MIB)
    s3.put_object(Bucket=bucket, Key="source", Body=content)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")["UploadId"]
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    copied = {"CopySource": f"{bucket}/source", **named}
    one = s3.upload_part_copy(**copied, PartNumber=1, CopySourceRange=f"bytes=7-{5 * MIB + 9}")
    wrong = refused(s3.upload_part_copy, **copied, PartNumber=2, CopySourceRange="bytes=0-99999999")
    assert wrong["Code"] == "InvalidArgument"
    assert refused(s3.upload_part, **named, PartNumber=2, Body=b"x", ChecksumAlgorithm="SHA1")["Message"] == (
        "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: sha1"
    )
    two = s3.upload_part(**named, PartNumber=2, Body=b"tail", ChecksumAlgorithm="SHA256")
    parts = [
        {"PartNumber": 1} | {name: one["CopyPartResult"][name] for name in ("ETag", "ChecksumSHA256")},
        {"PartNumber": 2} | {name: two[name] for name in ("ETag", "ChecksumSHA256")},
    ]
    bare = {"Parts": [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]}
    missing = refused(s3.complete_multipart_upload, **named, MultipartUpload=bare)
    assert "must include the checksum for each part" in missing["Message"]
    done = s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    assert done["ChecksumSHA256"].endswith("-2")
    s3.delete_object(Bucket=bucket, Key="source")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == content[7 : 5 * MIB + 10] + b"tail"


def test_uploads_under_way(s3: Any, bucket: str) -> None:
    ids = [s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ("b", "a", "b", "d/x")]
    listed = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(each["Key"], each["UploadId"]) for each in listed] == [
        ("a", ids[1]),
        ("b", ids[0]),
        ("b", ids[2]),
        ("d/x", ids[3]),
    ]
    page = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=2)
    assert (page["NextKeyMarker"], page["NextUploadIdMarker"], page["IsTruncated"]) == ("b", ids[0], True)
    rest = s3.list_multipart_uploads(
        Bucket=bucket, KeyMarker="b", UploadIdMarker=page["NextUploadIdMarker"], Delimiter="/"
    )
    assert [each["UploadId"] for each in rest["Uploads"]] == [ids[2]]
    assert rest["CommonPrefixes"] == [{"Prefix": "d/"}]
    s3.abort_multipart_upload(Bucket=bucket, Key="a", UploadId=ids[1])
    again = refused(s3.abort_multipart_upload, Bucket=bucket, Key="a", UploadId=ids[1])
    assert (again["Code"], again["UploadId"]) == ("NoSuchUpload", ids[1])
    s3.delete_bucket(Bucket=bucket)  # uploads do not hold a bucket
    s3.create_bucket(Bucket=bucket)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
