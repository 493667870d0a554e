"""Feeds a query with the events of its groups, newest first, a chunk at a time so that others are served meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fogbank.core.limits import LOG_QUERY_EVENTS_MAX
from fogbank.services.logs.insights.chain import Chain
from fogbank.services.logs.insights.rows import Row
from fogbank.services.logs.reading import Source, Window, read


@dataclass(slots=True)
class Scanned:
    """What a query looked at."""

    events: int = 0
    size_bytes: int = 0


async def run(chain: Chain, sources: list[tuple[str, Source]], window: Window) -> Scanned:
    """Run to the end. `sources` are (account:group, where its events come from)."""
    scanned = Scanned()
    for log, source in sources:
        async for events in read(source, window):
            for event in events:
                scanned.events += 1
                scanned.size_bytes += len(event.message)
                chain.push(Row(event, log))
            if chain.full or scanned.events >= LOG_QUERY_EVENTS_MAX:
                break
            await asyncio.sleep(0)
    chain.finish()
    return scanned
