"""`$util`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import orjson

from fogbank.java.text import text_of
from fogbank.templates.errors import TemplateError
from fogbank.templates.methods import VtlObject
from fogbank.templates.values import bounded

_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "'": "\\'",
    "/": "\\/",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}


def escape_javascript(text: str) -> str:
    """As commons-lang's escapeJavaScript: quotes, slashes, control characters, and all that is not ASCII."""
    out = []
    for char in text:
        if (escaped := _ESCAPES.get(char)) is not None:
            out.append(escaped)
        elif " " <= char <= "~":
            out.append(char)
        else:
            code = ord(char)
            if code > 0xFFFF:
                code -= 0x10000
                out.append(f"\\u{0xD800 + (code >> 10):04X}\\u{0xDC00 + (code & 0x3FF):04X}")
            else:
                out.append(f"\\u{code:04X}")
    return bounded("".join(out))


def url_encode(text: str) -> str:
    """`java.net.URLEncoder`: letters, digits and `.-*_` stay, a space is `+`."""
    return bounded(quote_plus(text, safe="*").replace("~", "%7E"))


def parse_json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise TemplateError(f"$util.parseJson: {error}") from None


def base64_encode(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def base64_decode(text: str) -> str:
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise TemplateError("$util.base64Decode: the text is not base64") from None


_FUNCTIONS: dict[str, Callable[[str], Any]] = {
    "escapeJavaScript": escape_javascript,
    "parseJson": parse_json,
    "urlEncode": url_encode,
    "urlDecode": unquote_plus,
    "base64Encode": base64_encode,
    "base64Decode": base64_decode,
}


class Util(VtlObject):
    """Its functions take one string; a map or list gives null (an AWS recording shows it for escapeJavaScript)."""

    __slots__ = ()

    def vtl_call(self, name: str, arguments: list[Any]) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None or len(arguments) != 1 or arguments[0] is None:
            return None
        (value,) = arguments
        if isinstance(value, dict | list | VtlObject):
            return None
        return function(value if isinstance(value, str) else text_of(value))


UTIL = Util()
