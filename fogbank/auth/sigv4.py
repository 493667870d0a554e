"""Signature Version 4: is the signature of a request the one that its key makes?

    verifier.verify(request, signature, secret, family, service)

gives the seed for chunk signatures or raises the AWS error. Which key, whose it is and whether it still counts is
authenticate.py's; what a request claims is read by signature.py; the text that is signed is canonical.py's.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from fogbank.auth.canonical import UNSIGNED, canonical_request
from fogbank.auth.lru import Lru
from fogbank.auth.refusals import Family, Reason, refusal
from fogbank.auth.signature import ALGORITHM, TERMINATOR, Signature
from fogbank.core.clock import Clock
from fogbank.core.http import Request
from fogbank.core.limits import SIGNING_KEYS_CACHED_MAX

SKEW_S_MAX = 900
STREAMING = "STREAMING-"
BLOCK_BYTES = 64  # SHA-256's
EMPTY_HASH = hashlib.sha256(b"").hexdigest()

_AMZ_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_REGION = re.compile(r"[a-z0-9\-]{1,64}")


class SigningKey:
    """HMAC-SHA-256 under one key, its padded key already hashed: less than half of what `hmac.digest` takes, which
    sets up OpenSSL's HMAC anew each time. The key of a request is used again and again."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        """`key` is a digest: 32 bytes."""
        padded = key.ljust(BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in padded]))
        self._outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in padded]))

    def sign(self, text: str) -> str:
        """The signature in hex."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()


@dataclass(frozen=True, slots=True)
class ChunkSeed:
    """What the signatures of a chunked body go on from."""

    key: SigningKey
    amz_date: str
    scope: str
    signature: str


def signing_key(secret: str, day: str, region: str, service: str) -> SigningKey:
    """The key of one day, region and service."""
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return SigningKey(key)


class Verifier:
    """Checks signatures. `wall` is the time that clients live in: the machine's own, not one that was moved ahead."""

    def __init__(self, wall: Clock) -> None:
        self._wall = wall
        self._last_date: tuple[str, int | None] = ("", None)  # what comes within one second has one date
        self._keys: Lru[tuple[str, str, str, str], SigningKey] = Lru(SIGNING_KEYS_CACHED_MAX)

    def verify(
        self, request: Request, claimed: Signature, secret: str, family: Family, service: str | None
    ) -> ChunkSeed:
        """Raise the AWS error unless `secret` made this signature, for this request, now, and for `service` (a signing
        name; None when any will do)."""
        self._check_scope(claimed, family, service)
        self._check_time(claimed, family)
        names = claimed.signed_headers
        if "host" not in names.split(";"):
            message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
            raise refusal(Reason.BAD_SCOPE, family, message)
        is_s3 = claimed.service == "s3"
        payload = _payload_line(request, claimed, family, is_s3=is_s3)
        presigned = claimed.expires_s is not None
        canonical = canonical_request(request, names, payload, is_s3=is_s3, presigned=presigned)
        if canonical is None:
            raise refusal(Reason.MISMATCH, family)
        scope = claimed.scope
        digest = hashlib.sha256(canonical).hexdigest()
        text = f"{ALGORITHM}\n{claimed.amz_date}\n{scope}\n{digest}"
        key = self._signing_key(secret, claimed)
        expected = key.sign(text)
        if not hmac.compare_digest(expected.encode(), claimed.signature.encode()):
            raise refusal(Reason.MISMATCH, family)
        return ChunkSeed(key, claimed.amz_date, scope, expected)

    def _signing_key(self, secret: str, claimed: Signature) -> SigningKey:
        place = (secret, claimed.day, claimed.region, claimed.service)
        key = self._keys.get(place)
        if key is None:
            key = signing_key(*place)
            self._keys.put(place, key)
        return key

    def _check_scope(self, claimed: Signature, family: Family, service: str | None) -> None:
        if claimed.day != claimed.amz_date[:8]:
            message = (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{claimed.day[:32]}' != '{claimed.amz_date[:8]}', from '{claimed.amz_date[:32]}'."
            )
            raise refusal(Reason.BAD_SCOPE, family, message)
        if not _REGION.fullmatch(claimed.region):
            raise refusal(Reason.BAD_SCOPE, family, "Credential should be scoped to a valid region. ")
        if service is not None and claimed.service != service:
            message = f"Credential should be scoped to correct service: '{service}'. "
            raise refusal(Reason.BAD_SCOPE, family, message)

    def _check_time(self, claimed: Signature, family: Family) -> None:
        amz_date, signed_s = self._last_date
        if amz_date != claimed.amz_date:
            signed_s = _epoch_s(claimed.amz_date)
            self._last_date = claimed.amz_date, signed_s
        if signed_s is None:
            message = f"Date must be in ISO-8601 'basic format'. Got '{claimed.amz_date[:64]}'. See http://en.wikipedia.org/wiki/ISO_8601"
            raise refusal(Reason.BAD_SCOPE, family, message)
        now_s = self._wall.now_ms() // 1000
        if signed_s > now_s + SKEW_S_MAX:
            message = (
                f"Signature not yet current: {claimed.amz_date} is still later than {_amz_date(now_s + SKEW_S_MAX)} "
                f"({_amz_date(now_s)} + 15 min.)"
            )
            raise refusal(Reason.SKEWED, family, message)
        lasts_s = SKEW_S_MAX if claimed.expires_s is None else claimed.expires_s
        if signed_s + lasts_s < now_s:
            minutes = lasts_s // 60
            message = (
                f"Signature expired: {claimed.amz_date} is now earlier than {_amz_date(now_s - lasts_s)} "
                f"({_amz_date(now_s)} - {minutes} min.)"
            )
            reason = Reason.SKEWED if claimed.expires_s is None else Reason.EXPIRED_URL
            raise refusal(reason, family, message)


def _payload_line(request: Request, claimed: Signature, family: Family, *, is_s3: bool) -> str:
    """The last line of the canonical request: the body's hash, or what stands for it."""
    declared = request.headers.get("x-amz-content-sha256")
    if declared is None:
        if claimed.expires_s is not None and is_s3:
            return UNSIGNED
        return hashlib.sha256(request.body).hexdigest() if request.body else EMPTY_HASH
    if declared == UNSIGNED or declared.startswith(STREAMING):
        return declared
    actual = hashlib.sha256(request.body).hexdigest() if request.body else EMPTY_HASH
    if declared != actual:
        raise refusal(Reason.PAYLOAD_MISMATCH, family)
    return declared


def _epoch_s(amz_date: str) -> int | None:
    found = _AMZ_DATE.fullmatch(amz_date)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups())
    if not (
        year >= 1970 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61
    ):
        return None
    try:
        return calendar.timegm((year, month, day, hour, minute, second))
    except ValueError:
        return None


def _amz_date(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y%m%dT%H%M%SZ")
