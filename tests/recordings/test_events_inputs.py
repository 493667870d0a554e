"""EventBridge answers what AWS answered: what targets get of an event."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.event_buses import DETAIL, Scenario
from tests.support.recordings import ROOT, error_of
from tests.support.stepfunctions import parameter

FILE = "events/test_events_inputs.snapshot.json"
Make = Callable[[str], Scenario]
PATHS = {"detail-type": "$.detail-type", "timestamp": "$.time", "command": "$.detail.command"}


def ids_of(name: str) -> list[str]:
    path = ROOT / FILE
    ids = [key.split("::", 1)[1] for key in json.loads(path.read_text())] if path.exists() else []
    return [test for test in ids if test.split("::")[-1].split("[")[0] == name]


def test_put_events_with_input_path(scenario: Make) -> None:
    it = scenario("TestInputPath::test_put_events_with_input_path")
    url, arn = it.queue()
    it.rule()
    it.target(arn, InputPath="$.detail")
    it.put()
    it.tells("message", it.messages(url))


NESTED: list[Any] = [
    DETAIL,
    {
        "command": "update-account",
        "payload": {"acc_id": "0a787ecb-4015", "payload": {"message": "baz", "id": "123"}},
    },
]


@pytest.mark.parametrize("number", [0, 1])
def test_put_events_with_input_path_nested(scenario: Make, number: int) -> None:
    it = scenario(f"TestInputPath::test_put_events_with_input_path_nested[event_detail{number}]")
    url, arn = it.queue()
    it.rule()
    it.target(arn, InputPath="$.detail.payload")
    it.put(NESTED[number])
    it.tells("message", it.messages(url))


def test_put_events_with_input_path_max_level_depth(scenario: Make) -> None:
    it = scenario("TestInputPath::test_put_events_with_input_path_max_level_depth")
    url, arn = it.queue()
    it.rule()
    it.target(arn, InputPath="$.detail.payload.sf_id")
    it.put()
    it.tells("message", it.messages(url))


def test_put_events_with_input_path_multiple_targets(scenario: Make) -> None:
    it = scenario("TestInputPath::test_put_events_with_input_path_multiple_targets")
    (url1, arn1), (url2, arn2) = it.queue(), it.queue()
    it.rule()
    it.target(arn1, id="one", InputPath="$.detail")
    it.target(arn2, id="two")
    it.put()
    it.tells("message-queue-1", it.messages(url1))
    it.tells("message-queue-2", it.messages(url2))


@pytest.mark.parametrize(
    "test",
    [
        *ids_of("test_put_events_with_input_transformer_input_template_string"),
        *ids_of("test_put_events_with_input_transformer_input_template_json"),
    ],
)
def test_put_events_with_input_transformer(scenario: Make, test: str) -> None:
    it = scenario(test)
    url, arn = it.queue()
    it.rule("default", "rule", {"source": ["core.update-account-command"]})
    template = parameter(test)
    if not template:
        is_json = test.endswith("json")
        template = '"Event of <detail-type> type, at time <timestamp>, info extracted from detail <command>"'
        if is_json:
            template = '{"detailType": <detail-type>, "time": <timestamp>, "command": <command>}'
    it.target(arn, InputTransformer={"InputPathsMap": PATHS, "InputTemplate": template})
    it.put()
    # The recorder wrote `date` for times within texts as well.
    it.tells("custom-variables-match-all", undated(it.messages(url)))
    it.put({"comand": "update-account", "payload": {}})
    it.tells("custom-variables-not-match-all", undated(it.messages(url)))


def undated(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    pattern = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    return [{**message, "Body": pattern.sub("date", message["Body"])} for message in messages]


def test_put_events_with_input_transformer_missing_keys(scenario: Make) -> None:
    it = scenario("TestInputTransformer::test_put_events_with_input_transformer_missing_keys")
    it.rule()
    _, arn = it.queue()
    transformer = {"InputPathsMap": {"known": "$.detail"}, "InputTemplate": '"<known> <notdefinedkey>"'}
    error = error_of(it.target, arn, InputTransformer=transformer)
    it.tells("missing-key-exception-error", error, ignore={"message"})


def test_put_event_input_path_and_input_transformer(scenario: Make) -> None:
    it = scenario("test_put_event_input_path_and_input_transformer")
    it.rule()
    _, arn = it.queue()
    transformer = {"InputPathsMap": {"known": "$.detail"}, "InputTemplate": '"<known>"'}
    error = error_of(it.target, arn, InputPath="$.detail", InputTransformer=transformer)
    it.tells("duplicated-input-operations-error", error, ignore={"message"})


@pytest.mark.parametrize("test", ids_of("test_input_transformer_predefined_variables"))
def test_input_transformer_predefined_variables(scenario: Make, test: str) -> None:
    it = scenario(test)
    bus = it.bus()
    url, arn = it.queue()
    it.rule(bus)
    it.matcher.bound |= {"bus-name": bus, "rule-name": "rule"}
    it.target(arn, bus, InputTransformer={"InputTemplate": parameter(test)})
    it.put(bus=bus)
    messages = it.messages(url)
    it.tells("messages", messages if "originalEvent" in test else undated(messages))


VARIABLES = {
    "listsingle": "$.detail.listsingle",
    "listmulti": "$.detail.listmulti",
    "systemstring": "$.detail.awsAccountId",
    "payload": "$.detail.payload",
    "userId": "$.detail.payload.acc_id",
    "valid": "$.detail.valid",
}


@pytest.mark.parametrize("test", ids_of("test_input_transformer_nested_keys_replacement"))
def test_input_transformer_nested_keys_replacement(scenario: Make, test: str) -> None:
    it = scenario(test)
    url, arn = it.queue()
    it.rule("default", "rule", {"source": ["core.update-account-command"]})
    template = parameter(test).replace("\\n", "\n")
    dead_letters, dead = it.queue()
    transformer = {"InputPathsMap": VARIABLES, "InputTemplate": template}
    it.target(arn, InputTransformer=transformer, DeadLetterConfig={"Arn": dead})
    it.put({**DETAIL, "listsingle": ["HIGH"], "listmulti": ["ACTIVE", "INACTIVE"], "valid": True})
    if it.was:
        it.tells("input-transformed-messages", it.messages(url))
    else:  # AWS delivered nothing
        assert it.messages(dead_letters) and it.is_empty(url)
