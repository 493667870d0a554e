"""Event source mappings, dead-letter queues and destinations answer and deliver what AWS did, with real functions.

Left out: SNS destinations (not there yet: refused by name). EventBridge's are in `test_lambda_more.py`. What was recorded more than once, under
names of older tests or for several sizes, is replayed once. Receipt handles, senders and digests of bodies differ by nature.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from fogbank.core.config import Settings
from fogbank.services.lambda_.events import queue_name
from fogbank.services.lambda_.keys import event_queues
from fogbank.services.lambda_.names import parse_name
from fogbank.testing.server import Fogbank
from tests.recordings.test_lambda import ECHO, INTROSPECT, Scenario
from tests.support.recordings import error_of, recorded
from tests.support.waiting import until_blocking

SQS = "lambda_/event_source_mapping/test_lambda_integration_sqs.snapshot.json"
DYNAMODB = "lambda_/event_source_mapping/test_lambda_integration_dynamodbstreams.snapshot.json"
DESTINATIONS = "lambda_/test_lambda_destinations.snapshot.json"
VARIES = frozenset({"MD5OfBody", "md5OfBody", "md5OfMessageAttributes", "awsRegion", "eventID", "SizeBytes"})

FORWARD = """
import json, boto3

def handler(event, context):
    if len(event["Records"]) != 1:
        raise Exception("one record is expected")
    body = json.loads(event["Records"][0]["body"])
    sqs = boto3.client("sqs")
    count = int(event["Records"][0]["attributes"]["ApproximateReceiveCount"])
    fails = count <= body["fail_attempts"]
    error = "failed attempt" if fails else None
    sqs.send_message(QueueUrl=body["destination"], MessageBody=json.dumps({"error": error, "event": event}))
    if fails:
        raise Exception(error)
"""
REPORT = """
import json, os, boto3

def handler(event, context):
    failures = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        if int(record["attributes"]["ApproximateReceiveCount"]) <= body["fail_attempts"]:
            failures.append({"itemIdentifier": record["messageId"]})
    result = {"batchItemFailures": failures}
    if "OVERWRITE" in os.environ:
        result = json.loads(os.environ["OVERWRITE"])
    message = json.dumps({"event": event, "result": result})
    boto3.client("sqs").send_message(QueueUrl=os.environ["DESTINATION"], MessageBody=message)
    return result
"""
FAIL = "def handler(event, context):\n    print(__import__('json').dumps(event))\n    raise Exception('some error occurred')\n"
ANSWER = """
import json, os

def handler(event, context):
    print(json.dumps(event))
    result = os.environ["RESULT"]
    if result == "raise":
        raise Exception("as it was told")
    return json.loads(result)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Fogbank]:
    with Fogbank(Settings()) as running:
        yield running


# Of the server's time, with each look: batching windows and pauses between attempts end sooner. Queues give messages out again
# after a time, so no more of it passes than windows last: a function that a busy machine keeps waiting is not tried again.
PASSES_S, PASS_S_MAX = 0.2, 5.0
VISIBLE_S = 120  # of queues whose messages are tried again: longer than a function may take on a busy machine
LIMIT_S = 90.0  # of waiting for what comes
COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
_accounts = iter(range(500_000_000_000, 600_000_000_000))


