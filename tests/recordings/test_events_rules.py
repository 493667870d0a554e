"""EventBridge answers what AWS answered: rules, patterns, targets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.event_buses import PATTERN, Scenario
from tests.support.recordings import error_of

FILE = "events/test_events.snapshot.json"
KINDS = ("custom", "default")
Make = Callable[[str], Scenario]
TEXT = json.dumps(PATTERN)


def bodies(messages: list[dict[str, Any]]) -> list[Any]:
    return [json.loads(message["Body"]) for message in messages]


# --- rules ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_put_list_with_prefix_describe_delete_rule(scenario: Make, kind: str) -> None:
    it = scenario(f"TestEventRule::test_put_list_with_prefix_describe_delete_rule[{kind}]")
    bus = it.bus(kind)
    it.tells("put-rule", it.events.put_rule(Name="a-rule", EventBusName=bus, EventPattern=TEXT))
    it.rule(bus, "other")
    it.tells("list-rules", it.events.list_rules(NamePrefix="a-r", EventBusName=bus))
    it.tells("describe-rule", it.events.describe_rule(Name="a-rule", EventBusName=bus))
    it.tells("delete-rule", it.events.delete_rule(Name="a-rule", EventBusName=bus))
    it.tells("list-rules-after-delete", it.events.list_rules(NamePrefix="a-r", EventBusName=bus))


def test_put_multiple_rules_with_same_name(scenario: Make) -> None:
    it = scenario("TestEventRule::test_put_multiple_rules_with_same_name")
    bus = it.bus()
    for key in ("put-rule", "re-put-rule"):
        it.tells(key, it.events.put_rule(Name="r", EventBusName=bus, EventPattern=TEXT))
    it.tells("list-rules", it.events.list_rules(EventBusName=bus))


def test_list_rule_with_limit(scenario: Make) -> None:
    it = scenario("TestEventRule::test_list_rule_with_limit")
    bus = it.bus()
    for number in range(6):
        it.rule(bus, f"r-{number}")
    first = it.events.list_rules(Limit=3, EventBusName=bus)
    it.tells("list-rules-limit", first)
    second = it.events.list_rules(Limit=3, EventBusName=bus, NextToken=first["NextToken"])
    it.tells("list-rules-limit-next-token", second)


def test_describe_nonexistent_rule(scenario: Make) -> None:
    it = scenario("TestEventRule::test_describe_nonexistent_rule")
    error = error_of(it.events.describe_rule, Name="no")
    it.tells("describe-not-existing-rule-error", error, ignore={"message"})


@pytest.mark.parametrize("kind", KINDS)
def test_disable_re_enable_rule(scenario: Make, kind: str) -> None:
    it = scenario(f"TestEventRule::test_disable_re_enable_rule[{kind}]")
    bus = it.bus(kind)
    url, arn = it.queue()
    it.rule(bus)
    it.target(arn, bus)
    it.tells("disable-rule", it.events.disable_rule(Name="rule", EventBusName=bus))
    it.tells("describe-rule-disabled", it.events.describe_rule(Name="rule", EventBusName=bus))
    it.put(bus=bus)
    it.tells("enable-rule", it.events.enable_rule(Name="rule", EventBusName=bus))
    it.tells("describe-rule-enabled", it.events.describe_rule(Name="rule", EventBusName=bus))
    put = it.put(bus=bus)
    (event,) = bodies(it.messages(url))
    assert event["id"] == put["Entries"][0]["EventId"] and it.is_empty(url)


def test_delete_rule_with_targets(scenario: Make) -> None:
    it = scenario("TestEventRule::test_delete_rule_with_targets")
    it.rule()
    it.target(it.queue()[1])
    error = error_of(it.events.delete_rule, Name="rule")
    it.tells("delete-rule-with-targets-error", error, ignore={"message"})


def test_update_rule_with_targets(scenario: Make) -> None:
    it = scenario("TestEventRule::test_update_rule_with_targets")
    it.rule()
    it.target(it.queue()[1])
    it.tells("list-targets", it.events.list_targets_by_rule(Rule="rule"))
    pattern = json.dumps({"source": ["other"]})
    it.tells("update-rule", it.events.put_rule(Name="rule", EventPattern=pattern))
    it.tells("list-targets-after-update", it.events.list_targets_by_rule(Rule="rule"))


def test_process_to_multiple_matching_rules_single_target(scenario: Make) -> None:
    it = scenario("TestEventRule::test_process_to_multiple_matching_rules_single_target")
    bus = it.bus()
    url, arn = it.queue()
    for name in ("r1", "r2"):
        it.rule(bus, name)
        it.target(arn, bus, name)
    it.put(bus=bus)
    it.tells("events", bodies(it.messages(url, 2)))


def test_process_to_single_matching_rules_single_target(scenario: Make) -> None:
    it = scenario("TestEventRule::test_process_to_single_matching_rules_single_target")
    bus = it.bus()
    url, arn = it.queue()
    for number in ("one", "two", "three"):
        it.rule(bus, f"r-{number}", {"source": [f"source-{number}"]})
        it.target(arn, bus, f"r-{number}")
    found: list[Any] = []
    for number in ("one", "two", "three"):
        it.put(bus=bus, Source=f"source-{number}")
        found += bodies(it.messages(url))
        it.tells(f"events-source-{number}", found)


def test_process_pattern_to_single_matching_rules_single_target(scenario: Make) -> None:
    it = scenario("TestEventRule::test_process_pattern_to_single_matching_rules_single_target")
    bus = it.bus()
    url, arn = it.queue()
    patterns = {
        "r1": {"detail": {"payload": {"id": [{"exists": True}]}}},
        "r2": {"detail": {"id": [{"exists": True}]}},
    }
    for name, pattern in patterns.items():
        it.rule(bus, name, pattern)
        key = "detail-payload-with-id" if name == "r1" else "detail-with-id"
        transformer = {
            "InputPathsMap": {"detail": "$.detail"},
            "InputTemplate": f'{{"{key}": <detail>}}',
        }
        it.target(arn, bus, name, InputTransformer=transformer)
    it.put({"payload": {"id": "123"}}, bus=bus)
    found = bodies(it.messages(url))
    it.tells("events-1", found)
    it.put({"id": "123"}, bus=bus)
    it.tells("events-2", found + bodies(it.messages(url)))


# --- patterns ------------------------------------------------------------------------------------------------------------


def test_put_events_pattern_with_values_in_array(scenario: Make) -> None:
    it = scenario("TestEventPattern::test_put_events_pattern_with_values_in_array")
    url, arn = it.queue()
    it.rule("default", "rule", {"detail": {"event": {"data": {"type": ["1", "2"]}}}})
    it.target(arn, InputPath="$.detail")
    it.put({"event": {"data": {"type": ["3", "1"]}}})
    first = it.messages(url)
    it.put({"event": {"data": {"type": ["2"]}}}, {"event": {"data": {"type": ["3"]}}})
    it.tells("messages", first + it.messages(url))
    assert it.is_empty(url)


def test_put_events_pattern_nested(scenario: Make) -> None:
    it = scenario("TestEventPattern::test_put_events_pattern_nested")
    url, arn = it.queue()
    it.rule("default", "rule", {"detail": {"event": {"data": {"type": ["1"]}}}})
    it.target(arn, InputPath="$.detail")
    it.put({"event": {"data": {"type": "2"}}}, {"event": {"data": {"type": "1"}}})
    it.tells("messages", it.messages(url))
    assert it.is_empty(url)


# --- targets -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_put_list_remove_target(scenario: Make, kind: str) -> None:
    it = scenario(f"TestEventTarget::test_put_list_remove_target[{kind}]")
    bus = it.bus(kind)
    it.rule(bus)
    it.tells("put-target", it.target(it.queue()[1], bus))
    it.tells("list-targets", it.events.list_targets_by_rule(Rule="rule", EventBusName=bus))
    it.tells("remove-target", it.events.remove_targets(Rule="rule", EventBusName=bus, Ids=["t"]))
    answer = it.events.list_targets_by_rule(Rule="rule", EventBusName=bus)
    it.tells("list-targets-after-delete", answer)


def test_add_exceed_fife_targets_per_rule(scenario: Make) -> None:
    it = scenario("TestEventTarget::test_add_exceed_fife_targets_per_rule")
    it.rule()
    _, arn = it.queue()
    for number in range(5):
        it.target(arn, id=f"t{number}")
    error = error_of(it.target, arn, id="t5")
    it.tells("put-targets-client-error", error, ignore={"message"})


def test_list_target_by_rule_limit(scenario: Make) -> None:
    it = scenario("TestEventTarget::test_list_target_by_rule_limit")
    it.rule()
    _, arn = it.queue()
    it.matcher.bound |= {"target-id": "t", "queue-arn": arn}
    for number in range(5):
        it.target(arn, id=f"t{number}")
    first = it.events.list_targets_by_rule(Rule="rule", Limit=3)
    it.tells("list-targets-limit", first)
    second = it.events.list_targets_by_rule(Rule="rule", NextToken=first["NextToken"])
    it.tells("list-targets-limit-next-token", second)


def test_put_target_id_validation(scenario: Make) -> None:
    it = scenario("TestEventTarget::test_put_target_id_validation")
    it.rule()
    _, arn = it.queue()
    error = error_of(it.target, arn, id="!@#$@!#$")
    it.tells("put-targets-invalid-id-error", error, ignore={"message"})
    error = error_of(it.target, arn, id="x" * 65)
    error["Error"]["Message"] = error["Error"]["Message"].replace("x" * 65, "second-invalid-target-id")
    it.tells("put-targets-length-error", error, ignore={"message"})


def test_put_multiple_targets_with_same_id_single_rule(scenario: Make) -> None:
    it = scenario("TestEventTarget::test_put_multiple_targets_with_same_id_single_rule")
    it.rule()
    _, arn = it.queue()
    for path in ("$.detail", "$.notexisting"):
        it.target(arn, InputPath=path)
    it.tells("list-targets", it.events.list_targets_by_rule(Rule="rule"))


def test_put_multiple_targets_with_same_id_across_different_rules(scenario: Make) -> None:
    it = scenario("TestEventTarget::test_put_multiple_targets_with_same_id_across_different_rules")
    _, arn = it.queue()
    for name, path in (("one", "$.detail"), ("two", "$.notexisting")):
        it.rule(name=name)
        it.target(arn, rule=name, InputPath=path)
        it.tells(f"list-targets-rule-{name}", it.events.list_targets_by_rule(Rule=name))


def test_put_multiple_targets_with_same_arn_single_rule(scenario: Make) -> None:
    it = scenario("TestEventTarget::test_put_multiple_targets_with_same_arn_single_rule")
    it.rule()
    _, arn = it.queue()
    it.target(arn, id="one", InputPath="$.detail")
    it.target(arn, id="two", InputPath="$.doesnotexist")
    it.tells("list-targets", it.events.list_targets_by_rule(Rule="rule"))


def test_put_multiple_targets_with_same_arn_across_different_rules(scenario: Make) -> None:
    it = scenario("TestEventTarget::test_put_multiple_targets_with_same_arn_across_different_rules")
    _, arn = it.queue()
    for name, path in (("one", "$.detail"), ("two", "$.doesnotexist")):
        it.rule(name=name)
        it.target(arn, rule=name, InputPath=path)
        it.tells(f"list-targets-rule-{name}", it.events.list_targets_by_rule(Rule=name))


@pytest.mark.parametrize("kind", KINDS)
def test_list_rule_names_by_target(scenario: Make, kind: str) -> None:
    it = scenario(f"TestEventRule::test_list_rule_names_by_target[{kind}]")
    bus = it.bus(kind)
    (_, arn), (_, other) = it.queue(), it.queue()
    for number in range(4):
        it.rule(bus, f"r{number}")
        it.target(arn if number < 3 else other, bus, f"r{number}")
    answer = it.events.list_rule_names_by_target(TargetArn=arn, EventBusName=bus)
    it.tells("list_rule_names_by_target", answer)


@pytest.mark.parametrize("kind", KINDS)
def test_list_rule_names_by_target_with_limit(scenario: Make, kind: str) -> None:
    it = scenario(f"TestEventRule::test_list_rule_names_by_target_with_limit[{kind}]")
    bus = it.bus(kind)
    _, arn = it.queue()
    for number in range(5):
        it.rule(bus, f"r{number}")
        it.target(arn, bus, f"r{number}")
    more: dict[str, Any] = {}
    for key in ("first_page", "second_page", "third_page"):
        answer = it.events.list_rule_names_by_target(TargetArn=arn, EventBusName=bus, Limit=2, **more)
        more = {"NextToken": answer.pop("NextToken")} if "NextToken" in answer else {}
        assert bool(more) is ("NextToken" in it.was[key])
        it.tells(key, answer, ignore={"NextToken"})


@pytest.mark.parametrize("kind", KINDS)
def test_list_rule_names_by_target_no_matches(scenario: Make, kind: str) -> None:
    it = scenario(f"TestEventRule::test_list_rule_names_by_target_no_matches[{kind}]")
    bus = it.bus(kind)
    (_, arn), (_, other) = it.queue(), it.queue()
    it.rule(bus)
    it.target(other, bus)
    answer = it.events.list_rule_names_by_target(TargetArn=arn, EventBusName=bus)
    it.tells("list_rule_names_by_target_no_matches", answer)
