"""Tables, their streams and what they feed, in lives that end at any moment: one store, one virtual clock, many processes.

Every call of the store takes some turns of the loop (so that others come between) and a life may be ended before or after any
of those that have an effect, or at any invocation: from then on nothing of it comes through. The next life finds what is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from fogbank.core.config import Settings
from fogbank.core.ids import Ids
from fogbank.sandbox.api import Invocation
from fogbank.services import dynamodb, dynamodbstreams, lambda_, sqs
from fogbank.services.dynamodb.change_records import change_of
from fogbank.services.dynamodb.limits import STREAM_KEPT_MS
from tests.services.dynamodb.spoken import item
from tests.services.lambda_.fakes import Failed, LambdaHouse, build, creation
from tests.support.house import House
from tests.support.mortal import Mortal, Mortals, MortalStore

ACCOUNT = "000000000000"
DEAD_LETTERS = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"


class Life(LambdaHouse, Mortal):
    """One process."""

    def __init__(self, world: World, number: int, node: str) -> None:
        super().__init__(world.folder, replace(Settings(), node=node))
        self.mortal = MortalStore(world)
        House.__init__(
            self,
            {
                dynamodb.SERVICE: lambda h: dynamodb.DynamoDB(
                    store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes, node=node
                ),
                dynamodbstreams.SERVICE: lambda h: dynamodbstreams.Streams(clock=h.clock),
                sqs.SERVICE: lambda h: sqs.Sqs(
                    store=h.store,
                    clock=h.clock,
                    ids=h.ids,
                    lanes=h.lanes,
                    telemetry=self.telemetry,
                    node=node,
                ),
                lambda_.SERVICE: build,
            },
            clock=world.clock,
        )
        self.store = self.mortal  # type: ignore[assignment]
        self.ids = Ids(number)
        self.pool.bodies["f"] = world.function(self)


class World(Mortals):
    """See the module. `fails(key, n)`: how the function takes a record."""

    def __init__(self, folder: Path, seed: int = 1, turns_max: int = 2) -> None:
        super().__init__(seed, turns_max)
        self.folder = folder
        self.fails: Callable[[str, int], bool] = lambda key, n: False
        self.partial = False
        self.kept_ms = STREAM_KEPT_MS
        self.times: dict[tuple[str, int], int] = {}
        self.written: dict[str, int] = {}  # by key, the last number that was acknowledged
        self.tried: dict[str, list[int]] = {}  # by key, numbers as the function saw them first
        self.done: dict[str, set[int]] = {}
        self.arn = ""
        self.uuid = ""
        self.label = ""

    def make(self, number: int, node: str) -> Life:
        return Life(self, number, node)

    # --- what runs in it ----------------------------------------------------------------------------------------------

    async def prepare(self, **settings: Any) -> None:
        await self.store.open()
        table = {
            "TableName": "ttt",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        }
        made = (await self.ask("dynamodb", "CreateTable", table))["TableDescription"]
        self.arn, self.label = made["LatestStreamArn"], made["LatestStreamLabel"]
        await self.ask("sqs", "CreateQueue", {"QueueName": "dead"})
        await self.ask("lambda", "CreateFunction", creation())
        await self.until(self._is_active)
        asked = {"FunctionName": "f", "EventSourceArn": self.arn, "StartingPosition": "TRIM_HORIZON"}
        self.uuid = (await self.ask("lambda", "CreateEventSourceMapping", asked | settings))["UUID"]
        await self.until(self.is_enabled)

    async def _is_active(self) -> bool:
        found = await self.ask("lambda", "GetFunctionConfiguration", {"FunctionName": "f"})
        return bool(found["State"] == "Active")

    async def stand_still(self, node: str, duration_ms: int) -> None:
        """Stop a process for a while, as a machine that sleeps, and let it go on."""
        life = await self.life(node)
        life.mortal.thawed.clear()
        await self.pass_ms(duration_ms)
        life.mortal.thawed.set()

    async def is_enabled(self) -> bool:
        found = await self.ask("lambda", "GetEventSourceMapping", {"UUID": self.uuid})
        return bool(found["State"] == "Enabled")

    async def update(self, **settings: Any) -> None:
        await self.ask("lambda", "UpdateEventSourceMapping", {"UUID": self.uuid} | settings)

    async def write(self, *names: str, node: str = "a") -> None:
        """The next number under each name: alone, or in a transaction."""
        numbers = {name: self.written.get(name, -1) + 1 for name in names}
        puts = [
            {"Put": {"TableName": "ttt", "Item": item({"pk": name, "n": n})}} for name, n in numbers.items()
        ]
        if len(puts) == 1:
            await self.ask("dynamodb", "PutItem", puts[0]["Put"], node)
        else:
            await self.ask("dynamodb", "TransactWriteItems", {"TransactItems": puts}, node)
        self.written |= numbers
        self.times |= {(name, n): self.clock.now_ms() for name, n in numbers.items()}

    def function(self, life: Life) -> Callable[[Any, Invocation], Any]:
        """The function as one life runs it; its effects are the world's."""

        def handler(event: Any, invocation: Invocation) -> Any:
            if life.mortal.killed.is_set():
                raise Failed
            if self.is_end():
                life.mortal.killed.set()
                raise Failed
            records = [
                (record["dynamodb"]["NewImage"], record["dynamodb"]["SequenceNumber"])
                for record in event["Records"]
            ]
            failed: list[dict[str, str]] = []
            done: list[tuple[str, int]] = []
            for image, sequence in records:
                key, n = image["pk"]["S"], int(image["n"]["N"])
                seen = self.tried.setdefault(key, [])
                if n not in seen:
                    seen.append(n)
                if self.fails(key, n):
                    failed.append({"itemIdentifier": sequence})
                elif not failed:
                    done.append((key, n))
            if self.partial or not failed:
                for key, n in done:
                    self.done.setdefault(key, set()).add(n)
            if self.is_end():
                life.mortal.killed.set()
            if failed and not self.partial:
                raise Failed
            return {"batchItemFailures": failed, "state": event.get("state") or {}}

        return handler

    # --- what came of it ----------------------------------------------------------------------------------------------

    async def given_up(self) -> dict[str, set[int]]:
        """By key, the numbers of the records that the mapping's destination was told of."""
        ranges = []
        for record in await self.store.scan(("sqs-q",), limit=10_000):
            at = record.value.find(b'{"requestContext"')
            if at < 0:
                continue
            text = record.value[at:].decode(errors="replace")
            info = text[text.index("DDBStreamBatchInfo") :]
            first, last = (
                int(info.split(f'{name}SequenceNumber":"')[1].split('"')[0]) for name in ("start", "end")
            )
            ranges.append((first, last))
        return {
            key: {n for seq, k, n in await self.log() if k == key and any(a <= seq <= b for a, b in ranges)}
            for key in self.written
        }

    async def log(self) -> list[tuple[int, str, int]]:
        """The stream as it is stored: sequence number, key, number."""
        log = ("dynamodb", "stream", ACCOUNT, "us-east-1", "ttt", self.label)
        found = []
        for entry in await self.store.read_log(log, limit=100_000):
            new = orjson.loads(change_of(entry, "us-east-1", 1).json)["dynamodb"]["NewImage"]
            found.append((100_000_000_000_000_000_000 + entry.seq, new["pk"]["S"], int(new["n"]["N"])))
        return found

    def problems(self) -> list[str]:
        """What was acknowledged and not seen, and what was seen out of order."""
        found = []
        for key, last in self.written.items():
            tried = self.tried.get(key, [])
            if missing := sorted(self._due(key, last) - set(tried)):
                found.append(f"never saw {key} {missing}")
            if tried != sorted(tried):
                found.append(f"{key} out of order: {tried}")
        return found

    async def drained(self) -> bool:
        given_up = await self.given_up()
        return not self.problems() and all(
            self._due(key, last) <= self.done.get(key, set()) | given_up[key]
            for key, last in self.written.items()
        )

    def _due(self, key: str, last: int) -> set[int]:
        """Numbers that must be seen: a stream keeps its records for a time."""
        since_ms = self.clock.now_ms() - self.kept_ms
        return {n for n in range(last + 1) if self.times[key, n] > since_ms}
