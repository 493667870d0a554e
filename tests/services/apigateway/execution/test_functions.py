"""Functions behind methods: binary payloads, failures, asynchronous invocation, stage variables."""

from __future__ import annotations

import base64
import json

from tests.support.rest_apis import Gateways, invocations
from tests.support.waiting import until_blocking

RETURN_BODY = "import json\ndef handler(event, context):\n    return json.loads(event['body'])\n"
SHOW = (
    "import json\ndef handler(event, context):\n"
    "    return {'body': json.dumps({name: event[name] for name in ('body', 'isBase64Encoded', 'stageVariables')})}\n"
)
FAIL = "def handler(event, context):\n    raise Exception('no')\n"


def test_binary_requests_and_responses(gateways: Gateways) -> None:
    api = gateways.api(binaryMediaTypes=["image/png"])
    api.proxy("/show", gateways.function(SHOW))
    api.proxy("/return", gateways.function(RETURN_BODY))
    api.deploy()
    raw = b"\xff\x00\x01"
    shown = api.call("/show", method="POST", body=raw, headers={"Content-Type": "image/png"}).json
    assert shown == {"body": base64.b64encode(raw).decode(), "isBase64Encoded": True, "stageVariables": None}
    answer = {"body": base64.b64encode(raw).decode(), "isBase64Encoded": True}
    asked = {"Accept": "image/png, */*", "Content-Type": "application/json"}
    assert api.call("/return", method="POST", body=json.dumps(answer), headers=asked).body == raw
    text = api.call("/return", method="POST", body=json.dumps(answer), headers={"Accept": "text/html"})
    assert text.text == answer["body"]


def test_functions_that_fail(gateways: Gateways) -> None:
    api = gateways.api()
    api.proxy("/fail", gateways.function(FAIL))
    api.proxy("/absent", "arn:aws:lambda:us-east-1:000000000000:function:absent")
    at = api.method("/custom")
    uri = invocations("arn:aws:lambda:us-east-1:000000000000:function:absent")
    api.integrate(at, {"type": "AWS", "integrationHttpMethod": "POST", "uri": uri}, {"200": {}})
    api.deploy()
    failed = api.call("/fail")
    assert (failed.status, failed.json) == (502, {"message": "Internal server error"})
    for path in ("/absent", "/custom"):
        reply = api.call(path)
        assert (reply.status, reply.json) == (500, {"message": "Internal server error"})


def test_a_function_that_takes_too_long(gateways: Gateways) -> None:
    api = gateways.api()
    slow = "import time\ndef handler(event, context):\n    time.sleep(1)\n    return {'statusCode': 200}\n"
    at = api.method("/slow")
    uri = invocations(gateways.function(slow))
    api.client.put_integration(
        **at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri, timeoutInMillis=50
    )
    api.deploy()
    reply = api.call("/slow")
    assert (reply.status, reply.json) == (504, {"message": "Endpoint request timed out"})


def test_remapped_headers(gateways: Gateways) -> None:
    api = gateways.api()
    api.proxy("/a", gateways.function(RETURN_BODY))
    api.deploy()
    headers = {
        "Server": "s",
        "Date": "d",
        "X-Own": "o",
        "Transfer-Encoding": "chunked",
        "Content-Type": "a/b",
    }
    reply = api.call("/a", method="POST", body=json.dumps({"headers": headers, "body": "x"}))
    assert (reply.status, reply.text, reply.header("Content-Type")) == (200, "x", "a/b")
    assert [reply.header(f"x-amzn-Remapped-{name}") for name in ("Server", "Date")] == ["s", "d"]
    assert (reply.header("X-Own"), reply.header("Transfer-Encoding")) == ("o", None)
    evil = api.call("/a", method="POST", body=json.dumps({"headers": {"X-A": "1\r\nX-B: 2"}}))
    assert evil.status >= 500
    assert evil.header("X-B") is None


def test_asynchronous_invocation(gateways: Gateways) -> None:
    queue = gateways.server.client("sqs").create_queue(QueueName="done")["QueueUrl"]
    code = f"import boto3\ndef handler(event, context):\n    boto3.client('sqs').send_message(QueueUrl={queue!r}, MessageBody=event['n'])\n"
    api = gateways.api()
    at = api.method("/a", "POST")
    api.integrate(
        at,
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "uri": invocations(gateways.function(code)),
            "requestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
        },
        {"202": {}},
    )
    api.deploy()
    assert api.call("/a", method="POST", body='{"n": "7"}').status == 202
    sqs = gateways.server.client("sqs")

    def arrived() -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue)
        return [message["Body"] for message in answer.get("Messages", [])]

    assert until_blocking(arrived) == ["7"]


def test_stage_variables_choose_the_function(gateways: Gateways) -> None:
    api = gateways.api()
    one = gateways.function("def handler(event, context): return {'body': 'one'}\n")
    two = gateways.function("def handler(event, context): return {'body': 'two'}\n")
    at = api.method("/a")
    prefix, _, first = one.rpartition(":")
    uri = invocations(prefix + ":${stageVariables.function}")
    api.client.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    api.deploy("one", variables={"function": first})
    api.deploy("two", variables={"function": two.rpartition(":")[2]})
    assert api.call("/a", stage="one").text == "one"
    assert api.call("/a", stage="two").text == "two"
