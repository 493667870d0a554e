"""Digests that come in headers beside a body: `x-amz-checksum-…`, `Content-MD5`."""

from __future__ import annotations

import base64
import hashlib

from fogbank.core.http import Request
from fogbank.model import checksums


def wrong_digest(request: Request) -> str | None:
    """Which of the digests that came with a body is not the body's; None when all are."""
    for algorithm in checksums.ALGORITHMS:
        sent = request.headers.get(f"x-amz-checksum-{algorithm.lower()}")
        if sent is not None and sent != checksums.checksum(algorithm, request.body):
            return algorithm
    md5 = request.headers.get("content-md5")
    if md5 is not None:
        actual = hashlib.md5(request.body, usedforsecurity=False).digest()
        if md5 != base64.b64encode(actual).decode():
            return "Content-MD5"
    return None
