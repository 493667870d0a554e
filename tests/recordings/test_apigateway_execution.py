"""API Gateway's REST data plane answers what AWS answered: real requests to deployed APIs, with real functions behind them.

What a test did is inferred from its recording and its name. Left out: what control-plane tests replay (test_apigateway_control.py).
The recordings came through HTTPS and CloudFront; hosts, ports, addresses and ids differ and are placeholders.
"""

from __future__ import annotations

import ast
import base64
import gzip
import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.support.backends import Backend
from tests.support.recordings import Matcher, recorded
from tests.support.rest_apis import MOCK, ROLE, Api, Gateways, Reply, invocations

COMMON = "apigateway/test_apigateway_common.snapshot.json"
BASIC = "apigateway/test_apigateway_basic.snapshot.json"
LAMBDA = "apigateway/test_apigateway_lambda.snapshot.json"
HTTP = "apigateway/test_apigateway_http.snapshot.json"
S3 = "apigateway/test_apigateway_s3.snapshot.json"
SQS = "apigateway/test_apigateway_sqs.snapshot.json"
DYNAMODB = "apigateway/test_apigateway_dynamodb.snapshot.json"
CANARY = "apigateway/test_apigateway_canary.snapshot.json"

EVENT = (
    "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"
)
ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def echo() -> Iterator[Backend]:
    with Backend() as backend:
        yield backend


@pytest.fixture(scope="module")
def gateways() -> Iterator[Gateways]:
    with Fogbank(Settings()) as server:
        yield Gateways(server)


def replaced(value: Any) -> Any:
    """A proxy event with the values put away that the recorder put away as whole strings."""
    forwarded = ("X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto")
    event = json.loads(json.dumps(value))
    for name in forwarded:
        event["headers"][name] = f"<{name}>"
        event["multiValueHeaders"][name] = f"<{name}>"
    event["requestContext"]["requestTime"] = "<request-time>"
    event["requestContext"]["requestTimeEpoch"] = "<request-time-epoch>"
    return event


# --- routing and mocks ------------------------------------------------------------------------------------------------


def test_routing_not_found(gateways: Gateways) -> None:
    expected = recorded(COMMON, "TestApigatewayRouting::test_routing_not_found")
    api = gateways.api()
    api.mock("/existing", '{"statusCode": 200, "message": "exists"}')
    api.deploy()
    found = Matcher()
    found.matches(expected["working-route"], api.call("/existing").json)
    for name, method, path in (("not-found", "GET", "/random-test"), ("wrong-method", "POST", "/existing")):
        reply = api.call(path, method=method)
        assert reply.status == 403
        answer = {"content": reply.json, "errorType": reply.header("x-amzn-ErrorType")}
        found.matches(expected[name], answer)


@pytest.mark.parametrize("http_method", ["GET", "POST"])
@pytest.mark.parametrize("url_type", ["UrlType.PATH_BASED", "UrlType.HOST_BASED"])
@pytest.mark.parametrize("passthrough", ["WHEN_NO_MATCH", "NEVER", "WHEN_NO_TEMPLATES"])
def test_mock_integration_response(
    gateways: Gateways, http_method: str, url_type: str, passthrough: str
) -> None:
    name = f"test_mock_integration_response[{passthrough}-{url_type}-{http_method}]"
    expected = recorded(BASIC, f"TestIntegrations::{name}")
    api = gateways.api()
    at = api.method("/{id}", http_method)
    template = '{"statusCode": 200, "id": $input.params(\'id\')}'
    api.integrate(
        at,
        {"type": "MOCK", "requestTemplates": MOCK, "passthroughBehavior": passthrough},
        {"200": {"responseTemplates": {"application/json": template}}},
    )
    api.deploy()
    if url_type == "UrlType.PATH_BASED":
        reply = gateways.call(f"/restapis/{api.id}/test/_user_request_/42", method=http_method)
    else:
        reply = api.call("/42", method=http_method)
    Matcher().matches(expected["mock-response"], reply.json)


def test_api_gateway_mock_integration(gateways: Gateways) -> None:
    expected = recorded(BASIC, "TestAPIGateway::test_api_gateway_mock_integration")
    api = gateways.api()
    api.mock("/{proxy}", '{"echo": "$input.params(\'proxy\')", "response": "mocked"}')
    api.deploy()
    Matcher().matches(expected["mocked-response"], api.call("/foobar").json)


def headers_of(reply: Reply) -> dict[str, str]:
    """As the recorder kept them: one value a name, in lower case; two of them put away."""
    found = {name.lower(): reply.header(name) or "" for name, _ in reply.headers}
    return found | {"date": "date", "content-length": "content-length"}


def test_invocation_trace_id(gateways: Gateways) -> None:
    expected = recorded(COMMON, "TestApiGatewayCommon::test_invocation_trace_id")
    api = gateways.api()
    api.mock("/mock")
    api.proxy("/proxy", gateways.function(EVENT))
    api.deploy()
    found = Matcher()
    traces = {
        "normal": {},
        "trace-id": {"X-Amzn-Trace-Id": "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Sampled=1"},
        "trace-id-small": {"x-amzn-trace-id": "Root=1-3152b799-8954dae64eda91bc9a23a7e8"},
    }
    for name, headers in traces.items():
        for kind, path in (("MOCK", "/mock"), ("AWS_PROXY", "/proxy")):
            reply = api.call(path, headers=headers)
            if (wanted := expected.get(f"{name}-req-headers-{kind}")) is not None:
                found.matches(wanted, headers_of(reply))


# --- templates -----------------------------------------------------------------------------------------------------------


def test_input_path_template_formatting(gateways: Gateways, echo: Backend) -> None:
    expected = recorded(COMMON, "TestApiGatewayCommon::test_input_path_template_formatting")
    api = gateways.api()
    templates = {
        "path": '#set($result = $input.path("$.json"))$result',
        "nested": '#set($result = $input.path("$.json"))$result.nested',
        "list": '#set($result = $input.path("$.json"))$result[0]',
        "to-string": '#set($result = $input.path("$.json"))$result.toString()',
        "empty": (
            '{"body": $input.path("$"), "nested": $input.path("$").nested, '
            '"isNull": "#if($input.path("$") == $null)true#{else}false#end", '
            '"isEmptyString": "#if($input.path("$") == "")true#{else}false#end"}'
        ),
    }
    for name, template in templates.items():
        # The request's body comes back from the backend, so that the template sees it in the response.
        at = api.method(f"/{name}", "POST")
        response = {"responseTemplates": {"application/json": template}}
        integration = {"type": "HTTP", "integrationHttpMethod": "POST", "uri": f"{echo.url}/echo"}
        api.integrate(at, integration, {"200": response})
    api.deploy()

    def ask(path: str, body: Any) -> str:
        text = body if isinstance(body, str) else json.dumps(body)
        return api.call(path, method="POST", body=text, headers={"Content-Type": "application/json"}).text

    for name, path, body in (
        ("dict-response", "/path", {"json": {"foo": "bar"}}),
        ("json-list", "/path", {"json": [{"foo": "bar"}]}),
        ("nested-dict", "/nested", {"json": {"nested": {"foo": "bar"}}}),
        ("nested-list", "/nested", {"json": {"nested": [{"foo": "bar"}]}}),
        ("dict-in-list", "/list", {"json": [{"foo": "bar"}]}),
        ("list-with-nested-list", "/list", {"json": [[{"foo": "bar"}]]}),
        ("dict-with-nested-list", "/path", {"json": {"foo": [{"nested": "bar"}]}}),
        ("bigger-dict", "/path", {"json": {"bigger": "dict", "to": "test", "with": "separators"}}),
        ("to-string", "/to-string", {"json": {"foo": "bar"}}),
        ("list-to-string", "/to-string", {"json": {"list": [{"foo": "bar"}]}}),
    ):
        assert ask(path, body) == expected[name], name
    assert ask("/empty", "") == expected["empty-body"]
    assert ask("/empty", "[]") == expected["nested-empty-list"]
    assert ask("/empty", "null") == expected["nested-null-list"]


