"""What the intrinsic functions do. Each takes its arguments as a list and raises InvalidArguments.

The rules that no documentation has were observed on AWS: all but MathAdd cut fractions off; ArrayUnique answers in the
order of a Java set; ArrayContains compares texts, so that 1 is in ["1"]; StringSplit drops what is empty.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import orjson

from fogbank.asl import texts
from fogbank.asl.limits import INTRINSIC_ARRAY_RANGE_MAX, INTRINSIC_TEXT_CHARS_MAX
from fogbank.core.errors import FogbankError
from fogbank.core.ids import Ids
from fogbank.java.jsonpath_filters import same
from fogbank.java.random import seeded_int
from fogbank.java.sets import hash_code, set_order

Function: TypeAlias = Callable[[list[Any], Ids], Any]

_INT_MIN: Final = -(1 << 31)
_INT_MAX: Final = (1 << 31) - 1
_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
_ALGORITHMS: Final = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}


class InvalidArguments(FogbankError):
    """The sentence that follows "had the following error:"."""


def _invalid(name: str, why: str = "") -> InvalidArguments:
    return InvalidArguments(f"Invalid arguments in States.{name}{why}")


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _invalid(name)
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > INTRINSIC_TEXT_CHARS_MAX:
        raise _invalid(name)
    return value


def _int(value: Any, name: str, convert: Callable[[float], int] = int) -> int:
    """A number as Java's int."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise _invalid(name)
    number = convert(value)
    if not _INT_MIN <= number <= _INT_MAX:
        raise _invalid(name)
    return number


def _round(value: float) -> int:
    """`Math.round`: halves go up."""
    return value if isinstance(value, int) else math.floor(value + 0.5)


def _array(arguments: list[Any], ids: Ids) -> Any:
    return arguments


def _array_partition(arguments: list[Any], ids: Ids) -> Any:
    items, size = _list(arguments[0], "ArrayPartition"), _int(arguments[1], "ArrayPartition")
    if size <= 0:
        raise _invalid("ArrayPartition")
    return [items[at : at + size] for at in range(0, len(items), size)]


def _array_contains(arguments: list[Any], ids: Ids) -> Any:
    wanted = texts.scalar_text(arguments[1])
    return any(texts.scalar_text(item) == wanted for item in _list(arguments[0], "ArrayContains"))


def _array_range(arguments: list[Any], ids: Ids) -> Any:
    start, end, step = (_int(argument, "ArrayRange") for argument in arguments)
    if step == 0:
        raise _invalid("ArrayRange")
    numbers = range(start, end + (1 if step > 0 else -1), step)
    if len(numbers) > INTRINSIC_ARRAY_RANGE_MAX:
        raise _invalid("ArrayRange")
    return list(numbers)


def _array_get_item(arguments: list[Any], ids: Ids) -> Any:
    items, index = _list(arguments[0], "ArrayGetItem"), _int(arguments[1], "ArrayGetItem")
    if not items:
        return None
    if not 0 <= index < len(items):
        raise _invalid("ArrayGetItem")
    return items[index]


def _array_length(arguments: list[Any], ids: Ids) -> Any:
    return len(_list(arguments[0], "ArrayLength"))


def _array_unique(arguments: list[Any], ids: Ids) -> Any:
    items = _list(arguments[0], "ArrayUnique")
    seen: dict[int, list[Any]] = {}
    unique = []
    for item in items:
        others = seen.setdefault(hash_code(item), [])
        if not any(type(other) is type(item) and same(other, item) for other in others):
            others.append(item)
            unique.append(item)
    return set_order(unique, len(items))


def _base64_encode(arguments: list[Any], ids: Ids) -> Any:
    return base64.b64encode(_text(arguments[0], "Base64Encode").encode(errors="replace")).decode()


def _base64_decode(arguments: list[Any], ids: Ids) -> Any:
    """Lenient: what is not of the alphabet is skipped, the first `=` ends it."""
    digits = _text(arguments[0], "Base64Decode").partition("=")[0]
    kept = "".join(digit for digit in digits if digit in _BASE64)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    raw = base64.urlsafe_b64decode(kept.replace("+", "-").replace("/", "_") + "=" * (-len(kept) % 4))
    return raw.decode(errors="replace")


def _hash(arguments: list[Any], ids: Ids) -> Any:
    text, algorithm = _text(texts.scalar_text(arguments[0]), "Hash"), arguments[1]
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise _invalid("Hash")
    digest = hashlib.new(_ALGORITHMS[algorithm], text.encode(errors="replace"), usedforsecurity=False)
    return digest.hexdigest()