class Mapped(Scenario):
    """A scenario with queues, tables and mappings."""

    def __init__(self, server: Fogbank) -> None:
        super().__init__(server, str(next(_accounts)))
        self.sqs = server.client("sqs", account=self.account)
        self.dynamodb = server.client("dynamodb", account=self.account)

    def queue(self, name: str, **attributes: str) -> str:
        url: str = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def arn(self, name: str) -> str:
        return f"arn:aws:sqs:us-east-1:{self.account}:{name}"

    def table(self, key: str = "my_partition_key", view: str = "NEW_IMAGE") -> str:
        """The ARN of the stream of a new table."""
        answer = self.dynamodb.create_table(
            TableName="table",
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )
        return str(answer["TableDescription"]["LatestStreamArn"])

    def put(self, **item: Any) -> None:
        self.dynamodb.put_item(TableName="table", Item=item)

    def mapping(self, source_arn: str, **settings: Any) -> Any:
        settings = {"FunctionName": "fn", "EventSourceArn": source_arn} | settings
        created = self.client.create_event_source_mapping(**settings)
        if settings.get("Enabled", True):
            self.comes(created["UUID"], "Enabled")
        return created

    def comes(self, uuid: str, state: str) -> Any:
        """The mapping, once it is in `state`."""

        def look() -> Any:
            found = self.client.get_event_source_mapping(UUID=uuid)
            return found if found["State"] == state else None

        return until_blocking(look)

    def until(self, check: Callable[[], Any], passes_s: float = 0.0) -> Any:
        """What `check()` comes to, while time passes."""
        left_s = PASS_S_MAX if passes_s else 0.0

        def look() -> Any:
            nonlocal left_s
            if left_s > 0:
                self.server.advance(passes_s)
                left_s -= passes_s
            return check()

        return until_blocking(look, LIMIT_S)

    def received(self, url: str, passes_s: float = 0.0, **more: Any) -> Any:
        """The next message, which is deleted."""

        def look() -> Any:
            answer: Any = self.sqs.receive_message(QueueUrl=url, **more)
            return answer if answer.get("Messages") else None

        answer = self.until(look, passes_s)
        for message in answer["Messages"]:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return answer

    def has_left(self, url: str, count: int) -> None:
        """Wait until so many messages are in the queue: the mapping is through with the others."""
        self._counts(url, COUNTS, count)

    def has_taken(self, url: str, count: int) -> None:
        """Wait until so many messages are in the mapping's hands."""
        self._counts(url, COUNTS[1:], count)

    def _counts(self, url: str, names: list[str], count: int) -> None:
        def look() -> bool:
            answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
            return sum(int(number) for number in answer["Attributes"].values()) == count

        until_blocking(look, LIMIT_S)

    def gives_out_again(self) -> None:
        """Let the time pass after which queues give out again what the function did not take."""
        self.server.advance(VISIBLE_S)

    def retries(self, after_s: int) -> None:
        """Let `after_s` pass once the function's one event waits for its next attempt: the pause begins only then."""

        async def look() -> bool:
            store = self.server.app.house.store
            [key] = [record.key for record in await store.scan((*event_queues(), self.account), limit=2)]
            _, account, region, name, uid = map(str, key)
            return await store.depth(queue_name(parse_name(name, account, region), uid)) == (1, 0)

        until_blocking(lambda: self.server.run(look()), LIMIT_S)
        self.server.advance(after_s)

    def has_run(self, times: int) -> bool:
        reports = [event for event in self.events(at_least=0) if event["message"].startswith("REPORT")]
        return len(reports) >= times

    def empty(self, url: str) -> None:
        assert "Messages" not in self.sqs.receive_message(QueueUrl=url)

    def printed(self, count: int = 1, passes_s: float = PASSES_S) -> list[Any]:
        """The events that the function printed, once there are `count`."""

        def look() -> Any:
            lines = [event["message"] for event in self.events(at_least=0)]
            found = [json.loads(line) for line in lines if line.startswith("{")]
            return found if len(found) >= count else None

        found: list[Any] = self.until(look, passes_s)
        return found

    def tells(self, expected: Any, actual: Any, ignore: frozenset[str] = frozenset()) -> None:
        self.matches(expected, actual, ignore=VARIES | ignore)


@pytest.fixture
def esm(server: Fogbank) -> Mapped:
    return Mapped(server)


# --- SQS ----------------------------------------------------------------------------------------------------------------


def test_failing_lambda_retries_after_visibility_timeout(esm: Mapped) -> None:
    was = recorded(SQS, "test_failing_lambda_retries_after_visibility_timeout")
    out = esm.queue("out")
    esm.tells(was["get_destination_queue_url"], esm.sqs.get_queue_url(QueueName="out"))
    esm.made(FORWARD)
    source = esm.queue("source", VisibilityTimeout=str(VISIBLE_S))
    uuid = esm.mapping(esm.arn("source"), BatchSize=1)["UUID"]
    esm.tells(was["event_source_mapping"], esm.client.get_event_source_mapping(UUID=uuid))
    esm.sqs.send_message(QueueUrl=source, MessageBody=json.dumps({"destination": out, "fail_attempts": 1}))
    esm.tells(was["first_attempt"], esm.received(out))
    esm.empty(out)
    esm.gives_out_again()
    esm.tells(was["second_attempt"], esm.received(out))


def test_message_body_and_attributes_passed_correctly(esm: Mapped) -> None:
    was = recorded(SQS, "test_message_body_and_attributes_passed_correctly")
    out = esm.queue("out")
    esm.made(FORWARD)
    source = esm.queue("source", VisibilityTimeout=str(VISIBLE_S))
    esm.mapping(esm.arn("source"), BatchSize=1)
    esm.sqs.send_message(
        QueueUrl=source,
        MessageBody=json.dumps({"destination": out, "fail_attempts": 0}),
        MessageAttributes={
            "Title": {"DataType": "String", "StringValue": "The Whistler"},
            "Author": {"DataType": "String", "StringValue": "John Grisham"},
            "WeeksOn": {"DataType": "Number", "StringValue": "6"},
        },
    )
    answer = esm.received(out)
    esm.matches(was["first_attempt"], answer, ignore={"MD5OfBody", "md5OfBody"})


def test_redrive_policy_with_failing_lambda(esm: Mapped) -> None:
    was = recorded(SQS, "test_redrive_policy_with_failing_lambda")
    out, dead = esm.queue("out"), esm.queue("dead")
    esm.made(FORWARD)
    policy = json.dumps({"deadLetterTargetArn": esm.arn("dead"), "maxReceiveCount": 2})
    source = esm.queue("source", VisibilityTimeout=str(VISIBLE_S), RedrivePolicy=policy)
    esm.mapping(esm.arn("source"), BatchSize=1)
    esm.sqs.send_message(QueueUrl=source, MessageBody=json.dumps({"destination": out, "fail_attempts": 2}))
    esm.tells(was["first_attempt"], esm.received(out))
    esm.empty(dead)
    esm.gives_out_again()
    esm.tells(was["second_attempt"], esm.received(out))
    esm.gives_out_again()
    esm.tells(was["dlq_response"], esm.received(dead))