def test_input_body_formatting(gateways: Gateways) -> None:
    expected = recorded(COMMON, "TestApiGatewayCommon::test_input_body_formatting")
    action = "Action=SendMessage&MessageBody=$input.body"
    encoded = (
        "EncodedBody=$util.urlEncode($input.body)&EncodedBodyAccess=$util.urlEncode($input.body.testAccess)"
    )
    api = gateways.api()
    bodies = {"empty-body": "", "json-body": '{"some": "value"}', "str-body": "some raw data"}
    routes = {
        "response-raw-body": ("$input.body", "$input.body"),
        "response-str-body-input": (action, "$input.body"),
        "response-str-body-output": ("$input.body", action),
        "response-str-body-all": (action, action),
        "response-body-attr-access": ("$input.body.testAccess", "$input.body"),
        "response-url-encode": (encoded, "$input.body"),
    }
    with Backend() as backend:
        for name, (request, response) in routes.items():
            at = api.method(f"/{name}", "POST")
            api.integrate(
                at,
                {
                    "type": "HTTP",
                    "integrationHttpMethod": "POST",
                    "uri": f"{backend.url}/echo",
                    "requestTemplates": {"application/json": request},
                },
                {"200": {"responseTemplates": {"application/json": response}}},
            )
        api.deploy()
        for name in routes:
            answers = {
                which: str(
                    api.call(
                        f"/{name}", method="POST", body=body, headers={"Content-Type": "application/json"}
                    ).body
                )
                for which, body in bodies.items()
            }
            assert answers == expected[name], name


# --- validation ------------------------------------------------------------------------------------------------------------


def test_api_gateway_request_validator(gateways: Gateways) -> None:
    expected = recorded(COMMON, "TestApiGatewayCommon::test_api_gateway_request_validator")
    api = gateways.api()
    client = api.client
    validator = client.create_request_validator(
        restApiId=api.id, name="test-validator", validateRequestParameters=True, validateRequestBody=True
    )["id"]
    schema = {
        "title": "testSchema",
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    }
    client.create_model(
        restApiId=api.id, name="testSchema", contentType="application/json", schema=json.dumps(schema)
    )
    for http_method, path_name in (("POST", "issuer"), ("GET", "test")):
        at = api.method(
            "/nested/{test}",
            http_method,
            requestValidatorId=validator,
            requestModels={"application/json": "testSchema"},
            requestParameters={
                f"method.request.path.{path_name}": True,
                "method.request.querystring.qs1": True,
                "method.request.header.x-header-param": True,
            },
        )
        uri = invocations(gateways.function(EVENT))
        client.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    api.deploy("local")

    def call(method: str, query: str = "", headers: Any = None, body: str | None = None) -> Reply:
        return api.call(
            f"/nested/value{query}", stage="local", method=method, headers=headers or {}, body=body
        )

    found = Matcher()
    found.matches(expected["missing-all-required-request-params-post"], call("POST", body="{}").json)
    found.matches(expected["missing-required-headers-request-params-get"], call("GET", "?qs1=t").json)
    header = {"x-header-param": "test", "Content-Type": "application/json"}
    found.matches(expected["missing-required-qs-request-params-get"], call("GET", "", header).json)
    client.update_method(
        restApiId=api.id,
        resourceId=api.resource("/nested/{test}"),
        httpMethod="POST",
        patchOperations=[
            {"op": "add", "path": "/requestParameters/method.request.path.test", "value": "true"},
            {"op": "remove", "path": "/requestParameters/method.request.path.issuer"},
        ],
    )
    api.deploy("local")
    bad = call("POST", "?qs1=t", header, '{"test": "test"}')
    assert bad.status == 400
    found.matches(expected["invalid-request-body"], bad.json)
    assert call("GET", "?qs1=t", header).status == 400
    assert call("POST", "?qs1=t", header, '{"a": 1, "b": 2}').status == 200


def test_request_validator_with_ref_models(gateways: Gateways) -> None:
    expected = recorded(COMMON, "TestApiGatewayCommon::test_api_gateway_request_validator_with_ref_models")
    api = gateways.api()
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "testSchema",
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    }
    listed = {
        "type": "array",
        "items": {"$ref": f"https://apigateway.amazonaws.com/restapis/{api.id}/models/testSchema"},
    }
    call = validated(api, {"testSchema": schema, "testSchemaList": listed}, "testSchemaList")
    found = Matcher()
    found.matches(expected["successful"], call([{"a": 1, "b": 2}]).json)
    found.matches(expected["failed-validation"], call([{"a": 1}]).json)


def test_request_validator_with_ref_one_of_models(gateways: Gateways) -> None:
    expected = recorded(
        COMMON, "TestApiGatewayCommon::test_api_gateway_request_validator_with_ref_one_ofmodels"
    )
    api = gateways.api()
    status = {
        "type": "object",
        "properties": {"Status": {"type": "string"}, "Order": {"type": "integer"}},
        "required": ["Status", "Order"],
    }
    reference = {"$ref": f"https://apigateway.amazonaws.com/restapis/{api.id}/models/StatusModel"}
    model = {
        "type": "object",
        "properties": {"status": {"oneOf": [{"type": "null"}, reference]}},
        "required": ["status"],
    }
    call = validated(api, {"StatusModel": status, "TestModel": model}, "TestModel")
    found = Matcher()
    found.matches(expected["successful"], call({"status": None}).json)
    found.matches(expected["successful-with-data"], call({"status": {"Status": "works", "Order": 1}}).json)
    found.matches(expected["failed-validation-no-data"], call("").json)
    found.matches(expected["failed-validation-bad-data"], call({"badFormat": "bla"}).json)


