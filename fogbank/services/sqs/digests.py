"""The MD5 digests that clients verify: of bodies and of message attributes (SQS developer guide, "message metadata")."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any


def md5(text: bytes) -> str:
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: dict[str, dict[str, Any]]) -> str:
    """`attributes` as on the wire; binary values as bytes or base64 text. Sorted by name, each part with its length."""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        _add(digest, name.encode())
        _add(digest, attribute["DataType"].encode())
        if attribute["DataType"].startswith("Binary"):
            value = attribute["BinaryValue"]
            digest.update(b"\x02")
            _add(digest, value if isinstance(value, bytes) else base64.b64decode(value))
        else:
            digest.update(b"\x01")
            _add(digest, attribute["StringValue"].encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _add(digest: Any, content: bytes) -> None:
    digest.update(struct.pack(">I", len(content)))
    digest.update(content)