def test_sqs_queue_as_lambda_dead_letter_queue(esm: Mapped) -> None:
    was = recorded(SQS, "test_sqs_queue_as_lambda_dead_letter_queue")
    dead = esm.queue("dead")
    created = esm.made(INTROSPECT, DeadLetterConfig={"TargetArn": esm.arn("dead")})
    esm.tells(was["lambda-response-dlq-config"], created["DeadLetterConfig"])
    esm.client.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=0)
    esm.invoke(payload={"raise_error": 1}, InvocationType="Event")
    esm.tells(was["messages"], esm.received(dead, MessageAttributeNames=["All"]))


def test_report_batch_item_failures(esm: Mapped) -> None:
    was = recorded(SQS, "test_report_batch_item_failures")
    out = esm.queue("out")
    esm.made(REPORT, Environment={"Variables": {"DESTINATION": out}})
    dead = esm.queue("dead.fifo", FifoQueue="true")
    policy = json.dumps({"deadLetterTargetArn": esm.arn("dead.fifo"), "maxReceiveCount": 2})
    source = esm.queue(
        "source.fifo", FifoQueue="true", VisibilityTimeout=str(VISIBLE_S), RedrivePolicy=policy
    )
    fails = {1: 0, 2: 1, 3: 1, 4: 2}
    entries = [
        {
            "Id": f"message-{n}",
            "MessageBody": json.dumps({"message": n, "fail_attempts": fails[n]}),
            "MessageGroupId": "1",
            "MessageDeduplicationId": f"dedup-{n}",
        }
        for n in fails
    ]
    esm.tells(
        was["send_message_batch"],
        esm.sqs.send_message_batch(QueueUrl=source, Entries=entries),
        frozenset({"MD5OfMessageBody"}),
    )
    created = esm.mapping(
        esm.arn("source.fifo"), BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    esm.tells(was["create_event_source_mapping"], created)
    esm.tells(was["first_invocation"], esm.received(out))
    esm.empty(dead)
    esm.has_left(source, 3)
    esm.gives_out_again()
    esm.tells(was["second_invocation"], esm.received(out))
    esm.has_left(source, 1)
    esm.gives_out_again()
    esm.tells(was["dlq_response"], esm.received(dead))
    esm.empty(out)


def test_report_batch_item_failures_on_lambda_error(esm: Mapped) -> None:
    was = recorded(SQS, "test_report_batch_item_failures_on_lambda_error")
    esm.made(FORWARD)
    dead = esm.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": esm.arn("dead"), "maxReceiveCount": 2})
    source = esm.queue("source", VisibilityTimeout=str(VISIBLE_S), RedrivePolicy=policy)
    for body in ("{not a json body", json.dumps({"message": 2, "fail_attempts": 0})):
        esm.sqs.send_message(QueueUrl=source, MessageBody=body)
    esm.mapping(esm.arn("source"), FunctionResponseTypes=["ReportBatchItemFailures"])
    messages: list[Any] = []

    for _ in range(2):
        esm.has_taken(source, 2)
        esm.gives_out_again()
    while len(messages) < 2:
        messages += esm.received(dead, MaxNumberOfMessages=10)["Messages"]
    messages.sort(key=lambda message: message["Body"][:2] != "{n")
    esm.tells(was["dlq_messages"], messages)


@pytest.mark.parametrize(
    ("test", "answer"),
    [
        (
            "test_report_batch_item_failures_invalid_result_json_batch_fails",
            {"batchItemFailures": [{"foo": "notvalid"}]},
        ),
        ("test_report_batch_item_failures_empty_json_batch_succeeds", {}),
    ],
)
def test_report_batch_item_failures_with_other_answers(esm: Mapped, test: str, answer: Any) -> None:
    was = recorded(SQS, test)
    out, dead = esm.queue("out"), esm.queue("dead")
    variables = {"DESTINATION": out, "OVERWRITE": json.dumps(answer)}
    esm.made(REPORT, Environment={"Variables": variables})
    policy = json.dumps({"deadLetterTargetArn": esm.arn("dead"), "maxReceiveCount": 2})
    source = esm.queue("source", VisibilityTimeout=str(VISIBLE_S), RedrivePolicy=policy)
    esm.mapping(esm.arn("source"), FunctionResponseTypes=["ReportBatchItemFailures"])
    esm.sqs.send_message(QueueUrl=source, MessageBody=json.dumps({"message": 1, "fail_attempts": 0}))
    esm.tells(was["first_invocation"], esm.received(out))
    if "second_invocation" in was:
        esm.gives_out_again()
        esm.tells(was["second_invocation"], esm.received(out))
        esm.gives_out_again()
        esm.tells(was["dlq_response"], esm.received(dead))
    else:
        esm.has_left(source, 0)
        esm.gives_out_again()
        esm.empty(dead)


def test_default_batch_size(esm: Mapped) -> None:
    was = recorded(SQS, "test_event_source_mapping_default_batch_size")
    esm.made(ECHO)
    esm.queue("one")
    esm.queue("two")
    created = esm.mapping(esm.arn("one"))
    esm.tells(was["create-event-source-mapping"], created)
    update, create = esm.client.update_event_source_mapping, esm.client.create_event_source_mapping
    esm.tells(
        was["invalid-update-event-source-mapping"], error_of(update, UUID=created["UUID"], BatchSize=11)
    )
    esm.tells(
        was["invalid-create-event-source-mapping"],
        error_of(create, FunctionName="fn", EventSourceArn=esm.arn("two"), BatchSize=11),
    )


def test_sqs_event_source_mapping(esm: Mapped) -> None:
    was = recorded(SQS, "TestSQSEventSourceMapping::test_sqs_event_source_mapping")
    esm.made(ECHO)
    source = esm.queue("source")
    created = esm.mapping(esm.arn("source"), MaximumBatchingWindowInSeconds=1)
    esm.tells(was["create-event-source-mapping-response"], created)
    esm.sqs.send_message(QueueUrl=source, MessageBody=json.dumps({"foo": "bar"}))
    esm.tells(was["events"], esm.printed())


def test_sqs_event_source_mapping_update(esm: Mapped) -> None:
    was = recorded(SQS, "test_sqs_event_source_mapping_update")
    esm.made(ECHO, Publish=True)
    source = esm.queue("source")
    first = esm.mapping(esm.arn("source"), FunctionName="fn:1", MaximumBatchingWindowInSeconds=1)
    esm.tells(was["create-event-source-mapping-response"], first)
    esm.client.update_function_configuration(FunctionName="fn", Description="another")
    esm.settled()
    second = esm.client.publish_version(FunctionName="fn")["FunctionArn"]
    updated = esm.client.update_event_source_mapping(UUID=first["UUID"], FunctionName=second)
    esm.tells(was["updated_esm"], updated)
    esm.tells(was["updated_event_source_mapping"], esm.comes(first["UUID"], "Enabled"))
    esm.sqs.send_message(QueueUrl=source, MessageBody=json.dumps({"foo": "bar"}))
    esm.tells(was["events"][0]["event"], esm.printed()[0])


def test_duplicates_of_a_queue(esm: Mapped) -> None:
    was = recorded(SQS, "TestSQSEventSourceMapping::test_duplicate_event_source_mappings")
    esm.made(ECHO)
    esm.queue("source")
    esm.tells(was["create"], esm.mapping(esm.arn("source")))
    create = esm.client.create_event_source_mapping
    esm.tells(was["error"], error_of(create, FunctionName="fn", EventSourceArn=esm.arn("source")))


def test_a_mapping_that_is_enabled_later(esm: Mapped) -> None:
    was = recorded(SQS, "test_fifo_message_group_parallelism")
    esm.made(ECHO)
    esm.queue("source.fifo", FifoQueue="true")
    created = esm.mapping(esm.arn("source.fifo"), Enabled=False, BatchSize=1)
    esm.tells(was["create_esm_disabled"], created)
    enabling = esm.client.update_event_source_mapping(UUID=created["UUID"], Enabled=True)
    esm.tells(was["update_esm_enabling"], enabling)
    esm.tells(was["get_esm_enabled"], esm.comes(created["UUID"], "Enabled"))


@pytest.mark.parametrize("size", [15, 10000])
def test_batch_sizes(esm: Mapped, size: int) -> None:
    was = recorded(SQS, f"test_sqs_event_source_mapping_batch_size[{size}]")
    esm.made(ECHO)
    source = esm.queue("source")
    created = esm.mapping(esm.arn("source"), BatchSize=size, MaximumBatchingWindowInSeconds=2, Enabled=False)
    settled = {"State": "Creating"}  # it was made enabled there
    esm.tells(was["create-event-source-mapping-response"] | settled, created | settled)
    for batch, count in ((0, 10), (1, 5)):
        entries = [{"Id": str(n), "MessageBody": f"{batch}-{n}-message-{n}"} for n in range(count)]
        esm.sqs.send_message_batch(QueueUrl=source, Entries=entries)
    esm.client.update_event_source_mapping(UUID=created["UUID"], Enabled=True)
    esm.comes(created["UUID"], "Enabled")
    if size > 15:  # else the batch is full
        esm.has_taken(source, 15)
        esm.server.advance(2)
    [event] = esm.printed(passes_s=0.0)
    assert len(event["Records"]) == len(was["Records"]) == 15
    esm.tells(was["Records"][0], event["Records"][0], frozenset({"body"}))


def test_batches_of_a_function_with_little_concurrency(esm: Mapped) -> None:
    was = recorded(SQS, "test_sqs_event_source_mapping_batching_reserved_concurrency")
    esm.made(ECHO)
    answer = esm.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=2)
    esm.tells(was["put_concurrency_resp"], answer)
    source = esm.queue("source")
    for batch in range(10):
        entries = [{"Id": str(n), "MessageBody": f"{batch}-{n}-message"} for n in range(3)]
        esm.sqs.send_message_batch(QueueUrl=source, Entries=entries)
    created = esm.mapping(
        esm.arn("source"),
        BatchSize=20,
        MaximumBatchingWindowInSeconds=1,
        ScalingConfig={"MaximumConcurrency": 2},
    )
    esm.tells(was["create-event-source-mapping-response"], created)
    events = esm.printed(was["batch_info"]["total_batches_received"])
    records = [record for event in events for record in event["Records"]]
    records.sort(key=lambda record: record["body"])
    esm.tells(was["Records"], records, frozenset({"SentTimestamp"}))


