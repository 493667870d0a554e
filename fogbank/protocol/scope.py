"""The credential scope of a request, read for routing only: whether it is genuine is auth's matter."""

from __future__ import annotations

from urllib.parse import unquote

from fogbank.core.http import Request

HEADER_FIELD = "Credential="
QUERY_FIELD = "X-Amz-Credential="


def signing_name(request: Request) -> str | None:
    """The service that a request was signed for (`lambda`, `states`); None when it is not signed."""
    header = request.headers.get("authorization")
    if header is not None:
        return _service(header, HEADER_FIELD, ",") if HEADER_FIELD in header else None
    if QUERY_FIELD in request.query:
        return _service(request.query, QUERY_FIELD, "&")
    return None


def _service(text: str, field: str, end: str) -> str | None:
    credential = text[text.index(field) + len(field) :].partition(end)[0]
    if "%" in credential:
        credential = unquote(credential)
    parts = credential.rsplit("/", 2)  # key/date/region/service/aws4_request
    return parts[1] if len(parts) == 3 else None
