"""SQS over the wire: the query protocol as old clients speak it, queue URLs, and clients that go away."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fogbank.testing import Fogbank
from tests.support.waiting import until_blocking

NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


@pytest.fixture(scope="module")
def fogbank() -> Iterator[Fogbank]:
    with Fogbank() as running:
        yield running


class Query:
    """A client of the query protocol."""

    def __init__(self, fogbank: Fogbank) -> None:
        self.url = fogbank.url

    def call(self, action: str, path: str = "/", **fields: str) -> ElementTree.Element:
        """The root of the answer, without its namespace."""
        body = urllib.parse.urlencode({"Action": action, "Version": "2012-11-05", **fields})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        request = AWSRequest("POST", self.url + path, data=body, headers=headers)
        SigV4Auth(Credentials("000000000000", "x"), "sqs", "us-east-1").add_auth(request)
        sent = urllib.request.Request(self.url + path, data=body.encode(), headers=dict(request.headers))
        try:
            text = urllib.request.urlopen(sent).read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        root = ElementTree.fromstring(text)
        for element in root.iter():
            element.tag = element.tag.removeprefix(NAMESPACE)
        return root


def test_the_query_protocol(fogbank: Fogbank) -> None:
    query = Query(fogbank)
    made = query.call(
        "CreateQueue",
        QueueName="old",
        **{
            "Attribute.1.Name": "DelaySeconds",
            "Attribute.1.Value": "0",
            "Tag.1.Key": "k",
            "Tag.1.Value": "v",
        },
    )
    assert made.findtext("CreateQueueResult/QueueUrl") == f"{fogbank.url}/000000000000/old"
    path = "/000000000000/old"  # requests go to the queue's own URL
    sent = query.call(
        "SendMessage",
        path,
        MessageBody="a&b",
        **{
            "MessageAttribute.1.Name": "n",
            "MessageAttribute.1.Value.DataType": "String",
            "MessageAttribute.1.Value.StringValue": "s",
        },
    )
    fields = {"AttributeName.1": "All", "MessageAttributeName.1": "All", "MaxNumberOfMessages": "10"}
    got = query.call("ReceiveMessage", path, **fields)
    [message] = got.findall("ReceiveMessageResult/Message")
    assert message.findtext("Body") == "a&b"
    assert message.findtext("MessageId") == sent.findtext("SendMessageResult/MessageId")
    names = [each.findtext("Name") for each in message.findall("Attribute")]
    assert "ApproximateReceiveCount" in names
    assert message.findtext("MessageAttribute/Value/StringValue") == "s"
    batch = {"ReceiptHandle": message.findtext("ReceiptHandle") or "", "Id": "x"}
    gone = query.call(
        "DeleteMessageBatch",
        path,
        **{f"DeleteMessageBatchRequestEntry.1.{name}": value for name, value in batch.items()},
    )
    assert gone.findtext("DeleteMessageBatchResult/DeleteMessageBatchResultEntry/Id") == "x"
    tags = query.call("ListQueueTags", path)
    assert tags.findtext("ListQueueTagsResult/Tag/Value") == "v"
    error = query.call("PurgeQueue", "/000000000000/none")
    assert error.findtext("Error/Code") == "AWS.SimpleQueueService.NonExistentQueue"


def test_errors_of_the_json_protocol(fogbank: Fogbank) -> None:
    """Old codes in a header, names with their namespace in the body: InvalidParameterValue is the framework's, not SQS's."""

    def ask(operation: str, **params: Any) -> tuple[int, str | None, Any]:
        headers = {
            "X-Amz-Target": f"AmazonSQS.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        sent = urllib.request.Request(fogbank.url, data=json.dumps(params).encode(), headers=headers)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(sent)
        answer = caught.value
        return answer.code, answer.headers.get("x-amzn-query-error"), json.loads(answer.read())

    assert ask("GetQueueUrl", QueueName="none") == (
        400,
        "AWS.SimpleQueueService.NonExistentQueue;Sender",
        {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue does not exist."},
    )
    assert ask("CreateQueue", QueueName="a b") == (
        400,
        "InvalidParameterValue;Sender",
        {
            "__type": "com.amazon.coral.service#InvalidParameterValueException",
            "message": "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        },
    )
    assert ask("SendMessage", QueueUrl="q") == (
        400,
        "MissingParameter;Sender",
        {
            "__type": "com.amazon.coral.service#MissingRequiredParameterException",
            "message": "The request must contain the parameter MessageBody.",
        },
    )


def test_urls_of_any_host(fogbank: Fogbank) -> None:
    sqs = fogbank.client("sqs")
    made = sqs.create_queue(QueueName="urls")["QueueUrl"]
    assert made == f"{fogbank.url}/000000000000/urls"
    for url in (
        "https://sqs.us-east-1.amazonaws.com/000000000000/urls",
        "https://us-east-1.queue.amazonaws.com/000000000000/urls",
        "http://somewhere:4566/000000000000/urls",
        "000000000000/urls",
    ):
        sqs.send_message(QueueUrl=url, MessageBody="m")
    names = ["ApproximateNumberOfMessages"]
    assert sqs.get_queue_attributes(QueueUrl=made, AttributeNames=names)["Attributes"][names[0]] == "4"


def test_a_client_that_went_away_takes_no_message(fogbank: Fogbank) -> None:
    sqs = fogbank.client("sqs")
    url = sqs.create_queue(QueueName="gone")["QueueUrl"]
    host, port = fogbank.url.removeprefix("http://").split(":")
    channels = fogbank.run(_sqs_state(fogbank)).channels

    def waits() -> bool:
        return any(channel.is_waited_for for channel in channels._channels.values())

    with socket.create_connection((host, int(port))) as connection:
        body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}).encode()
        head = (
            f"POST / HTTP/1.1\r\nhost: {host}\r\nx-amz-target: AmazonSQS.ReceiveMessage\r\n"
            f"content-type: application/x-amz-json-1.0\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        until_blocking(waits)
    found: list[Any] = []
    other = threading.Thread(
        target=lambda: found.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20))
    )
    other.start()
    sqs.send_message(QueueUrl=url, MessageBody="m")
    other.join()
    assert [message["Body"] for message in found[0]["Messages"]] == ["m"]


async def _sqs_state(fogbank: Fogbank) -> Any:
    return await fogbank.app.house.calls.wake("sqs")