FILTERED = {
    "filter4-item_matching4-this is a test string": "this is a test string",
    "single-filter": {"testItem": "other"},
    "or-filter": {"testItem": "other"},
    "and-filter": {"testItem": "test67", "test2": "go"},
    "exists-filter": {"test3": 1},
    "numeric-bigger": {"my-number": 100},
    "numeric-smaller": {"my-number": 100},
    "numeric-range": {"my-number": 200},
    "numeric-prefix": {"test2": "eu"},
    "single": {"my-key": "other"},
    "or": {"my-key": "other"},
    "and": {"my-key-one": "other-filter", "my-key-two": "other"},
    "exists": {"other-key": "x"},
    "valid-json-filter": "plain",
    "prefix": {"my-key": "no-yes"},
}


@pytest.mark.parametrize("name", FILTERED)
def test_filters_of_queues(esm: Mapped, name: str) -> None:
    was = recorded(SQS, f"TestSQSEventSourceMapping::test_sqs_event_filter[{name}]")
    created_was = was["create_event_source_mapping_response"]
    patterns = [{"Pattern": json.dumps(each["Pattern"])} for each in created_was["FilterCriteria"]["Filters"]]
    esm.made(ECHO)
    source = esm.queue("source")
    created = esm.mapping(
        esm.arn("source"), MaximumBatchingWindowInSeconds=1, FilterCriteria={"Filters": patterns}
    )
    esm.tells(created_was, created)
    body = was["invocation_events"][0]["Records"][0]["body"]
    for each in (FILTERED[name], body):
        esm.sqs.send_message(QueueUrl=source, MessageBody=each if isinstance(each, str) else json.dumps(each))
    esm.tells(was["invocation_events"], esm.printed())
    esm.has_left(source, 0)  # also what did not match is gone


