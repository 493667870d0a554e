"""Execution logs in CloudWatch Logs are what AWS wrote, by level and with or without data."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.testing.server import Fogbank
from tests.recordings.test_stepfunctions import PASS_RESULT, RAISE_FAILURE, machine
from tests.support.stepfunctions import Replay, client, ids_of, parameter
from tests.support.waiting import until_blocking

Make = Callable[[str, str], Replay]
FILE = "logs/test_logs.snapshot.json"
DEFINITIONS = {
    "pass_result.json5": PASS_RESULT,
    "raise_failure.json5": RAISE_FAILURE,
    "wait_seconds_path.json5": machine(
        {"WaitState": {"Type": "Wait", "SecondsPath": "$.input.waitSeconds", "End": True}}
    ),
}


class Logged:
    """A log group, and a state machine that logs into it."""

    def __init__(self, it: Replay, definition: Any, level: str, **more: Any) -> None:
        self.it = it
        self.logs = client(it.server, "logs", it.account)
        self.group = f"/states/{it.name()}"
        self.logs.create_log_group(logGroupName=self.group)
        arn = self.logs.describe_log_groups(logGroupNamePrefix=self.group)["logGroups"][0]["arn"]
        logging = {"level": level, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]} | more
        self.arn = it.machine(definition, loggingConfiguration=logging)["stateMachineArn"]

    def events(self, number: int) -> list[dict[str, Any]]:
        """What the last of the group's streams holds, once it is that many."""

        def look() -> list[dict[str, Any]] | None:
            self.it.server.flush()
            streams = self.logs.describe_log_streams(logGroupName=self.group)["logStreams"]
            if len(streams) < 2:  # the first is the one that tells that logging works
                return None
            found = self.logs.get_log_events(
                logGroupName=self.group, logStreamName=streams[-1]["logStreamName"], startFromHead=True
            )["events"]
            return [json.loads(each["message"]) for each in found] if len(found) >= number else None

        found: list[dict[str, Any]] = until_blocking(look)
        return found


@pytest.mark.parametrize("test", ids_of(FILE, "test_base") + ids_of(FILE, "test_partial_log_levels"))
def test_levels(replay: Make, states_server: Fogbank, test: str) -> None:
    it = replay(FILE, test)
    name, level, data = parameter(test).rsplit("_", 2)
    logged = Logged(it, DEFINITIONS[name], level, includeExecutionData=data == "True")
    execution = it.start(logged.arn, "{}")
    it.ended(execution)
    it.matches("get_execution_history", it.history(execution))
    if (was := it.was.get("logged_execution_events")) is not None:
        it.matches(
            "logged_execution_events", sorted(logged.events(len(was)), key=lambda each: int(each["id"]))
        )
    else:
        it.server.flush()
        streams = logged.logs.describe_log_streams(logGroupName=logged.group)["logStreams"]
        assert len(streams) <= 1


def test_several_executions(replay: Make) -> None:
    it = replay(FILE, "TestLogs::test_log_group_with_multiple_runs")
    logged = Logged(it, PASS_RESULT, "ALL")
    for number in range(3):
        it.ended(it.start(logged.arn, json.dumps({"ExecutionNumber": number})))
    it.matches("logged_execution_events", logged.events(12))


def test_deleted_log_group(replay: Make) -> None:
    it = replay(FILE, "TestLogs::test_deleted_log_group")
    logged = Logged(it, PASS_RESULT, "ALL")
    logged.logs.delete_log_group(logGroupName=logged.group)
    execution = it.start(logged.arn, "{}")
    it.ended(execution)
    it.matches("get_execution_history", it.history(execution))
