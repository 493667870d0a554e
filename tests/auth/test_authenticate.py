"""Who a request comes from, in both modes; and the words in which each protocol family refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fogbank.auth.authenticate import Authenticator, Identity
from fogbank.auth.refusals import Family, Reason, refusal
from fogbank.core.clock import VirtualClock
from fogbank.core.config import AuthMode
from fogbank.core.errors import AwsError
from fogbank.core.http import Headers, Request
from fogbank.model.principal import KeyFound, Principal, PrincipalType, root_of
from tests.auth.signing import ACCESS_KEY, NOW, NOW_MS, SECRET, changed, sign

USER = Principal(
    PrincipalType.USER, "123456789012", "arn:aws:iam::123456789012:user/u", "AIDAEXAMPLE", ACCESS_KEY
)


class Ring:
    """One key, and one session."""

    def __init__(self, **state: Any) -> None:
        self.found = KeyFound(SECRET, USER, **state)

    async def find(self, access_key_id: str, session_token: str | None) -> KeyFound | None:
        known = access_key_id == ACCESS_KEY and session_token in (None, "known")
        return self.found if known else None


def authenticator(mode: AuthMode, clock: VirtualClock | None = None, **state: Any) -> Authenticator:
    return Authenticator(Ring(**state), mode, clock or VirtualClock(), VirtualClock())


def anonymous(**headers: str) -> Request:
    items = [("host", "h"), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return Request("GET", "/", "/", "", Headers(items), b"", "127.0.0.1")


async def identify(subject: Authenticator, request: Request, family: Family = Family.REST_JSON) -> Identity:
    return (await subject.identify(request, family, "lambda"))[0]


async def refused(subject: Authenticator, request: Request, family: Family) -> tuple[str, int, str]:
    with pytest.raises(AwsError) as caught:
        await identify(subject, request, family)
    return caught.value.code, caught.value.status, caught.value.message


@pytest.mark.parametrize(
    ("key", "account"),
    [("123456789012", "123456789012"), ("test", "000000000000"), ("12345678901", "000000000000"), ("AKIAIOSFODNN7EXAMPLE", "000000000000")],
)  # fmt: skip
async def test_open_mode_takes_strangers_at_their_word(key: str, account: str) -> None:
    subject = authenticator(AuthMode.OPEN)
    old = sign(key=key, region="eu-west-1", when=NOW - timedelta(days=9), service="other")
    for _ in range(2):
        identity = await identify(subject, old)
        assert identity.principal == root_of(account, access_key_id=key, open_mode=True)
        assert (identity.account, identity.region) == (account, "eu-west-1")


async def test_open_mode_and_no_key_at_all() -> None:
    identity = await identify(authenticator(AuthMode.OPEN), anonymous())
    assert identity == Identity(root_of("000000000000", open_mode=True), "us-east-1")


async def test_partitions() -> None:
    identity = await identify(authenticator(AuthMode.OPEN), sign(key="123456789012", region="cn-north-1"))
    assert identity.principal.arn == "arn:aws-cn:iam::123456789012:root"


@pytest.mark.parametrize("mode", AuthMode)
async def test_known_keys_are_checked_in_both_modes(mode: AuthMode) -> None:
    subject = authenticator(mode)
    assert await identify(subject, sign()) == Identity(USER, "us-east-1")
    assert (await refused(subject, changed(sign(), body=b"other"), Family.JSON))[:2] == (
        "InvalidSignatureException",
        400,
    )
    assert (await refused(subject, sign(secret="guess"), Family.QUERY))[:2] == ("SignatureDoesNotMatch", 403)
    assert (await refused(subject, sign(service="logs"), Family.REST_JSON))[0] == "InvalidSignatureException"


async def test_enforced_mode_refuses_strangers() -> None:
    subject = authenticator(AuthMode.ENFORCE)
    invalid = "The security token included in the request is invalid."
    for request in (sign(key="test"), sign(key="123456789012"), sign(token="unknown")):
        assert await refused(subject, request, Family.JSON) == ("UnrecognizedClientException", 400, invalid)
        assert await refused(subject, request, Family.REST_JSON) == (
            "UnrecognizedClientException",
            403,
            invalid,
        )
        assert await refused(subject, request, Family.QUERY) == ("InvalidClientTokenId", 403, invalid)
    assert (await refused(subject, sign(key="test"), Family.S3))[:2] == ("InvalidAccessKeyId", 403)
    assert (await refused(subject, sign(token="unknown"), Family.S3))[:2] == ("InvalidToken", 400)
    assert await identify(subject, sign(token="known")) == Identity(USER, "us-east-1")


async def test_enforced_mode_refuses_the_anonymous() -> None:
    subject = authenticator(AuthMode.ENFORCE)
    assert await refused(subject, anonymous(), Family.REST_JSON) == (
        "MissingAuthenticationTokenException",
        403,
        "Missing Authentication Token",
    )
    assert await refused(subject, anonymous(), Family.QUERY) == (
        "MissingAuthenticationToken",
        403,
        "Request is missing Authentication Token",
    )
    assert await refused(subject, anonymous(), Family.S3) == ("AccessDenied", 403, "Access Denied")


async def test_inactive_keys() -> None:
    for mode in AuthMode:
        subject = authenticator(mode, active=False)
        assert (await refused(subject, sign(), Family.QUERY))[0] == "InvalidClientTokenId"


async def test_sessions_end_by_fogbanks_time_and_signatures_by_the_machines() -> None:
    clock = VirtualClock()
    subject = authenticator(AuthMode.ENFORCE, clock, expires_ms=NOW_MS + 3_600_000)
    await clock.advance_ms(3_599_999)  # an hour ahead of those who sign
    assert await identify(subject, sign(token="known")) == Identity(USER, "us-east-1")
    await clock.advance_ms(1)
    expired = "The security token included in the request is expired"
    assert await refused(subject, sign(token="known"), Family.REST_JSON) == (
        "ExpiredTokenException",
        403,
        expired,
    )
    assert await refused(subject, sign(token="known"), Family.JSON) == ("ExpiredTokenException", 400, expired)
    assert await refused(subject, sign(token="known"), Family.QUERY) == ("ExpiredToken", 403, expired)
    assert await refused(subject, sign(token="known"), Family.S3) == (
        "ExpiredToken",
        400,
        "The provided token has expired.",
    )


async def test_chunked_bodies_are_plain_for_services_even_unchecked() -> None:
    body = b"3\r\nabc\r\n0\r\n\r\n"
    request = changed(anonymous(x_amz_content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER"), body=body)
    _, plain = await authenticator(AuthMode.OPEN).identify(request, Family.S3, None)
    assert plain.body == b"abc"


def test_every_reason_has_words_for_every_family() -> None:
    for reason in Reason:
        for family in Family:
            error = refusal(reason, family, "What was found")
            assert error.code
            assert error.message
            assert error.status in (400, 403)
            assert error.code.endswith(("Exception", "ClientException")) is (
                family in (Family.JSON, Family.REST_JSON)
            )
