"""A house with Step Functions, CloudWatch Logs and CloudWatch, and a few words to speak to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.auth.tokens import Sessions
from fogbank.core.config import Settings
from fogbank.core.http import Request, Response
from fogbank.model.service import Service
from fogbank.model.telemetry import TelemetryBatcher
from fogbank.services import stepfunctions
from tests.support.house import Builder, House, Spoken
from tests.support.services import LOGS

ROLE = "arn:aws:iam::000000000000:role/runner"


def passing(comment: str = "") -> str:
    return json.dumps({"Comment": comment, "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})


class StatesHouse(Spoken):
    """Calls of the stepfunctions service, short."""

    service = "stepfunctions"
    telemetry: TelemetryBatcher

    async def machine(self, name: str = "m", definition: str | None = None, **more: Any) -> str:
        """The ARN of a new state machine."""
        given = {"name": name, "definition": definition or passing(), "roleArn": ROLE} | more
        return str((await self.call("CreateStateMachine", **given))["stateMachineArn"])

    async def versions(self, number: int, name: str = "m") -> str:
        """A state machine with that many versions."""
        arn = await self.machine(name, publish=True)
        for n in range(2, number + 1):
            await self.call(
                "UpdateStateMachine", stateMachineArn=arn, definition=passing(str(n)), publish=True
            )
        return arn


async def _no_apis(request: Request) -> Response:
    raise AssertionError("no API is called here")


def states_house(made: list[TelemetryBatcher], more: dict[Service[Any], Builder] | None = None) -> House:
    """`more` services beside it."""

    def build(house: House) -> stepfunctions.StepFunctions:
        telemetry = TelemetryBatcher(house.calls, house.clock, house.ids, house.lanes)
        made.append(telemetry)
        return stepfunctions.StepFunctions(
            store=house.store,
            clock=house.clock,
            ids=house.ids,
            lanes=house.lanes,
            calls=house.calls,
            telemetry=telemetry,
            settings=Settings(),
            sessions=Sessions(house.secrets, house.clock, house.ids),
            fetch=_no_apis,
        )

    return House({**LOGS, **(more or {}), stepfunctions.SERVICE: build})


@pytest.fixture
async def states() -> AsyncIterator[StatesHouse]:
    made: list[TelemetryBatcher] = []
    async with states_house(made) as house:
        spoken = StatesHouse(house)
        spoken.telemetry = made[0]
        yield spoken
