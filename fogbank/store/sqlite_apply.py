"""A `Transaction` as statements: first all conditions, then all effects, in order."""

from __future__ import annotations

from fogbank.core.errors import Conflict
from fogbank.store import keys, sqlite_logs, sqlite_queues, sqlite_records
from fogbank.store.api import (
    ABSENT,
    Ack,
    Append,
    Cancel,
    Check,
    Committed,
    Delete,
    DeletePrefix,
    DropLog,
    Enqueue,
    Key,
    Operation,
    Put,
    Retry,
    Transaction,
    TrimLog,
)
from fogbank.store.sqlite_session import Session


def apply(session: Session, transaction: Transaction, now_ms: int) -> Committed:
    """Apply wholly within the session. Raises Conflict, having written nothing."""
    operations = transaction.operations
    first = _first_effect(operations)  # its condition may be its statement's: nothing was written before it
    for index, operation in enumerate(operations):
        if index == first:
            continue
        try:
            _check(session, index, operation)
        except Conflict:
            if 0 <= first < index:
                _check(session, first, operations[first])  # the first that fails is named
            raise
    last_seqs: list[int] = []
    versions: list[int] = []
    for index, operation in enumerate(operations):
        match operation:
            case Put(key, value, expect):
                encoded = keys.encode(key)
                version = session.next_number()
                if index != first:
                    sqlite_records.put(session, encoded, version, value)
                elif not (
                    _may_be(session, encoded, expect) and _put_at(session, encoded, version, value, expect)
                ):
                    raise Conflict(index, key)
                session.versions[encoded] = version
                versions.append(version)
            case Append(log, entries):
                last_seqs.append(sqlite_logs.append(session, log, entries))
            case Delete(key, expect):
                encoded = keys.encode(key)
                if index != first:
                    sqlite_records.delete(session, encoded)
                elif not (
                    _may_be(session, encoded, expect) and sqlite_records.delete_at(session, encoded, expect)
                ):
                    raise Conflict(index, key)
                session.versions[encoded] = 0
            case Check():
                pass  # a condition only
            case _:
                _apply_other(session, operation, now_ms)
    return Committed(tuple(last_seqs), tuple(versions))


def _first_effect(operations: list[Operation]) -> int:
    """The place of a Put or Delete with a condition that comes before anything else that writes; -1: there is none."""
    for index, operation in enumerate(operations):
        if type(operation) is Put:
            return -1 if operation.expect is None else index
        if type(operation) is Delete:
            return -1 if not operation.expect else index
        if type(operation) is not Check:
            return -1
    return -1


def _may_be(session: Session, key: bytes, expect: int | None) -> bool:
    """False when this batch knows another version of it."""
    return session.versions.get(key, expect) == expect


def _put_at(session: Session, key: bytes, version: int, value: bytes, expect: int | None) -> bool:
    """Condition and effect in one. Whether the condition held."""
    if expect == ABSENT:
        return sqlite_records.insert(session, key, version, value)
    return sqlite_records.update(session, key, version, value, expect)


def clear(session: Session) -> None:
    """Delete everything. The counter stays in `batch`, so what was drawn from it is never drawn again."""
    for table in ("small", "record", "log", "chunk", "item", "body", "queue"):
        session.execute(f"DELETE FROM {table}")
    session.versions.clear()
    session.appended.clear()
    session.last_seqs.clear()


def _check(session: Session, index: int, operation: Operation) -> None:
    match operation:
        case Put(key, _, expect) | Delete(key, expect):
            if expect is not None:
                _check_version(session, index, key, expect)
        case Check(key, expect):
            _check_version(session, index, key, expect)
        case Append(log, _, expect):
            if expect is not None and sqlite_logs.last_seq(session, log) != expect:
                raise Conflict(index, log)
        case Ack(leased) | Retry(leased):
            if not sqlite_queues.holds(session, leased):
                raise Conflict(index, (leased.queue, leased.id))
        case _:
            pass


def _check_version(session: Session, index: int, key: Key, expect: int) -> None:
    encoded = keys.encode(key)
    version = session.versions.get(encoded)
    if version is None:
        version = session.versions[encoded] = sqlite_records.version_of(session, encoded)
    if version != expect:
        raise Conflict(index, key)


def _apply_other(session: Session, operation: Operation, now_ms: int) -> None:
    match operation:
        case Enqueue():
            sqlite_queues.enqueue(session, operation, now_ms)
        case Ack(leased):
            sqlite_queues.acknowledge(session, leased)
        case Retry():
            sqlite_queues.retry(session, operation)
        case Cancel(queue, id):
            sqlite_queues.cancel(session, queue, id)
        case DeletePrefix(prefix):
            sqlite_records.delete_range(session, *keys.bounds(prefix))
            session.versions.clear()
        case TrimLog(log, through_seq):
            sqlite_logs.trim(session, log, through_seq)
        case DropLog(log):
            sqlite_logs.drop(session, log)
        case _:
            raise AssertionError(f"{operation!r} is no operation")