def validated(api: Api, models: dict[str, Any], model: str) -> Any:
    """A MOCK whose body must fit a model; a function that calls it."""
    for name, schema in models.items():
        api.client.create_model(
            restApiId=api.id, name=name, contentType="application/json", schema=json.dumps(schema)
        )
    validator = api.client.create_request_validator(
        restApiId=api.id, name="validator", validateRequestBody=True, validateRequestParameters=False
    )["id"]
    api.mock(
        "/path",
        '{"data": "ok"}',
        "POST",
        requestValidatorId=validator,
        requestModels={"application/json": model},
    )
    api.deploy()
    return lambda body: api.call(
        "/path",
        method="POST",
        body=body if isinstance(body, str) else json.dumps(body),
        headers={"Content-Type": "application/json"},
    )


# --- functions ---------------------------------------------------------------------------------------------------------------


def test_lambda_aws_proxy_integration(gateways: Gateways) -> None:
    expected = recorded(LAMBDA, "test_lambda_aws_proxy_integration")
    api = gateways.api()
    function = gateways.function(EVENT)
    api.proxy("/{proxy+}", function)
    api.proxy("/hardcoded", function)
    api.deploy("stage")
    headers = [
        ("User-Agent", "python-requests/testing"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Accept", "*/*"),
        ("Connection", "keep-alive"),
        ("tEsT-HEADeR", "aValUE"),
        ("authorization", "random-value"),
    ]
    found = Matcher()
    found.bound["api-id"] = api.id

    def ask(name: str, path: str) -> None:
        reply = gateways.call(path, host=api.host, headers=headers, secure=True)
        assert reply.status == 200
        found.matches(expected[name], replaced(reply.json))

    proxy = "/stage/proxy-value"
    ask("invocation-payload-without-trailing-slash", proxy)
    ask("invocation-payload-with-trailing-slash", f"{proxy}/")
    ask("invocation-payload-with-double-slash", f"{proxy}//double-slash")
    ask("invocation-payload-with-prepended-slash-to-stage", f"/{proxy}")
    ask("invocation-payload-with-prepended-slash", "/stage//proxy-value")
    ask("invocation-payload-without-trailing-slash-and-query-params", f"{proxy}?urlparam=test")
    ask("invocation-payload-with-trailing-slash-and-query-params", f"{proxy}/?urlparam=test")
    emails = "user/test%2Balias@gmail.com/plus/test+alias@gmail.com"
    ask("invocation-payload-with-path-encoded-email", f"{proxy}/api/{emails}")
    query = "&".join(
        [
            "dateTimeOffset=2023-06-12T18:05:10.123456+00:00",
            "email=test%2Balias@gmail.com",
            "plus=test+alias@gmail.com",
            "url=https://www.google.com/",
            "whitespace=foo%20bar",
            "zhash=abort/",
        ]
    )
    ask("invocation-payload-with-params-encoding", f"{proxy}/api?{query}")
    headers = [
        *headers[:4],
        ("Content-Type", "application/json;charset=utf-8"),
        ("aUThorization", "Bearer token123;API key456"),
    ]
    reply = gateways.call(
        f"{proxy}?category=electronics&category=books&price=10&price=20&price=30",
        host=api.host,
        method="POST",
        headers=headers,
        body=json.dumps({"message": "hello world"}),
        secure=True,
    )
    event = replaced(reply.json)
    event["body"] = json.loads(event["body"])
    found.matches(expected["invocation-payload-with-params-encoding-multi"], event)
    headers = [*headers[:4], ("tEsT-HEADeR", "aValUE"), ("authorization", "random-value")]
    ask("invocation-hardcoded", "/stage//hardcoded")


def test_lambda_aws_proxy_integration_request_data_mapping(gateways: Gateways) -> None:
    expected = recorded(LAMBDA, "test_lambda_aws_proxy_integration_request_data_mapping")
    api = gateways.api()
    parameters = {
        "integration.request.header.headerVar": "method.request.header.foobar",
        "integration.request.path.qsVar": "method.request.querystring.testVar",
        "integration.request.path.pathVar": "method.request.path.pathVariable",
        "integration.request.querystring.queryString": "method.request.querystring.testQueryString",
        "integration.request.querystring.testQs": "method.request.querystring.testQueryString",
        "integration.request.querystring.testEmptyQs": "method.request.header.emptyheader",
    }
    at = api.method("/{pathVariable}", "ANY", requestParameters=dict.fromkeys(parameters.values(), True))
    api.client.put_integration(
        **at,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=invocations(gateways.function(EVENT)),
        requestParameters=parameters,
    )
    api.deploy()
    reply = api.call(
        "/foobar?testQueryString=foo&testVar=bar",
        method="POST",
        secure=True,
        body=json.dumps({"message": "hello world"}),
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "keep-alive",
            "foobar": "mapped-value",
            "user-Agent": "test/integration",
            "headerVar": "request-value",
        },
    )
    event = replaced(reply.json)
    event["body"] = json.loads(event["body"])
    found = Matcher()
    found.matches(expected["api_id"], {"rest_api_id": api.id})
    answer = {"content": event, "status_code": reply.status}
    found.matches(expected["http-proxy-invocation-data-mapping"], answer)


def test_lambda_aws_proxy_integration_non_post_method(gateways: Gateways) -> None:
    expected = recorded(LAMBDA, "test_lambda_aws_proxy_integration_non_post_method")
    api = gateways.api()
    at = api.method("/{proxy+}", "ANY")
    api.client.put_integration(
        **at, type="AWS_PROXY", integrationHttpMethod="GET", uri=invocations(gateways.function(EVENT))
    )
    api.client.put_gateway_response(
        restApiId=api.id, responseType="INTEGRATION_FAILURE", responseParameters={}
    )
    api.deploy()
    reply = api.call("/test-path")
    assert reply.status == 500
    Matcher().matches(expected["invocation-payload-with-get-proxy-method"], reply.json)


def test_aws_proxy_response_payload_format_validation(gateways: Gateways) -> None:
    expected = recorded(LAMBDA, "test_aws_proxy_response_payload_format_validation")
    api = gateways.api()
    code = "import json\ndef handler(event, context):\n    return json.loads(event['body'])\n"
    api.proxy("/{proxy+}", gateways.function(code))
    api.deploy()
    multi = {"test-multi": ["value1", "value2"]}
    cases: dict[str, Any] = {
        "no-body": {"statusCode": 200},
        "only-headers": {"headers": {"test-header": "value"}},
        "with-headers": {"statusCode": 200, "headers": {"test-header": "value", "header-bool": True}},
        "with-headers-null": {"statusCode": 200, "headers": None},
        "wrong-format": {"statusCode": 200, "wrongValue": "value"},
        "empty-response": "",
        "b64-encoded-true": {"statusCode": 200, "body": "dGVzdC1kYXRh", "isBase64Encoded": True},
        "b64-encoded-false": {"statusCode": 200, "body": "dGVzdC1kYXRh", "isBase64Encoded": False},
        "multi-headers-valid": {"statusCode": 200, "multiValueHeaders": multi},
        "multi-headers-overwrite": {
            "statusCode": 200,
            "headers": {"test-multi": "value-solo"},
            "multiValueHeaders": {"test-multi": ["value-multi"]},
        },
        "multi-headers-overwrite-casing": {
            "statusCode": 200,
            "headers": {"test-multi": "value-solo"},
            "multiValueHeaders": {"tesT-Multi": ["value-multi"]},
        },
        "multi-headers-invalid": {"statusCode": 200, "multiValueHeaders": {"test-multi": "value"}},
        "invalid-status-code": {"statusCode": "test", "body": ""},
        "status-code-str": {"statusCode": "200"},
        "just-string": "test",
    }
    found = Matcher()
    for name, answer in cases.items():
        reply = api.call(f"/{name}", method="POST", body=json.dumps(answer))
        wanted = dict(expected[f"invoke-api-{name}"])
        content: Any = reply.text
        if isinstance(wanted["content"], dict):
            content = reply.json
            assert reply.status == 502, name
        else:
            assert reply.status == 200, name
        if "headers" in wanted:
            got = {name.lower(): reply.header(name) for name, _ in reply.headers}
            assert {name.lower() for name in wanted["headers"]} == got.keys(), name
            for own in ("test-header", "header-bool", "test-multi", "Content-Type", "Content-Length"):
                key = next((key for key in wanted["headers"] if key.lower() == own.lower()), None)
                if key is not None:
                    assert got[own.lower()] == wanted["headers"][key], (name, own)
        found.matches(wanted["content"], content)


def test_lambda_aws_integration(gateways: Gateways) -> None:
    expected = recorded(LAMBDA, "test_lambda_aws_integration")
    api = gateways.api()
    at = api.method("/test", "POST")
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": invocations(gateways.function(ECHO)),
    }
    api.integrate(at, integration, {"200": {}})
    api.deploy("api")
    reply = api.call("/test", stage="api", method="POST", body=json.dumps({"message": "hello world"}))
    Matcher().matches(expected["lambda-aws-integration"], reply.json)


def test_lambda_aws_integration_with_request_template(gateways: Gateways) -> None:
    expected = recorded(LAMBDA, "test_lambda_aws_integration_with_request_template")
    api = gateways.api()
    at = api.method("/test", requestParameters={"method.request.querystring.param1": False})
    api.integrate(
        at,
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "uri": invocations(gateways.function(ECHO)),
            "credentials": ROLE,
            "requestTemplates": {"application/json": '{"param1": "$input.params(\'param1\')"}'},
        },
        {"200": {"selectionPattern": ""}},
    )
    api.deploy("api")
    found = Matcher()
    for name, query in (("1", "param1=foobar"), ("2", "param1=foobar&Signature=1")):
        reply = api.call(f"/test?{query}", stage="api")
        found.matches(expected[f"lambda-aws-integration-{name}"], reply.json)


def test_lambda_selection_patterns(gateways: Gateways) -> None:
    expected = recorded(LAMBDA, "test_lambda_selection_patterns")
    code = """
def handler(event, context):
    status_code = event.get("statusCode")
    match status_code:
        case "200": return "Pass"
        case "400": raise Exception("Error: Raising four hundred from within the Lambda function")
        case "500": raise Exception("Error: Raising five hundred from within the Lambda function")
"""
    api = gateways.api()
    at = api.method("/{statusCode}")
    api.integrate(
        at,
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "uri": invocations(gateways.function(code)),
            "requestTemplates": {"application/json": '{"statusCode": "$input.params(\'statusCode\')"}'},
        },
        {
            "200": {},
            "405": {"selectionPattern": ".*four hundred.*"},
            "502": {"selectionPattern": ".+"},
        },
    )
    api.deploy("dev")
    for sent, status in (("200", 200), ("400", 405), ("500", 502)):
        reply = api.call(f"/{sent}", stage="dev")
        assert reply.status == status
        wanted = expected[f"lambda-selection-pattern-{sent}"]
        Matcher().matches(wanted, reply.json, ignore={"stackTrace"})


def test_lambda_aws_integration_response_with_mapping_templates(gateways: Gateways) -> None:
    expected = recorded(LAMBDA, "test_lambda_aws_integration_response_with_mapping_templates")
    code = """
def handler(event, context):
    return {"statusCode": 200, "body": "customerror" if event.get("errorMessage") else "noerror"}
"""
    request = """
#set($inputRoot = $input.path('$'))
#set($error = $inputRoot.errorMessage)
{"httpStatus": "$inputRoot.httpStatus"#if($error), "errorMessage": "$error"#end}
"""
    response = """
#set($inputRoot = $input.path('$'))
#if($inputRoot.body.contains("customerror"))
#set($context.responseOverride.status = 400)
#else
#set($context.responseOverride.status = 202)
#end
$input.json('$')
"""
    api = gateways.api()
    at = api.method("/test", "POST")
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": invocations(gateways.function(code)),
    }
    api.integrate(
        at,
        integration | {"requestTemplates": {"application/json": request}},
        {"200": {"selectionPattern": "", "responseTemplates": {"application/json": response}}},
    )
    api.client.put_method_response(**at, statusCode="400")
    api.deploy("api")
    for status, body in (
        (202, {"httpStatus": "200"}),
        (400, {"httpStatus": "400", "errorMessage": "Test Bad request"}),
    ):
        reply = api.call(
            "/test",
            stage="api",
            method="POST",
            body=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        answer = {"statusCode": reply.status, "body": reply.json}
        Matcher().matches(expected[f"response-template-{status}"], answer)


def test_invoking_canary_deployment(gateways: Gateways) -> None:
    expected = recorded(CANARY, "TestCanaryDeployments::test_invoking_canary_deployment")
    api = gateways.api()

    def template(which: str) -> str:
        return json.dumps(
            {
                "statusCode": 200,
                "message": f"{which} deployment",
                "variable": "$stageVariables.testVar",
                "nonExistingDefault": "$stageVariables.noStageVar",
                "nonOverridden": "$stageVariables.defaultVar",
                "isCanary": "$context.isCanaryRequest",
            }
        )

    api.mock("/", template("default"))
    first = api.client.create_deployment(restApiId=api.id)["id"]
    at = {"restApiId": api.id, "resourceId": api.resource("/"), "httpMethod": "GET"}
    api.client.put_integration_response(
        **at, statusCode="200", responseTemplates={"application/json": template("canary")}
    )
    second = api.client.create_deployment(restApiId=api.id)["id"]
    api.client.create_stage(
        restApiId=api.id,
        stageName="dev",
        deploymentId=first,
        variables={"testVar": "default", "defaultVar": "default"},
        canarySettings={
            "deploymentId": second,
            "percentTraffic": 0.0,
            "stageVariableOverrides": {"testVar": "canary", "noStageVar": "canary"},
        },
    )
    Matcher().matches(expected["response-deployment-1"], api.call("/", stage="dev").json)
    api.patch_stage(("replace", "/canarySettings/percentTraffic", "100.0"), stage="dev")
    Matcher().matches(expected["response-canary-deployment"], api.call("/", stage="dev").json)


def test_api_key_required_for_methods(gateways: Gateways) -> None:
    """The control plane's answers are replayed elsewhere; here, that the key counts."""
    recorded(COMMON, "TestUsagePlans::test_api_key_required_for_methods")
    api = gateways.api(apiKeySource="HEADER")
    api.mock("/test", apiKeyRequired=True)
    api.deploy("dev")
    client = api.client
    plan = client.create_usage_plan(
        name="plan",
        quota={"limit": 10, "period": "DAY", "offset": 0},
        throttle={"rateLimit": 2, "burstLimit": 1},
        apiStages=[{"apiId": api.id, "stage": "dev"}],
    )["id"]
    key = client.create_api_key(name="key", enabled=True)
    client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert api.call("/test", stage="dev").status == 403
    headers = {"x-api-key": key["value"]}
    assert api.call("/test", stage="dev", headers=headers).status == 200
    operations = [{"op": "replace", "path": "/enabled", "value": "false"}]
    client.update_api_key(apiKey=key["id"], patchOperations=operations)
    refused = api.call("/test", stage="dev", headers=headers)
    assert (refused.status, refused.json) == (403, {"message": "Forbidden"})


# --- TestInvokeMethod -----------------------------------------------------------------------------------------------------


def test_apigw_test_invoke_method_api(gateways: Gateways) -> None:
    expected = recorded(BASIC, "TestAPIGateway::test_apigw_test_invoke_method_api")
    code = """
import json
def handler(event, context):
    body = f'"response from localstack lambda: {json.dumps(event, separators=(",", ":"))}"'
    if event:
        body = '"response from localstack lambda: ' + json.dumps(json.dumps(event, separators=(",", ":")))[1:-1] + '"'
    return {"statusCode": 200, "body": body, "isBase64Encoded": False, "headers": {}}
"""
    api = gateways.api()
    at = api.method("/foo")
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": invocations(gateways.function(code)),
    }
    api.integrate(at, integration, {"200": {}})
    plain = {**at, "pathWithQueryString": "/foo"}
    answers = {
        "test_invoke_method_response": api.client.test_invoke_method(**plain),
        "test_invoke_method_response_with_body": api.client.test_invoke_method(
            **at,
            pathWithQueryString="/foo?queryTest=value",
            body='{"test": "val123"}',
            headers={"content-type": "application/json"},
        ),
    }
    names = {
        "<endpoint_url>": "lambda.us-east-1.amazonaws.com",
        "<rest-api-id>": api.id,
        "<region>": "us-east-1",
        "<partition>": "aws",
        "111111111111": "000000000000",
    }
    for number, (name, answer) in enumerate(answers.items(), 1):
        wanted = expected[name]
        assert answer["status"] == wanted["status"]
        assert json.loads(answer["body"]) == wanted["body"]
        assert answer["headers"].keys() == wanted["headers"].keys()
        assert answer["multiValueHeaders"].keys() == wanted["multiValueHeaders"].keys()
        assert isinstance(answer["latency"], int)
        lines = answer["log"].split("\n")
        assert len(lines) == len(wanted["log"])
        for line, pattern in zip(lines, wanted["log"].values(), strict=True):
            line = re.sub(
                r"^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d [\d:]{8} UTC \d{4} : ",
                "DDD MMM dd hh:mm:ss UTC yyyy : ",
                line,
            )
            line = re.sub(
                r"Authorization=\**, X-Amz-Date=\d{8}T\d{6}Z",
                "Authorization=<authorization-header>, X-Amz-Date=<date>",
                line,
            )
            line = re.sub(r"X-Amz-Security-Token=\*+", "X-Amz-Security-Token=<token>", line)
            line = re.sub(r"latency: \d+ ms", "latency: <latency> ms", line)
            line = re.sub(
                r"Date=\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", "Date=Day, dd MMM yyyy hh:mm:ss GMT", line
            )
            line = re.sub(r"X-Amzn-Trace-Id=[^,}]*", f"X-Amzn-Trace-Id=<x-amz-trace-id:{number}>", line)
            line = re.sub(r"x-amzn-RequestId=[0-9a-f-]*", "x-amzn-RequestId=<request-id-lambda>", line)
            line = re.sub(r"function:function-\d+", "function:<function-name>", line)
            line = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", f"<request-id-{number}>", line)
            for placeholder, value in names.items():
                pattern = pattern.replace(placeholder, value)
            line = re.sub(r"Content-Length=\d+", "Content-Length=N", line)
            pattern = re.sub(r"Content-Length=\d+", "Content-Length=N", pattern)
            assert compact(line) == compact(pattern)


def compact(text: str) -> str:
    """JSON without the spaces that Python's runtime writes and Node's, which was recorded, does not."""
    return text.replace('": ', '":').replace(', "', ',"')


# --- HTTP backends --------------------------------------------------------------------------------------------------------


BEHIND_TLS = {
    "x-amzn-tls-cipher-suite",
    "x-amzn-tls-version",
}  # put there by the function URL that was called


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
def test_http_integration_with_lambda(gateways: Gateways, kind: str) -> None:
    expected = recorded(HTTP, f"test_http_integration_with_lambda[{kind}]")
    api = gateways.api(endpointConfiguration={"types": ["REGIONAL"]})
    with Backend(
        headers={"x-amzn-RequestId": "7bd0cf71-6b4e-4a14-8a55-3ef4c3a6e4b7", "Connection": "keep-alive"}
    ) as backend:
        at = api.method("/test", "POST")
        integration = {"type": kind, "integrationHttpMethod": "POST", "uri": f"{backend.url}/"}
        api.integrate(at, integration, {"200": {}})
        api.deploy()
        reply = api.call(
            "/test",
            method="POST",
            body=json.dumps({"message": "hello world"}),
            headers={
                "Content-Type": "application/json",
                "accept": "application/xml",
                "Accept-Encoding": "gzip, deflate",
                "Connection": "keep-alive",
                "user-Agent": "test/integration",
            },
        )
    told = reply.json
    wanted = expected["http-invocation-lambda-url"]
    content = wanted["content"]
    assert told["method"] == content["method"]
    assert json.loads(told["data"]) == content["data"]
    assert told["args"] == content["args"]
    forwarded = {"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
    added = BEHIND_TLS | (forwarded if kind == "HTTP" else set())
    assert told["headers"].keys() == content["headers"].keys() - added
    for name in ("accept", "content-length", "content-type"):
        assert told["headers"][name] == content["headers"][name]
    agent = content["headers"]["user-agent"].replace("<rest_api_id:1>", api.id)
    assert told["headers"]["user-agent"] == agent
    assert reply.status == wanted["status_code"]
    assert {name.lower() for name, _ in reply.headers} - {"x-amzn-remapped-server"} == wanted[
        "headers"
    ].keys()
    assert reply.header("content-type") == wanted["headers"]["content-type"]


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
def test_http_integration_invoke_status_code_passthrough(gateways: Gateways, kind: str) -> None:
    expected = recorded(HTTP, f"test_http_integration_invoke_status_code_passthrough[{kind}]")
    api = gateways.api()
    with Backend() as backend:
        at = api.method("/{map+}", "ANY", requestParameters={"method.request.path.map": True})
        api.integrate(
            at,
            {
                "type": kind,
                "integrationHttpMethod": "ANY",
                "uri": f"{backend.url}/{{map}}",
                "requestParameters": {"integration.request.path.map": "method.request.path.map"},
            },
            {"200": {}},
        )
        api.deploy()
        for name, status in (("matching", 200), ("non-matching", 400)):
            reply = api.call(f"/status/{status}", method="POST")
            Matcher().matches(expected[f"{name}-response"], {"body": reply.json, "status_code": reply.status})


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
def test_http_integration_method(gateways: Gateways, kind: str) -> None:
    expected = recorded(HTTP, f"test_http_integration_method[{kind}]")
    api = gateways.api()
    with Backend() as backend:
        at = api.method("/test", "ANY")
        integration = {"type": kind, "integrationHttpMethod": "POST", "uri": f"{backend.url}/"}
        api.integrate(at, integration, {"200": {}})
        api.deploy()
        for method in ("post", "put", "get"):
            reply = api.call(
                "/test",
                method=method.upper(),
                body=json.dumps({"message": "hello world"}),
                headers={
                    "Content-Type": "application/json",
                    "accept": "application/json",
                    "user-Agent": "test/integration",
                },
            )
            wanted = expected[f"http-invocation-lambda-url-{method}"]
            assert reply.json["method"] == wanted["method"]
            assert json.loads(reply.json["data"]) == wanted["data"]
            agent = wanted["headers"]["user-agent"].replace("<rest_api_id:1>", api.id)
            assert reply.json["headers"]["user-agent"] == agent


def test_http_proxy_integration_request_data_mappings(gateways: Gateways) -> None:
    expected = recorded(HTTP, "test_http_proxy_integration_request_data_mappings")
    api = gateways.api()
    parameters = {
        "integration.request.header.headerVar": "method.request.header.foobar",
        "integration.request.path.qsVar": "method.request.querystring.testVar",
        "integration.request.path.pathVar": "method.request.path.pathVariable",
        "integration.request.querystring.queryString": "method.request.querystring.testQueryString",
        "integration.request.querystring.testQs": "method.request.querystring.testQueryString",
        "integration.request.querystring.testEmptyQs": "method.request.header.emptyheader",
    }
    with Backend() as backend:
        at = api.method("/{pathVariable}", "ANY", requestParameters=dict.fromkeys(parameters.values(), True))
        api.client.put_integration(
            **at,
            type="HTTP_PROXY",
            integrationHttpMethod="POST",
            uri=f"{backend.url}/?testVar={{pathVar}}&testQs={{qsVar}}",
            requestParameters=parameters,
        )
        api.deploy()
        reply = api.call(
            "/foobar?testQueryString=foo&testVar=bar",
            method="POST",
            body=json.dumps({"message": "hello world"}),
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "foobar": "mapped-value",
                "user-Agent": "test/integration",
                "headerVar": "request-value",
            },
        )
    wanted = expected["http-proxy-invocation"]["content"]
    assert reply.json["args"] == wanted["args"]
    assert reply.json["method"] == wanted["method"]
    for name in (
        "accept",
        "content-type",
        "foobar",
        "headervar",
        "user-agent",
        "accept-encoding",
        "content-length",
    ):
        assert reply.json["headers"][name] == wanted["headers"][name], name


# --- other services --------------------------------------------------------------------------------------------------------


@pytest.fixture
def queue(gateways: Gateways, request: pytest.FixtureRequest) -> tuple[str, str]:
    """(name, URL) of a queue."""
    name = re.sub(r"\W", "-", request.node.name)
    return name, gateways.server.client("sqs").create_queue(QueueName=name)["QueueUrl"]


FORM = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}


def queueing(api: Api, queue: str, templates: dict[str, str], response: str, **members: Any) -> None:
    """POST /sqs sends what a template makes."""
    at = api.method("/sqs", "POST", requestParameters=members.pop("accepts", {}))
    parameters = FORM | members.pop("parameters", {})
    api.integrate(
        at,
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "credentials": ROLE,
            "uri": f"arn:aws:apigateway:us-east-1:sqs:path/000000000000/{queue}",
            "requestParameters": parameters,
            "requestTemplates": templates,
            "passthroughBehavior": "NEVER",
        },
        {"200": {"responseTemplates": {"application/json": response}}},
    )
    api.deploy("testing")


def received(gateways: Gateways, url: str, **members: Any) -> list[dict[str, Any]]:
    sqs = gateways.server.client("sqs")
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2, **members)
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def test_sqs_aws_integration(gateways: Gateways, queue: tuple[str, str]) -> None:
    expected = recorded(SQS, "test_sqs_aws_integration")
    api = gateways.api()
    template = {"application/json": "Action=SendMessage&MessageBody=$input.body"}
    queueing(api, queue[0], template, '{"message": "great success!"}')
    found = Matcher()
    reply = api.call("/sqs", stage="testing", method="POST", body='{"foo": "bar"}')
    found.matches(expected["sqs-aws-integration-with-payload"], reply.json)
    reply = api.call("/sqs", stage="testing", method="POST")
    found.matches(expected["sqs-aws-integration-without-payload"], reply.json)
    messages = sorted(received(gateways, queue[1]), key=lambda message: message["Body"])
    found.matches(expected["sqs-messages"], messages)


def test_sqs_request_and_response_xml_templates_integration(
    gateways: Gateways, queue: tuple[str, str]
) -> None:
    expected = recorded(SQS, "test_sqs_request_and_response_xml_templates_integration")
    response = """
        #set($responseBody = $input.path('$.SendMessageResponse'))
        #set($requestId = $input.path('$.SendMessageResponse.ResponseMetadata.RequestId'))
        #set($messageId = $responseBody.SendMessageResult.MessageId)
        {
        "requestId": "$requestId",
        "messageId": "$messageId"
        }
    """
    api = gateways.api()
    template = {"application/json": "Action=SendMessage&MessageBody=$input.body"}
    queueing(api, queue[0], template, response)
    reply = api.call("/sqs", stage="testing", method="POST", body="<xml>Hello World</xml>")
    Matcher().matches(expected["sqs-json-response"], reply.json)
    at = {"restApiId": api.id, "resourceId": api.resource("/sqs"), "httpMethod": "POST"}
    accept = {
        "op": "add",
        "path": "/requestParameters/integration.request.header.Accept",
        "value": "'application/xml'",
    }
    api.client.update_integration(**at, patchOperations=[accept])
    bare = {"op": "remove", "path": "/responseTemplates/application~1json"}
    api.client.update_integration_response(**at, statusCode="200", patchOperations=[bare])
    api.deploy("testing")
    text = api.call("/sqs", stage="testing", method="POST", body="<xml>Hello World</xml>").text
    for name in ("MessageId", "MD5OfMessageBody", "RequestId"):
        assert re.search(f"<{name}>.*</{name}>", text)


@pytest.mark.parametrize("spelling", ["MessageAttribute", "MessageAttributes"])
def test_sqs_aws_integration_with_message_attribute(
    gateways: Gateways, queue: tuple[str, str], spelling: str
) -> None:
    expected = recorded(SQS, f"test_sqs_aws_integration_with_message_attribute[{spelling}]")
    template = (
        "Action=SendMessage&MessageBody=$input.body"
        f"&{spelling}.1.Name=user-agent&{spelling}.1.Value.DataType=String"
        f"&{spelling}.1.Value.StringValue=$input.params('foo')"
    )
    api = gateways.api()
    queueing(
        api,
        queue[0],
        {"application/json": template},
        '{"message": "great success!"}',
        accepts={"method.request.header.foo": False},
    )
    reply = api.call(
        "/sqs", stage="testing", method="POST", body='{"foo": "bar"}', headers={"foo": "BAR-Header"}
    )
    assert reply.status == 200
    (message,) = received(gateways, queue[1], MessageAttributeNames=["All"])
    Matcher().matches(expected["sqs-message-body"], json.loads(message["Body"]))
    Matcher().matches(expected["sqs-message-attributes"], message["MessageAttributes"])


def test_sqs_amz_json_protocol(gateways: Gateways, queue: tuple[str, str]) -> None:
    expected = recorded(SQS, "test_sqs_amz_json_protocol")

    def each(what: str) -> str:
        return (
            f'#foreach($key in {what}.keySet())"$key": "$util.escapeJavaScript({what}.get($key))"'
            "#if($foreach.hasNext),#end#end"
        )

    message = (
        "{"
        + ", ".join(
            f'"{name}": {{{each(what)}}}'
            for name, what in (
                ("context", "$context"),
                ("identity", "$context.identity"),
                ("requestOverride", "$context.requestOverride"),
                ("responseOverride", "$context.responseOverride"),
                ("authorizer_keys", "$context.authorizer"),
            )
        )
        + "}"
    )
    template = (
        "#define($text)" + message + "#end"
        '{"QueueUrl": "' + queue[1] + '", "MessageBody": "$util.escapeJavaScript($text)"}'
    )
    api = gateways.api()
    queueing(
        api,
        queue[0],
        {"application/json": template},
        '{"message": "great success!"}',
        parameters={
            "integration.request.header.Content-Type": "'application/x-amz-json-1.0'",
            "integration.request.header.X-Amz-Target": "'AmazonSQS.SendMessage'",
        },
    )
    reply = api.call(
        "/sqs", stage="testing", method="POST", body="{}", headers={"User-Agent": "python/requests/tests"}
    )
    assert reply.status == 200, reply.text
    (message_got,) = received(gateways, queue[1])
    body = json.loads(message_got["Body"])
    body["context"]["requestTimeEpoch"] = "request-time-epoch"
    message_got["Body"] = body
    Matcher().matches(expected["sqs-messages"], [message_got])


@pytest.mark.parametrize("action", ["PutItem", "Query", "Scan"])
def test_rest_api_to_dynamodb_integration(gateways: Gateways, action: str) -> None:
    expected = recorded(DYNAMODB, f"test_rest_api_to_dynamodb_integration[{action}]")
    dynamodb = gateways.server.client("dynamodb")
    table = f"table-{action}"
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for name in ("test", "test2", "test 3"):
        dynamodb.put_item(TableName=table, Item={"id": {"S": name}})
    templates = {
        "PutItem": f'{{"TableName": "{table}", "Item": {{"id": {{"S": "$input.params(\'id\')"}}}}}}',
        "Query": (
            f'{{"TableName": "{table}", "KeyConditionExpression": "id = :id", '
            '"ExpressionAttributeValues": {":id": {"S": "$input.params(\'id\')"}}}'
        ),
        "Scan": f'{{"TableName": "{table}"}}',
    }
    api = gateways.api(endpointConfiguration={"types": ["REGIONAL"]})
    at = api.method("/table", "POST")
    api.integrate(
        at,
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "credentials": ROLE,
            "uri": f"arn:aws:apigateway:us-east-1:dynamodb:action/{action}",
            "requestTemplates": {"application/json": templates[action]},
        },
        {"200": {}},
    )
    api.deploy()

    def answer(query: str = "") -> dict[str, Any]:
        reply = api.call(f"/table{query}", method="POST", body="{}")
        content = reply.json
        if "Items" in content:
            content["Items"].sort(key=lambda item: item["id"]["S"].replace("test 3", "test1"))
        headers = headers_of(reply) | {"x-amz-apigw-id": "x-amz-apigw-id"}
        return {"content": content, "headers": headers, "status_code": reply.status}

    found = Matcher()
    match action:
        case "PutItem":
            found.matches(expected["result-put-item"], answer("?id=test-new"))
            scanned = dynamodb.scan(TableName=table)
            assert scanned["Count"] == expected["result-scan"]["Count"]
        case "Query":
            for name in ("test", "test2", "test 3"):
                found.matches(expected[f"result-{name}"], answer(f"?id={name.replace(' ', '%20')}"))
            found.matches(expected["result-invalid"], answer("?id=test-invalid"))
        case _:
            found.matches(expected["result-scan"], answer())


# --- objects ----------------------------------------------------------------------------------------------------------------


RAW = gzip.compress(b"compressed data, should be invalid UTF-8 string", mtime=1676569620)
ENCODED = base64.b64encode(RAW)
TEXT = b"this is a UTF8 text typed object"


def xml_error(body: bytes) -> dict[str, Any]:
    root = ElementTree.fromstring(body)
    return {"Error": {child.tag: child.text for child in root}}


class Objects:
    """A bucket behind `/{object_path+}`."""

    def __init__(self, gateways: Gateways, bucket: str, **members: Any) -> None:
        self.s3 = gateways.server.client("s3")
        self.bucket = bucket
        self.s3.create_bucket(Bucket=bucket)
        self.api = gateways.api()
        self.at = self.api.method(
            "/{object_path+}",
            "ANY",
            requestParameters={
                "method.request.path.object_path": True,
                "method.request.header.Content-Type": False,
                "method.request.header.response-content-type": False,
            },
        )
        response = {
            "responseParameters": {"method.response.header.ETag": "integration.response.header.ETag"},
            **members.pop("response", {}),
        }
        self.api.integrate(
            self.at,
            {
                "type": "AWS",
                "integrationHttpMethod": "ANY",
                "credentials": ROLE,
                "uri": f"arn:aws:apigateway:us-east-1:s3:path/{bucket}/{{object_path}}",
                "requestParameters": {
                    "integration.request.path.object_path": "method.request.path.object_path",
                    "integration.request.header.Content-Type": "method.request.header.Content-Type",
                    "integration.request.querystring.response-content-type": (
                        "method.request.header.response-content-type"
                    ),
                },
                **members,
            },
            {"200": response},
        )
        self.api.deploy("test")

    def binary(self, stage: str) -> None:
        """Another deployment, with image/png as a binary media type."""
        operations = [{"op": "add", "path": "/binaryMediaTypes/image~1png"}]
        self.api.client.update_rest_api(restApiId=self.api.id, patchOperations=operations)
        self.api.deploy(stage)

    def put(self, key: str, body: bytes, content_type: str, stage: str = "test") -> Reply:
        reply = self.api.call(
            f"/{key}", stage=stage, method="PUT", body=body, headers={"Content-Type": content_type}
        )
        assert (reply.status, reply.body) == (200, b""), reply
        return reply

    def stored(self, key: str) -> bytes:
        content: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return content


def test_apigateway_s3_any(gateways: Gateways) -> None:
    expected = recorded(S3, "test_apigateway_s3_any")
    objects = Objects(gateways, "any-bucket")
    found = Matcher()

    def get() -> bytes:
        reply = objects.api.call("/test.json")
        assert reply.status == 200
        return reply.body

    found.matches(expected["get-object-empty"], xml_error(get()))
    for number in (1, 2):
        objects.put("test.json", json.dumps({"put_id": number}).encode(), "application/json")
        found.matches(expected[f"get-object-{number}"], json.loads(get()))
    objects.api.call("/test.json", method="DELETE")
    found.matches(expected["get-object-deleted"], xml_error(get()))


def test_apigateway_s3_method_mapping(gateways: Gateways) -> None:
    expected = recorded(S3, "test_apigateway_s3_method_mapping")
    gateways.server.client("s3").create_bucket(Bucket="mapping-bucket")
    api = gateways.api()
    common = {
        "type": "AWS",
        "credentials": ROLE,
        "uri": "arn:aws:apigateway:us-east-1:s3:path/mapping-bucket/test.json",
    }
    put = {
        "requestParameters": {"integration.request.header.Content-Type": "'application/json'"},
        "requestTemplates": {"application/json": '{"message": "great success!"}'},
    }
    for name, more in (("get", {}), ("put", put), ("delete", {})):
        api.integrate(
            api.method(f"/{name}"), {**common, "integrationHttpMethod": name.upper(), **more}, {"200": {}}
        )
    api.deploy()
    assert api.call("/put").status == 200
    Matcher().matches(expected["get-object"], api.call("/get").json)
    assert api.call("/delete").status == 200
    Matcher().matches(expected["get-deleted-object"], xml_error(api.call("/get").body))


def body_of(recorded_object: dict[str, Any]) -> bytes:
    """A recorded body, which is a text or the literal of some bytes."""
    text = recorded_object["Body"]
    return ast.literal_eval(text) if text.startswith("b'") else text.encode()


@pytest.mark.parametrize("handling", [None, "CONVERT_TO_TEXT", "CONVERT_TO_BINARY"])
def test_apigw_s3_binary_support_request(gateways: Gateways, handling: str | None) -> None:
    name = (
        "test_apigw_s3_binary_support_request_convert_to_binary"
        if handling == "CONVERT_TO_BINARY"
        else f"test_apigw_s3_binary_support_request[{handling}]"
    )
    expected = recorded(S3, f"TestApiGatewayS3BinarySupport::{name}")
    members = {"contentHandling": handling} if handling else {}
    objects = Objects(gateways, f"request-{(handling or 'none').lower().replace('_', '-')}", **members)
    objects.binary("binary")
    bodies = {"binary-raw": RAW, "binary-encoded": ENCODED, "text": TEXT}
    compared = 0
    for which, content_type, stage in (
        ("no-binary-media", "image/png", "test"),
        ("binary-type", "image/png", "binary"),
        ("binary-media", "image/png", "binary"),
        ("text-type", "text/plain", "binary"),
    ):
        for key, body in bodies.items():
            wanted = expected.get(f"get-obj-{which}-{key}")
            if wanted is None:
                continue
            objects.put(key, body, content_type, stage)
            assert objects.stored(key) == body_of(wanted), (which, key)
            compared += 1
    assert compared == (5 if handling == "CONVERT_TO_BINARY" else 9)


@pytest.mark.parametrize("handling", [None, "CONVERT_TO_TEXT", "CONVERT_TO_BINARY"])
def test_apigw_s3_binary_support_response(gateways: Gateways, handling: str | None) -> None:
    name = f"test_apigw_s3_binary_support_response_{(handling or 'no_content_handling').lower()}"
    expected = recorded(S3, f"TestApiGatewayS3BinarySupport::{name}")
    members = {"response": {"contentHandling": handling}} if handling else {}
    objects = Objects(gateways, f"response-{(handling or 'none').lower().replace('_', '-')}", **members)
    objects.binary("binary")
    for key, body in {"raw": RAW, "encoded": ENCODED, "text": TEXT}.items():
        objects.s3.put_object(Bucket=objects.bucket, Key=key, Body=body)
    kinds = {"binary": "image/png", "text": "text/plain"}
    compared = 0
    for match_key, wanted in expected.items():
        if "content" not in wanted:
            continue
        key, _, rest = match_key.partition("-")
        if rest == "no-media":
            stage, headers = "test", {"response-content-type": "image/png"}
        else:
            _, payload, _, accept = rest.split("-")
            stage = "binary"
            headers = {"response-content-type": kinds[payload], "Accept": kinds[accept]}
        reply = objects.api.call(f"/{key}", stage=stage, headers=headers)
        assert reply.status == 200, match_key
        assert reply.body == ast.literal_eval(wanted["content"]), match_key
        assert reply.header("ETag") == wanted["etag"]
        compared += 1
    assert compared >= 9


def test_apigw_s3_binary_support_response_with_template(gateways: Gateways) -> None:
    name = "test_apigw_s3_binary_support_response_convert_to_binary_with_request_template"
    expected = recorded(S3, f"TestApiGatewayS3BinarySupport::{name}")
    template = {"application/json": '{"data": "$input.body"}'}
    response = {"contentHandling": "CONVERT_TO_TEXT", "responseTemplates": template}
    objects = Objects(gateways, "response-template", response=response)
    objects.binary("binary")
    objects.s3.put_object(Bucket=objects.bucket, Key="encoded", Body=ENCODED)
    headers = {"response-content-type": "text/plain", "Accept": "image/png"}
    reply = objects.api.call("/encoded", stage="binary", headers=headers)
    wanted = expected["encoded-text-payload-binary-accept"]
    assert reply.body == ast.literal_eval(wanted["content"])
    objects.api.client.update_integration_response(
        **objects.at,
        statusCode="200",
        patchOperations=[{"op": "replace", "path": "/contentHandling", "value": "CONVERT_TO_BINARY"}],
    )
    objects.api.deploy("binary")
    assert objects.api.call("/encoded", stage="binary", headers=headers).status == 500
