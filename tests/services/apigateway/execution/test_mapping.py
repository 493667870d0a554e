"""Mapping: passthrough behaviours, templates by media type, header mappings, overrides, selection, gateway responses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.backends import Backend
from tests.support.rest_apis import MOCK, Api, Gateways


@pytest.fixture(scope="module")
def backend() -> Any:
    with Backend() as running:
        yield running


def echoing(api: Api, backend: Backend, path: str, **integration: Any) -> None:
    """A method whose HTTP backend tells what it got."""
    at = api.method(path, "ANY")
    wanted = {"type": "HTTP", "integrationHttpMethod": "POST", "uri": f"{backend.url}/tell"} | integration
    api.integrate(at, wanted, {"200": {}})


def test_passthrough_behaviours(gateways: Gateways, backend: Backend) -> None:
    api = gateways.api()
    templates = {"application/json": "mapped", "text/plain": "plain"}
    for behaviour in ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"):
        echoing(api, backend, f"/with/{behaviour}", passthroughBehavior=behaviour, requestTemplates=templates)
        echoing(api, backend, f"/without/{behaviour}", passthroughBehavior=behaviour)
    api.deploy()

    def ask(path: str, content_type: str | None) -> str | int:
        headers = {"Content-Type": content_type} if content_type else {}
        reply = api.call(path, method="POST", body="sent", headers=headers)
        return str(reply.json["data"]) if reply.status == 200 else reply.status

    for behaviour in ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"):
        assert ask(f"/with/{behaviour}", None) == "mapped"
        assert ask(f"/with/{behaviour}", "application/json; charset=utf-8") == "mapped"
        assert ask(f"/with/{behaviour}", "text/plain") == "plain"
    assert ask("/with/WHEN_NO_MATCH", "image/png") == "sent"
    assert ask("/with/WHEN_NO_TEMPLATES", "image/png") == 415
    assert ask("/with/NEVER", "image/png") == 415
    assert ask("/without/WHEN_NO_MATCH", "image/png") == "sent"
    assert ask("/without/WHEN_NO_TEMPLATES", "image/png") == "sent"
    assert ask("/without/NEVER", "application/json") == 415
    refused = api.call("/with/NEVER", method="POST", body="x", headers={"Content-Type": "a/b"})
    assert refused.json == {"message": "Unsupported Media Type"}


def test_request_parameters_and_overrides(gateways: Gateways, backend: Backend) -> None:
    api = gateways.api()
    sources = {
        "header.X-Static": "'fixed'",
        "header.X-Header": "method.request.header.x-in",
        "header.X-Query": "method.request.querystring.q",
        "header.X-Path": "method.request.path.id",
        "header.X-Body": "method.request.body.a.b",
        "header.X-Whole": "method.request.body",
        "header.X-Context": "context.resourcePath",
        "header.X-Stage": "stageVariables.name",
        "header.X-Missing": "method.request.header.absent",
        "header.X-Multi": "method.request.multivalueheader.x-many",
        "querystring.many": "method.request.multivaluequerystring.q",
        "path.place": "method.request.path.id",
    }
    declared = {
        source: False
        for source in sources.values()
        if source.startswith("method.") and ".body" not in source and "multivalue" not in source
    }
    at = api.method("/{id}", "POST", requestParameters=declared | {"method.request.header.x-many": False})
    api.integrate(
        at,
        {
            "type": "HTTP",
            "integrationHttpMethod": "PUT",
            "uri": f"{backend.url}/tell/{{place}}/${{stageVariables.name}}",
            "requestParameters": {f"integration.request.{name}": source for name, source in sources.items()},
            "requestTemplates": {
                "application/json": (
                    '#set($context.requestOverride.header.X-Over = "set")'
                    '#set($context.requestOverride.header.X-Static = "over")'
                    '#set($context.requestOverride.querystring.extra = "$stageVariables.name")'
                    "$input.json('$')"
                )
            },
        },
        {"200": {}},
    )
    api.deploy(variables={"name": "v1"})
    told = api.call(
        "/7?q=1&q=2",
        method="POST",
        body='{"a": {"b": "deep"}}',
        headers=[("x-in", "in"), ("x-many", "1"), ("x-many", "2"), ("Content-Type", "application/json")],
    ).json
    headers = told["headers"]
    assert told["method"] == "PUT"
    assert told["path"] == "/tell/7/v1"
    assert told["args"] == {"many": "1,2", "extra": "v1"}
    assert told["data"] == '{"a":{"b":"deep"}}'
    assert {name: headers.get(name) for name in (
        "x-static", "x-header", "x-query", "x-path", "x-body", "x-whole", "x-context", "x-stage", "x-missing", "x-multi",
        "x-over",
    )} == {
        "x-static": "over", "x-header": "in", "x-query": "2", "x-path": "7", "x-body": "deep",
        "x-whole": '{"a": {"b": "deep"}}', "x-context": "/{id}", "x-stage": "v1", "x-missing": None, "x-multi": "1,2",
        "x-over": "set",
    }  # fmt: skip


def test_integration_responses(gateways: Gateways, backend: Backend) -> None:
    api = gateways.api()
    at = api.method("/{code}", "GET", requestParameters={"method.request.querystring.to": True})
    backend.answers["teapot"] = (418, {"X-Kind": "pot", "Content-Type": "text/plain"}, b'{"a": {"n": [1]}}')
    api.integrate(
        at,
        {
            "type": "HTTP",
            "integrationHttpMethod": "GET",
            "uri": f"{backend.url}/{{where}}",
            "requestParameters": {"integration.request.path.where": "method.request.querystring.to"},
        },
        {
            "200": {},
            "404": {"selectionPattern": "404", "responseTemplates": {"application/json": '{"gone": true}'}},
            "502": {"selectionPattern": "5\\d{2}"},
            "400": {
                "selectionPattern": "4[0-3]\\d",
                "responseParameters": {
                    "method.response.header.X-Kind": "integration.response.header.x-kind",
                    "method.response.header.X-N": "integration.response.body.a.n",
                    "method.response.header.X-Fixed": "'f'",
                    "method.response.header.X-Stage": "context.stage",
                    "method.response.header.Content-Type": "'text/csv'",
                },
                "responseTemplates": {
                    "application/json": (
                        "#set($context.responseOverride.header.X-Over = 'o')"
                        "#set($context.responseOverride.header.X-Fixed = 'g')"
                        "n=$input.path('$.a.n[0]')"
                    ),
                    "application/xml": "<n>$input.path('$.a.n[0]')</n>",
                },
            },
        },
    )
    api.deploy()
    assert api.call("/a?to=status/200").status == 200
    assert api.call("/a?to=status/503").status == 502
    gone = api.call("/a?to=status/404")
    assert (gone.status, gone.json) == (404, {"gone": True})
    pot = api.call("/a?to=raw/teapot")
    assert (pot.status, pot.text) == (400, "n=1")
    wanted = {
        "X-Kind": "pot",
        "X-N": "[1]",
        "X-Fixed": "g",
        "X-Stage": "test",
        "X-Over": "o",
        "Content-Type": "text/csv",
    }
    assert {name: pot.header(name) for name in wanted} == wanted
    xml = api.call("/a?to=raw/teapot", headers={"Accept": "text/html, application/xml;q=0.9"})
    assert xml.text == "<n>1</n>"


def test_what_cannot_be_mapped_is_the_apis_own_fault(gateways: Gateways) -> None:
    api = gateways.api()
    api.mock("/broken", "#if($x")
    api.integrate(api.method("/none"), {"type": "MOCK", "requestTemplates": MOCK})
    api.integrate(
        api.method("/status"),
        {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": "x"}'}},
        {"200": {}},
    )
    api.mock("/override", "#set($context.responseOverride.status = 'x')a")
    at = api.method("/undeclared")
    api.integrate(at, {"type": "MOCK", "requestTemplates": MOCK}, {"200": {}})
    api.client.delete_method_response(**at, statusCode="200")
    api.deploy()
    for path in ("/broken", "/none", "/status", "/override", "/undeclared"):
        reply = api.call(path)
        assert (reply.status, reply.json) == (500, {"message": "Internal server error"}), path
        assert reply.header("x-amzn-ErrorType") == "InternalServerErrorException"


def test_mocks_select_by_their_status(gateways: Gateways) -> None:
    api = gateways.api()
    at = api.method("/a")
    template = {"application/json": '{"statusCode": $input.params("code")}'}
    responses = {
        "200": {"responseTemplates": {"application/json": "fine"}},
        "500": {"selectionPattern": "5\\d{2}", "responseTemplates": {"application/json": "bad $input.body"}},
    }
    api.integrate(at, {"type": "MOCK", "requestTemplates": template}, responses)
    api.deploy()
    assert (api.call("/a?code=204").status, api.call("/a?code=204").text) == (200, "fine")
    assert (api.call("/a?code=503").status, api.call("/a?code=503").text) == (500, "bad {}")


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ("{statusCode: 201}", 201),
        ("{'statusCode': 201, 'x': 1}", 201),
        ('{"x": "y", statusCode: "201"}', 201),
        ('{"statusCode": "201"}', 201),
        ("{statusCode: x}", 500),
        ("", 500),
        ("[]", 500),
        ("{}", 500),
    ],
)
def test_mocks_are_read_leniently(gateways: Gateways, template: str, status: int) -> None:
    api = gateways.api()
    templates = {"application/json": template}
    integration = {"type": "MOCK", "requestTemplates": templates}
    api.integrate(api.method("/a"), integration, {"200": {}, "201": {"selectionPattern": "201"}})
    api.deploy()
    assert api.call("/a").status == status


def test_gateway_responses(gateways: Gateways) -> None:
    api = gateways.api()
    api.mock("/secured", apiKeyRequired=True)
    api.mock("/open")
    put = api.client.put_gateway_response
    put(
        restApiId=api.id,
        responseType="INVALID_API_KEY",
        statusCode="402",
        responseParameters={
            "gatewayresponse.header.X-Static": "'s'",
            "gatewayresponse.header.X-From": "method.request.header.x-from",
            "gatewayresponse.header.X-Stage": "context.stage",
        },
        responseTemplates={
            "application/json": '{"type": "$context.error.responseType", "message": $context.error.messageString, '
            '"path": "$context.path", "who": "$method.request.querystring.who", "v": "${stageVariables.v}", "no": "$context.no"}',
            "application/xml": "<error>$context.error.message</error>",
        },
    )
    put(
        restApiId=api.id,
        responseType="DEFAULT_4XX",
        responseParameters={"gatewayresponse.header.X-All": "'4'"},
    )
    api.deploy(variables={"v": "1"})
    reply = api.call("/secured?who=me", headers={"X-From": "there"})
    assert reply.status == 402
    assert reply.json == {
        "type": "INVALID_API_KEY", "message": "Forbidden", "path": "/test/secured", "who": "me", "v": "1", "no": ""
    }  # fmt: skip
    assert [reply.header(f"X-{name}") for name in ("Static", "From", "Stage", "All")] == [
        "s",
        "there",
        "test",
        None,
    ]
    assert reply.header("x-amzn-ErrorType") == "ForbiddenException"
    xml = api.call("/secured", headers={"Accept": "application/xml"})
    assert (xml.header("Content-Type"), xml.text) == ("application/xml", "<error>Forbidden</error>")
    missing = api.call("/absent")
    assert (missing.status, missing.json) == (403, {"message": "Missing Authentication Token"})
    assert missing.header("X-All") == "4"
    assert api.call("/open").header("X-All") is None


def test_compression(gateways: Gateways) -> None:
    import gzip

    api = gateways.api(minimumCompressionSize=20)
    api.mock("/long", "x" * 30 + "$input.path('$.a')", "POST")
    api.mock("/short", "x", "POST")
    api.deploy()
    accepts = {"Accept-Encoding": "gzip"}
    packed = api.call("/long", method="POST", headers=accepts)
    assert packed.header("Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body) == b"x" * 30
    assert api.call("/long", method="POST").text == "x" * 30
    assert api.call("/short", method="POST", headers=accepts).text == "x"
    sent = gzip.compress(b'{"a": 5}')
    at = api.method("/validated", "POST")
    validator = api.client.create_request_validator(restApiId=api.id, name="v", validateRequestBody=True)[
        "id"
    ]
    assert at
    assert validator
    reply = api.call("/long", method="POST", body=sent, headers={"Content-Encoding": "gzip"})
    assert reply.status == 200
    broken = api.call("/long", method="POST", body=b"not gzip", headers={"Content-Encoding": "gzip"})
    assert broken.status == 400


def test_too_large_a_request(gateways: Gateways) -> None:
    api = gateways.api()
    api.mock("/a", "ok", "POST")
    api.deploy()
    limit = 10 * 1024 * 1024
    assert api.call("/a", method="POST", body=b"x" * limit).status == 200
    refused = api.call("/a", method="POST", body=b"x" * (limit + 1))
    assert (refused.status, refused.header("x-amzn-ErrorType")) == (413, "RequestTooLargeException")
    assert refused.json == {"message": "HTTP content length exceeded 10485760 bytes."}
