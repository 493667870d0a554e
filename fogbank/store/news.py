"""What a commit touched, as bytes for other nodes: tables of SQLite and notifications of PostgreSQL carry it.

One line of ASCII for each touched thing: a letter for its kind, and its key (encoded) or name in base-64. A list that
would exceed the carrier's bound is given up as a whole: `EVERYTHING` wakes every watcher, which the contract allows.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

from fogbank.store import keys
from fogbank.store.watches import Touched

EVERYTHING = b"*"

_RECORD, _DELETED, _LOG, _QUEUE = b"r", b"d", b"l", b"q"


def pack(touched: Touched, bytes_max: int) -> bytes:
    """At most `bytes_max` bytes for what was touched."""
    if touched.everything:
        return EVERYTHING
    lines: list[bytes] = []
    for letter, touched_keys in (
        (_RECORD, touched.records),
        (_DELETED, touched.deleted),
        (_LOG, touched.logs),
    ):
        lines += [letter + b64encode(keys.encode(key)) for key in touched_keys]
    lines += [_QUEUE + b64encode(queue.encode("utf-8", "surrogatepass")) for queue in touched.queues]
    packed = b"\n".join(lines)
    return packed if len(packed) <= bytes_max else EVERYTHING


def unpack(packed: bytes) -> Touched | None:
    """What `pack` was given; None for everything, and for what this version cannot read."""
    if packed == EVERYTHING:
        return None
    touched = Touched()
    try:
        for line in packed.splitlines():
            _take(touched, line[:1], b64decode(line[1:], validate=True))
    except ValueError:
        return None
    return touched


def _take(touched: Touched, letter: bytes, content: bytes) -> None:
    match letter:
        case b"r":
            touched.records.add(keys.decode(content))
        case b"d":
            touched.deleted.add(keys.decode(content))
        case b"l":
            touched.logs.add(keys.decode(content))
        case b"q":
            touched.queues.add(content.decode("utf-8", "surrogatepass"))
        case _:
            raise ValueError(f"news of an unknown kind {letter!r}")
