"""What the commands print: colour on a terminal only, JSON where a script asks for it."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

import orjson

RED, GREEN, YELLOW, BLUE, DIM, BOLD = "31", "32", "33", "34", "2", "1"


def colour(text: str, code: str, stream: TextIO | None = None) -> str:
    """`text` in a colour where the stream is a terminal and NO_COLOR is not set."""
    stream = stream or sys.stdout
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def say(text: str = "") -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    """An error line on stderr."""
    print(f"{colour('fogbank:', RED, sys.stderr)} {text}", file=sys.stderr, flush=True)


def say_json(value: Any) -> None:
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode(), flush=True)


def table(rows: list[tuple[str, ...]]) -> None:
    """Columns as wide as their content."""
    if not rows:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
