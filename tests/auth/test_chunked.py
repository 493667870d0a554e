"""`aws-chunked` bodies: the examples that AWS publishes, and every way to spoil them."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.auth.chunked import Streaming, decode, is_chunked, unchunk
from fogbank.auth.refusals import Family
from fogbank.auth.signature import read_signature
from fogbank.auth.sigv4 import EMPTY_HASH, ChunkSeed, SigningKey, Verifier, signing_key
from fogbank.core.clock import VirtualClock
from fogbank.core.errors import AwsError, NotSupported
from fogbank.core.http import Headers, Request

# "Signature calculations: transferring payload in multiple chunks", Amazon S3 API reference: keys, sizes, signatures.
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SCOPE = "20130524/us-east-1/s3/aws4_request"
DATE_MS = 1_369_353_600_000
BODY = b"a" * 66_560
SIZES = (65_536, 1024, 0)
SIGNED = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
WITH_TRAILER = (
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER = b"x-amz-checksum-crc32c:sOO8/Q==\n\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"


def coded(signatures: tuple[str, ...], trailer: bytes = b"") -> bytes:
    parts, at = [], 0
    for size, signature in zip(SIZES, signatures, strict=True):
        parts.append(b"%x;chunk-signature=%b\r\n" % (size, signature.encode()) + BODY[at : at + size])
        parts.append(b"\r\n" if size else b"")
        at += size
    return b"".join(parts) + trailer + b"\r\n"


def request(seed: str, names: str, headers: list[tuple[str, str]], body: bytes) -> Request:
    authorization = (
        f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{SCOPE},SignedHeaders={names},Signature={seed}"
    )
    common = [
        ("host", "s3.amazonaws.com"),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("authorization", authorization),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
    ]
    path = "/examplebucket/chunkObject.txt"
    return Request("PUT", path, path, "", Headers(common + headers), body, "127.0.0.1")


def published() -> Request:
    return request(
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
        [("content-length", "66824"), ("x-amz-content-sha256", Streaming.SIGNED.value)],
        coded(SIGNED),
    )


def published_with_trailer() -> Request:
    return request(
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
        "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
        [
            ("x-amz-content-sha256", Streaming.SIGNED_TRAILER.value),
            ("x-amz-trailer", "x-amz-checksum-crc32c"),
        ],
        coded(WITH_TRAILER, TRAILER),
    )


def opened(sent: Request) -> Request:
    claimed = read_signature(sent, Family.S3)
    assert claimed is not None
    seed = Verifier(VirtualClock(DATE_MS)).verify(sent, claimed, SECRET, Family.S3, "s3")
    assert is_chunked(sent)
    return unchunk(sent, seed, Family.S3)


def test_the_published_example() -> None:
    plain = opened(published())
    assert plain.body == BODY
    assert plain.headers.get("content-length") == "66560"
    assert "content-encoding" not in plain.headers


def test_the_published_example_with_a_trailer() -> None:
    plain = opened(published_with_trailer())
    assert plain.body == BODY
    assert plain.headers.get("x-amz-checksum-crc32c") == "sOO8/Q=="


@pytest.mark.parametrize("make", [published, published_with_trailer])
@pytest.mark.parametrize("at", [0, 1, 3, 20, 80, 90, 40_000, 66_000, -3, -10, -100, -140, -180])
def test_no_byte_of_it_can_be_changed(make: Any, at: int) -> None:
    sent = make()
    body = bytearray(sent.body)
    body[at] ^= 1
    sent.body = bytes(body)
    with pytest.raises(AwsError):
        opened(sent)


@pytest.mark.parametrize("cut", [1, 2, 3, 90, 66_000])
def test_nor_cut_off(cut: int) -> None:
    sent = published()
    sent.body = sent.body[:-cut]
    with pytest.raises(AwsError) as caught:
        opened(sent)
    assert caught.value.code == "IncompleteBody"


def unsigned(body: bytes, checksum: bool = True, **headers: str) -> Request:
    coded_body = AwsChunkedWrapper(
        io.BytesIO(body), checksum_cls=Crc32Checksum, checksum_name="x-amz-checksum-crc32", chunk_size=7
    ).read()
    items = {
        "host": "h",
        "content-encoding": "gzip,aws-chunked",
        "x-amz-content-sha256": Streaming.UNSIGNED_TRAILER.value,
        "x-amz-decoded-content-length": str(len(body)),
        "x-amz-trailer": "x-amz-checksum-crc32",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("PUT", "/", "/", "", Headers(list(items.items())), coded_body, "127.0.0.1")


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=100))
def test_what_botocore_wraps(body: bytes) -> None:
    plain = unchunk(unsigned(body), None, Family.S3)
    assert plain.body == body
    assert plain.headers.get("content-encoding") == "gzip"
    checksum = Crc32Checksum()
    checksum.update(body)
    assert plain.headers.get("x-amz-checksum-crc32") == checksum.b64digest()


def test_what_was_announced_must_come() -> None:
    with pytest.raises(AwsError) as caught:
        unchunk(unsigned(b"abc", x_amz_trailer="x-amz-checksum-sha256"), None, Family.S3)
    assert caught.value.code == "MalformedTrailerError"
    with pytest.raises(AwsError) as caught:
        unchunk(unsigned(b"abc", x_amz_decoded_content_length="4"), None, Family.S3)
    assert caught.value.code == "IncompleteBody"


def test_other_kinds_are_refused_by_name() -> None:
    kind = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
    with pytest.raises(NotSupported, match=kind):
        unchunk(unsigned(b"abc", x_amz_content_sha256=kind), None, Family.S3)


def test_unsigned_chunks_do_not_pass_for_signed_ones() -> None:
    seed = ChunkSeed(SigningKey(b"k" * 32), "20130524T000000Z", SCOPE, "0" * 64)
    with pytest.raises(AwsError):
        decode(b"3\r\nabc\r\n0\r\n\r\n", Streaming.SIGNED, seed, Family.S3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=30), max_size=5), st.data())
def test_chunks_of_any_size_and_order(parts: list[bytes], data: st.DataObject) -> None:
    key = signing_key(SECRET, "20130524", "us-east-1", "s3")
    seed = ChunkSeed(key, "20130524T000000Z", SCOPE, "0" * 64)
    chunks, previous = [], seed.signature
    for part in [*parts, b""]:
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{seed.amz_date}\n{SCOPE}\n{previous}\n{EMPTY_HASH}\n{hashlib.sha256(part).hexdigest()}"
        previous = key.sign(text)
        chunks.append(b"%x;chunk-signature=%b\r\n%b\r\n" % (len(part), previous.encode(), part))
    assert decode(b"".join(chunks), Streaming.SIGNED, seed, Family.S3).body == b"".join(parts)
    if len(set(chunks)) > 2:
        first, second = data.draw(st.permutations(range(len(chunks) - 1)))[:2]
        chunks[first], chunks[second] = chunks[second], chunks[first]
        with pytest.raises(AwsError):
            decode(b"".join(chunks), Streaming.SIGNED, seed, Family.S3)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(list(Streaming)))
def test_garbage_is_refused(body: bytes, streaming: Streaming) -> None:
    try:
        decode(body, streaming, None, Family.S3)
    except AwsError as error:
        assert error.code == "IncompleteBody"
