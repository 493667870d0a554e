"""The models' regular expressions, which are Java's, as Python's.

A value must match as a whole. `\\w`, `\\d`, `\\s` are ASCII, as in Java. Unicode categories (`\\p{L}`), which Python does
not have, are spelled out over the characters that a value can hold: ASCII, and whatever else stands in that one value.
So no table of Unicode is needed, and ASCII values, nearly all there are, use an expression compiled once.

What cannot be translated (character class intersections and such) raises PatternError: `patches.json` then gives the
shape a pattern that can.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

Matches = Callable[[str], bool]

ASCII = "".join(map(chr, range(128)))
SPACES = (0x20, 0x7E)  # first and last printable character of ASCII

#: The predicates of `\\p{…}` names: general categories by prefix, and POSIX classes, which Java keeps to ASCII.
POSIX: dict[str, Callable[[str], bool]] = {
    "Lower": lambda c: "a" <= c <= "z",
    "Upper": lambda c: "A" <= c <= "Z",
    "Alpha": lambda c: c.isascii() and c.isalpha(),
    "Digit": lambda c: "0" <= c <= "9",
    "Alnum": lambda c: c.isascii() and c.isalnum(),
    "Punct": lambda c: c.isascii() and "!" <= c <= "~" and not c.isalnum(),
    "Graph": lambda c: "!" <= c <= "~",
    "Print": lambda c: SPACES[0] <= ord(c) <= SPACES[1],
    "Blank": lambda c: c in " \t",
    "Cntrl": lambda c: ord(c) < SPACES[0] or c == "\x7f",
    "XDigit": lambda c: c in "0123456789abcdefABCDEF",
    "Space": lambda c: c in " \t\n\x0b\f\r",
    "ASCII": str.isascii,
    "IsAlphabetic": str.isalpha,
    "IsWhitespace": str.isspace,
    "all": lambda c: True,
    "LD": str.isalnum,
}
CATEGORY = re.compile(r"[CLMNPSZ][a-z&]?")
PROPERTY = re.compile(r"\\([pP])(?:\{(\w+)\}|(\w))")
SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
BRACED_HEX = re.compile(r"\\x\{([0-9a-fA-F]+)\}")
CLASS_ESCAPES = "wWdDsSpP"
DOT = r"[^\n\r\u0085\u2028\u2029]"  # Java's dot stops at every line terminator


class PatternError(ValueError):
    """A pattern that has no translation."""


def compile_pattern(pattern: str) -> Matches:
    """What tells whether a whole value matches. Compiled on first use; PatternError then if it has no translation."""
    return _ByAlphabet(pattern) if PROPERTY.search(pattern) else _Fixed(pattern)


class _Fixed:
    """A pattern that is the same for every value."""

    __slots__ = ("_match", "_pattern")

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._match: Callable[[str], object] | None = None

    def __call__(self, value: str) -> bool:
        if self._match is None:
            self._match = _compile(self._pattern, ASCII).fullmatch
        return self._match(value) is not None


class _ByAlphabet:
    """A pattern with Unicode categories."""

    __slots__ = ("_ascii", "_pattern")

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._ascii = _Fixed(pattern)

    def __call__(self, value: str) -> bool:
        if value.isascii():
            return self._ascii(value)
        alphabet = ASCII + "".join(sorted({char for char in value if not char.isascii()}))
        return _compile(self._pattern, alphabet).fullmatch(value) is not None


def _compile(pattern: str, alphabet: str) -> re.Pattern[str]:
    try:
        return re.compile(translate(pattern, alphabet), re.ASCII)
    except re.error as error:
        raise PatternError(f"{pattern}: {error}") from None


def translate(pattern: str, alphabet: str = ASCII) -> str:
    """A Java expression as Python writes it, categories spelled out over `alphabet`. Raises PatternError."""
    if "&&" in pattern or "\\Q" in pattern:
        raise PatternError(f"{pattern}: neither intersections nor quotations")
    text = SURROGATES.sub(_joined, BRACED_HEX.sub(lambda found: f"\\U{int(found[1], 16):08X}", pattern))
    out: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            at = _class(text, at, alphabet, out)
        elif text[at] == "\\":
            at = _escape(text, at, alphabet, out)
        elif text.startswith("(?<", at) and text[at + 3 : at + 4] not in ("=", "!"):
            out.append("(?P<")
            at += 3
        else:
            out.append(DOT if text[at] == "." else text[at])
            at += 1
    return "".join(out)


def _joined(found: re.Match[str]) -> str:
    """A surrogate pair as the one character it stands for."""
    high, low = int(found[0][2:6], 16), int(found[0][8:12], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"


def _escape(text: str, at: int, alphabet: str, out: list[str]) -> int:
    if (found := PROPERTY.match(text, at)) is not None:
        members = _members(found, alphabet)
        out.append(f"[{members}]" if members else "(?!)")
        return found.end()
    match text[at + 1 : at + 2]:
        case "z":
            out.append(r"\Z")
        case "Z":
            out.append(r"(?=\n?\Z)")
        case "h":
            out.append(r"[ \t]")
        case following:
            out.append("\\" + following)
    return at + 2


def _class(text: str, at: int, alphabet: str, out: list[str]) -> int:
    """A character class. A hyphen beside `\\w` and such is itself; brackets inside are themselves."""
    start = at + 1
    at = start + (text[start : start + 1] == "^")
    items: list[str] = []
    last_is_class = False
    while at < len(text) and (text[at] != "]" or not items):
        if (found := PROPERTY.match(text, at)) is not None:
            items.append(_members(found, alphabet))
            at, last_is_class = found.end(), True
        elif text[at] == "\\":
            items.append(text[at : at + 2])
            last_is_class = text[at + 1 : at + 2] in CLASS_ESCAPES
            at += 2
        elif text[at] == "-" and (last_is_class or _starts_class(text, at + 1)):
            items.append(r"\-")
            at, last_is_class = at + 1, False
        else:
            items.append("\\" + text[at] if text[at] in "[|~&" else text[at])
            at, last_is_class = at + 1, False
    body = "".join(items)
    negated = text[start : start + 1] == "^"
    out.append(f"[{'^' if negated else ''}{body}]" if body else (r"[\s\S]" if negated else "(?!)"))
    return at + 1


def _starts_class(text: str, at: int) -> bool:
    return text[at : at + 1] == "\\" and text[at + 1 : at + 2] in CLASS_ESCAPES


def _members(found: re.Match[str], alphabet: str) -> str:
    """The characters of a property, as the inside of a class: runs of neighbours as ranges."""
    name = found[2] or found[3]
    test = POSIX.get(name)
    if test is None:
        if not CATEGORY.fullmatch(name):
            raise PatternError(f"{found.string}: the property {name} is not known")
        test = _in_category(name)
    wanted = found[1] == "p"
    codes = [ord(char) for char in alphabet if test(char) is wanted]
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"\\U{low:08X}" + (f"-\\U{high:08X}" if high > low else "") for low, high in runs)


def _in_category(name: str) -> Callable[[str], bool]:
    return lambda char: unicodedata.category(char).startswith(name)
