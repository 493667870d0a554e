"""One read-decide-commit: a transaction, and what this node notes once it holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from fogbank.core.errors import Conflict
from fogbank.services.sqs import keys, limits
from fogbank.services.sqs.channels import FLYING
from fogbank.services.sqs.directory import Directory, Found
from fogbank.services.sqs.names import Place
from fogbank.services.sqs.records import Message
from fogbank.services.sqs.service import contended
from fogbank.store.api import ABSENT, Key, Put, Store, Transaction
from fogbank.store.recent import Recent

T = TypeVar("T")

_MESSAGE_BYTES = 1024  # what one takes beside its body, about


class Work:
    """A transaction in the making."""

    __slots__ = ("_after", "_messages", "transaction")

    def __init__(self) -> None:
        self.transaction = Transaction()
        self._after: list[Callable[[], None]] = []
        self._messages: dict[Key, Message | None] = {}  # as they will be

    def require(self, found: Found) -> None:
        """The queue must still be as it was seen."""
        self.transaction.check(found.key, found.version)

    def after(self, note: Callable[[], None]) -> None:
        """Call `note` when the transaction holds."""
        self._after.append(note)

    async def commit(self, store: Store, recent: Recent[Message] | None = None) -> None:
        """Raises Conflict; then nothing was written or noted. Its messages are then to be found in `recent`."""
        try:
            committed = await store.commit(self.transaction)
        except Conflict:
            if recent is not None:
                for key in self._messages:
                    recent.drop(key)
            raise
        if recent is not None:
            self._remember(recent, committed.versions)
        for note in self._after:
            note()

    def _remember(self, recent: Recent[Message], versions: Sequence[int]) -> None:
        puts = [each.key for each in self.transaction.operations if type(each) is Put]
        versions_of = dict(zip(puts, versions, strict=True))
        for key, message in self._messages.items():
            if message is None or message.is_long:
                recent.drop(key)
            else:
                recent.keep(key, versions_of[key], message, message.size + _MESSAGE_BYTES)

    # --- messages -----------------------------------------------------------------------------------------------------

    def put_message(self, uid: str, message: Message) -> None:
        """A new message, its body included."""
        self._put(keys.message(uid, message.seq), message, ABSENT)
        if message.is_long:
            self.transaction.put(keys.body(uid, message.seq), message.body)

    def change_message(self, uid: str, message: Message, version: int) -> None:
        """The message as it is from now on, if nobody else changed it."""
        self._put(keys.message(uid, message.seq), message, version)

    def _put(self, key: Key, message: Message, version: int) -> None:
        self.transaction.put(key, message.encode(), expect=version)
        self._messages[key] = message

    def put_due(self, uid: str, message: Message) -> None:
        """The place of a standard queue's message among those that can be received."""
        value = FLYING if message.count else b""
        self.transaction.put(keys.due(uid, message.due_ms, message.seq), value)
        if message.group is not None:
            self.transaction.put(keys.fair(uid, message.group, message.due_ms, message.seq), b"")

    def drop_due(self, uid: str, message: Message) -> None:
        """Clear that place."""
        self.transaction.delete(keys.due(uid, message.due_ms, message.seq))
        if message.group is not None:
            self.transaction.delete(keys.fair(uid, message.group, message.due_ms, message.seq))

    def drop_message(self, uid: str, message: Message, version: int) -> None:
        """The message goes, if nobody changed it. Its place is the caller's to clear."""
        key = keys.message(uid, message.seq)
        self.transaction.delete(key, expect=version)
        self._messages[key] = None
        if message.is_long:
            self.transaction.delete(keys.body(uid, message.seq))


async def tried(directory: Directory, place: Place, attempt: Callable[[Found], Awaitable[T]]) -> T:
    """Run an attempt until no other writer came between, a bounded number of times."""
    for _ in range(limits.RETRIES_MAX):
        found = directory.at_hand(place) or await directory.find(place)
        try:
            return await attempt(found)
        except Conflict:
            await directory.look(place)
    raise contended()