@pytest.mark.parametrize(
    ("test", "pattern"),
    [
        ("[None]", "null"),
        ("[simple string]", "simple string"),
        ("[invalid_filter2]", json.dumps({"eventSource": "aws:sqs"})),
        ("[invalid_filter3]", json.dumps({"eventSource": ["aws:sqs"], "eventSourceARN": []})),
    ],
)
def test_filters_that_cannot_be(esm: Mapped, test: str, pattern: str) -> None:
    was = recorded(SQS, f"test_sqs_invalid_event_filter{test}")
    esm.made(ECHO)
    esm.queue("source")
    error = error_of(
        esm.client.create_event_source_mapping,
        FunctionName="fn",
        EventSourceArn=esm.arn("source"),
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
    )
    esm.tells(was["create_event_source_mapping_exception"], error)


def test_sources_that_are_not_there(esm: Mapped) -> None:
    esm.made(ECHO)
    create = esm.client.create_event_source_mapping
    error = error_of(create, FunctionName="fn", EventSourceArn=esm.arn("missing"))
    esm.tells(recorded(SQS, "test_esm_with_not_existing_sqs_queue")["error"], error)
    arn = f"arn:aws:dynamodb:us-east-1:{esm.account}:table/test-table-4a53f4e8/stream/2025-02-22T03:03:25.490"
    error = error_of(create, FunctionName="fn", EventSourceArn=arn, StartingPosition="LATEST")
    esm.tells(recorded(DYNAMODB, "test_esm_with_not_existing_dynamodb_stream")["error"], error)


# --- DynamoDB streams -----------------------------------------------------------------------------------------------------

STREAM = {"BatchSize": 1, "StartingPosition": "TRIM_HORIZON", "MaximumBatchingWindowInSeconds": 1}


def test_dynamodb_event_source_mapping(esm: Mapped) -> None:
    was = recorded(DYNAMODB, "TestDynamoDBEventSourceMapping::test_dynamodb_event_source_mapping")
    esm.made(ECHO)
    created = esm.mapping(esm.table(), MaximumRetryAttempts=1, **STREAM)
    esm.tells(was["create_event_source_mapping_response"], created)
    esm.put(my_partition_key={"S": "hello world"}, binary_key={"B": b"foobar"})
    esm.tells(was["event_logs"], esm.printed())


def test_disabled_dynamodb_event_source_mapping(esm: Mapped) -> None:
    was = recorded(DYNAMODB, "test_disabled_dynamodb_event_source_mapping")
    esm.made(ECHO)
    created = esm.mapping(esm.table("id"), **STREAM | {"BatchSize": 100})
    esm.tells(was["create_event_source_mapping_result"], created)
    esm.put(id={"S": "one"})
    esm.printed()
    until_blocking(lambda: esm.comes(created["UUID"], "Enabled")["LastProcessingResult"] == "OK")
    disabling = esm.client.update_event_source_mapping(UUID=created["UUID"], Enabled=False)
    esm.tells(was["update_event_source_mapping_result"], disabling)
    esm.comes(created["UUID"], "Disabled")
    esm.put(id={"S": "two"})
    assert len(esm.printed()) == 1


