"""`$formatInteger` and `$parseInteger`: numbers as digits, letters, Roman numerals and words."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from fogbank.asl.jsonata_library.number_words import WORD_VALUES, read_words, words_of
from fogbank.asl.jsonata_runtime.operators import finite
from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.values import UNDEFINED, tidy
from fogbank.asl.jsonata_syntax.errors import JsonataError

_ROMANS: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_ZEROS: Final = (
    0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
)  # fmt: skip
_LETTERS_MAX = 10**15


class Style(Enum):
    """How an integer is written."""

    DECIMAL = "decimal"
    LETTERS = "letters"
    ROMAN = "roman"
    WORDS = "words"


class Case(Enum):
    UPPER = "upper"
    LOWER = "lower"
    TITLE = "title"


@dataclass(slots=True)
class IntegerPicture:
    """A picture, analysed. `separators` are (digits to the right, character); `width` fixes how many digits to read."""

    style: Style
    case: Case
    ordinal: bool
    zero: int = 0x30
    digits_min: int = 0
    digits_optional: int = 0
    separators: tuple[tuple[int, str], ...] = ()
    regular: bool = False
    width: int | None = None


def analyse(picture: str) -> IntegerPicture:
    """Raises D3130, D3131."""
    format_text, semicolon, modifier = picture.rpartition(";")
    if not semicolon:
        format_text, modifier = picture, ""
    ordinal = modifier.startswith("o")
    match format_text:
        case "A" | "a":
            return IntegerPicture(Style.LETTERS, _case(format_text), ordinal)
        case "I" | "i":
            return IntegerPicture(Style.ROMAN, _case(format_text), ordinal)
        case "W" | "w":
            return IntegerPicture(Style.WORDS, _case(format_text), ordinal)
        case "Ww":
            return IntegerPicture(Style.WORDS, Case.TITLE, ordinal)
        case _:
            return _analyse_decimal(format_text, ordinal)


def _case(letter: str) -> Case:
    return Case.UPPER if letter.isupper() else Case.LOWER


def _analyse_decimal(text: str, ordinal: bool) -> IntegerPicture:
    zero: int | None = None
    digits = optional = 0
    separators: list[tuple[int, str]] = []
    passed = 0
    for char in reversed(text):
        code = ord(char)
        family = next((start for start in _ZEROS if start <= code <= start + 9), None)
        if family is not None:
            if zero is not None and zero != family:
                raise JsonataError("D3131")
            zero = family
            digits += 1
            passed += 1
        elif char == "#":
            optional += 1
            passed += 1
        else:
            separators.append((passed, char))
    if digits == 0 or zero is None:
        raise JsonataError("D3130", value=text)
    separators = separators[::-1]
    regular = _is_regular(separators)
    return IntegerPicture(
        Style.DECIMAL, Case.LOWER, ordinal, zero, digits, optional, tuple(separators), regular
    )


def _is_regular(separators: list[tuple[int, str]]) -> bool:
    if not separators or len({char for _, char in separators}) > 1:
        return False
    positions = sorted(position for position, _ in separators)
    step = math.gcd(*positions) if positions[0] else 0
    return step > 0 and positions == [step * index for index in range(1, len(positions) + 1)]


# --- writing ----------------------------------------------------------------------------------------------------------
def write(value: int, picture: IntegerPicture) -> str:
    """`value` by `picture`."""
    negative, size = value < 0, abs(value)
    match picture.style:
        case Style.LETTERS:
            text = _cased(_letters(size), picture.case)
        case Style.ROMAN:
            text = _cased(_roman(size), picture.case)
        case Style.WORDS:
            text = words_of(size, picture.ordinal)
            text = text if picture.case is Case.TITLE else _cased(text, picture.case)
        case Style.DECIMAL:
            text = _decimal(size, picture)
    return "-" + text if negative else text


def _cased(text: str, case: Case) -> str:
    return text.upper() if case is Case.UPPER else text.lower()


def _letters(value: int) -> str:
    text = ""
    while value > 0:
        value, digit = divmod(value - 1, 26)
        text = chr(ord("a") + digit) + text
    return text


def _roman(value: int) -> str:
    text = "m" * min(value // 1000, 10_000)
    value %= 1000
    for size, numeral in _ROMANS:
        while value >= size:
            text += numeral
            value -= size
    return text


def _decimal(value: int, picture: IntegerPicture) -> str:
    text = str(value).rjust(picture.digits_min, "0")
    if picture.zero != 0x30:
        text = "".join(chr(ord(char) - 0x30 + picture.zero) for char in text)
    if picture.regular:
        step = min(position for position, _ in picture.separators)
        positions = [(at, picture.separators[0][1]) for at in range(step, len(text), step)]
    else:
        positions = sorted(picture.separators)
    length = len(text)
    for position, char in positions:
        at = length - position
        if at > 0:
            text = text[:at] + char + text[at:]
    return text + _ordinal_suffix(value) if picture.ordinal else text


def _ordinal_suffix(value: int) -> str:
    if value % 100 // 10 == 1:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


# --- reading ----------------------------------------------------------------------------------------------------------
def pattern_of(picture: IntegerPicture) -> str:
    """A regular expression for what `read` reads."""
    match picture.style:
        case Style.LETTERS:
            return "[A-Z]+" if picture.case is Case.UPPER else "[a-z]+"
        case Style.ROMAN:
            return "[MDCLXVI]+" if picture.case is Case.UPPER else "[mdclxvi]+"
        case Style.WORDS:
            words = sorted({*WORD_VALUES, "and"}, key=len, reverse=True)
            return f"(?i:(?:{'|'.join(words)}|[\\-, ])+)"
        case Style.DECIMAL:
            digit = f"[{chr(picture.zero)}-{chr(picture.zero + 9)}]"
            marks = "".join(re.escape(char) for _, char in picture.separators)
            body = digit if not marks else f"[{chr(picture.zero)}-{chr(picture.zero + 9)}{marks}]"
            count = f"{{{picture.width}}}" if picture.width else "+"
            return body + count + ("(?:th|st|nd|rd)" if picture.ordinal else "")


def read(text: str, picture: IntegerPicture) -> int | float:
    """The number that `text` writes; NaN if it is none."""
    match picture.style:
        case Style.LETTERS:
            return _read_letters(text)
        case Style.ROMAN:
            return _read_roman(text)
        case Style.WORDS:
            return read_words(text)
        case Style.DECIMAL:
            return _read_decimal(text, picture)


def _read_letters(text: str) -> int:
    value = 0
    for char in text.lower():
        value = value * 26 + ord(char) - ord("a") + 1
        if value > _LETTERS_MAX:
            break
    return value


def _read_roman(text: str) -> int:
    sizes = {numeral: size for size, numeral in _ROMANS if len(numeral) == 1}
    total = largest = 0
    for char in reversed(text.lower()):
        size = sizes.get(char, 0)
        total += -size if size < largest else size
        largest = max(largest, size)
    return total


def _read_decimal(text: str, picture: IntegerPicture) -> int | float:
    if picture.ordinal:
        text = text[:-2]
    for _, char in picture.separators:
        text = text.replace(char, "")
    digits = "".join(chr(ord(char) - picture.zero + 0x30) for char in text if ord(char) >= picture.zero)
    match = re.match(r"[0-9]{1,400}", digits)
    return int(match[0]) if match else math.nan


# --- the functions ----------------------------------------------------------------------------------------------------
def format_integer(run: Run, value: Any, picture: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    run.hold_text(len(picture))
    return write(math.floor(finite(value)), analyse(picture))


def parse_integer(run: Run, text: Any, picture: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.hold_text(len(text))
    return tidy(read(text, analyse(picture)))
