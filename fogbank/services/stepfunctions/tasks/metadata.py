"""`SdkHttpMetadata` and `SdkResponseMetadata`: what the optimized integrations show of the HTTP answer behind a result.

There is no HTTP here, so the headers are those that the service would have answered with: each service's own set, as recorded,
and the length and checksum of the body that would have carried the output.
"""

from __future__ import annotations

import base64
import zlib
from email.utils import formatdate
from typing import Any

from fogbank.asl.documents import dumps
from fogbank.core.ids import Ids

_JSON_10, _JSON_11 = "application/x-amz-json-1.0", "application/x-amz-json-1.1"
_SNS_FRAME_BYTES = 294 - 36  # a PublishResponse without its message id
_SNS_SEQUENCE_BYTES = 58


def metadata(
    service: str, action: str, body: bytes, request_id: str, now_ms: int, **more: Any
) -> dict[str, Any]:
    """Both members, for the answer of a service whose body is (as long as) `body`."""
    date = formatdate(now_ms / 1000, usegmt=True)
    # DynamoDB spells it small where it answers with an item: so in every recording.
    id_name = "x-amzn-requestid" if action == "getItem" else "x-amzn-RequestId"
    headers: dict[str, str] = {id_name: request_id, "Content-Length": str(len(body)), "Date": date}
    match service:
        case "dynamodb":
            headers |= {
                "Server": "Server",
                "Connection": "keep-alive",
                "x-amz-crc32": str(zlib.crc32(body)),
                "Content-Type": _JSON_10,
            }
        case "lambda":
            headers |= {"Connection": "keep-alive", "Content-Type": "application/json"} | more
        case "sns":
            headers |= {"connection": "keep-alive", "Content-Type": "text/xml"}
        case "events":
            headers |= {"Content-Type": _JSON_11}
        case _:
            headers |= {"connection": "keep-alive", "Content-Type": _JSON_10}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def body_of(service: str, output: dict[str, Any]) -> bytes:
    """A body as long as the service's own: JSON of the output's wire form, or SNS's XML."""
    if service == "sns":
        more = _SNS_SEQUENCE_BYTES if output.get("SequenceNumber") else 0
        return b" " * (_SNS_FRAME_BYTES + len(output.get("MessageId", "")) + more)
    return dumps(_wire(output)).encode()


def _wire(value: Any) -> Any:
    match value:
        case dict():
            return {key: _wire(item) for key, item in value.items() if item is not None}
        case list():
            return [_wire(item) for item in value]
        case bytes():
            return base64.b64encode(value).decode()
    return value


def trace_id(now_ms: int, ids: Ids) -> str:
    """An `X-Amzn-Trace-Id` of a request that nobody traces."""
    return f"{ids.trace(now_ms)};Parent={ids.hex(16)};Sampled=0"


def java_seconds(time_ms: int) -> str:
    """Seconds as Java writes a double of that size: `1.733332302919E9`."""
    digits = str(time_ms).rstrip("0")
    return f"{digits[:1]}.{digits[1:] or '0'}E{len(str(time_ms)) - 4}"
