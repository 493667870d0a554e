"""JSON Web Tokens: signatures by a JWKS, times, issuer. Symmetric algorithms and `none` are not accepted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

TOKEN_CHARS_MAX = 16 * 1024
KEYS_S = 300.0  # ours: how long a JWKS is used before it is fetched again
REFETCH_S = 10.0  # ours: an unknown key asks for a newer JWKS no more often than this

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
_CURVES: dict[str, tuple[ec.EllipticCurve, int, str]] = {
    "P-256": (ec.SECP256R1(), 32, "ES256"),
    "P-384": (ec.SECP384R1(), 48, "ES384"),
    "P-521": (ec.SECP521R1(), 66, "ES512"),
}
Claims = dict[str, Any]


class TokenError(ValueError):
    """The token is not valid; `expired` when only its time is over."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


class Jwks:
    """The keys of one issuer, fetched when they are wanted."""

    def __init__(self, fetch: Callable[[], Awaitable[bytes]]) -> None:
        self._fetch = fetch
        self._keys: dict[str, Any] = {}
        self._fetched_s = float("-inf")

    async def key(self, kid: str, now_s: float) -> Any:
        """The public key of an id. Raises TokenError."""
        age_s = now_s - self._fetched_s
        if age_s > KEYS_S or (kid not in self._keys and age_s > REFETCH_S):
            try:
                document = orjson.loads(await self._fetch())
                self._keys = {each["kid"]: public_key(each) for each in document["keys"] if "kid" in each}
            except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
                raise TokenError(f"the issuer's keys cannot be read: {error}") from None
            self._fetched_s = now_s
        try:
            return self._keys[kid]
        except KeyError:
            raise TokenError("the token's key is not one of the issuer's") from None


def public_key(jwk: dict[str, Any]) -> Any:
    """A JWK's key. Raises ValueError."""
    match jwk.get("kty"):
        case "RSA":
            return rsa.RSAPublicNumbers(_integer(jwk["e"]), _integer(jwk["n"])).public_key()
        case "EC":
            curve = _CURVES[jwk["crv"]][0]
            return ec.EllipticCurvePublicNumbers(_integer(jwk["x"]), _integer(jwk["y"]), curve).public_key()
        case kind:
            raise ValueError(f"key type {kind!r} is not supported")


async def verify(token: str, keys: Jwks, *, now_ms: int, now_s: float, leeway_s: int = 0) -> Claims:
    """The claims of a token whose signature and times are right. Raises TokenError. Issuer and audience are the caller's."""
    if len(token) > TOKEN_CHARS_MAX:
        raise TokenError("the token is too long")
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenError("the token has not three parts")
    try:
        header, claims = orjson.loads(_bytes(parts[0])), orjson.loads(_bytes(parts[1]))
        signature = _bytes(parts[2])
    except (orjson.JSONDecodeError, ValueError):
        raise TokenError("the token cannot be read") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise TokenError("the token cannot be read")
    key = await keys.key(str(header.get("kid")), now_s)
    _check(key, str(header.get("alg")), f"{parts[0]}.{parts[1]}".encode(), signature)
    _times(claims, now_ms // 1000, leeway_s)
    return claims


def _check(key: Any, algorithm: str, content: bytes, signature: bytes) -> None:
    digest = _HASHES.get(algorithm[2:])
    try:
        if digest is None:
            raise TokenError(f"algorithm {algorithm!r} is not supported")
        if isinstance(key, rsa.RSAPublicKey) and algorithm.startswith("RS"):
            key.verify(signature, content, padding.PKCS1v15(), digest)
        elif isinstance(key, rsa.RSAPublicKey) and algorithm.startswith("PS"):
            key.verify(signature, content, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm.startswith("ES"):
            size = (key.curve.key_size + 7) // 8
            if len(signature) != 2 * size:
                raise TokenError("the signature is not right")
            r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
            key.verify(encode_dss_signature(r, s), content, ec.ECDSA(digest))
        else:
            raise TokenError(f"algorithm {algorithm!r} does not fit the key")
    except InvalidSignature:
        raise TokenError("the signature is not right") from None


def _times(claims: Claims, now_s: int, leeway_s: int) -> None:
    for name in ("exp", "nbf", "iat"):
        if name in claims and (not isinstance(claims[name], int | float) or isinstance(claims[name], bool)):
            raise TokenError(f"{name} is no number")
    if "exp" in claims and claims["exp"] + leeway_s <= now_s:
        raise TokenError("the token has expired", expired=True)
    if "nbf" in claims and claims["nbf"] - leeway_s > now_s:
        raise TokenError("the token is not valid yet")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _integer(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")
