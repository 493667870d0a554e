"""The text of an expression as tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.limits import EXPRESSION_BYTES_MAX
from fogbank.services.dynamodb.service import invalid

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<alias>\#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<number>[0-9]+)|(?P<mark><>|<=|>=|[=<>()\[\],.+\-]))"
)
_REST = re.compile(r"\s*(\S+)")
_SPACE = re.compile(r"\s*\Z")
END = "<EOF>"


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # name, alias (#x), value (:x), number, mark, end
    text: str
    start: int
    end: int


def tokenize(text: str, kind: str) -> list[Token]:
    """The tokens, ended by one of kind "end". `kind` names the parameter in errors. Raises ValidationException."""
    if not text.strip():
        raise invalid(f"Invalid {kind}: The expression can not be empty;")
    if (size := len(text.encode("utf-8", "surrogatepass"))) > EXPRESSION_BYTES_MAX:
        raise invalid(
            f"Invalid {kind}: Expression size has exceeded the maximum allowed size; expression size: {size}"
        )
    tokens: list[Token] = []
    at = 0
    while (found := _TOKEN.match(text, at)) is not None:
        group = found.lastgroup or ""
        tokens.append(Token(group, found.group(group), found.start(group), found.end()))
        at = found.end()
    if not _SPACE.match(text, at):
        bad = _single(text, at)
        following = _TOKEN.match(text, bad.end)
        if following is not None:
            group = following.lastgroup or ""
            rest = [Token(group, following.group(group), following.start(group), following.end())]
        else:
            rest = [] if _SPACE.match(text, bad.end) else [_single(text, bad.end)]
        raise syntax_error(text, [*tokens, bad, *rest], len(tokens), kind)
    tokens.append(Token("end", END, len(text), len(text)))
    return tokens


def _single(text: str, at: int) -> Token:
    """The next character that is no white space, which begins no token: an underscore, for one."""
    found = _REST.match(text, at)
    assert found is not None  # the caller has looked
    return Token("bad", found.group(1)[0], found.start(1), found.start(1) + 1)


def syntax_error(text: str, tokens: list[Token], at: int, kind: str) -> AwsError:
    """What stands at `tokens[at]` does not belong there."""
    first = tokens[max(0, at - 1)].start
    last = tokens[min(len(tokens) - 1, at + 1)].end
    return invalid(f'Invalid {kind}: Syntax error; token: "{tokens[at].text}", near: "{text[first:last]}"')
