"""Tables, their streams and what they feed, in lives that end at any moment: one store, one virtual clock, many processes.

Every call of the store takes some turns of the loop (so that others come between) and a life may be ended before or after any
of those that have an effect, or at any invocation: from then on nothing of it comes through. The next life finds what is stored.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from fogbank.core.clock import VirtualClock
from fogbank.core.config import Settings
from fogbank.core.errors import AwsError, StoreClosed, StoreError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.sandbox.api import Invocation
from fogbank.services import dynamodb, dynamodbstreams, lambda_, sqs
from fogbank.services.dynamodb.limits import STREAM_KEPT_MS
from fogbank.store.sqlite import SqliteStore
from tests.services.dynamodb.spoken import item
from tests.services.lambda_.fakes import Failed, LambdaHouse, build, creation
from tests.support.house import House

ACCOUNT = "000000000000"
DEAD_LETTERS = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
EFFECTS = frozenset(("commit", "lease", "extend", "release"))


class Killed(Exception):
    """The life ended before the call was answered."""


class MortalStore:
    """One process's way to the store. After `kill`, calls are never answered; after `bury`, they fail."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.killed = asyncio.Event()
        self.buried = False
        self.thawed = (
            asyncio.Event()
        )  # cleared: the process stands still, and goes on later as if nothing had been
        self.thawed.set()

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._world.store, name)
        if name.startswith("watch_"):
            return found

        async def called(*args: Any, **kwargs: Any) -> Any:
            await self._world.dawdle()
            await self.thawed.wait()
            await self._alive(name)
            answer = await found(*args, **kwargs)
            await self._alive(name)
            await self._world.dawdle()
            if self.killed.is_set():
                await self._never()
            return answer

        return called

    async def _alive(self, name: str) -> None:
        if name in EFFECTS and not self.killed.is_set() and self._world.is_end():
            self.killed.set()
        if self.killed.is_set():
            await self._never()

    async def _never(self) -> None:
        if not self.buried:
            await asyncio.Future[None]()
        raise StoreClosed("this process is dead")


class Life(LambdaHouse):
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

    async def end(self) -> None:
        """Take away what a killed process leaves in this one."""
        self.mortal.killed.set()
        self.mortal.thawed.set()
        self.mortal.buried = True
        closing = asyncio.ensure_future(self.lanes.close())
        for _ in range(2000):
            if closing.done():
                break
            await asyncio.sleep(0)
        await asyncio.wait_for(closing, 5)

    async def asked(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """A call from outside. Raises Killed when this life ends before the answer."""
        call = asyncio.ensure_future(self.call(service, operation, params))
        end = asyncio.ensure_future(self.mortal.killed.wait())
        try:
            await asyncio.wait((call, end), return_when=asyncio.FIRST_COMPLETED)
            if call.done() and not self.mortal.killed.is_set():
                return call.result()
            raise Killed
        finally:
            for each in (call, end):
                each.cancel()
            await asyncio.gather(call, end, return_exceptions=True)


class World:
    """See the module. `fails(key, n)`: how the function takes a record."""

    def __init__(self, folder: Path, seed: int = 1, turns_max: int = 2) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.lanes = Lanes()
        self.store = SqliteStore(None, self.clock, self.lanes)
        self.random = random.Random(seed)
        self.turns_max = turns_max
        self.lives = 0
        self.boundaries = 0
        self.end_at: int | None = None
        self.nodes: dict[str, Life] = {}
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

    # --- lives --------------------------------------------------------------------------------------------------------

    async def dawdle(self) -> None:
        for _ in range(self.random.randint(0, self.turns_max)):
            await asyncio.sleep(0)

    def is_end(self) -> bool:
        """Count one moment at which a process can die; whether it does now."""
        self.boundaries += 1
        if self.end_at is not None and self.boundaries >= self.end_at:
            self.end_at = None
            return True
        return False

    async def life(self, node: str = "a") -> Life:
        """The node's process, started when it does not run."""
        while True:
            found = self.nodes.get(node)
            if found is not None and not found.mortal.killed.is_set():
                return found
            if found is not None:
                await self._over(node, found)
            self.lives += 1
            made = self.nodes[node] = Life(self, self.lives, node)
            starting = asyncio.ensure_future(made.__aenter__())
            end = asyncio.ensure_future(made.mortal.killed.wait())
            await asyncio.wait((starting, end), return_when=asyncio.FIRST_COMPLETED)
            end.cancel()
            if made.mortal.killed.is_set():
                starting.cancel()
            await asyncio.gather(starting, end, return_exceptions=True)

    async def _over(self, node: str, life: Life) -> None:
        await life.end()
        self.nodes.pop(node, None)

    async def kill(self, node: str = "a") -> None:
        if (life := self.nodes.get(node)) is not None:
            await self._over(node, life)

    async def ask(self, service: str, operation: str, params: dict[str, Any], node: str = "a") -> Any:
        """Until it is answered, by this life or the next."""
        while True:
            try:
                return await (await self.life(node)).asked(service, operation, params)
            except (Killed, StoreError):
                continue
            except AwsError as error:
                if error.code == "ResourceInUseException" and operation.startswith("Update"):
                    await self.pass_ms(100)  # it is still on its way from one state to another
                elif error.code == "ResourceConflictException":
                    return None  # it was created before the life ended
                else:
                    raise

    async def close(self) -> None:
        for node, life in list(self.nodes.items()):
            await self._over(node, life)
        await self.lanes.close()
        await self.store.close()

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

    async def until(self, check: Callable[[], Any], step_ms: int = 250, steps_max: int = 1200) -> None:
        """Let time pass, and lives begin anew, until it holds."""
        for _ in range(steps_max):
            for node in list(self.nodes) or ["a"]:
                await self.life(node)
            if await check():
                return
            await self.pass_ms(step_ms)
        raise AssertionError(f"it did not come true: {self.problems()}")

    async def pass_ms(self, duration_ms: int) -> None:
        await self.clock.advance_ms(duration_ms)
        for _ in range(20):
            await asyncio.sleep(0)

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
            new = orjson.loads(entry.body)[3]
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
