"""S3's virtual-hosted addresses: the bucket stands in the host name, `<bucket>.s3.<region>.amazonaws.com`.

Beside AWS's own forms, `<bucket>.localhost` and `<bucket>.localhost.localstack.cloud` are a bucket's where the request is
signed for S3: what SDKs make of the endpoint `http://localhost:4566`.
"""

from __future__ import annotations

import re

from fogbank.core.http import Request

_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9])\.s3(?:[.\-][a-z0-9.\-]+)?")
_SHORT = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9])\.localhost(?:\.localstack\.cloud)?")
_NO_BUCKETS = frozenset({"s3", "www"})


def bucket_path(request: Request, *, signed: bool) -> str | None:
    """The path with the host's bucket in front; None when the host names none. `signed`: for S3."""
    host = (request.headers.get("host") or "").partition(":")[0].lower()
    if "." not in host:
        return None
    found = _HOST.fullmatch(host)
    if found is None and signed:
        found = _SHORT.fullmatch(host)
    if found is None or found["bucket"] in _NO_BUCKETS or found["bucket"].startswith("s3."):
        return None
    return f"/{found['bucket']}{request.path}"