def test_deletion_event_source_mapping_with_dynamodb(esm: Mapped) -> None:
    was = recorded(DYNAMODB, "test_deletion_event_source_mapping_with_dynamodb")
    esm.made(ECHO)
    created = esm.mapping(esm.table("id"), StartingPosition="TRIM_HORIZON")
    esm.tells(was["create_event_source_mapping_result"], created)
    esm.dynamodb.delete_table(TableName="table")
    listed = esm.client.list_event_source_mappings(EventSourceArn=created["EventSourceArn"])
    esm.tells(was["list_event_source_mapping_result"], listed)
    esm.client.delete_event_source_mapping(UUID=created["UUID"])
    until_blocking(
        lambda: not esm.client.list_event_source_mappings(FunctionName="fn")["EventSourceMappings"]
    )


def test_duplicates_of_a_stream(esm: Mapped) -> None:
    was = recorded(DYNAMODB, "TestDynamoDBEventSourceMapping::test_duplicate_event_source_mappings")
    esm.made(ECHO)
    arn = esm.table("id")
    settings = STREAM | {"BatchSize": 100, "MaximumRetryAttempts": 1}
    esm.tells(was["create"], esm.mapping(arn, **settings))
    create = esm.client.create_event_source_mapping
    esm.tells(was["error"], error_of(create, FunctionName="fn", EventSourceArn=arn, **settings))


def test_on_failure_destination_in_a_queue(esm: Mapped) -> None:
    was = recorded(DYNAMODB, "test_dynamodb_event_source_mapping_with_on_failure_destination_config")
    esm.made(FAIL)
    out = esm.queue("out")
    destination = {"OnFailure": {"Destination": esm.arn("out")}}
    created = esm.mapping(esm.table(), MaximumRetryAttempts=1, DestinationConfig=destination, **STREAM)
    esm.tells(was["create_event_source_mapping_response"], created)
    esm.put(my_partition_key={"S": "hello world"})
    esm.tells(was["destination_queue_messages"], esm.received(out, PASSES_S))


def test_on_failure_destination_in_a_bucket(esm: Mapped) -> None:
    was = recorded(DYNAMODB, "test_dynamodb_event_source_mapping_with_s3_on_failure_destination")
    esm.made(FAIL)
    s3 = esm.server.client("s3", account=esm.account)
    s3.create_bucket(Bucket=f"failures-{esm.account}")
    destination = {"OnFailure": {"Destination": f"arn:aws:s3:::failures-{esm.account}"}}
    created = esm.mapping(esm.table(), MaximumRetryAttempts=1, DestinationConfig=destination, **STREAM)
    esm.tells(was["create_event_source_mapping_response"], created)
    esm.put(my_partition_key={"S": "hello world"})
    look = partial(s3.list_objects_v2, Bucket=f"failures-{esm.account}")
    [found] = esm.until(lambda: look().get("Contents"), PASSES_S)
    assert found["Key"].startswith(f"aws/lambda/{created['UUID']}/shardId-")
    body = s3.get_object(Bucket=f"failures-{esm.account}", Key=found["Key"])["Body"].read()
    esm.tells(was["record_body"], json.loads(body))


@pytest.mark.parametrize("test", ["", "_with_on_failure_destination_config"])
def test_report_batch_item_failures_of_a_stream(esm: Mapped, test: str) -> None:
    name = f"TestDynamoDBEventSourceMapping::test_dynamodb_report_batch_item_failures{test}"
    was = recorded(DYNAMODB, name)
    code = (
        "import json\n"
        "def handler(event, context):\n"
        "    print(json.dumps(event))\n"
        "    failed = [r['dynamodb']['SequenceNumber'] for r in event['Records']\n"
        "              if r['dynamodb']['NewImage']['should_fail']['BOOL']]\n"
        "    return {'batchItemFailures': [{'itemIdentifier': each} for each in failed]}\n"
    )
    esm.made(code)
    out = esm.queue("out")
    settings = STREAM | {"BatchSize": 3, "MaximumRetryAttempts": 3}
    created = esm.mapping(
        esm.table(),
        DestinationConfig={"OnFailure": {"Destination": esm.arn("out")}},
        FunctionResponseTypes=["ReportBatchItemFailures"],
        **settings,
    )
    created_was = was["create_event_source_mapping_response"]
    esm.tells(created_was, created, frozenset({"EventSourceMappingArn"} - created_was.keys()))
    for n in range(6):
        esm.put(my_partition_key={"S": f"testId{n}"}, should_fail={"BOOL": n == 5})
    message = esm.received(out, PASSES_S)
    if "dynamodb_records" in was:
        seen = [record for event in esm.printed(6) for record in event["Records"]]
        esm.tells(was["dynamodb_records"]["Records"], seen)
    esm.tells(was["destination_queue_messages"], message)


