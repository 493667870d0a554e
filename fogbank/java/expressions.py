"""Java's regular expressions, by the `regex` package: it has their syntax (possessive quantifiers, `\\p{…}`, atomic groups)
and a bound on time, so that an expression that explodes ends in `ExpressionTimeout` and never holds up the server.
"""

from __future__ import annotations

from typing import Any

import regex

TIMEOUT_S = 0.1  # ours: one match; real ones take microseconds
TEXT_CHARS_MAX = 1024 * 1024  # ours: a longer text is not searched at all


class ExpressionError(ValueError):
    """The text is no regular expression."""


class ExpressionTimeout(ValueError):
    """One match took longer than TIMEOUT_S, or its text is too long."""


class Expression:
    """One compiled expression."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str, *, ignore_case: bool = False) -> None:
        self.text = text
        try:
            self._compiled: Any = regex.compile(
                _translated(text), regex.VERSION0 | (regex.IGNORECASE if ignore_case else 0)
            )
        except regex.error as error:
            raise ExpressionError(f"{text}: {error}") from None

    def fills(self, text: str) -> bool:
        """`Matcher.matches()`: the whole text."""
        try:
            return self._compiled.fullmatch(_bounded(text), timeout=TIMEOUT_S) is not None
        except TimeoutError:
            raise ExpressionTimeout(self.text) from None

    def groups(self, text: str) -> tuple[str | None, ...] | None:
        """The capturing groups of a match of the whole text; None when there is none."""
        try:
            found = self._compiled.fullmatch(_bounded(text), timeout=TIMEOUT_S)
        except TimeoutError:
            raise ExpressionTimeout(self.text) from None
        return None if found is None else found.groups()

    def finds(self, text: str) -> bool:
        """`Matcher.find()`: somewhere in the text."""
        try:
            return self._compiled.search(_bounded(text), timeout=TIMEOUT_S) is not None
        except TimeoutError:
            raise ExpressionTimeout(self.text) from None

    def replace(self, text: str, replacement: str, *, count: int = 0) -> str:
        """`String.replaceAll`, or `replaceFirst` with a count of 1: `$1` and `\\x` as Java reads them."""
        pieces = _replacement(replacement)

        def fill(found: Any) -> str:
            return "".join(
                piece if isinstance(piece, str) else found.group(piece[0]) or "" for piece in pieces
            )

        try:
            return str(self._compiled.sub(fill, _bounded(text), count=count, timeout=TIMEOUT_S))
        except TimeoutError:
            raise ExpressionTimeout(self.text) from None
        except (IndexError, regex.error) as error:
            raise ExpressionError(f"{replacement}: {error}") from None

    def split(self, text: str, limit: int = 0) -> list[str]:
        """`String.split`: without a limit, empty pieces at the end are dropped; an empty first piece of no width too."""
        try:
            found = list(self._compiled.finditer(_bounded(text), timeout=TIMEOUT_S))
        except TimeoutError:
            raise ExpressionTimeout(self.text) from None
        pieces: list[str] = []
        at = 0
        for match in found:
            if limit > 0 and len(pieces) == limit - 1:
                break
            start, end = match.span()
            if end == 0 or (start == end and start == len(text)):
                continue
            pieces.append(text[at:start])
            at = end
        pieces.append(text[at:])
        if limit == 0:
            while len(pieces) > 1 and not pieces[-1]:
                pieces.pop()
        return pieces


def _bounded(text: str) -> str:
    if len(text) > TEXT_CHARS_MAX:
        raise ExpressionTimeout("the text is too long")
    return text


def _translated(text: str) -> str:
    """Where the syntax differs: `\\Q…\\E`, `\\k<name>` and `\\z`."""
    if "\\" not in text:
        return text
    out, at = [], 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            following = text[at + 1]
            if following == "Q":
                end = text.find("\\E", at + 2)
                end = len(text) if end < 0 else end
                out.append(regex.escape(text[at + 2 : end]))
                at = end + 2
                continue
            if following == "k" and text.startswith("<", at + 2) and (end := text.find(">", at)) > 0:
                out.append(f"(?P={text[at + 3 : end]})")
                at = end + 1
                continue
            out.append("\\Z" if following == "z" else text[at : at + 2])
            at += 2
            continue
        out.append(text[at])
        at += 1
    return "".join(out)


def _replacement(text: str) -> list[str | tuple[int | str]]:
    """A replacement as literal pieces and group references."""
    pieces: list[str | tuple[int | str]] = []
    at, size = 0, len(text)
    while at < size:
        char = text[at]
        if char == "\\":
            if at + 1 >= size:
                raise ExpressionError("character to be escaped is missing")
            pieces.append(text[at + 1])
            at += 2
        elif char == "$":
            if text.startswith("{", at + 1) and (end := text.find("}", at)) > 0:
                pieces.append((text[at + 2 : end],))
                at = end + 1
            elif at + 1 < size and text[at + 1].isdigit():
                pieces.append((int(text[at + 1]),))
                at += 2
            else:
                raise ExpressionError("Illegal group reference")
        else:
            pieces.append(char)
            at += 1
    return pieces
