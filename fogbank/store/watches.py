"""Who wants news of what, on this node: exact prefixes in dictionaries, so a commit costs its keys' lengths.

Callbacks are told nothing but that something happened, each once for a batch, on a later turn of the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fogbank.store.api import (
    Ack,
    Append,
    Cancel,
    Delete,
    DeletePrefix,
    DropLog,
    Enqueue,
    Key,
    Put,
    Retry,
    Transaction,
    TrimLog,
)

log = logging.getLogger("fogbank.store")

Callback = Callable[[], None]


@dataclass(slots=True)
class Touched:
    """What commits touched. `deleted` are prefixes under which any number of records went away.

    With `everything`, whatever else is named does not matter.
    """

    records: set[Key] = field(default_factory=set)
    deleted: set[Key] = field(default_factory=set)
    logs: set[Key] = field(default_factory=set)
    queues: set[str] = field(default_factory=set)
    everything: bool = False

    def add(self, transaction: Transaction) -> None:
        """Note what the transaction touches."""
        for operation in transaction.operations:
            match operation:
                case Put(key) | Delete(key):
                    self.records.add(key)
                case Append(log_key) | DropLog(log_key) | TrimLog(log_key):
                    self.logs.add(log_key)
                case Enqueue(queue) | Cancel(queue):
                    self.queues.add(queue)
                case Retry(leased):
                    self.queues.add(leased.queue)
                case Ack(leased):
                    if leased.group is not None:  # the next of the group can be leased now
                        self.queues.add(leased.queue)
                case DeletePrefix(prefix):
                    self.deleted.add(prefix)
                case _:
                    pass


class Watches:
    """The callbacks of one node."""

    def __init__(self) -> None:
        self._records: dict[Key, dict[object, Callback]] = {}
        self._logs: dict[Key, dict[object, Callback]] = {}
        self._queues: dict[Key, dict[object, Callback]] = {}

    def records(self, prefix: Key, callback: Callback) -> Callback:
        return _add(self._records, prefix, callback)

    def logs(self, prefix: Key, callback: Callback) -> Callback:
        return _add(self._logs, prefix, callback)

    def queue(self, queue: str, callback: Callback) -> Callback:
        return _add(self._queues, (queue,), callback)

    def tell(self, touched: Touched) -> None:
        """Call back whoever watches anything of this."""
        if touched.everything:
            self.tell_all()
            return
        found: dict[object, Callback] = {}
        if self._records:
            _collect(self._records, touched.records, found)
            for prefix in touched.deleted:
                _collect(self._records, (prefix,), found)
                for watched, callbacks in self._records.items():
                    if watched[: len(prefix)] == prefix:
                        found.update(callbacks)
        if self._logs:
            _collect(self._logs, touched.logs, found)
        for queue in touched.queues:
            found.update(self._queues.get((queue,), {}))
        _call(found)

    def tell_all(self) -> None:
        """Call back everyone: something happened elsewhere, and what is not known."""
        found: dict[object, Callback] = {}
        for watched in (self._records, self._logs, self._queues):
            for callbacks in watched.values():
                found.update(callbacks)
        _call(found)


def _add(watched: dict[Key, dict[object, Callback]], key: Key, callback: Callback) -> Callback:
    token = object()
    watched.setdefault(key, {})[token] = callback

    def end() -> None:
        callbacks = watched.get(key, {})
        callbacks.pop(token, None)
        if not callbacks:
            watched.pop(key, None)

    return end


def _collect(
    watched: dict[Key, dict[object, Callback]], touched: Iterable[Key], found: dict[object, Callback]
) -> None:
    for key in touched:
        for length in range(len(key) + 1):
            if (callbacks := watched.get(key[:length])) is not None:
                found.update(callbacks)


def _call(found: dict[object, Callback]) -> None:
    if found:
        asyncio.get_running_loop().call_soon(_call_each, list(found.values()))


def _call_each(callbacks: list[Callback]) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception:  # a boundary: one watcher's fault is not the others'
            log.exception("a watch callback failed")
