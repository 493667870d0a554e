"""Records as rows: small ones in a tree ordered by their keys, the others as they came, with an index beside them.

Small rows lie together as their keys do: a range of them is a few pages, however much the store holds, and a new one
changes one page of one tree. With large values such a tree would be deep and its pages would split all the time; those
go to the end of the table `record`. A key lies in one of the two. A value that outgrows the small ones moves;
one that shrinks stays where it is, as do the small ones that fogbank kept in `record` before there was `small`.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from fogbank.store.sqlite_session import Session

SMALL_BYTES_MAX = 300  # of a value: ten to twenty lie on a page

GET = """
SELECT value, version FROM small WHERE key = ?1
UNION ALL SELECT value, version FROM record WHERE key = ?1 LIMIT 1
"""
COUNT = """
SELECT count(*) FROM (SELECT 1 FROM small WHERE key >= ?1 AND key < ?2
UNION ALL SELECT 1 FROM record WHERE key >= ?1 AND key < ?2 LIMIT ?3)
"""
_VERSION = (
    "SELECT version FROM small WHERE key = ?1 UNION ALL SELECT version FROM record WHERE key = ?1 LIMIT 1"
)

_RANGE = "SELECT key, value, version FROM {} WHERE key >= ? AND key < ? ORDER BY key {} LIMIT ?"
_SMALL = _RANGE.format("small", "ASC"), _RANGE.format("small", "DESC")
_LARGE = _RANGE.format("record", "ASC"), _RANGE.format("record", "DESC")
_LARGE_VALUES = tuple(statement.replace("key, value, version", "value") for statement in _LARGE)

# None of these puts a key into one table that lies in the other.
_INSERT = """
INSERT INTO {0} (key, version, value) SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM {1} WHERE key = ?1)
ON CONFLICT (key) DO"""
_INSERT_SMALL, _INSERT_LARGE = (
    _INSERT.format(*tables) + " NOTHING" for tables in (("small", "record"), ("record", "small"))
)
_SET = " UPDATE SET version = excluded.version, value = excluded.value"
_PUT_SMALL, _PUT_LARGE = (
    _INSERT.format(*tables) + _SET for tables in (("small", "record"), ("record", "small"))
)
_UPDATE = "UPDATE {} SET version = ?, value = ? WHERE key = ? AND version = ?"
_UPDATE_SMALL, _UPDATE_LARGE = _UPDATE.format("small"), _UPDATE.format("record")
_DELETE_SMALL, _DELETE_LARGE = "DELETE FROM small WHERE key = ?", "DELETE FROM record WHERE key = ?"
_DELETE_SMALL_AT = _DELETE_SMALL + " AND version = ?"
_DELETE_LARGE_AT = _DELETE_LARGE + " AND version = ?"

Row = tuple[bytes, bytes, int]  # key, value, version
Run = Callable[[str, tuple[Any, ...]], list[Any]]


def read(run: Run, low: bytes, high: bytes, limit: int, reverse: bool) -> list[Row]:
    """What lies in `low` <= key < `high`, in order. `run` gives a statement's rows, all of one state of the store."""
    return _with_large(run, run(_SMALL[reverse], (low, high, limit)), low, high, limit, reverse)


def read_values(run: Run, low: bytes, high: bytes, limit: int, reverse: bool) -> list[bytes]:
    """As `read`, the values alone."""
    small = run(_SMALL[reverse], (low, high, limit))
    if not small:
        return [value for (value,) in run(_LARGE_VALUES[reverse], (low, high, limit))]
    return [value for _, value, _ in _with_large(run, small, low, high, limit, reverse)]


def _with_large(run: Run, small: list[Row], low: bytes, high: bytes, limit: int, reverse: bool) -> list[Row]:
    if small and len(small) == limit:  # only those that lie among them
        low, high = (small[-1][0], high) if reverse else (low, small[-1][0])
    large: list[Row] = run(_LARGE[reverse], (low, high, limit))
    if not small or not large:
        return small or large
    return sorted(small + large, key=itemgetter(0), reverse=reverse)[:limit]


def version_of(session: Session, key: bytes) -> int:
    """0: not there."""
    rows = session.execute(_VERSION, (key,))
    version: int = rows[0][0] if rows else 0
    return version


def put(session: Session, key: bytes, version: int, value: bytes) -> None:
    """Whatever was there."""
    row = (key, version, value)
    is_small = len(value) <= SMALL_BYTES_MAX
    session.execute(_PUT_SMALL if is_small else _PUT_LARGE, row)
    if not session.changes():  # it is in the other table
        if not is_small:
            session.execute(_DELETE_SMALL, (key,))
        session.execute(_PUT_LARGE, row)


def insert(session: Session, key: bytes, version: int, value: bytes) -> bool:
    """Whether there was none."""
    statement = _INSERT_SMALL if len(value) <= SMALL_BYTES_MAX else _INSERT_LARGE
    session.execute(statement, (key, version, value))
    return session.changes() > 0


def update(session: Session, key: bytes, version: int, value: bytes, expect: int | None) -> bool:
    """Whether there was one of the version `expect`."""
    changed = (version, value, key, expect)
    if len(value) <= SMALL_BYTES_MAX:
        session.execute(_UPDATE_SMALL, changed)
        if session.changes():
            return True
    session.execute(_UPDATE_LARGE, changed)
    if session.changes():
        return True
    if len(value) <= SMALL_BYTES_MAX:
        return False
    session.execute(_DELETE_SMALL_AT, (key, expect))
    if not session.changes():
        return False
    session.execute(_INSERT_LARGE, (key, version, value))
    return True


def delete(session: Session, key: bytes) -> None:
    session.execute(_DELETE_SMALL, (key,))
    if not session.changes():
        session.execute(_DELETE_LARGE, (key,))


def delete_at(session: Session, key: bytes, expect: int | None) -> bool:
    """Whether there was one of the version `expect`."""
    session.execute(_DELETE_SMALL_AT, (key, expect))
    if not session.changes():
        session.execute(_DELETE_LARGE_AT, (key, expect))
    return session.changes() > 0


def delete_range(session: Session, low: bytes, high: bytes) -> None:
    for table in ("small", "record"):
        session.execute(f"DELETE FROM {table} WHERE key >= ? AND key < ?", (low, high))
