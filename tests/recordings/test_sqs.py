"""SQS answers what AWS answered: move tasks, and what queues show of their attributes.

The recordings of `resource_providers` were made through CloudFormation, which is not there yet: what it sets is set here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.testing import Fogbank
from tests.support.recordings import Matcher, error_of, recorded
from tests.support.waiting import until_blocking

MOVES = "sqs/test_sqs_move_task.snapshot.json"
QUEUES = "sqs/resource_providers/test_aws_sqs_queue.snapshot.json"


@pytest.fixture(scope="module")
def fogbank() -> Iterator[Fogbank]:
    with Fogbank() as running:
        yield running


@pytest.fixture
def sqs(fogbank: Fogbank) -> Any:
    return fogbank.client("sqs")


@pytest.fixture
def matcher() -> Matcher:
    return Matcher()


class Pipe:
    """A queue whose dead letters go to another."""

    def __init__(self, sqs: Any, name: str) -> None:
        self.sqs = sqs
        self.dlq = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        self.arn = arn_of(sqs, self.dlq)
        policy = json.dumps({"deadLetterTargetArn": self.arn, "maxReceiveCount": 1})
        self.queue = sqs.create_queue(QueueName=f"{name}-queue", Attributes={"RedrivePolicy": policy})[
            "QueueUrl"
        ]

    def fail(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)
        for _ in range(2 * len(bodies)):
            self.sqs.receive_message(QueueUrl=self.queue, VisibilityTimeout=0)
        assert waiting(self.sqs, self.dlq) == len(bodies)


def arn_of(sqs: Any, url: str) -> str:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return str(attributes["QueueArn"])


def waiting(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages"]
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])


def bodies(sqs: Any, url: str) -> set[str]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return {message["Body"] for message in answer.get("Messages", [])}


def ended(sqs: Any, arn: str) -> Any:
    def look() -> Any:
        answer = sqs.list_message_move_tasks(SourceArn=arn)
        return answer if answer["Results"][0]["Status"] not in ("RUNNING", "CANCELLING") else None

    return until_blocking(look)


def test_basic_move_task_workflow(sqs: Any, matcher: Matcher) -> None:
    expected = recorded(MOVES, "test_basic_move_task_workflow")
    pipe = Pipe(sqs, "basic")
    target = sqs.create_queue(QueueName="basic-target")["QueueUrl"]
    pipe.fail("message-1", "message-2")
    answer = sqs.start_message_move_task(SourceArn=pipe.arn, DestinationArn=arn_of(sqs, target))
    matcher.matches(expected["start-message-move-task-response"], answer)
    assert json.loads(base64.b64decode(answer["TaskHandle"]))["sourceArn"] == pipe.arn
    matcher.matches(expected["list-message-move-task-response"], ended(sqs, pipe.arn))
    assert bodies(sqs, target) == {"message-1", "message-2"}
    assert bodies(sqs, pipe.dlq) == set()


def test_move_task_workflow_with_default_destination(sqs: Any, matcher: Matcher) -> None:
    expected = recorded(MOVES, "test_move_task_workflow_with_default_destination")
    pipe = Pipe(sqs, "default")
    matcher.matches(expected["source-arn"], pipe.arn)
    matcher.matches(expected["original-source"], arn_of(sqs, pipe.queue))
    pipe.fail("message-1", "message-2")
    answer = sqs.start_message_move_task(SourceArn=pipe.arn)
    matcher.matches(expected["start-message-move-task-response"], answer)
    matcher.matches(expected["list-message-move-task-response"], ended(sqs, pipe.arn))
    assert bodies(sqs, pipe.queue) == {"message-1", "message-2"}


def test_cancelling(fogbank: Fogbank, sqs: Any, matcher: Matcher) -> None:
    expected = recorded(MOVES, "test_move_task_cancel")
    pipe = Pipe(sqs, "cancel")
    target = sqs.create_queue(QueueName="cancel-target")["QueueUrl"]
    pipe.fail(*(f"message-{n}" for n in range(10)))
    handle = sqs.start_message_move_task(
        SourceArn=pipe.arn, DestinationArn=arn_of(sqs, target), MaxNumberOfMessagesPerSecond=1
    )["TaskHandle"]
    until_blocking(lambda: waiting(sqs, target) == 1)
    again = error_of(sqs.start_message_move_task, SourceArn=pipe.arn)
    matcher.matches(recorded(MOVES, "test_start_multiple_move_tasks")["error"], again)
    moved = {"ApproximateNumberOfMessagesMoved"}  # a matter of time
    matcher.matches(expected["list-while"], sqs.list_message_move_tasks(SourceArn=pipe.arn), ignore=moved)
    matcher.matches(expected["cancel"], sqs.cancel_message_move_task(TaskHandle=handle), ignore=moved)
    fogbank.advance(1)
    matcher.matches(expected["list-after"], ended(sqs, pipe.arn), ignore=moved)
    assert bodies(sqs, pipe.dlq)


def test_a_target_that_goes_away(fogbank: Fogbank, sqs: Any, matcher: Matcher) -> None:
    pipe = Pipe(sqs, "gone")
    target = sqs.create_queue(QueueName="gone-target")["QueueUrl"]
    pipe.fail(*(f"message-{n}" for n in range(10)))
    sqs.start_message_move_task(
        SourceArn=pipe.arn, DestinationArn=arn_of(sqs, target), MaxNumberOfMessagesPerSecond=1
    )
    sqs.delete_queue(QueueUrl=target)
    fogbank.advance(1)
    expected = recorded(MOVES, "test_move_task_delete_destination_queue_while_running")["list"]
    matcher.matches(expected, ended(sqs, pipe.arn), ignore={"ApproximateNumberOfMessagesMoved"})
    assert bodies(sqs, pipe.dlq)


def test_what_move_tasks_refuse(sqs: Any, matcher: Matcher) -> None:
    def check(test: str, **response: Any) -> None:
        matcher.matches(recorded(MOVES, test)["error"], response)

    pipe = Pipe(sqs, "refuse")
    plain = arn_of(sqs, sqs.create_queue(QueueName="refuse-plain")["QueueUrl"])
    start, cancel = sqs.start_message_move_task, sqs.cancel_message_move_task
    check("test_source_needs_redrive_policy", **error_of(start, SourceArn=plain, DestinationArn=pipe.arn))
    check(
        "test_destination_needs_to_exist", **error_of(start, SourceArn=pipe.arn, DestinationArn=plain + "x")
    )
    check("test_cancel_with_invalid_task_handle", **error_of(cancel, TaskHandle="foobared"))

    def handle(arn: str) -> str:
        task = {"taskId": "10f57157-fc38-4da9-a113-4de7e12d05dd", "sourceArn": arn}
        return base64.b64encode(json.dumps(task).encode()).decode()

    missing = "arn:aws:sqs:us-east-1:878966065785:test-queue-doesnt-exist-123456"
    check(
        "test_cancel_with_invalid_source_arn_in_task_handle", **error_of(cancel, TaskHandle=handle(missing))
    )
    check("test_cancel_with_invalid_task_id_in_task_handle", **error_of(cancel, TaskHandle=handle(plain)))


SHOWN = {
    "test_create_standard_queue_with_required_properties": "attributes",
    "test_create_standard_queue_with_all_properties": "attributes",
    "test_create_fifo_queue_with_required_properties": "attributes",
    "test_create_fifo_queue_with_all_properties": "attributes",
    "test_update_standard_queue_modify_properties_in_place": "updated_attributes",
    "test_update_fifo_queue_remove_all_properties": "updated_attributes",
    "test_update_fifo_queue_remove_all_properties_except_queuename": "updated_attributes",
    "test_update_standard_queue_remove_some_properties": "updated_attributes",
}
SETTABLE = {
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "RedrivePolicy",
    "FifoQueue",
}


@pytest.mark.parametrize("test", SHOWN)
def test_attributes(sqs: Any, matcher: Matcher, test: str) -> None:
    expected = recorded(QUEUES, test)[SHOWN[test]]
    shown = expected["Attributes"]
    fifo = ".fifo" if "FifoQueue" in shown else ""
    defaults = "required" in test or test.endswith("remove_all_properties")
    attributes = {name: value for name, value in shown.items() if name in SETTABLE and not defaults}
    if shown["SqsManagedSseEnabled"] == "false" and "KmsMasterKeyId" not in shown:
        attributes["SqsManagedSseEnabled"] = "false"
    if "RedrivePolicy" in attributes:
        made = {"FifoQueue": "true"} if fifo else {}
        dlq = sqs.create_queue(QueueName=f"{test[:60]}-dlq{fifo}", Attributes=made)["QueueUrl"]
        policy = attributes["RedrivePolicy"] | {"deadLetterTargetArn": arn_of(sqs, dlq)}
        attributes["RedrivePolicy"] = json.dumps(policy)
    if fifo:
        attributes["FifoQueue"] = "true"
    url = sqs.create_queue(QueueName=f"{test[:60]}-queue{fifo}", Attributes=attributes)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    matcher.matches(expected, answer, ignore={"deadLetterTargetArn"})


def test_a_queue_that_is_gone(sqs: Any, matcher: Matcher) -> None:
    url = sqs.create_queue(QueueName="going")["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)
    error = error_of(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    matcher.matches(recorded(QUEUES, "test_update_completely_remove_resource")["error"], error)


def test_update_standard_queue_without_explicit_name(sqs: Any, matcher: Matcher) -> None:
    """What the update of the stack did: attributes set on the queue that was there."""
    expected = recorded(QUEUES, "test_update_standard_queue_without_explicit_name")["updated_attributes"]
    url = sqs.create_queue(QueueName="unnamed")["QueueUrl"]
    names = ("MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds")
    attributes = {name: expected["Attributes"][name] for name in names}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    matcher.matches(expected, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))


def test_update_standard_queue_add_properties_with_replacement(sqs: Any, matcher: Matcher) -> None:
    """Another name is another queue; the old one goes."""
    was = recorded(QUEUES, "test_update_standard_queue_add_properties_with_replacement")
    shown = was["updated_attributes"]["Attributes"]
    old = sqs.create_queue(QueueName="MyStandardQueue")["QueueUrl"]
    dlq = sqs.create_queue(QueueName="replaced-dlq")["QueueUrl"]
    attributes = {name: value for name, value in shown.items() if name in SETTABLE}
    attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn_of(sqs, dlq), "maxReceiveCount": 4})
    new = sqs.create_queue(
        QueueName="MyStandardQueueWithADifferentName",
        Attributes=attributes,
        tags=was["updated_tags"]["Tags"],
    )["QueueUrl"]
    sqs.delete_queue(QueueUrl=old)
    answer = sqs.get_queue_attributes(QueueUrl=new, AttributeNames=["All"])
    matcher.matches(was["updated_attributes"], answer, ignore={"deadLetterTargetArn"})
    matcher.matches(was["updated_tags"], sqs.list_queue_tags(QueueUrl=new))
    error = error_of(sqs.get_queue_attributes, QueueUrl=old, AttributeNames=["All"])
    matcher.matches(was["error"], error)


def test_move_task_with_throughput_limit(fogbank: Fogbank, sqs: Any, matcher: Matcher) -> None:
    was = recorded(MOVES, "test_move_task_with_throughput_limit")
    pipe = Pipe(sqs, "limited")
    pipe.fail(*(f"message-{number}" for number in range(4)))
    target = sqs.create_queue(QueueName="limited-target")["QueueUrl"]
    started = sqs.start_message_move_task(
        SourceArn=pipe.arn, DestinationArn=arn_of(sqs, target), MaxNumberOfMessagesPerSecond=1
    )
    matcher.matches(was["start-message-move-task-response"], started)
    assert waiting(sqs, target) < 4  # they take three seconds
    for _ in range(4):
        fogbank.advance(1)
    ended(sqs, pipe.arn)
    assert bodies(sqs, target) == {f"message-{number}" for number in range(4)}


def test_move_task_workflow_with_multiple_sources_as_default_destination(sqs: Any, matcher: Matcher) -> None:
    was = recorded(MOVES, "test_move_task_workflow_with_multiple_sources_as_default_destination")
    pipe = Pipe(sqs, "several")
    policy = json.dumps({"deadLetterTargetArn": pipe.arn, "maxReceiveCount": 1})
    second = sqs.create_queue(QueueName="several-2", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    matcher.matches(was["source-arn"], pipe.arn)
    matcher.matches(was["original-source-1"], arn_of(sqs, pipe.queue))
    matcher.matches(was["original-source-2"], arn_of(sqs, second))
    pipe.fail("message-1-1", "message-1-2")
    for body in ("message-2-1", "message-2-2"):
        sqs.send_message(QueueUrl=second, MessageBody=body)
    for _ in range(4):
        sqs.receive_message(QueueUrl=second, VisibilityTimeout=0)
    assert waiting(sqs, pipe.dlq) == 4
    started = sqs.start_message_move_task(SourceArn=pipe.arn)
    matcher.matches(was["start-message-move-task-response"], started)
    matcher.matches(was["list-message-move-task-response"], ended(sqs, pipe.arn))
    assert bodies(sqs, pipe.queue) == {"message-1-1", "message-1-2"}
    assert bodies(sqs, second) == {"message-2-1", "message-2-2"}
    assert not bodies(sqs, pipe.dlq)
