"""What a request says about its own signature: read from the `Authorization` header or from a presigned URL.

Nothing is verified here; sigv4.py does that. A request without any signature gives None. What cannot be read is refused in
AWS's wording, which names the missing parts and shows the header only as a hash.
"""

from __future__ import annotations

import base64
import hashlib
import re
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from fogbank.auth.refusals import Family, Reason, refusal
from fogbank.core.errors import AwsError, NotSupported
from fogbank.core.http import Request
from fogbank.core.records import hot_record

ALGORITHM = "AWS4-HMAC-SHA256"
ASYMMETRIC = "AWS4-ECDSA-P256-SHA256"
TERMINATOR = "aws4_request"
PRESIGN_S_MAX = 604_800
URL_DEFAULT_S = 900

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request,\s*"
    r"SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})"
)
_AMZ_DATE = re.compile(r"\d{8}T\d{6}Z")


@hot_record
class Signature:
    """The parts of a signature, as claimed."""

    access_key_id: str
    day: str  # YYYYMMDD of the credential scope
    region: str
    service: str
    signed_headers: str  # lower-case names, joined by ";"
    signature: str
    amz_date: str  # YYYYMMDDTHHMMSSZ; "" when the request has none
    session_token: str | None
    expires_s: int | None = None  # presigned URLs only

    @property
    def scope(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/{TERMINATOR}"


def read_signature(request: Request, family: Family) -> Signature | None:
    """The claimed signature; None for an anonymous request. Raises AwsError when there is one that cannot be read."""
    headers = request.headers
    header = headers.get("authorization")
    if header is None:
        if "X-Amz-" in request.query:
            return _from_query(request, family)
        return None
    found = _HEADER.fullmatch(header)
    if found is None:
        return _from_odd_header(request, header, family)
    key, day, region, service, names, signature = found.groups()
    amz_date = headers.get("x-amz-date") or _date_header(headers.get("date"))
    if not amz_date:
        raise _incomplete([_NO_DATE], header, family)
    return Signature(
        key, day, region, service, names, signature, amz_date, headers.get("x-amz-security-token")
    )


# --- the header, when it is not as SDKs write it ---------------------------------------------------------------------

_NO_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."


def _digest(header: str) -> str:
    return base64.b64encode(hashlib.sha256(header.encode("latin-1", "replace")).digest()).decode()


def _incomplete(problems: list[str], header: str, family: Family) -> AwsError:
    hashed = f"(Hashed with SHA-256 and encoded with Base64) Authorization={_digest(header)}"
    return refusal(Reason.INCOMPLETE, family, f"{' '.join(problems)} {hashed}")


def _from_odd_header(request: Request, header: str, family: Family) -> Signature | None:
    scheme, _, rest = header.strip().partition(" ")
    if scheme == ASYMMETRIC:
        raise NotSupported("Signature Version 4A (AWS4-ECDSA-P256-SHA256)")
    if scheme != ALGORITHM and family is Family.S3:
        message = (
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        )
        raise AwsError("InvalidRequest", message)
    parts = _pairs(rest if scheme == ALGORITHM else header, header, family)
    problems = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    amz_date = request.headers.get("x-amz-date") or _date_header(request.headers.get("date"))
    if not amz_date:
        problems.append(_NO_DATE)
    if problems:
        raise _incomplete(problems, header, family)
    key, day, region, service = _credential(parts["Credential"], family)
    return Signature(
        key,
        day,
        region,
        service,
        parts["SignedHeaders"],
        parts["Signature"],
        amz_date,
        request.headers.get("x-amz-security-token"),
    )


def _pairs(text: str, header: str, family: Family) -> dict[str, str]:
    parts: dict[str, str] = {}
    for pair in filter(None, re.split(r"[,\s]+", text)):
        name, separator, value = pair.partition("=")
        if not separator:
            message = (
                "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded "
                f"with Base64): '{_digest(header)}'."
            )
            raise refusal(Reason.INCOMPLETE, family, message)
        parts[name] = value
    return parts


def _credential(text: str, family: Family) -> tuple[str, str, str, str]:
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or not all(parts):
        message = f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{text[:256]}'"
        raise refusal(Reason.INCOMPLETE, family, message)
    if parts[4] != TERMINATOR:
        message = (
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{parts[4][:64]}'."
        )
        raise refusal(Reason.BAD_SCOPE, family, message)
    return parts[0], parts[1], parts[2], parts[3]


def _date_header(value: str | None) -> str:
    """A `Date` header in the form of `X-Amz-Date`; "" when it is none."""
    if value is None:
        return ""
    if _AMZ_DATE.fullmatch(value):
        return value
    try:
        return parsedate_to_datetime(value).strftime("%Y%m%dT%H%M%SZ")
    except ValueError:
        return ""


# --- presigned URLs --------------------------------------------------------------------------------------------------

_QUERY_PARTS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
)


def _from_query(request: Request, family: Family) -> Signature | None:
    fields: dict[str, str] = {}
    for pair in request.query.split("&"):
        name, _, value = pair.partition("=")
        if name[:6] == "X-Amz-":
            fields.setdefault(unquote(name), unquote(value))
    if "X-Amz-Credential" not in fields and "X-Amz-Signature" not in fields:
        return None
    if fields.get("X-Amz-Algorithm") == ASYMMETRIC:
        raise NotSupported("Signature Version 4A (AWS4-ECDSA-P256-SHA256)")
    missing = [
        f"AWS query-string parameters must include '{name}'." for name in _QUERY_PARTS if not fields.get(name)
    ]
    if missing:
        raise refusal(
            Reason.INCOMPLETE_QUERY, family, f"{' '.join(missing)} Re-examine the query-string parameters."
        )
    if fields["X-Amz-Algorithm"] != ALGORITHM:
        raise refusal(Reason.INCOMPLETE_QUERY, family, f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    key, day, region, service = _credential(fields["X-Amz-Credential"], family)
    return Signature(
        key,
        day,
        region,
        service,
        fields["X-Amz-SignedHeaders"],
        fields["X-Amz-Signature"],
        fields["X-Amz-Date"],
        fields.get("X-Amz-Security-Token"),
        _expires(fields.get("X-Amz-Expires"), family),
    )


def _expires(text: str | None, family: Family) -> int:
    if text is None:
        if family is Family.S3:
            message = "AWS query-string parameters must include 'X-Amz-Expires'. Re-examine the query-string parameters."
            raise refusal(Reason.INCOMPLETE_QUERY, family, message)
        return URL_DEFAULT_S
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 20):
        raise refusal(Reason.INCOMPLETE_QUERY, family, "X-Amz-Expires should be a number")
    expires_s = int(text)
    if expires_s < 0:
        raise refusal(Reason.INCOMPLETE_QUERY, family, "X-Amz-Expires must be non-negative")
    if expires_s > PRESIGN_S_MAX:
        message = f"X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than {PRESIGN_S_MAX} seconds"
        raise refusal(Reason.INCOMPLETE_QUERY, family, message)
    return expires_s
