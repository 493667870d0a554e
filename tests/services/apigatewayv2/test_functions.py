"""HTTP APIs with functions: events of both payload formats, and what answers become."""

from __future__ import annotations

from tests.services.apigatewayv2.conftest import HttpApis

ANSWER = "def handler(event, context):\n    return {body}\n"


def test_format_2_0_has_every_part_of_a_request(apis: HttpApis) -> None:
    api = apis.api()
    api.route("POST /pets/{id}", api.function())
    api.stage(StageVariables={"colour": "red"})
    reply = api.call(
        "/pets/a%20b?x=1&x=2&y=%26",
        method="POST",
        body='{"a": 1}',
        headers=[
            ("Content-Type", "application/json"),
            ("Cookie", "a=1; b=2"),
            ("X-Two", "1"),
            ("X-Two", "2"),
        ],
    )
    event = reply.json
    assert reply.status == 200
    assert reply.header("apigw-requestid") == event["requestContext"]["requestId"]
    assert (event["version"], event["routeKey"], event["rawPath"]) == (
        "2.0",
        "POST /pets/{id}",
        "/pets/a%20b",
    )
    assert event["rawQueryString"] == "x=1&x=2&y=%26"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "&"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]
    assert (event["headers"]["x-two"], event["headers"]["content-length"]) == ("1,2", "8")
    assert event["pathParameters"] == {"id": "a b"}
    assert event["stageVariables"] == {"colour": "red"}
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": 1}', False)
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["stage"]) == ("000000000000", api.id, "$default")
    assert context["http"] | {"userAgent": ""} == {
        "method": "POST",
        "path": "/pets/a%20b",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "",
    }


def test_format_1_0(apis: HttpApis) -> None:
    api = apis.api()
    answer = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"
    api.route("ANY /v1/{proxy+}", api.function(answer, "1.0"))
    api.stage("dev")
    event = api.call("/dev/v1/a/b?x=1&x=2", headers={"X-Up": "1"}).json
    assert (event["version"], event["resource"], event["path"]) == ("1.0", "/v1/{proxy+}", "/dev/v1/a/b")
    assert event["pathParameters"] == {"proxy": "a/b"}
    assert event["queryStringParameters"] == {"x": "2"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert event["multiValueHeaders"]["X-Up"] == ["1"]
    assert event["requestContext"]["resourceId"] == "ANY /v1/{proxy+}"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["body"] is None


def test_what_is_no_response_is_the_body(apis: HttpApis) -> None:
    api = apis.api()
    api.route("GET /object", api.function(ANSWER.format(body="{'a': 1}")))
    api.route("GET /text", api.function(ANSWER.format(body="'hello'")))
    full = "{'statusCode': 201, 'headers': {'X-A': 1}, 'cookies': ['a=1', 'b=2'], 'body': 'aGk=', 'isBase64Encoded': True}"
    api.route("GET /full", api.function(ANSWER.format(body=full)))
    api.stage()
    found = api.call("/object")
    assert (found.status, found.json, found.header("content-type")) == (200, {"a": 1}, "application/json")
    assert api.call("/text").text == "hello"
    found = api.call("/full")
    assert (found.status, found.text, found.header("x-a")) == (201, "hi", "1")
    assert [value for name, value in found.headers if name == "set-cookie"] == ["a=1", "b=2"]


def test_errors_say_little(apis: HttpApis) -> None:
    api = apis.api()
    api.route("GET /fails", api.function("def handler(event, context):\n    raise ValueError('secret')\n"))
    api.route("GET /odd", api.function(ANSWER.format(body="{'statusCode': 'x'}")))
    api.stage()
    for path in ("/fails", "/odd"):
        reply = api.call(path)
        assert (reply.status, reply.text) == (500, '{"message":"Internal Server Error"}')
    reply = api.call("/none")
    assert (reply.status, reply.text) == (404, '{"message":"Not Found"}')


def test_binary_bodies_are_base_64(apis: HttpApis) -> None:
    api = apis.api()
    api.route("$default", api.function())
    api.stage()
    event = api.call("/x", method="POST", body=b"\xff\x00", headers={"Content-Type": "image/png"}).json
    assert (event["body"], event["isBase64Encoded"], event["routeKey"]) == ("/wA=", True, "$default")


def test_quick_create(apis: HttpApis) -> None:
    function = apis.gateways.function(ANSWER.format(body="'quick'"))
    made = apis.client.create_api(Name="q", ProtocolType="HTTP", Target=function)
    for path in ("anything", "$default/anything", ""):
        assert apis.gateways.call(f"/_aws/execute-api/{made['ApiId']}/{path}").text == "quick"
    [stage] = apis.client.get_stages(ApiId=made["ApiId"])["Items"]
    assert (stage["StageName"], stage["AutoDeploy"], stage["ApiGatewayManaged"]) == ("$default", True, True)
