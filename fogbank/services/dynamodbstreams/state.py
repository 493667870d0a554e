"""What one fogbank keeps for DynamoDB Streams: nothing but the time, by which iterators expire."""

from __future__ import annotations

from fogbank.core.clock import Clock


class Streams:
    """The state behind the dynamodbstreams service."""

    def __init__(self, *, clock: Clock) -> None:
        self.clock = clock

    async def start(self) -> None:
        return None

    async def close(self) -> None:
        return None
