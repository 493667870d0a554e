"""DynamoDB's numbers: up to 38 significant digits, magnitudes from 1E-130 to 9.99…E+125. Pure.

A number is kept as text in one canonical form, so that equal numbers are equal texts. `sort_bytes` gives bytes that sort
as the numbers do.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow

from fogbank.services.dynamodb.limits import NUMBER_DIGITS_MAX, NUMBER_EXPONENT_MAX, NUMBER_EXPONENT_MIN
from fogbank.services.dynamodb.service import invalid

_PLAIN = re.compile(r"(?:0|-?[1-9][0-9]{0,37})\Z")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?\Z")
# Any sum of two numbers is exact within the distance of the greatest from the smallest.
_EXACT = Context(prec=300, Emax=9999, Emin=-9999, traps=[InvalidOperation, Overflow, Inexact])
_TEXT_CHARS_MAX = 1024  # ours: longer texts are refused before they are parsed

_NEGATIVE, _ZERO, _POSITIVE = 1, 2, 3
_EXPONENT_BIAS = -(NUMBER_EXPONENT_MIN + 1)
_NEGATIVE_END = 0x7F  # above every inverted pair of digits: a shorter negative is the greater one


def canonical(text: str) -> str:
    """The number's one form. ValidationException when it is none, or out of range."""
    if _PLAIN.match(text):
        return text
    if not text:
        raise invalid("The parameter cannot be converted to a numeric value")
    if len(text) > _TEXT_CHARS_MAX or not _NUMBER.match(text):
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}")
    return to_text(Decimal(text))


def to_text(number: Decimal) -> str:
    """The canonical form of a number within DynamoDB's range; ValidationException beyond it."""
    if not number:
        return "0"
    magnitude = number.adjusted()
    if magnitude > NUMBER_EXPONENT_MAX:
        raise invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        )
    if magnitude < NUMBER_EXPONENT_MIN:
        raise invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        )
    digits = number.as_tuple().digits
    if len(digits) > NUMBER_DIGITS_MAX and len("".join(map(str, digits)).strip("0")) > NUMBER_DIGITS_MAX:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def add(left: str, right: str) -> str:
    """left + right, exactly; ValidationException when the sum has too many digits or is out of range."""
    if left.isdigit() and right.isdigit() and len(left) < NUMBER_DIGITS_MAX > len(right):
        return str(int(left) + int(right))  # what counters do, and quick
    return to_text(_EXACT.add(Decimal(left), Decimal(right)))


def subtract(left: str, right: str) -> str:
    return to_text(_EXACT.subtract(Decimal(left), Decimal(right)))


def size_bytes(text: str) -> int:
    """What a canonical number counts: two digits in a byte and one more, one more again for a sign."""
    digits = text.replace(".", "").lstrip("-").strip("0")
    return (len(digits) + 1) // 2 + (2 if text[0] == "-" else 1)


def sort_bytes(text: str) -> bytes:
    """Bytes that sort as the numbers do, of a canonical number."""
    if text == "0":
        return bytes((_ZERO,))
    is_negative = text[0] == "-"
    whole, _, fraction = text.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    # The value is 0.DIGITS times ten to the power of `exponent`.
    exponent = len(digits) - len(fraction) + _EXPONENT_BIAS
    digits = digits.rstrip("0")
    if len(digits) % 2:
        digits += "0"
    pairs = [int(digits[at : at + 2]) + 1 for at in range(0, len(digits), 2)]
    if is_negative:
        inverted = [101 - pair for pair in pairs]
        return bytes((_NEGATIVE, 255 - exponent, *inverted, _NEGATIVE_END))
    return bytes((_POSITIVE, exponent, *pairs))