SCENARIOS = {
    "test_dynamodb_report_batch_item_failure_scenarios[empty_string_item_identifier_failure]": '{"batchItemFailures": [{"itemIdentifier": ""}]}',
    "test_dynamodb_report_batch_item_failure_scenarios[null_item_identifier_failure]": '{"batchItemFailures": [{"itemIdentifier": null}]}',
    "test_dynamodb_report_batch_item_failure_scenarios[invalid_key_foo_failure]": '{"batchItemFailures": [{"foo": "itemId"}]}',
    "test_dynamodb_report_batch_item_failure_scenarios[invalid_key_foo_null_value_failure]": '{"batchItemFailures": [{"foo": null}]}',
    "test_dynamodb_report_batch_item_failure_scenarios[unhandled_exception_in_function]": "raise",
    "test_dynamodb_report_batch_item_failure_scenarios[item_identifier_not_present_failure]": '{"batchItemFailures": [{"itemIdentifier": "not-there"}]}',
    "test_dynamodb_report_batch_item_success_scenarios[empty_list_success]": "[]",
    "test_dynamodb_report_batch_item_success_scenarios[null_success]": "null",
    "test_dynamodb_report_batch_item_success_scenarios[empty_dict_success]": "{}",
    "test_dynamodb_report_batch_item_success_scenarios[empty_batch_item_failure_success]": '{"batchItemFailures": []}',
    "test_dynamodb_report_batch_item_success_scenarios[null_batch_item_failure_success]": '{"batchItemFailures": null}',
}


@pytest.mark.parametrize("test", SCENARIOS)
def test_answers_about_a_batch(esm: Mapped, test: str) -> None:
    was = recorded(DYNAMODB, test)
    esm.made(ANSWER, Environment={"Variables": {"RESULT": SCENARIOS[test]}})
    out = esm.queue("out")
    esm.mapping(
        esm.table(),
        MaximumRetryAttempts=3,
        DestinationConfig={"OnFailure": {"Destination": esm.arn("out")}},
        FunctionResponseTypes=["ReportBatchItemFailures"],
        **STREAM | {"MaximumBatchingWindowInSeconds": 0},
    )
    esm.put(my_partition_key={"S": "hello world"}, binary_key={"B": b"foobar"})
    if "destination_queue_messages" in was:
        esm.tells(was["destination_queue_messages"], esm.received(out, PASSES_S))
    events = esm.printed(len(was["dynamodb_events"]))
    esm.tells(was["dynamodb_events"], events)


PUT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "insert_same_entry_twice": (
        {"id": "id_value", "id2": "id2_value"},
        {"id": "id_value", "id2": "id2_value"},
    ),
    "content_or_filter": ({"id": "id_value"}, {"id": "id_value", "id2": "id2_new_value"}),
    "content_multiple_filters": ({"id": "id_value"}, {"id": "id_value", "id2": "id2_new_value"}),
    "content_filter_type": ({"id": "id_value_1", "presentKey": "presentValue"}, {"id": "id_value_2"}),
    "exists_filter_type": ({"id": "id_value_1", "presentKey": "presentValue"}, {"id": "id_value_2"}),
    "exists_false_filter": ({"id": "id_value_1"}, {"id": "id_value_2", "presentKey": "presentValue"}),
    "numeric_filter": ({"id": "id_value_1", "numericFilter": 42}, {"id": "id_value_2", "numericFilter": 101}),
    "prefix_filter": (
        {"id": "id_value_1", "prefix": "us-1-other-suffix"},
        {"id": "id_value_1", "prefix": "other-suffix"},
    ),
    "date_time_conversion": ({"id": "id_value_1"}, {"id": "id_value_2"}),
}


@pytest.mark.parametrize("name", PUT)
def test_filters_of_streams(esm: Mapped, name: str) -> None:
    was = recorded(DYNAMODB, f"test_dynamodb_event_filter[{name}]")
    created_was = was["create_event_source_mapping_response"]
    patterns = [each["Pattern"] for each in created_was["FilterCriteria"]["Filters"]]
    if name == "date_time_conversion":  # the recorder took the pattern for a time
        patterns = [{"dynamodb": {"ApproximateCreationDateTime": [{"numeric": [">", 0]}]}}]
    filters = [{"Pattern": json.dumps(pattern)} for pattern in patterns]
    esm.made(ECHO)
    created = esm.mapping(
        esm.table("id", "NEW_AND_OLD_IMAGES"),
        MaximumRetryAttempts=1,
        FilterCriteria={"Filters": filters},
        **STREAM,
    )
    esm.tells(created_was, created, frozenset({"FilterCriteria"}))
    for item in PUT[name]:
        esm.put(**{k: {"N": str(v)} if isinstance(v, int) else {"S": v} for k, v in item.items()})
    expected = was["lambda-multiple-log-events"]
    esm.server.advance(1)
    esm.tells(expected, esm.printed(len(expected)))


