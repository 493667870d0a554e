"""JSON Web Tokens: what is accepted, and everything that must not be."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from fogbank.gateway.jwt import Jwks, TokenError, verify

NOW_S = 1_000_000


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int) -> str:
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Issuer:
    """A key and its JWKS."""

    def __init__(self, kid: str = "k1") -> None:
        self.kid = kid
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.curve_key = ec.generate_private_key(ec.SECP256R1())
        self.fetches = 0

    def jwks(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        point = self.curve_key.public_key().public_numbers()
        own = {"kty": "RSA", "kid": self.kid, "n": number(numbers.n), "e": number(numbers.e)}
        curve = {"kty": "EC", "kid": "ec", "crv": "P-256", "x": number(point.x), "y": number(point.y)}
        return json.dumps({"keys": [own, curve]}).encode()

    async def fetch(self) -> bytes:
        self.fetches += 1
        return self.jwks()

    def token(self, claims: dict[str, Any], *, alg: str = "RS256", kid: str | None = None) -> str:
        head = {"alg": alg, "kid": kid or ("ec" if alg == "ES256" else self.kid)}
        content = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}"
        if alg == "ES256":
            r, s = decode_dss_signature(self.curve_key.sign(content.encode(), ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        elif alg == "PS256":
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            signature = self.key.sign(content.encode(), pss, hashes.SHA256())
        else:
            signature = self.key.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{content}.{encoded(signature)}"


ISSUER = Issuer()


async def check(token: str, keys: Jwks | None = None) -> dict[str, Any]:
    return await verify(token, keys or Jwks(ISSUER.fetch), now_ms=NOW_S * 1000, now_s=0.0)


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256"])
async def test_good_tokens(alg: str) -> None:
    claims = {"sub": "me", "exp": NOW_S + 1, "nbf": NOW_S}
    assert await check(ISSUER.token(claims, alg=alg)) == claims


def tampered(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{encoded(json.dumps({'sub': 'you', 'exp': NOW_S + 1}).encode())}.{signature}"


def unsigned(alg: str) -> str:
    head = encoded(json.dumps({"alg": alg, "kid": "k1"}).encode())
    return f"{head}.{encoded(json.dumps({'sub': 'me'}).encode())}."


GOOD = ISSUER.token({"sub": "me", "exp": NOW_S + 1})


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c",
        tampered(GOOD),
        GOOD[:-4],
        unsigned("none"),
        unsigned("HS256"),
        ISSUER.token({"exp": NOW_S}),
        ISSUER.token({"nbf": NOW_S + 1}),
        ISSUER.token({"exp": "soon"}),
        ISSUER.token({"sub": "me"}, kid="unknown"),
        ISSUER.token({"sub": "me"}, kid="ec"),
        Issuer().token({"sub": "me", "exp": NOW_S + 1}),
        "x" * 20_000,
    ],
)
async def test_what_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        await check(token)


async def test_expired_is_told_apart() -> None:
    with pytest.raises(TokenError) as caught:
        await check(ISSUER.token({"exp": NOW_S - 1}))
    assert caught.value.expired


async def test_keys_are_fetched_seldom() -> None:
    issuer = Issuer()
    keys = Jwks(issuer.fetch)
    for _ in range(3):
        await verify(issuer.token({"a": 1}), keys, now_ms=0, now_s=100.0)
    assert issuer.fetches == 1
    issuer.kid = "k2"
    for now_s in (101.0, 102.0):
        with pytest.raises(TokenError):
            await verify(issuer.token({"a": 1}), keys, now_ms=0, now_s=now_s)
    assert issuer.fetches == 1
    await verify(issuer.token({"a": 1}), keys, now_ms=0, now_s=111.0)
    assert issuer.fetches == 2
