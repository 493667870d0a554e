"""Values of JSON as Java prints them: `String.valueOf` of numbers and maps, json-smart's text of lists.

Inside a Java program a parsed JSON object is a LinkedHashMap, whose text is `{foo=bar, n=1}`; a JSON array is json-smart's
JSONArray, whose text is JSON again, with `/` escaped for the web (AWS recordings show both; the escape follows json-smart).
"""

from __future__ import annotations

from math import isinf, isnan
from typing import Any

import orjson

DEPTH_MAX = 64  # ours: levels of a printed value


def text_of(value: Any, depth: int = 0) -> str:
    """`String.valueOf(value)`; null is the empty string."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return double_text(value)
    if depth > DEPTH_MAX:
        return "..."
    if isinstance(value, dict):
        fields = ", ".join(f"{key}={_inner(item, depth)}" for key, item in value.items())
        return "{" + fields + "}"
    if isinstance(value, list | tuple):
        return json_text(value)
    return str(value)


def _inner(value: Any, depth: int) -> str:
    return "null" if value is None else text_of(value, depth + 1)


def json_text(value: Any, *, web: bool = True) -> str:
    """JSON without spaces, as json-smart writes it. `web`: `/` is escaped."""
    try:
        text = orjson.dumps(value, default=str).decode()
    except (TypeError, orjson.JSONEncodeError):  # integers beyond 64 bits, keys that are no strings, too deep
        return ""
    return text.replace("/", "\\/") if web and "/" in text else text


def double_text(value: float) -> str:
    """`Double.toString`."""
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = repr(value)
        if "e" not in text:
            return text
        return f"{value:.20f}".rstrip("0")
    mantissa, _, exponent = f"{value:.17e}".partition("e")
    digits = repr(value)
    if "e" in digits:
        mantissa = digits.partition("e")[0]
    else:
        plain = digits.lstrip("-").replace(".", "").strip("0") or "0"
        mantissa = ("-" if value < 0 else "") + plain[0] + "." + (plain[1:] or "0")
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{int(exponent)}"
