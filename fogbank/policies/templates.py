"""Texts of policies with variables in them: `${aws:username}`, with a default `${aws:PrincipalTag/team, 'nobody'}`, and `${*}`, `${?}`, `${$}`
for the characters themselves. Variables came with version 2012-10-17; in older documents `${` is text.

What a variable stands for is text: a star in a user's name is no wild card. A variable without a value (the request lacks the key, or
the key has several values) and without a default makes the whole text match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from fogbank.policies.globs import Atom, Wild, atoms_of, compile_glob, glob_of

#: Lower-cased condition key → the request's values for it.
Context = Mapping[str, Sequence[str]]
#: Whether a value of the request is what the text says, the text's variables filled in from the request.
Matches = Callable[[str, Context], bool]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAMED = re.compile(r"\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?")
_CHARACTERS = frozenset("*?$")
_ARN_PARTS = 6
_COLON = re.compile(r":(?![^{}]*\})")  # none of those in `${aws:username}`


def text_matches(text: str, *, variables: bool, fold: bool = False) -> Matches:
    """Equality; with `fold` without regard to case."""
    if not (variables and "${" in text):
        wanted = text.lower() if fold else text
        return (lambda value, _: value.lower() == wanted) if fold else (lambda value, _: value == wanted)
    pieces = _pieces(text)

    def test(value: str, context: Context) -> bool:
        filled = _filled(pieces, context)
        if filled is None:
            return False
        wanted = "".join(atom.value if isinstance(atom, Wild) else atom for atom in filled)
        return value.lower() == wanted.lower() if fold else value == wanted

    return test


def glob_matches(text: str, *, variables: bool) -> Matches:
    """IAM's wild cards over the whole text."""
    if not (variables and "${" in text):
        fixed = compile_glob(text)
        return lambda value, _: fixed(value)
    pieces = _pieces(text)

    def test(value: str, context: Context) -> bool:
        filled = _filled(pieces, context)
        return filled is not None and glob_of(filled)(value)

    return test


def arn_matches(text: str, *, variables: bool) -> Matches:
    """Wild cards in each of an ARN's six parts by itself, so that a `*` does not reach over a colon; `*` alone is any ARN (a guess)."""
    if text == "*":
        return lambda value, _: True
    parts = [glob_matches(part, variables=variables) for part in _COLON.split(text, _ARN_PARTS - 1)]
    if len(parts) != _ARN_PARTS:
        return lambda value, _: False

    def test(value: str, context: Context) -> bool:
        found = value.split(":", _ARN_PARTS - 1)
        return len(found) == _ARN_PARTS and all(
            part(each, context) for part, each in zip(parts, found, strict=True)
        )

    return test


class _Variable:
    """One `${…}` that is looked up."""

    __slots__ = ("_default", "_key")

    def __init__(self, key: str, default: str | None) -> None:
        self._key = key.lower()
        self._default = default

    def value(self, context: Context) -> str | None:
        values = context.get(self._key)
        return values[0] if values is not None and len(values) == 1 else self._default


Piece = Atom | _Variable


def _pieces(text: str) -> list[Piece]:
    pieces: list[Piece] = []
    start = 0
    for found in _VARIABLE.finditer(text):
        pieces += atoms_of(text[start : found.start()])
        start = found.end()
        inside = found[1]
        if inside in _CHARACTERS:
            pieces.append(inside)
        elif (named := _NAMED.fullmatch(inside)) is not None:
            pieces.append(_Variable(named[1], named[2]))
        else:
            pieces.append(_Variable("", None))  # no variable of IAM's: it has no value
    pieces += atoms_of(text[start:])
    return pieces


def _filled(pieces: list[Piece], context: Context) -> list[Atom] | None:
    filled: list[Atom] = []
    for piece in pieces:
        if isinstance(piece, _Variable):
            value = piece.value(context)
            if value is None:
                return None
            filled.append(value)
        else:
            filled.append(piece)
    return filled
