"""The canonical request of Signature Version 4: one text that client and server derive from the same request. Pure.

Percent-encoding has one normal form here (RFC 3986's unreserved characters plain, upper-case hex), because proxies and
clients differ in what they escape. S3 signs the path as it is; every other service signs it normalised and encoded again.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from fogbank.core.http import Headers, Request

UNSIGNED = "UNSIGNED-PAYLOAD"

_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_~\-][A-Za-z0-9_.~\-]*)*/?")
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~\-=&]*")


def canonical_path(path: str, *, is_s3: bool) -> str:
    """The path line. `path` is as on the wire."""
    if _PLAIN_PATH.fullmatch(path):
        return path or "/"
    if is_s3:
        return quote(unquote_to_bytes(path), safe="/~")
    return quote(_without_dots(path), safe="/~")


def _without_dots(path: str) -> str:
    """RFC 3986's removal of dot segments, and of empty ones."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + end


def canonical_query(query: str, *, presigned: bool) -> str:
    """The query line: pairs in order, in normal form, without the signature if that is where it stands."""
    if not query:
        return ""
    plain = _PLAIN_QUERY.fullmatch(query) is not None
    pairs = []
    for pair in query.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        if not plain:
            name, value = _normal(name), _normal(value)
        if not presigned or name != "X-Amz-Signature":
            pairs.append((name, value))
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def _normal(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="~")


def canonical_headers(headers: Headers, names: list[str]) -> str | None:
    """The header lines of the signed `names`; None when one of them is not there."""
    lines = []
    repeated = headers.repeated
    for name in names:
        value = headers.get(name)
        if value is None:
            return None
        if repeated and len(values := headers.all(name)) > 1:
            value = ",".join([_trimmed(value) for value in values])
        elif "  " in value or value[:1] == " " or value[-1:] == " ":
            value = _trimmed(value)
        lines.append(f"{name}:{value}\n")
    return "".join(lines)


def _trimmed(value: str) -> str:
    return " ".join(value.split())


def canonical_request(
    request: Request, signed_headers: str, payload: str, *, is_s3: bool, presigned: bool
) -> bytes | None:
    """The whole text; `payload` is its last line. None when a header that was signed is missing."""
    lines = canonical_headers(request.headers, signed_headers.split(";"))
    if lines is None:
        return None
    path = canonical_path(request.path, is_s3=is_s3)
    query = canonical_query(request.query, presigned=presigned) if request.query else ""
    # latin-1 gives back the very bytes that the header came in
    return f"{request.method}\n{path}\n{query}\n{lines}\n{signed_headers}\n{payload}".encode("latin-1")