def test_filters_of_streams_that_cannot_be(esm: Mapped) -> None:
    esm.made(ECHO)
    arn = esm.table("id")
    for test, pattern in (
        ("[single-string]", "single-string"),
        ('[[{"eventName": ["INSERT"=123}]]', '[{"eventName": ["INSERT"=123}]'),
    ):
        was = recorded(DYNAMODB, f"test_dynamodb_invalid_event_filter{test}")
        error = error_of(
            esm.client.create_event_source_mapping,
            FunctionName="fn",
            EventSourceArn=arn,
            FilterCriteria={"Filters": [{"Pattern": pattern}]},
            **STREAM,
        )
        esm.tells(was["exception_event_source_creation"], error)


# --- the asynchronous half ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("test", "payload"), [("payload0", {}), ("payload1", {"raise_error": 1})])
def test_destinations(esm: Mapped, test: str, payload: Any) -> None:
    was = recorded(DESTINATIONS, f"test_assess_lambda_destination_invocation[{test}]")
    esm.made(INTROSPECT, Timeout=3)
    out = esm.queue("out")
    destination = {"Destination": esm.arn("out")}
    config = esm.client.put_function_event_invoke_config(
        FunctionName="fn",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": destination, "OnFailure": destination},
    )
    esm.tells(was["put_function_event_invoke_config"], config)
    esm.invoke(payload=payload, InvocationType="Event")
    esm.tells(was["receive_message_result"], esm.received(out), frozenset({"stackTrace"}))


def test_destination_after_retries(esm: Mapped) -> None:
    was = recorded(DESTINATIONS, "test_retries")
    esm.made("def handler(event, context):\n    raise Exception('intentional failure')\n")
    out = esm.queue("out")
    esm.client.put_function_event_invoke_config(
        FunctionName="fn",
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": esm.arn("out")}},
    )
    esm.invoke(payload={"message": "msg-1"}, InvocationType="Event")
    for attempt in range(3):
        if attempt:
            esm.retries(60 * attempt)
        until_blocking(partial(esm.has_run, attempt + 1), LIMIT_S)
    answer = esm.received(out, AttributeNames=["All"])
    esm.tells(was["queue_destination_payload"], answer, frozenset({"stackTrace", "ApproximateReceiveCount"}))


def test_destination_after_the_retries_of_a_function_without_settings(esm: Mapped) -> None:
    was = recorded(DESTINATIONS, "test_lambda_destination_default_retries")
    esm.made(INTROSPECT)
    out = esm.queue("out")
    destination = {"Destination": esm.arn("out")}
    config = esm.client.put_function_event_invoke_config(
        FunctionName="fn", DestinationConfig={"OnSuccess": destination, "OnFailure": destination}
    )
    esm.tells(was["put_function_event_invoke_config"], config)
    esm.invoke(payload={"raise_error": 1}, InvocationType="Event")
    for attempt in range(3):
        if attempt:
            esm.retries(60 * attempt)
        until_blocking(partial(esm.has_run, attempt + 1), LIMIT_S)
    esm.tells(was["receive_message_result"], esm.received(out), frozenset({"stackTrace"}))


def test_destination_of_events_that_are_too_old(esm: Mapped) -> None:
    was = recorded(DESTINATIONS, "test_maxeventage")
    esm.made("def handler(event, context):\n    raise Exception('intentional failure')\n")
    out = esm.queue("out")
    runs = 0
    for key, age_s, attempts in (
        ("no_retry_failure_message", 60, 1),
        ("single_retry_failure_message", 120, 2),
    ):
        esm.client.put_function_event_invoke_config(
            FunctionName="fn",
            MaximumRetryAttempts=2,
            MaximumEventAgeInSeconds=age_s,
            DestinationConfig={"OnFailure": {"Destination": esm.arn("out")}},
        )
        esm.invoke(payload={"message": f"msg-{age_s}"}, InvocationType="Event")
        for attempt in range(attempts):
            if attempt:
                esm.retries(60)
            runs += 1
            until_blocking(partial(esm.has_run, runs), LIMIT_S)
        [message] = esm.received(out, AttributeNames=["All"])["Messages"]
        scenario = Mapped(esm.server)  # each message has placeholders of its own
        scenario.account = scenario.matcher.account = esm.account
        scenario.tells(was[key], message, frozenset({"stackTrace"}))


def test_dead_letter_queue(esm: Mapped) -> None:
    was = recorded(DESTINATIONS, "test_dead_letter_queue")
    dead = esm.queue("dead")
    created = esm.made(INTROSPECT, DeadLetterConfig={"TargetArn": esm.arn("dead")})
    esm.matches(was["create_lambda_with_dlq"]["CreateFunctionResponse"], created)
    esm.client.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=0)
    esm.invoke(payload={"raise_error": 1}, InvocationType="Event")
    answer = esm.received(dead, MessageAttributeNames=["All"])
    esm.tells(was["receive_result"], answer)
    esm.matches(
        was["delete_dlq"], esm.client.update_function_configuration(FunctionName="fn", DeadLetterConfig={})
    )
    esm.settled()
    answer = esm.invoke(payload={"raise_error": 1}, LogType="Tail")
    esm.tells(was["invoke_result"], answer, frozenset({"stackTrace"}))
