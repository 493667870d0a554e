"""The text of a statement as tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.service import invalid

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")|(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)"""
    r"""|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"""
    r"""|(?P<mark><<|>>|<=|>=|<>|!=|[=<>()\[\]{},.:*?+\-;]))"""
)
_SPACE = re.compile(r"\s*\Z")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # text, quoted, word, number, mark, end
    text: str  # without quotes
    at: int


def malformed(what: str) -> AwsError:
    return invalid(f"Statement wasn't well formed, can't be processed: {what}")


def tokenize(statement: str) -> list[Token]:
    """Raises ValidationException."""
    tokens: list[Token] = []
    at = 0
    while (found := _TOKEN.match(statement, at)) is not None:
        kind = found.lastgroup or ""
        text = found.group(kind)
        if kind in ("text", "quoted"):
            text = text[1:-1].replace(text[0] * 2, text[0])
        tokens.append(Token(kind, text, found.start(kind)))
        at = found.end()
    if not _SPACE.match(statement, at):
        raise malformed(f"Unexpected character at position {at}")
    tokens.append(Token("end", "", len(statement)))
    return tokens
