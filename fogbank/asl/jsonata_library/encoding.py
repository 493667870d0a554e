"""Base 64 and URL encoding."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final
from urllib.parse import quote

from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.values import UNDEFINED
from fogbank.asl.jsonata_syntax.errors import JsonataError

_COMPONENT_SAFE: Final = "!'()*-._~"
_URL_SAFE: Final = _COMPONENT_SAFE + ";/?:@&=+$,#"
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def base64_encode(run: Run, text: Any) -> Any:
    """One byte for each character, as JavaScript's `btoa`."""
    if text is UNDEFINED:
        return UNDEFINED
    run.hold_text(len(text) * 4 // 3)
    return base64.b64encode(bytes(ord(char) & 0xFF for char in text)).decode()


def base64_decode(run: Run, text: Any) -> Any:
    """One character for each byte; what is no base 64 is passed over, as JavaScript does."""
    if text is UNDEFINED:
        return UNDEFINED
    digits = _NOT_BASE64.sub("", text.split("=")[0].replace("-", "+").replace("_", "/"))
    digits = digits[:-1] if len(digits) % 4 == 1 else digits
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4)).decode("latin-1")
    except binascii.Error:
        return ""


def encode_url_component(run: Run, text: Any) -> Any:
    return _encoded(run, text, _COMPONENT_SAFE, "encodeUrlComponent")


def encode_url(run: Run, text: Any) -> Any:
    return _encoded(run, text, _URL_SAFE, "encodeUrl")


def decode_url_component(run: Run, text: Any) -> Any:
    return _decoded(text, "", "decodeUrlComponent")


def decode_url(run: Run, text: Any) -> Any:
    # What separates the parts of a URL stays escaped.
    return _decoded(text, ";/?:@&=+$,#", "decodeUrl")


def _encoded(run: Run, text: Any, safe: str, name: str) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    try:
        encoded = quote(text, safe=safe)
    except UnicodeEncodeError:
        raise JsonataError("D3140", functionName=name, value=text) from None
    run.hold_text(len(encoded))
    return encoded


def _decoded(text: Any, reserved: str, name: str) -> Any:
    if text is UNDEFINED:
        return UNDEFINED

    def decode(match: re.Match[str]) -> str:
        raw = bytes.fromhex(match[0].replace("%", ""))
        return "".join(
            f"%{ord(char):02X}" if char in reserved and ord(char) < 128 else char for char in raw.decode()
        )

    try:
        decoded = _ESCAPES.sub(decode, text)
    except UnicodeDecodeError:
        raise JsonataError("D3140", functionName=name, value=text) from None
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise JsonataError("D3140", functionName=name, value=text)
    return decoded
