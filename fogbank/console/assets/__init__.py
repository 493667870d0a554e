"""The files that pages are made of: plain HTML, CSS and JavaScript, no build step and nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
NAMES = frozenset({"console.css", "states.html", "states.js", "list.html", "list.js"})


@cache
def asset(name: str) -> bytes | None:
    """A file's content; None when there is none of that name."""
    return (FOLDER / name).read_bytes() if name in NAMES else None
