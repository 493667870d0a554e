"""Functions whose answer a REST API hands on while they write it. Streams of HTTP backends are in test_http_backends."""

from __future__ import annotations

import http.client

import pytest
from botocore.exceptions import ClientError

from fogbank.sandbox.nodes import find_nodes
from tests.support.rest_apis import Api, Gateways, invocations
from tests.support.waiting import until_blocking

MAJORS = {18, 20, 22} & set(find_nodes())
NODE = f"nodejs{max(MAJORS, default=20)}.x"
SOURCE = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const asked = event.queryStringParameters?.x;
  if (asked === 'early') throw new Error('early');
  if (asked === 'bare') return void stream.end('no metadata');
  if (asked === 'status') stream.write('{"statusCode": 99}' + '\\0'.repeat(8));
  else {
    stream = awslambda.HttpResponseStream.from(stream, {
      statusCode: 201, headers: { 'X-Path': event.path }, multiValueHeaders: { 'X-Two': ['a', 'b'] }, cookies: ['c=1'],
    });
  }
  stream.write('first');
  if (asked === 'late') throw new Error('late');
  if (asked === 'slow') await new Promise((go) => setTimeout(go, 60000));
  if (asked === 'long') for (let i = 0; i < 512; i++) stream.write(Buffer.alloc(65536, 97));
  stream.end('last');
});
"""
PLAIN = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'x'}\n"


def uri(function: str) -> str:
    return (
        invocations(function)
        .replace("2015-03-31", "2021-11-15")
        .replace("/invocations", "/response-streaming-invocations")
    )


@pytest.fixture(scope="module")
def api(gateways: Gateways) -> Api:
    if not MAJORS:
        pytest.xfail("no Node.js 18, 20 or 22 here")
    return streaming(gateways, gateways.function(SOURCE, runtime=NODE, file="index.js"))


def streaming(gateways: Gateways, function: str, **integration: object) -> Api:
    made = gateways.api(endpointConfiguration={"types": ["REGIONAL"]})
    at = made.method("/a")
    made.client.put_integration(
        **at,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=uri(function),
        responseTransferMode="STREAM",
        **integration,
    )
    made.deploy()
    return made


def test_status_headers_and_the_body_s_pieces(api: Api) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.gateways.port, timeout=20)
    connection.request("GET", "/test/a?x=long", headers={"Host": api.host})
    response = connection.getresponse()
    assert (response.status, response.headers["x-path"]) == (201, "/a")
    assert response.headers.get_all("x-two") == ["a", "b"] and response.headers["set-cookie"] == "c=1"
    assert response.read(5) == b"first"
    # 32 MiB that nobody has read are not all on their way.
    rows = api.gateways.server.app.house.pool.environments()
    assert "busy" in [row["state"] for row in rows if row["runtime"] == NODE]
    assert len(response.read()) == 512 * 65536 + 4
    connection.close()


@pytest.mark.parametrize("asked", ["early", "bare", "status"])
def test_what_does_not_begin_as_it_must_is_502(api: Api, asked: str) -> None:
    reply = api.call(f"/a?x={asked}")
    assert (reply.status, reply.json) == (502, {"message": "Internal server error"})


def test_an_error_in_the_middle_cuts_the_connection(api: Api) -> None:
    with pytest.raises(http.client.IncompleteRead):
        api.call("/a?x=late")


def test_a_function_that_does_not_stream_is_502(gateways: Gateways) -> None:
    assert streaming(gateways, gateways.function(PLAIN)).call("/a").status == 502


def test_the_integration_s_timeout_bounds_the_whole(gateways: Gateways) -> None:
    if not MAJORS:
        pytest.xfail("no Node.js 18, 20 or 22 here")
    made = streaming(gateways, gateways.function(SOURCE, runtime=NODE, file="index.js"), timeoutInMillis=1500)
    with pytest.raises(http.client.IncompleteRead):
        made.call("/a?x=slow")


def test_access_logs_say_how_much_was_sent(api: Api) -> None:
    gateways = api.gateways
    logs = gateways.server.client("logs")
    logs.create_log_group(logGroupName="streams")
    role = "arn:aws:iam::000000000000:role/logs"
    gateways.apigateway.update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    )
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:streams"
    api.patch_stage(
        ("replace", "/accessLogSettings/destinationArn", arn),
        (
            "replace",
            "/accessLogSettings/format",
            "$context.status $context.responseLength $context.requestId",
        ),
    )
    assert api.call("/a").body == b"firstlast"
    assert until_blocking(
        lambda: [
            event
            for event in logs.filter_log_events(logGroupName="streams")["events"]
            if event["message"].startswith("201 9 ")
        ]
    )


def test_test_invoke_method_shows_the_whole(api: Api) -> None:
    at = {"restApiId": api.id, "resourceId": api.resource("/a"), "httpMethod": "GET"}
    shown = api.client.test_invoke_method(**at)
    assert (shown["status"], shown["body"]) == (201, "firstlast")


def test_streams_need_the_streaming_uri(gateways: Gateways) -> None:
    made = gateways.api()
    at = made.method("/a")
    function = "arn:aws:lambda:us-east-1:000000000000:function:f"
    with pytest.raises(ClientError) as caught:
        made.client.put_integration(
            **at,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=invocations(function),
            responseTransferMode="STREAM",
        )
    assert caught.value.response["Error"]["Code"] == "BadRequestException"
    with pytest.raises(ClientError) as caught:
        made.client.put_integration(
            **at, type="AWS", integrationHttpMethod="POST", uri=uri(function), responseTransferMode="STREAM"
        )
    assert "HTTP_PROXY and AWS_PROXY" in caught.value.response["Error"]["Message"]
