"""Texts with `$context.…` in them: access log formats and the bodies of gateway responses. No template engine: only names.

A name is `$context.a.b`, `$context.a['b']`, `$stageVariables.x` or, in gateway responses, `$method.request.header.x`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Lookup = Callable[[tuple[str, ...]], Any]

_VARIABLE = re.compile(
    r"\$(\{)?(context|stageVariables|method\.request\.(?:header|querystring|path|body))"
    r"((?:\.[A-Za-z0-9_-]+|\[['\"][^'\"\]]+['\"]\])+)(?(1)\})"
)
_PART = re.compile(r"\.([A-Za-z0-9_-]+)|\[['\"]([^'\"\]]+)['\"]\]")


def compile_text(text: str, *, missing: str) -> Callable[[Lookup], str]:
    """A function from a look-up of names to the text; `missing` stands for what has no value."""
    pieces: list[str | tuple[str, ...]] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        pieces.append(text[at : match.start()])
        parts = tuple(dotted or quoted for dotted, quoted in _PART.findall(match[3]))
        pieces.append((*match[2].split("."), *parts))
        at = match.end()
    pieces.append(text[at:])
    if len(pieces) == 1:
        return lambda lookup: text

    def render(lookup: Lookup) -> str:
        out = []
        for piece in pieces:
            if type(piece) is str:
                out.append(piece)
            else:
                value = lookup(piece)  # type: ignore[arg-type]
                out.append(missing if value is None or value == "" else plain(value))
        return "".join(out)

    return render


def plain(value: Any) -> str:
    """A value inside of such a text."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)
