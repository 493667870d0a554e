"""A process to be killed: an engine on a file, whose tasks write down what they did.

    python -m tests.services.stepfunctions.engine.child <store> <effects> <executions>

Starts so many executions by name, those that are not there yet, prints `started name` as each is acknowledged, and `ended name
status` as each ends; then `done`. A task appends its id to <effects> before it answers.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from fogbank.core.clock import RealClock
from fogbank.core.errors import AwsError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine.api import (
    Failed,
    Outcome,
    StartRequest,
    Succeeded,
    TaskCall,
    TaskResource,
)
from fogbank.services.stepfunctions.engine.engine import StatesEngine
from fogbank.store.sqlite import SqliteStore
from tests.support.engines import ACCOUNT, REGION, Maps, Watcher, function, machine

RETRY = [
    {"ErrorEquals": ["Lambda.SdkClientException"], "MaxAttempts": 50, "IntervalSeconds": 1, "BackoffRate": 1}
]
TASK = {"Type": "Task", "Resource": function("f"), "Retry": RETRY}
SOURCE = machine(
    "killed",
    {
        "StartAt": "First",
        "States": {
            "First": {**TASK, "ResultPath": "$.first", "Next": "Pause"},
            "Pause": {"Type": "Wait", "Seconds": 1, "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": {"StartAt": "Item", "States": {"Item": {**TASK, "End": True}}},
                "End": True,
            },
        },
    },
)


class WritesDown:
    """Tasks that take a moment after their effect, so that a kill may come between it and the answer."""

    def __init__(self, effects: Path) -> None:
        self._file = os.open(effects, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def run(self, call: TaskCall) -> Outcome:
        os.write(self._file, f"{call.id}\n".encode())
        await asyncio.sleep(0.002)
        return Succeeded("1")

    async def abandon(self, call: TaskCall) -> None:
        return

    def problem(self, resource: TaskResource, parameters: Any) -> str | None:
        return None

    def repeatable(self, call: TaskCall) -> bool:
        return False

    def lost(self, call: TaskCall) -> Failed:
        return Failed("Lambda.SdkClientException", None)


def say(*words: str) -> None:
    os.write(1, (" ".join(words) + "\n").encode())


async def follow(engine: StatesEngine, name: str) -> None:
    try:
        await engine.start(StartRequest(SOURCE, name, '{"items":[1,2,3]}'))
        say("started", name)
    except AwsError:  # it has ended in an earlier life
        pass
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:killed:{name}"
    view = await engine.ended(arn)
    say("ended", name, view.status.value, str(view.output))


async def main(store_path: str, effects: str, count: int) -> None:
    lanes, clock = Lanes(), RealClock()
    store = SqliteStore(Path(store_path), clock, lanes)
    await store.open()
    parts: dict[str, Any] = {"tasks": WritesDown(Path(effects)), "maps": Maps(), "observer": Watcher()}
    engine = StatesEngine(store=store, clock=clock, ids=Ids(), lanes=lanes, node="n1", **parts)
    await engine.open()
    await asyncio.gather(*(follow(engine, f"e{index}") for index in range(count)))
    say("done")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
