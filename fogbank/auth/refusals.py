"""Why a caller is turned away, in the words and codes of the protocol family it speaks.

AWS's families differ in code (`InvalidSignatureException` or `SignatureDoesNotMatch`), in HTTP status (JSON services say
400 where REST and query services say 403), and S3 has words of its own.
"""

from __future__ import annotations

from enum import Enum

from fogbank.core.errors import AwsError


class Family(Enum):
    """Protocol families as far as authentication errors tell them apart."""

    JSON = "json"  # JSON 1.0, 1.1 and CBOR
    REST_JSON = "rest-json"
    QUERY = "query"
    S3 = "s3"


class Reason(Enum):
    """What is wrong with the proof that a request brings."""

    MISSING = "no proof at all"
    INCOMPLETE = "the proof lacks parts or cannot be read"
    INCOMPLETE_QUERY = "the same, in a presigned URL"
    UNKNOWN_KEY = "an access key that was never given out, or is not active"
    UNKNOWN_TOKEN = "a session token that does not belong to the key"
    EXPIRED_TOKEN = "a session that is over"
    MISMATCH = "a signature that is not the right one"
    SKEWED = "signed too long ago, or in the future"
    EXPIRED_URL = "a presigned URL whose time is over"
    BAD_SCOPE = "signed for another date, service or region"
    PAYLOAD_MISMATCH = "a body that is not the one that was signed"


_INVALID_TOKEN = "The security token included in the request is invalid"
_EXPIRED_TOKEN = "The security token included in the request is expired"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_S3_MISMATCH = "The request signature we calculated does not match the signature you provided. Check your key and signing method."

# reason → (code of the JSON families, code of query, its status, message)
_COMMON: dict[Reason, tuple[str, str, int, str]] = {
    Reason.MISSING: (
        "MissingAuthenticationTokenException",
        "MissingAuthenticationToken",
        403,
        "Missing Authentication Token",
    ),
    Reason.INCOMPLETE: ("IncompleteSignatureException", "IncompleteSignature", 400, ""),
    Reason.INCOMPLETE_QUERY: ("IncompleteSignatureException", "IncompleteSignature", 400, ""),
    Reason.UNKNOWN_KEY: ("UnrecognizedClientException", "InvalidClientTokenId", 403, _INVALID_TOKEN + "."),
    Reason.UNKNOWN_TOKEN: ("UnrecognizedClientException", "InvalidClientTokenId", 403, _INVALID_TOKEN + "."),
    Reason.EXPIRED_TOKEN: ("ExpiredTokenException", "ExpiredToken", 403, _EXPIRED_TOKEN),
    Reason.MISMATCH: ("InvalidSignatureException", "SignatureDoesNotMatch", 403, _MISMATCH),
    Reason.SKEWED: ("InvalidSignatureException", "SignatureDoesNotMatch", 403, ""),
    Reason.EXPIRED_URL: ("InvalidSignatureException", "SignatureDoesNotMatch", 403, ""),
    Reason.BAD_SCOPE: ("InvalidSignatureException", "SignatureDoesNotMatch", 403, ""),
    Reason.PAYLOAD_MISMATCH: ("InvalidSignatureException", "SignatureDoesNotMatch", 403, _MISMATCH),
}
# reason → (code, status, message); "" is the message that was found
_S3: dict[Reason, tuple[str, int, str]] = {
    Reason.MISSING: ("AccessDenied", 403, "Access Denied"),
    Reason.INCOMPLETE: ("AuthorizationHeaderMalformed", 400, ""),
    Reason.INCOMPLETE_QUERY: ("AuthorizationQueryParametersError", 400, ""),
    Reason.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Reason.UNKNOWN_TOKEN: ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    Reason.EXPIRED_TOKEN: ("ExpiredToken", 400, "The provided token has expired."),
    Reason.MISMATCH: ("SignatureDoesNotMatch", 403, _S3_MISMATCH),
    Reason.SKEWED: (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
    Reason.EXPIRED_URL: ("AccessDenied", 403, "Request has expired"),
    Reason.BAD_SCOPE: ("AuthorizationHeaderMalformed", 400, ""),
    Reason.PAYLOAD_MISMATCH: (
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    ),
}
_QUERY_MISSING = "Request is missing Authentication Token"


def refusal(reason: Reason, family: Family, message: str = "") -> AwsError:
    """The error that AWS answers. `message` is used where the reason's wording depends on the request."""
    if family is Family.S3:
        code, status, words = _S3[reason]
        if reason is Reason.BAD_SCOPE:
            message = f"The authorization header is malformed; {message[:1].lower()}{message[1:]}"
        return AwsError(code, words or message, status=status)
    json_code, query_code, query_status, words = _COMMON[reason]
    if family is Family.QUERY:
        if reason is Reason.MISSING:
            words = _QUERY_MISSING
        return AwsError(query_code, words or message, status=query_status)
    status = 403 if family is Family.REST_JSON else 400
    return AwsError(json_code, words or message, status=status)
