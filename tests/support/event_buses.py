"""Replays of EventBridge: an account of its own for each scenario, with queues that rules lead to."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from fogbank.testing import Fogbank
from tests.support.recordings import Matcher
from tests.support.waiting import until_blocking

DETAIL_TYPE = "core.update-account-command"
DETAIL = {"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}
PATTERN = {
    "source": ["core.update-account-command"],
    "detail-type": ["core.update-account-command"],
    "detail": {"command": ["update-account"]},
}
REGION = "us-east-1"
_ACCOUNTS = count(430_000_000_000)


class Scenario:
    """Calls of one account, short."""

    def __init__(self, server: Fogbank, was: dict[str, Any]) -> None:
        self.server, self.was = server, was
        self.account = str(next(_ACCOUNTS))
        self.events = server.client("events", account=self.account)
        self.sqs = server.client("sqs", account=self.account)
        self.matcher = Matcher(self.account)
        self._numbers = count(1)

    def tells(self, key: str, answer: Any, **more: Any) -> None:
        __tracebackhide__ = True
        self.matcher.matches(self.was[key], answer, **more)

    def bus(self, kind: str = "custom", name: str = "bus", **more: Any) -> str:
        """The name of a bus of that kind, made if need be."""
        if kind == "default":
            return "default"
        self.events.create_event_bus(Name=name, **more)
        return name

    def queue(self) -> tuple[str, str]:
        """(URL, ARN) of a new queue."""
        url = self.sqs.create_queue(QueueName=f"q{next(self._numbers)}")["QueueUrl"]
        return url, f"arn:aws:sqs:{REGION}:{self.account}:{url.rsplit('/', 1)[1]}"

    def rule(self, bus: str = "default", name: str = "rule", pattern: Any = None, **more: Any) -> str:
        """The name of a rule with a pattern."""
        pattern = json.dumps(PATTERN if pattern is None else pattern)
        self.events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern, **more)
        return name

    def target(
        self, arn: str, bus: str = "default", rule: str = "rule", id: str = "t", **more: Any
    ) -> dict[str, Any]:
        targets = [{"Id": id, "Arn": arn, **more}]
        answer: dict[str, Any] = self.events.put_targets(Rule=rule, EventBusName=bus, Targets=targets)
        return answer

    def put(self, *details: Any, bus: str = "default", **more: Any) -> dict[str, Any]:
        """PutEvents of entries with these details."""
        entries = [
            {
                "Source": DETAIL_TYPE,
                "DetailType": DETAIL_TYPE,
                "Detail": json.dumps(detail),
                "EventBusName": bus,
                **more,
            }
            for detail in (details or (DETAIL,))
        ]
        answer: dict[str, Any] = self.events.put_events(Entries=entries)
        assert answer["FailedEntryCount"] == 0
        return answer

    def messages(self, url: str, number: int = 1) -> list[dict[str, Any]]:
        """So many messages of a queue, in the order of their events, deleted from it."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(message)
            return len(found) >= number

        until_blocking(look)
        return found

    def is_empty(self, url: str) -> bool:
        """After another event came through: nothing lies in the queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return all(attributes[name] == "0" for name in names)
