"""Queues as rows of `item`: enqueue, lease, give back, and the promotion of the next in a group.

Invariant: of each group, exactly the item that was enqueued first has a `ready_ms`; so the group waits for its head,
also while the head is leased or put off. Whatever removes an item promotes the next of its group.

A lease is `<item's seq>.<number>`: it is lost once the item is gone, replaced, or leased again. One that merely ran
out and that nobody took up yet still holds: its work can be committed without being done twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.store.api import Enqueue, Leased, Retry
from fogbank.store.sqlite_session import Session

_INSERT = """
INSERT INTO item (seq, queue, id, grp, due_ms, ready_ms, enqueued_ms, attempt) VALUES (?1, ?2, ?3, ?4, ?5,
    CASE WHEN ?4 IS NOT NULL AND EXISTS (SELECT 1 FROM item WHERE queue = ?2 AND grp = ?4) THEN NULL ELSE ?5 END,
    ?6, 0)
ON CONFLICT (queue, id) DO NOTHING
"""
_PROMOTE = """
UPDATE item SET ready_ms = due_ms WHERE ready_ms IS NULL
    AND seq = (SELECT min(seq) FROM item WHERE queue = ? AND grp = ?)
"""
_DUE = """
SELECT item.seq, id, grp, due_ms, enqueued_ms, attempt + 1, body FROM item JOIN body USING (seq)
WHERE queue = ? AND ready_ms <= ? ORDER BY ready_ms, item.seq LIMIT ?
"""
_LEASE = """
UPDATE item SET ready_ms = ?1, lease_until_ms = ?1, lease = ?2, owner = ?3, attempt = attempt + 1 WHERE seq = ?4
"""
_EXTEND = "UPDATE item SET ready_ms = ?1, lease_until_ms = ?1 WHERE seq = ?2 AND lease = ?3"
_RETRY = """
UPDATE item SET due_ms = ?1, ready_ms = ?1, lease = NULL, owner = NULL, lease_until_ms = NULL
WHERE seq = ?2 AND lease = ?3
"""
_RELEASE = """
UPDATE item SET ready_ms = due_ms, lease = NULL, owner = NULL, lease_until_ms = NULL
WHERE lease IS NOT NULL AND owner = ? RETURNING queue
"""


def enqueue(session: Session, operation: Enqueue, now_ms: int) -> None:
    """Add the item; one with its id gives way to it, leased or not."""
    seq = session.next_number()
    queue, group = operation.queue, operation.group
    values = (seq, queue, operation.id, group, operation.due_ms, now_ms)
    session.execute(_INSERT, values)
    if not session.changes():
        cancel(session, queue, operation.id)
        session.execute(_INSERT, values)
    session.execute("INSERT INTO body VALUES (?, ?)", (seq, operation.body))
    session.resize_queue(queue, 1)


def cancel(session: Session, queue: str, id: str) -> None:
    """Remove the item if it is there."""
    sql = "DELETE FROM item WHERE queue = ? AND id = ? RETURNING seq, grp"
    _removed(session, queue, session.execute(sql, (queue, id)))


def acknowledge(session: Session, leased: Leased) -> None:
    """Remove the item if the lease is still good."""
    sql = "DELETE FROM item WHERE seq = ? AND lease = ? RETURNING seq, grp"
    _removed(session, leased.queue, session.execute(sql, _token(leased)))


def _removed(session: Session, queue: str, rows: list[Any]) -> None:
    for seq, group in rows:
        session.execute("DELETE FROM body WHERE seq = ?", (seq,))
        session.resize_queue(queue, -1)
        if group is not None:
            session.execute(_PROMOTE, (queue, group))


def retry(session: Session, operation: Retry) -> None:
    """Put the item back in its place, due at another time."""
    seq, lease = _token(operation.leased)
    session.execute(_RETRY, (operation.due_ms, seq, lease))
    if operation.body is not None and session.changes():
        session.execute("UPDATE body SET body = ? WHERE seq = ?", (operation.body, seq))


def holds(session: Session, leased: Leased) -> bool:
    """Whether the lease is still good."""
    return bool(session.execute("SELECT 1 FROM item WHERE seq = ? AND lease = ?", _token(leased)))


def lease(
    session: Session, queue: str, owner: str, limit: int, now_ms: int, lease_until_ms: int
) -> list[Leased]:
    """Take what is due, in the order in which it became so."""
    taken: list[Leased] = []
    for seq, id, group, due_ms, enqueued_ms, attempt, body in session.execute(_DUE, (queue, now_ms, limit)):
        number = session.next_number()
        session.execute(_LEASE, (lease_until_ms, number, owner, seq))
        token = f"{seq}.{number}"
        taken.append(Leased(queue, id, body, group, due_ms, enqueued_ms, attempt, token, lease_until_ms))
    return taken


def extend(session: Session, leased: Leased, lease_until_ms: int) -> Leased | None:
    """Move the end of the lease; None when it is lost."""
    session.execute(_EXTEND, (lease_until_ms, *_token(leased)))
    return replace(leased, lease_until_ms=lease_until_ms) if session.changes() else None


def release(session: Session, owner: str) -> list[str]:
    """Put back what `owner` holds; the queues of the items, one for each."""
    return [queue for (queue,) in session.execute(_RELEASE, (owner,))]


def _token(leased: Leased) -> tuple[int, int]:
    seq, _, number = leased.lease.partition(".")
    return int(seq), int(number)
