"""Signature Version 4 against botocore's signer, and against everything that was changed after signing."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import botocore.auth
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.auth.refusals import Family
from fogbank.auth.signature import read_signature
from fogbank.auth.sigv4 import ChunkSeed, SigningKey, Verifier
from fogbank.core.clock import VirtualClock
from fogbank.core.errors import AwsError, NotSupported
from fogbank.core.http import Headers, Request
from tests.auth.signing import NOW, SECRET, changed, sign, with_header

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


def verify(
    request: Request,
    secret: str = SECRET,
    family: Family = Family.REST_JSON,
    service: str | None = None,
    verifier: Verifier | None = None,
) -> ChunkSeed:
    claimed = read_signature(request, family)
    assert claimed is not None
    return (verifier or Verifier(VirtualClock())).verify(request, claimed, secret, family, service)


def refused(request: Request, family: Family = Family.REST_JSON, **more: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        verify(request, family=family, **more)
    return caught.value


PATHS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=12).map(
    lambda path: "/" + quote(path, safe="/~-_.")
)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
QUERIES = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=4).map(
    lambda pairs: "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
)


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=PATHS,
    query=QUERIES,
    body=st.binary(max_size=40),
    value=VALUES,
    service=st.sampled_from(["lambda", "logs", "s3"]),
    token=st.none() | st.text("abc+/=", min_size=1, max_size=30),
)
def test_what_botocore_signs_verifies(
    method: str, path: str, query: str, body: bytes, value: str, service: str, token: str | None
) -> None:
    signer = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    url = f"https://host.example{path}" + (f"?{query}" if query else "")
    headers = {"X-Amz-Meta": value, "Content-Type": "a/b"}
    request = sign(method, url, body, headers, service=service, signer=signer, token=token)
    seed = verify(request, service=service)
    assert seed.signature in (request.headers.get("authorization") or "")


@settings(max_examples=60, deadline=None)
@given(
    path=PATHS,
    query=QUERIES,
    service=st.sampled_from(["lambda", "s3", "sts"]),
    expires=st.integers(1, 604800),
)
def test_what_botocore_presigns_verifies(path: str, query: str, service: str, expires: int) -> None:
    signer = botocore.auth.S3SigV4QueryAuth if service == "s3" else botocore.auth.SigV4QueryAuth
    url = f"https://host.example{path}" + (f"?{query}" if query else "")
    request = sign("GET", url, b"", service=service, signer=signer, expires=expires, token="a+/=")
    verify(request, service=service)


def test_the_secret_matters_and_keys_are_cached() -> None:
    verifier = Verifier(VirtualClock())
    request = sign()
    for _ in range(2):
        verify(request, verifier=verifier)
    error = refused(request, secret=SECRET + "x", verifier=verifier)
    assert (error.code, error.status, error.message) == ("InvalidSignatureException", 403, MISMATCH)
    assert len(verifier._keys) == 2


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_change_to_what_was_signed_is_refused(data: st.DataObject) -> None:
    headers = {"X-Amz-Target": "Logs_20140328.PutLogEvents", "X-Amz-Security-Token": "token"}
    request = sign(url="https://h.example/a/b?x=1&y=2", body=b'{"a": 1}', headers=headers)
    signed = (request.headers.get("authorization") or "").split("SignedHeaders=")[1].split(",")[0].split(";")
    part = data.draw(st.sampled_from(["method", "path", "query", "body", *signed]))
    if part == "method":
        tampered = changed(request, method="PUT")
    elif part == "body":
        tampered = changed(
            request, body=data.draw(st.binary(max_size=12).filter(lambda body: body != request.body))
        )
    elif part in ("path", "query"):
        old = getattr(request, part)
        at = data.draw(st.integers(1 if part == "path" else 0, len(old) - 1))
        new = data.draw(st.sampled_from("zq9").filter(lambda letter: letter != old[at]))
        tampered = changed(request, **{part: old[:at] + new + old[at + 1 :]})
    else:
        old = request.headers.get(part) or ""
        at = data.draw(st.integers(0, len(old) - 1))
        tampered = with_header(request, part, old[:at] + ("z" if old[at] != "z" else "y") + old[at + 1 :])
    assert refused(tampered).code == "InvalidSignatureException"


@pytest.mark.parametrize("field", ["Credential", "SignedHeaders", "Signature"])
def test_any_change_to_the_header_is_refused(field: str) -> None:
    request = sign()
    header = request.headers.get("authorization") or ""
    start = header.index(field + "=") + len(field) + 1
    end = header.find(",", start) if "," in header[start:] else len(header)
    for at in range(start, end):
        letter = "0" if header[at] != "0" else "1"
        tampered = with_header(request, "authorization", header[:at] + letter + header[at + 1 :])
        if field == "Credential" and at < header.index("/"):
            continue  # another key id: another key's matter
        assert refused(tampered).code in ("InvalidSignatureException", "IncompleteSignatureException")


def test_a_presigned_url_cannot_be_changed() -> None:
    request = sign(
        "GET", "https://h.example/a?x=1", b"", service="sts", signer=botocore.auth.SigV4QueryAuth, expires=60
    )
    verify(request)
    for old, new in [
        ("x=1", "x=2"),
        ("Expires=60", "Expires=61"),
        ("X-Amz-Date=2", "X-Amz-Date=1"),
        ("x=1", "x=1&y=2"),
    ]:
        assert old in request.query
        refused(changed(request, query=request.query.replace(old, new)))


def test_headers_in_every_form() -> None:
    request = sign(headers={"X-Amz-One": "a", "X-Amz-Two": "x  y"})
    spaced = [
        (name, f"  {value} " if name == "x-amz-one" else value) for name, value in request.headers.items
    ]
    verify(changed(request, headers=Headers(spaced)))
    # A header sent twice counts as its values joined: signed as such, it verifies; added later, it does not.
    joined = sign(headers={"X-Amz-One": "a,b"})
    items = [item for item in joined.headers.items if item[0] != "x-amz-one"]
    verify(changed(joined, headers=Headers([*items, ("x-amz-one", "a"), ("x-amz-one", "b")])))
    refused(changed(request, headers=Headers([*request.headers.items, ("x-amz-one", "b")])))


def test_a_signed_header_that_is_not_there() -> None:
    request = sign(headers={"X-Amz-One": "a"})
    items = [item for item in request.headers.items if item[0] != "x-amz-one"]
    assert refused(changed(request, headers=Headers(items))).message == MISMATCH


def test_time() -> None:
    verify(sign(when=NOW - timedelta(minutes=15)))
    verify(sign(when=NOW + timedelta(minutes=15)))
    late = refused(sign(when=NOW - timedelta(minutes=16)))
    assert (late.code, late.status) == ("InvalidSignatureException", 403)
    assert late.message == (
        "Signature expired: 20251231T234400Z is now earlier than 20251231T234500Z (20260101T000000Z - 15 min.)"
    )
    early = refused(sign(when=NOW + timedelta(minutes=16)), Family.QUERY)
    assert early.code == "SignatureDoesNotMatch"
    assert early.message == (
        "Signature not yet current: 20260101T001600Z is still later than 20260101T001500Z (20260101T000000Z + 15 min.)"
    )
    s3 = refused(sign(when=NOW - timedelta(minutes=16)), Family.S3)
    assert (s3.code, s3.status) == ("RequestTimeTooSkewed", 403)


def test_presigned_urls_end() -> None:
    def url(minutes: int, service: str = "s3") -> Request:
        signer = botocore.auth.S3SigV4QueryAuth
        return sign(
            "GET",
            "https://h.example/",
            b"",
            service=service,
            signer=signer,
            expires=3600,
            when=NOW - timedelta(minutes=minutes),
        )

    verify(url(60))
    error = refused(url(61), Family.S3)
    assert (error.code, error.status, error.message) == ("AccessDenied", 403, "Request has expired")
    assert "(20260101T000000Z - 60 min.)" in refused(url(61, "sts"), Family.QUERY).message


def test_scope() -> None:
    wrong = refused(sign(service="logs"), service="lambda")
    assert wrong.message == "Credential should be scoped to correct service: 'lambda'. "
    assert wrong.code == "InvalidSignatureException"
    request = sign()
    header = request.headers.get("authorization") or ""
    day = refused(with_header(request, "authorization", header.replace("/20260101/", "/20260102/")))
    assert day.message == (
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260102' != "
        "'20260101', from '20260101T000000Z'."
    )
    end = refused(with_header(request, "authorization", header.replace("/aws4_request", "/aws5_request")))
    assert (
        end.message
        == "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."
    )
    assert refused(sign(region="US_EAST")).message == "Credential should be scoped to a valid region. "


def test_a_query_cannot_be_added_to() -> None:
    request = sign()
    for query in ("a=b", "X-Amz-Signature=00", "x"):
        refused(changed(request, query=query))


def test_host_must_be_signed() -> None:
    request = sign()
    header = request.headers.get("authorization") or ""
    error = refused(with_header(request, "authorization", header.replace("host;", "")))
    assert error.message == "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."


def test_the_date_header_will_do() -> None:
    request = sign(headers={"Date": "Thu, 01 Jan 2026 00:00:00 GMT"})
    assert request.headers.get("x-amz-date") is None
    verify(request)


@pytest.mark.parametrize(
    ("header", "family", "code", "message"),
    [
        ("AWS4-HMAC-SHA256 Credential=a/20260101/r/s/aws4_request", Family.JSON, "IncompleteSignatureException", "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. (Hashed"),
        ("AWS4-HMAC-SHA256 ", Family.QUERY, "IncompleteSignature", "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter."),
        ("Bearer secret", Family.REST_JSON, "IncompleteSignatureException", "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '"),
        ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00", Family.JSON, "IncompleteSignatureException", "Credential must have exactly 5 slash-delimited elements"),
        ("AWS key:secret", Family.S3, "InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."),
    ],
)  # fmt: skip
def test_headers_that_cannot_be_read(header: str, family: Family, code: str, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        read_signature(with_header(sign(), "authorization", header), family)
    assert caught.value.code == code
    assert caught.value.message.startswith(message)
    assert "secret" not in caught.value.message


def test_a_header_without_any_date() -> None:
    request = sign()
    items = [item for item in request.headers.items if item[0] != "x-amz-date"]
    with pytest.raises(AwsError, match="requires existence of either a 'X-Amz-Date' or a 'Date' header"):
        read_signature(changed(request, headers=Headers(items)), Family.JSON)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("X-Amz-Credential=a", "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must include 'X-Amz-Signature'."),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20260101/r/s3/aws4_request&X-Amz-Signature=0&X-Amz-SignedHeaders=host&X-Amz-Date=20260101T000000Z", "AWS query-string parameters must include 'X-Amz-Expires'."),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20260101/r/s3/aws4_request&X-Amz-Signature=0&X-Amz-SignedHeaders=host&X-Amz-Date=20260101T000000Z&X-Amz-Expires=604801", "X-Amz-Expires must be less than a week"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20260101/r/s3/aws4_request&X-Amz-Signature=0&X-Amz-SignedHeaders=host&X-Amz-Date=20260101T000000Z&X-Amz-Expires=x", "X-Amz-Expires should be a number"),
    ],
)  # fmt: skip
def test_presigned_urls_that_cannot_be_read(query: str, message: str) -> None:
    request = Request("GET", "/?" + query, "/", query, Headers([("host", "h")]), b"", "127.0.0.1")
    with pytest.raises(AwsError) as caught:
        read_signature(request, Family.S3)
    assert caught.value.code == "AuthorizationQueryParametersError"
    assert caught.value.message.startswith(message)


def test_asymmetric_signatures_are_refused_by_name() -> None:
    header = "AWS4-ECDSA-P256-SHA256 Credential=a/20260101/s3/aws4_request, SignedHeaders=host, Signature=00"
    with pytest.raises(NotSupported, match="Version 4A"):
        read_signature(with_header(sign(), "authorization", header), Family.S3)
    query = "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=a"
    request = Request("GET", "/?" + query, "/", query, Headers([("host", "h")]), b"", "127.0.0.1")
    with pytest.raises(NotSupported, match="Version 4A"):
        read_signature(request, Family.S3)


def test_payload_hashes() -> None:
    unsigned = sign(
        headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, service="s3", signer=botocore.auth.S3SigV4Auth
    )
    actual = unsigned.headers.get("x-amz-content-sha256")
    error = refused(changed(unsigned, body=b"other"), Family.S3)
    assert actual is not None
    assert (error.code, error.status) == ("XAmzContentSHA256Mismatch", 400)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.sampled_from(list(Family)))
def test_no_header_makes_it_fail_otherwise(header: str, family: Family) -> None:
    for text in (header, "AWS4-HMAC-SHA256 " + header, "AWS4-HMAC-SHA256 Credential=" + header):
        request = with_header(sign(), "authorization", text)
        try:
            claimed = read_signature(request, family)
            if claimed is not None:
                Verifier(VirtualClock()).verify(request, claimed, SECRET, family, None)
        except AwsError:
            continue
        raise AssertionError("a signature out of nothing")


@settings(max_examples=200, deadline=None)
@given(st.text("abcX-Amz%&=/ 0123456789é", max_size=100), st.sampled_from(list(Family)))
def test_no_query_makes_it_fail_otherwise(query: str, family: Family) -> None:
    request = Request(
        "GET", "/", "/", "X-Amz-Signature=0&" + query, Headers([("host", "h")]), b"", "127.0.0.1"
    )
    with pytest.raises(AwsError):
        verify(request, family=family)


@given(st.binary(min_size=32, max_size=32), st.text())
def test_the_signing_key_is_an_hmac(key: bytes, message: str) -> None:
    assert SigningKey(key).sign(message) == hmac.new(key, message.encode(), "sha256").hexdigest()
