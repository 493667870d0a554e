"""Task tokens: where the task is that a worker or a callback answers, and a secret that only its token tells."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import orjson

from fogbank.asl.frames import Path

TOKEN_CHARS_MAX = 2048  # as the API takes it


@dataclass(frozen=True, slots=True)
class Token:
    arn: str
    path: Path
    number: int
    secret: str


def token_of(arn: str, path: Path, number: int, secret: str) -> str:
    """Opaque to its holders."""
    return base64.b64encode(orjson.dumps([arn, list(path), number, secret])).decode()


def parse_token(text: str) -> Token | None:
    """None for what was never a token."""
    try:
        arn, path, number, secret = orjson.loads(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        return None
    if not isinstance(arn, str) or not isinstance(path, list) or not isinstance(number, int):
        return None
    if not all(isinstance(part, int) for part in path) or not isinstance(secret, str):
        return None
    return Token(arn, tuple(path), number, secret)
