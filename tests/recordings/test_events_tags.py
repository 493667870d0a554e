"""EventBridge answers what AWS answered: tags of buses and rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.event_buses import REGION, Scenario
from tests.support.recordings import error_of

FILE = "events/test_events_tags.snapshot.json"
Make = Callable[[str], Scenario]
TAGS = [{"Key": "tag1", "Value": "value1"}, {"Key": "tag2", "Value": "value2"}]


def arn_of(it: Scenario, resource: str) -> str:
    return f"arn:aws:events:{REGION}:{it.account}:{resource}"


@pytest.mark.parametrize(
    ("parameters", "kind", "bus"),
    [
        ("event_bus", "event_bus", "custom"),
        ("rule", "rule", "default"),
        ("event_bus-event_bus_default", "event_bus", "default"),
        ("event_bus-event_bus_custom", "event_bus", "custom"),
        ("rule-event_bus_default", "rule", "default"),
        ("rule-event_bus_custom", "rule", "custom"),
    ],
)
def test_tag_untag_resource(scenario: Make, parameters: str, kind: str, bus: str) -> None:
    it = scenario(f"tests_tag_untag_resource[{parameters}]")
    name = it.bus(bus)
    arn = arn_of(it, f"event-bus/{name}")
    if kind == "rule":
        it.rule(name)
        arn = it.events.describe_rule(Name="rule", EventBusName=name)["Arn"]
    events = it.events
    it.tells("tag_resource", events.tag_resource(ResourceARN=arn, Tags=TAGS))
    it.tells("list_tags_for_resource", events.list_tags_for_resource(ResourceARN=arn))
    it.tells("untag_resource", events.untag_resource(ResourceARN=arn, TagKeys=["tag2"]))
    it.tells("list_tags_for_untagged_resource", events.list_tags_for_resource(ResourceARN=arn))
    if "untag_resource_not_existing_tag" in it.was:
        answer = events.untag_resource(ResourceARN=arn, TagKeys=["tag3"])
        it.tells("untag_resource_not_existing_tag", answer)


@pytest.mark.parametrize(
    ("parameters", "resource"), [("not_existing_rule", "rule/no"), ("not_existing_event_bus", "event-bus/no")]
)
def test_tag_list_untag_not_existing_resource(scenario: Make, parameters: str, resource: str) -> None:
    it = scenario(f"tests_tag_list_untag_not_existing_resource[{parameters}]")
    arn = arn_of(it, resource)
    calls: dict[str, tuple[Any, dict[str, Any]]] = {
        "tag_not_existing_resource_error": (it.events.tag_resource, {"Tags": TAGS}),
        "list_tags_for_not_existing_resource_error": (it.events.list_tags_for_resource, {}),
        "untag_not_existing_resource_error": (it.events.untag_resource, {"TagKeys": ["tag1"]}),
    }
    for key, (call, more) in calls.items():
        it.tells(key, error_of(call, ResourceARN=arn, **more), ignore={"message"})


def test_put_rule_with_tags(scenario: Make) -> None:
    it = scenario("TestRuleTags::test_put_rule_with_tags")
    answer = it.events.put_rule(Name="rule", EventPattern='{"source": ["a"]}', Tags=TAGS)
    it.tells("put_rule_with_tags", answer)
    found = it.events.list_tags_for_resource(ResourceARN=answer["RuleArn"])
    it.tells("list_tags_for_rule", found)


def test_list_tags_for_deleted_rule(scenario: Make) -> None:
    it = scenario("TestRuleTags::test_list_tags_for_deleted_rule")
    bus = it.bus()
    answer = it.events.put_rule(Name="rule", EventPattern='{"source": ["a"]}', Tags=TAGS, EventBusName=bus)
    it.events.delete_rule(Name="rule", EventBusName=bus)
    error = error_of(it.events.list_tags_for_resource, ResourceARN=answer["RuleArn"])
    it.tells("list_tags_for_deleted_rule_error", error, ignore={"message"})


def test_create_event_bus_with_tags(scenario: Make) -> None:
    it = scenario("TestEventBusTags::test_create_event_bus_with_tags")
    answer = it.events.create_event_bus(Name="bus", Tags=TAGS)
    it.tells("create_event_bus_with_tags", answer)
    found = it.events.list_tags_for_resource(ResourceARN=answer["EventBusArn"])
    it.tells("list_tags_for_event_bus", found)


def test_list_tags_for_deleted_event_bus(scenario: Make) -> None:
    it = scenario("TestEventBusTags::test_list_tags_for_deleted_event_bus")
    arn = it.events.create_event_bus(Name="bus", Tags=TAGS)["EventBusArn"]
    it.events.delete_event_bus(Name="bus")
    error = error_of(it.events.list_tags_for_resource, ResourceARN=arn)
    it.tells("list_tags_for_deleted_rule_error", error, ignore={"message"})


@pytest.mark.parametrize("bus", ["default", "custom"])
def test_recreate_tagged_rule_without_tags(scenario: Make, bus: str) -> None:
    it = scenario(f"test_recreate_tagged_resource_without_tags[rule-event_bus_{bus}]")
    name = it.bus(bus)
    given = {"Name": "rule", "EventPattern": '{"source": ["a"]}', "EventBusName": name}
    it.events.put_rule(**given, Tags=TAGS[:1])
    it.events.delete_rule(Name="rule", EventBusName=name)
    arn = it.events.put_rule(**given)["RuleArn"]
    it.tells("list_tags_for_resource", it.events.list_tags_for_resource(ResourceARN=arn))


@pytest.mark.parametrize("bus", ["default", "custom"])
def test_recreate_tagged_bus_without_tags(scenario: Make, bus: str) -> None:
    it = scenario(f"test_recreate_tagged_resource_without_tags[event_bus-event_bus_{bus}]")
    name = it.bus(bus)
    arn = arn_of(it, f"event-bus/{name}")
    it.events.tag_resource(ResourceARN=arn, Tags=TAGS[:1])
    if bus == "custom":  # the default bus cannot be made anew
        it.events.delete_event_bus(Name=name)
        it.events.create_event_bus(Name=name)
    it.tells("list_tags_for_resource", it.events.list_tags_for_resource(ResourceARN=arn))
