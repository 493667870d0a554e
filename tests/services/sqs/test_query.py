"""The query protocol's documents: what curl and old clients see of SQS. Signed or not, from a queue's own URL or the root."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.testing import Fogbank

XMLNS = 'xmlns="http://queue.amazonaws.com/doc/2012-11-05/"'
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/sqs/aws4_request, "
    "SignedHeaders=host, Signature=x",
    "X-Amz-Date": "20260101T000000Z",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def fogbank() -> Iterator[Fogbank]:
    with Fogbank() as running:
        running.client("sqs").create_queue(QueueName="q")
        yield running


def ask(
    fogbank: Fogbank, target: str, headers: dict[str, str] = SIGNED, body: str | None = None
) -> tuple[int, str, str]:
    """Status, content type, and the text with its request id as X."""
    connection = http.client.HTTPConnection(fogbank.url.removeprefix("http://"))
    connection.request("GET" if body is None else "POST", target, body, headers)
    response = connection.getresponse()
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "X", response.read().decode())
    connection.close()
    return response.status, response.getheader("Content-Type") or "", text


def refusal(code: str, message: str) -> str:
    return (
        f'<?xml version="1.0"?><ErrorResponse {XMLNS}><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message><Detail/></Error><RequestId>X</RequestId></ErrorResponse>"
    )


def missing(member: str) -> tuple[int, str]:
    return 400, refusal("MissingParameter", f"The request must contain the parameter {member}.")


REFUSED = {
    "/000000000000/q?Action=Foo": (
        400,
        refusal("InvalidAction", "The action Foo is not valid for this endpoint."),
    ),
    "/000000000000/q?Action=ListQueues": (
        400,
        refusal("InvalidAction", "The action ListQueues is not valid for this endpoint."),
    ),
    "/000000000000/q?Action=CreateQueue&QueueName=new": (
        400,
        refusal("InvalidAction", "The action CreateQueue is not valid for this endpoint."),
    ),
    "/000000000000/none?Action=SendMessage&MessageBody=m": (
        400,
        refusal(
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist for this wsdl version.",
        ),
    ),
    "/000000000000/q?Action=SendMessage": missing("MessageBody"),
    "/?Action=SendMessage&MessageBody=m": missing("QueueUrl"),
    "/?Action=GetQueueUrl": missing("QueueName"),
    "/000000000000/q?Action=SetQueueAttributes": missing("Attribute.Name"),
    "/000000000000/q?Action=GetQueueAttributes&AttributeName.1=Foo": (
        400,
        refusal("InvalidAttributeName", "Unknown Attribute Foo."),
    ),
    "/000000000000/q?Action=SendMessageBatch": (
        400,
        refusal(
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ),
    ),
    "/000000000000/q?Action=SendMessage&MessageBody=m&MessageAttribute.1.Value.DataType=String": (
        400,
        refusal("InvalidParameterValue", "The request must contain non-empty message attribute name."),
    ),
    "/000000000000/q?Action=DeleteMessage&ReceiptHandle=x": (
        404,
        refusal(
            "ReceiptHandleIsInvalid",
            "The input receipt handle &quot;x&quot; is not a valid receipt handle.",
        ),
    ),
}


@pytest.mark.parametrize("target", REFUSED)
def test_refusals(fogbank: Fogbank, target: str) -> None:
    status, text = REFUSED[target]
    assert ask(fogbank, target) == (status, "text/xml", text)


def test_a_request_without_an_action(fogbank: Fogbank) -> None:
    unknown = (404, "text/xml", "<UnknownOperationException/>\n")
    for target in ("/", "/000000000000/q"):
        assert ask(fogbank, target) == unknown
    assert ask(fogbank, "/000000000000/q", {}) == unknown  # as a browser asks
    for target in ("/111111111111/q", "/000000000000/q?Signature=x"):  # those may be objects of S3
        assert ask(fogbank, target, {})[1] == "application/xml"


@pytest.mark.parametrize("headers", [SIGNED, {}], ids=["signed", "unsigned"])
def test_a_queues_own_url(fogbank: Fogbank, headers: dict[str, str]) -> None:
    queue = "/000000000000/q"
    _, _, sent = ask(
        fogbank, queue, headers | FORM, "Action=SendMessage&MessageBody=a%26b&Version=2012-11-05"
    )
    assert sent.startswith(f'<?xml version="1.0"?><SendMessageResponse {XMLNS}><SendMessageResult>')
    # As in AWS's own examples, one item of a list needs no number.
    _, _, got = ask(fogbank, f"{queue}?Action=ReceiveMessage&AttributeName=All&VisibilityTimeout=0", headers)
    assert "<Body>a&amp;b</Body>" in got and "<Name>SentTimestamp</Name>" in got
    changed = f"{queue}/?Action=SetQueueAttributes&Attribute.Name=VisibilityTimeout&Attribute.Value=30"
    assert ask(fogbank, changed, headers)[0] == 200
    status, _, refused = ask(fogbank, f"{queue}?Action=SetQueueAttributes&Attribute.Name=Policy", headers)
    assert status == 400 and "<Code>MalformedInput</Code>" in refused
    assert ask(fogbank, f"{queue}?Action=Foo", headers)[:2] == (400, "text/xml")
    fogbank.client("sqs").purge_queue(QueueUrl=fogbank.url + queue)
    fogbank.advance(60)


@pytest.mark.parametrize(
    ("accept", "content"),
    [
        ("*/*", "text/xml"),
        ("text/xml, application/json;q=0.5", "text/xml"),
        ("application/json, text/plain, */*", "application/json"),
        ("Application/JSON", "application/json"),
    ],
)
def test_what_a_client_accepts_first(fogbank: Fogbank, accept: str, content: str) -> None:
    headers = SIGNED | {"Accept": accept}
    assert ask(fogbank, "/?Action=ListQueues", headers)[:2] == (200, content)
    assert ask(fogbank, "/?Action=Foo", headers)[:2] == (400, content)


def test_who_accepts_json_gets_it(fogbank: Fogbank) -> None:
    headers = SIGNED | {"Accept": "application/json"}

    def json_of(target: str) -> tuple[int, Any]:
        status, content, text = ask(fogbank, target, headers)
        assert content == "application/json"
        return status, json.loads(text)

    metadata = {"RequestId": "X"}
    fields = "MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=Binary"
    sent = json_of(
        f"/000000000000/q?Action=SendMessage&MessageBody=m&{fields}&MessageAttribute.1.Value.BinaryValue=YQ%3D%3D"
    )
    assert sent == (
        200,
        {
            "SendMessageResponse": {
                "SendMessageResult": {
                    "MD5OfMessageAttributes": sent[1]["SendMessageResponse"]["SendMessageResult"][
                        "MD5OfMessageAttributes"
                    ],
                    "MD5OfMessageBody": "6f8f57715090da2632453988d9a1501b",
                    "MD5OfMessageSystemAttributes": None,
                    "MessageId": "X",
                    "SequenceNumber": None,
                },
                "ResponseMetadata": metadata,
            }
        },
    )
    receive = "/000000000000/q?Action=ReceiveMessage&MessageAttributeName=All&AttributeName.1=ApproximateReceiveCount"
    _, got = json_of(receive)
    [message] = got["ReceiveMessageResponse"]["ReceiveMessageResult"]["messages"]
    assert message["Attributes"] == [{"Name": "ApproximateReceiveCount", "Value": "1"}]
    [attribute] = message["MessageAttributes"]
    assert attribute["Name"] == "n" and attribute["Value"]["BinaryValue"] == "YQ=="
    assert attribute["Value"]["StringValue"] is None
    empty = {"ReceiveMessageResult": {"messages": None}, "ResponseMetadata": metadata}
    assert json_of(receive) == (200, {"ReceiveMessageResponse": empty})
    deleted = json_of("/000000000000/q?Action=UntagQueue&TagKey.1=k")
    assert deleted == (200, {"UntagQueueResponse": {"ResponseMetadata": metadata}})
    for action in ("ListQueues", "Foo"):
        error = {
            "Code": "InvalidAction",
            "Detail": None,
            "Message": f"The action {action} is not valid for this endpoint.",
            "Type": "Sender",
        }
        assert json_of(f"/000000000000/q?Action={action}") == (400, {"Error": error, "RequestId": "X"})
