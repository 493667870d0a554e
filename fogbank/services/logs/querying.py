"""Runs Insights queries from their queue: a query that was accepted is answered, also after a restart."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import orjson

from fogbank.core.clock import Clock
from fogbank.services.logs import keys
from fogbank.services.logs.directory import Directory
from fogbank.services.logs.insights.chain import Chain
from fogbank.services.logs.insights.run import run
from fogbank.services.logs.insights.syntax import parse_query
from fogbank.services.logs.keys import Place
from fogbank.services.logs.reading import GroupSource, Source, Window
from fogbank.services.logs.selecting import stream_filter
from fogbank.store.api import Leased, Store, Transaction

QUERY_QUEUE = "logs.queries"


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """A query. Times in Unix ms; `end_ms` is the last millisecond that is searched."""

    id: str
    text: str
    groups: list[str]
    start_ms: int
    end_ms: int
    limit: int
    created_ms: int
    status: str = "Scheduled"

    def pack(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def unpack(cls, value: bytes) -> StoredQuery:
        return cls(**orjson.loads(value))


def enqueue(tx: Transaction, place: Place, query: StoredQuery) -> None:
    tx.enqueue(
        QUERY_QUEUE, query.id, orjson.dumps((*place, query.created_ms, query.id)), due_ms=query.created_ms
    )


class Querying:
    """The handler of the query queue."""

    def __init__(self, store: Store, clock: Clock, directory: Directory) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory

    async def do(self, item: Leased) -> None:
        account, region, created_ms, query_id = orjson.loads(item.body)
        place = Place(account, region)
        key = keys.query(place, created_ms, query_id)
        record = await self._store.get(key)
        query = StoredQuery.unpack(record.value) if record else None
        if record is None or query is None or query.status not in ("Scheduled", "Running"):
            await self._store.commit(Transaction().ack(item))
            return
        running = Transaction().put(key, replace(query, status="Running").pack(), expect=record.version)
        version = (await self._store.commit(running)).versions[0]
        chain = Chain(parse_query(query.text), query.limit)
        sources = await self._sources(place, query)
        scanned = await run(chain, sources, Window(query.start_ms, query.end_ms + 1, None, True))
        statistics = {
            "recordsMatched": float(chain.matched),
            "recordsScanned": float(scanned.events),
            "bytesScanned": float(scanned.size_bytes),
            "logGroupsScanned": float(len(sources)),
        }
        done = Transaction().put(key, replace(query, status="Complete").pack(), expect=version)
        done.put(keys.query_results(place, query.id), orjson.dumps((chain.results(), statistics)))
        await self._store.commit(done.ack(item))

    async def _sources(self, place: Place, query: StoredQuery) -> list[tuple[str, Source]]:
        found: list[tuple[str, Source]] = []
        for name in query.groups:
            group = await self._directory.group(place, name)
            if group is not None:
                wanted = stream_filter(self._store, place, group.record.id)
                source = GroupSource(self._store, place, group.record.id, wanted)
                found.append((f"{place.account}:{name}", source))
        return found
