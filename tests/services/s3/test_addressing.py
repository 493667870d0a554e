"""The ways to a bucket: path, host, presigned links, raw chunked bodies."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from fogbank.core.config import AuthMode, Settings
from fogbank.testing.server import Fogbank
from tests.services.s3.support import refused

SCOPE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature="
SIGNED = {"Authorization": SCOPE + "0" * 64, "X-Amz-Date": "20260101T000000Z"}


def ask(
    server: Fogbank, method: str, path: str, host: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, SIGNED | {"Host": host} | named)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


@pytest.mark.parametrize(
    "form", ["{}.s3.us-east-1.amazonaws.com", "{}.s3.amazonaws.com", "{}.localhost:4566", "{}.s3.localhost"]
)
def test_the_bucket_in_the_host(server: Fogbank, s3: Any, bucket: str, form: str) -> None:
    host = form.format(bucket)
    assert ask(server, "PUT", "/dir/a%20b?x-id=PutObject", host, b"content")[0] == 200
    assert ask(server, "GET", "/dir/a%20b", host) == (200, b"content")
    status, listed = ask(server, "GET", "/?list-type=2&prefix=dir/", host)
    assert status == 200 and b"<Key>dir/a b</Key>" in listed and b"<ListBucketResult" in listed
    assert ask(server, "GET", f"/{bucket}/dir/a%20b", "s3.us-east-1.amazonaws.com") == (200, b"content")
    assert s3.get_object(Bucket=bucket, Key="dir/a b")["Body"].read() == b"content"


def test_the_service_s_own_host_names_no_bucket(server: Fogbank, bucket: str) -> None:
    status, listed = ask(server, "GET", "/", "s3.us-east-1.amazonaws.com")
    assert status == 200 and b"ListAllMyBucketsResult" in listed and bucket.encode() in listed


def test_the_location_is_an_element_of_its_own(server: Fogbank, bucket: str) -> None:
    _, content = ask(server, "GET", f"/{bucket}?location", "localhost")
    assert content.endswith(
        b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>'
    )


def test_presigned_links(s3: Any, bucket: str) -> None:
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b/c"})
    request = urllib.request.Request(put, data=b"by link", method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b/c"})
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b"by link"
    missing = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "none"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(missing)
    assert caught.value.status == 404 and b"<Code>NoSuchKey</Code>" in caught.value.read()


def test_a_chunked_body_with_a_trailing_checksum(server: Fogbank, s3: Any, bucket: str) -> None:
    def put(checksum: str) -> int:
        body = f"9\r\n123456789\r\n0\r\nx-amz-checksum-crc64nvme:{checksum}\r\n\r\n".encode()
        return ask(
            server,
            "PUT",
            f"/{bucket}/chunked",
            "localhost",
            body,
            content_encoding="aws-chunked",
            x_amz_content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            x_amz_decoded_content_length="9",
            x_amz_trailer="x-amz-checksum-crc64nvme",
            x_amz_sdk_checksum_algorithm="CRC64NVME",
        )[0]

    assert put("AAAAAAAAAAA=") == 400
    assert put("rosUhgp5mIg=") == 200
    got = s3.get_object(Bucket=bucket, Key="chunked")
    assert got["Body"].read() == b"123456789" and "ContentEncoding" not in got


def test_an_xml_body_with_a_wrong_checksum(server: Fogbank, bucket: str) -> None:
    body = b"<Delete><Object><Key>k</Key></Object></Delete>"
    for header in ({"x_amz_checksum_crc32": "AAAAAA=="}, {"content_md5": "AAAAAAAAAAAAAAAAAAAAAA=="}):
        status, content = ask(server, "POST", f"/{bucket}?delete", "localhost", body, **header)
        assert status == 400 and b"<Code>BadDigest</Code>" in content
    status, content = ask(server, "POST", f"/{bucket}?delete", "localhost", b"<Delete>")
    assert status == 400 and b"<Code>MalformedXML</Code>" in content


def root_key(server: Fogbank) -> tuple[str, str]:
    held = json.loads(server.app.house.keyring.root_file.read_bytes())
    return held["AccessKeyId"], held["SecretAccessKey"]


def test_signatures_are_checked(tmp_path: Path) -> None:
    with Fogbank(Settings(data_dir=tmp_path, auth=AuthMode.ENFORCE)) as strict:
        key, secret = root_key(strict)
        signing = Config(signature_version="s3v4")  # for links, boto3 still makes version 2 by itself
        s3 = strict.client("s3", aws_access_key_id=key, aws_secret_access_key=secret, config=signing)
        s3.create_bucket(Bucket="guarded")
        name = "a b/ü+%2F?&=.txt"
        s3.put_object(Bucket="guarded", Key=name, Body=b"x" * 100_000)
        assert len(s3.get_object(Bucket="guarded", Key=name)["Body"].read()) == 100_000
        link = s3.generate_presigned_url("get_object", Params={"Bucket": "guarded", "Key": name})
        with urllib.request.urlopen(link) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(link[:-1] + ("0" if link[-1] != "0" else "1"))
        assert caught.value.status == 403 and b"<Code>SignatureDoesNotMatch</Code>" in caught.value.read()
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{strict.url}/guarded/x")
        assert caught.value.status == 403 and b"<Code>AccessDenied</Code>" in caught.value.read()
        stranger = strict.client("s3", aws_access_key_id="AKIAIOSFODNN7EXAMPLE")
        assert refused(stranger.list_buckets)["Code"] == "InvalidAccessKeyId"
