"""What one node asks of another: to have an execution that it works at answered, stopped, woken.

A letter is a record under the node it is for; its answer is one under the node that asked, written in the transaction that
deletes the letter. Letters to a node that died are taken back when the execution has changed hands, and go to its new owner.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from fogbank.core.errors import AwsError, Conflict, StoreClosed
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.limits import SCAN_MAX
from fogbank.store.api import Record, Store, Transaction

log = logging.getLogger("fogbank.stepfunctions")

#: How often one who waits for an answer looks whether the execution changed hands.
LOOK_S = 0.5

Serve = Callable[[str, list[Any]], Awaitable[Any]]


class Moved(Exception):
    """The execution is in other hands: find out whose, and ask there."""


class Mail:
    """Letters of this node, in and out. `serve` does what one asks, wherever the execution is by then."""

    def __init__(self, store: Store, lanes: Lanes, ids: Ids, node: str, serve: Serve) -> None:
        self._store = store
        self._lanes = lanes
        self._ids = ids
        self._node = node
        self._serve = serve
        self._asked: dict[str, asyncio.Future[list[Any]]] = {}
        self._served: set[str] = set()
        self._letters = asyncio.Event()
        self._answers = asyncio.Event()
        self._unwatch: list[Callable[[], None]] = []

    def start(self) -> None:
        self._letters.set()  # of an earlier life of this node
        self._answers.set()
        self._unwatch = [
            self._store.watch_records(keys.letters(self._node), self._letters.set),
            self._store.watch_records(keys.answers(self._node), self._answers.set),
        ]
        self._lanes.loop("states letters", self._take_letters)
        self._lanes.loop("states answers", self._take_answers)

    def close(self) -> None:
        for unwatch in self._unwatch:
            unwatch()

    async def post(self, node: str, ref: Ref, what: str, *arguments: Any) -> None:
        """A letter that nobody waits for; one of its kind about one execution waits at a time."""
        letter = orjson.dumps([what, arguments, None])
        await self._store.commit(Transaction().put(keys.letter(node, f"{what}\n{ref.id}"), letter))

    async def ask(self, node: str, ref: Ref, what: str, *arguments: Any) -> Any:
        """What `serve` of that node gives or raises. Raises Moved."""
        id = self._ids.uuid()
        key = keys.letter(node, id)
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._asked[id] = answer
        try:
            await self._store.commit(
                Transaction().put(key, orjson.dumps([what, arguments, self._node]), expect=0)
            )
            while not (await asyncio.wait([answer], timeout=LOOK_S))[0]:
                busy, letter = await self._store.get_many([keys.busy_at(node, ref), key])
                if busy is None and letter is not None:
                    await self._take_back(letter)
            said = answer.result()
        finally:
            self._asked.pop(id, None)
        if said[0]:
            return said[1]
        raise AwsError(said[1], said[2])

    async def _take_back(self, letter: Record) -> None:
        try:
            await self._store.commit(Transaction().delete(letter.key, expect=letter.version))
        except Conflict:
            return  # it is answered just now
        raise Moved

    async def _take_letters(self) -> None:
        await self._letters.wait()
        self._letters.clear()
        after = None
        while page := await self._store.scan(keys.letters(self._node), after=after, limit=SCAN_MAX):
            after = page[-1].key
            for record in page:
                if (id := str(record.key[-1])) not in self._served:
                    self._served.add(id)
                    self._lanes.spawn("states letter", self._answer(id, record))

    async def _answer(self, id: str, record: Record) -> None:
        what, arguments, sender = orjson.loads(record.value)
        try:
            try:
                said = [True, await self._serve(what, arguments)]
            except AwsError as error:
                said = [False, error.code, error.message]
            except StoreClosed:
                raise
            except Exception:  # a boundary: who asked must hear something
                log.exception("what another node asked of an execution failed: %s", what)
                said = [False, "InternalFailure", "An internal error occurred."]
            # A new letter of the same name since then is another: it stays.
            done = Transaction().delete(record.key, expect=record.version)
            if sender is not None:
                done.put(keys.answer(sender, id), orjson.dumps(said))
            try:
                await self._store.commit(done)
            except Conflict:
                self._letters.set()
        finally:
            self._served.discard(id)

    async def _take_answers(self) -> None:
        await self._answers.wait()
        self._answers.clear()
        while page := await self._store.scan(keys.answers(self._node), limit=SCAN_MAX):
            taken = Transaction()
            for record in page:
                answer = self._asked.get(str(record.key[-1]))
                if answer is not None and not answer.done():
                    answer.set_result(orjson.loads(record.value))
                taken.delete(record.key)
            await self._store.commit(taken)