def _json_merge(arguments: list[Any], ids: Ids) -> Any:
    first, second, deep = arguments
    if not isinstance(first, dict) or not isinstance(second, dict) or deep is True:
        raise _invalid("JsonMerge")
    return {**first, **second}


def _json_to_string(arguments: list[Any], ids: Ids) -> Any:
    return texts.json_text(arguments[0])


def _string_to_json(arguments: list[Any], ids: Ids) -> Any:
    text = arguments[0]
    if not isinstance(text, str):
        raise _invalid("StringToJson")
    if not text.strip():
        return None
    try:
        return orjson.loads(text)
    except ValueError:
        raise _invalid("StringToJson") from None


def _string_split(arguments: list[Any], ids: Ids) -> Any:
    """Each character of the delimiter splits, as Java's StringTokenizer has it."""
    text, delimiters = arguments
    if not isinstance(text, str) or not isinstance(delimiters, str):
        raise _invalid("StringSplit")
    if not delimiters:
        return [text] if text else []
    blank = delimiters[0]
    unified = text.translate({ord(char): blank for char in delimiters})
    return [part for part in unified.split(blank) if part]


def _math_add(arguments: list[Any], ids: Ids) -> Any:
    return _int(sum(_int(argument, "MathAdd", _round) for argument in arguments), "MathAdd")


def _math_random(arguments: list[Any], ids: Ids) -> Any:
    """From start up to but without end; with a seed as `java.util.Random` gives it (a guess: AWS's seeds are not known)."""
    start, end, *seed = (_int(argument, "MathRandom") for argument in arguments)
    if start >= end:
        raise _invalid("MathRandom")
    span = end - start
    if seed and span <= _INT_MAX:
        return start + seeded_int(seed[0], span)
    return start + int(ids.uniform() * span)


def _uuid(arguments: list[Any], ids: Ids) -> Any:
    return ids.uuid()


def _format(arguments: list[Any], ids: Ids) -> Any:
    if not arguments or not isinstance(arguments[0], str):
        raise _invalid("Format")
    pieces = _pieces(arguments[0])
    values = arguments[1:]
    if len(pieces) - 1 != len(values):
        raise _invalid("Format", ": number of arguments do not match the occurrences of {}.")
    shown = [texts.scalar_text(value) for value in values]
    return pieces[0] + "".join(value + piece for value, piece in zip(shown, pieces[1:], strict=True))


def _pieces(template: str) -> list[str]:
    """The texts before, between and after `{}`; braces of the text are escaped by a backslash."""
    pieces: list[str] = []
    current: list[str] = []
    at = 0
    while at < len(template):
        char = template[at]
        if char == "\\" and template[at + 1 : at + 2] in ("{", "}", "\\", "'"):
            at += 1
            current.append(template[at])
        elif char == "{":
            if not template.startswith("{}", at):
                raise InvalidArguments("Invalid template in States.Format: matching '}' not found for '{'.")
            pieces.append("".join(current))
            current = []
            at += 1
        elif char == "}":
            raise InvalidArguments("Invalid template in States.Format: matching '{' not found for '}'.")
        else:
            current.append(char)
        at += 1
    return [*pieces, "".join(current)]


def _counted(name: str, function: Function, least: int, most: int | None) -> Function:
    """Takes `least` to `most` arguments. A wrong number is found out when it runs, as on AWS."""

    def call(arguments: list[Any], ids: Ids) -> Any:
        if len(arguments) < least or (most is not None and len(arguments) > most):
            raise _invalid(name)
        return function(arguments, ids)

    return call


FUNCTIONS: dict[str, Function] = {
    name: _counted(name, function, least, most)
    for name, function, least, most in (
        ("Array", _array, 0, None),
        ("ArrayPartition", _array_partition, 2, 2),
        ("ArrayContains", _array_contains, 2, 2),
        ("ArrayRange", _array_range, 3, 3),
        ("ArrayGetItem", _array_get_item, 2, 2),
        ("ArrayLength", _array_length, 1, 1),
        ("ArrayUnique", _array_unique, 1, 1),
        ("Base64Encode", _base64_encode, 1, 1),
        ("Base64Decode", _base64_decode, 1, 1),
        ("Hash", _hash, 2, 2),
        ("JsonMerge", _json_merge, 3, 3),
        ("JsonToString", _json_to_string, 1, 1),
        ("StringToJson", _string_to_json, 1, 1),
        ("StringSplit", _string_split, 2, 2),
        ("MathAdd", _math_add, 2, 2),
        ("MathRandom", _math_random, 2, 3),
        ("UUID", _uuid, 0, 0),
        ("Format", _format, 1, None),
    )
}
"""By name without `States.`."""
