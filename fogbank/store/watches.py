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
    Check,
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
            if type(operation) is Check:
                continue
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
        self._records = _Watched()
        self._logs = _Watched()
        self._queues = _Watched()

    def records(self, prefix: Key, callback: Callback) -> Callback:
        return self._records.add(prefix, callback)

    def logs(self, prefix: Key, callback: Callback) -> Callback:
        return self._logs.add(prefix, callback)

    def queue(self, queue: str, callback: Callback) -> Callback:
        return self._queues.add((queue,), callback)

    def tell(self, touched: Touched) -> None:
        """Call back whoever watches anything of this."""
        if touched.everything:
            self.tell_all()
            return
        found: dict[object, Callback] = {}
        self._records.collect(touched.records, found)
        for prefix in touched.deleted:
            self._records.collect((prefix,), found)
            self._records.collect_under(prefix, found)
        self._logs.collect(touched.logs, found)
        for queue in touched.queues:
            self._queues.collect(((queue,),), found)
        _call(found)

    def tell_all(self) -> None:
        """Call back everyone: something happened elsewhere, and what is not known."""
        found: dict[object, Callback] = {}
        for watched in (self._records, self._logs, self._queues):
            watched.collect_under((), found)
        _call(found)


class _Watched:
    """Callbacks by prefix, with the lengths of the prefixes: looking for those of a key costs a look for each length."""

    def __init__(self) -> None:
        self._callbacks: dict[Key, dict[object, Callback]] = {}
        self._lengths: dict[int, int] = {}  # length → prefixes that have it

    def add(self, prefix: Key, callback: Callback) -> Callback:
        token = object()
        if prefix not in self._callbacks:
            self._callbacks[prefix] = {}
            self._lengths[len(prefix)] = self._lengths.get(len(prefix), 0) + 1
        self._callbacks[prefix][token] = callback

        def end() -> None:
            callbacks = self._callbacks.get(prefix)
            if callbacks is None or callbacks.pop(token, None) is None or callbacks:
                return
            del self._callbacks[prefix]
            self._lengths[len(prefix)] -= 1
            if not self._lengths[len(prefix)]:
                del self._lengths[len(prefix)]

        return end

    def collect(self, touched: Iterable[Key], found: dict[object, Callback]) -> None:
        """Add the callbacks of the prefixes of what was touched."""
        watched = self._callbacks
        for key in touched:
            for length in self._lengths:
                if (callbacks := watched.get(key[:length])) is not None:
                    found.update(callbacks)

    def collect_under(self, prefix: Key, found: dict[object, Callback]) -> None:
        """Add the callbacks of everything that begins with `prefix`."""
        for watched, callbacks in self._callbacks.items():
            if watched[: len(prefix)] == prefix:
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
