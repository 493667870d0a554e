"""Whatever a client sends is answered by the API or by a gateway response, never by a bug."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fogbank.core.http import Headers, Request, Response
from tests.support.backends import Backend
from tests.support.rest_apis import ROLE, Api, Gateways

SCHEMA = '{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}'
EVERYTHING = (
    "#foreach($k in $input.params().keySet())#foreach($e in $input.params().get($k).entrySet())"
    "$e.key=$util.escapeJavaScript($e.value);#end#end $input.json('$') $input.path('$.a.b') $input.body "
    "$util.urlEncode($input.params('x')) $context.identity.userAgent $util.base64Encode($input.body)"
)
TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=12)
PATHS = st.lists(
    st.sampled_from(["a", "", "%", "%2f", "%zz", "..", "é", "x" * 300, "{id}", "%00", "+"]), max_size=5
)


@pytest.fixture(scope="module")
def api(gateways: Gateways) -> Iterator[Api]:
    with Backend() as backend:
        api = gateways.api(binaryMediaTypes=["image/*"], minimumCompressionSize=50)
        client = api.client
        client.create_model(restApiId=api.id, name="M", contentType="application/json", schema=SCHEMA)
        validator = client.create_request_validator(
            restApiId=api.id, name="v", validateRequestBody=True, validateRequestParameters=True
        )["id"]
        api.mock("/mock/{id+}", EVERYTHING, "ANY")
        api.mock(
            "/valid/{id+}", "ok", "ANY", requestValidatorId=validator, requestModels={"application/json": "M"}
        )
        path = {"method.request.path.id": True}
        at = api.method("/proxy/{id+}", "ANY", requestParameters=path)
        mapped = {"integration.request.path.id": "method.request.path.id"}
        http = {
            "integrationHttpMethod": "ANY",
            "uri": f"{backend.url}/echo/{{id}}",
            "requestParameters": mapped,
        }
        api.integrate(at, {"type": "HTTP_PROXY", **http})
        at = api.method("/http/{id+}", "ANY", requestParameters=path)
        templates = {"application/json": EVERYTHING}
        api.integrate(at, {"type": "HTTP", "requestTemplates": templates, **http}, {"200": {}})
        at = api.method("/aws/{id+}", "ANY", requestParameters=path)
        api.integrate(
            at,
            {
                "type": "AWS",
                "integrationHttpMethod": "POST",
                "credentials": ROLE,
                "uri": "arn:aws:apigateway:us-east-1:sqs:path/{id}",
                "requestParameters": mapped,
            },
            {"200": {}},
        )
        api.deploy()
        yield api


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD", "DELETE", "PROPFIND"]),
    st.sampled_from(["mock", "valid", "proxy", "http", "aws", "nowhere", ""]),
    PATHS,
    st.text("ab=&%+;[]é ", max_size=12),
    st.lists(
        st.tuples(
            st.sampled_from(
                ["content-type", "accept", "x-a", "content-encoding", "accept-encoding", "x-amzn-trace-id"]
            ),
            TEXT
            | st.sampled_from(["application/json", "image/png", "gzip", "text/plain; charset=x", "*/*", ","]),
        ),
        max_size=4,
    ),
    st.binary(max_size=30)
    | st.sampled_from([b'{"a": 1}', b'{"a": {"b": "' + b"x" * 100 + b'"}}', b"[" * 500]),
)
def test_any_request(
    gateways: Gateways,
    api: Api,
    method: str,
    kind: str,
    parts: list[str],
    query: str,
    headers: list[tuple[str, str]],
    body: bytes,
) -> None:
    path = "/test/" + "/".join([kind, *parts]).replace("é", "%C3%A9")
    query = query.replace(" ", "%20")
    items = [("host", api.host), *((name, value.strip()) for name, value in headers)]
    request = Request(method, f"{path}?{query}", path, query, Headers(items), body, "127.0.0.1")
    response: Response = gateways.server.run(gateways.server.app.server.handler(request))
    assert 200 <= response.status <= 599
    content = response.body
    assert isinstance(content, bytes)
    assert b"unknown error, exception or failure" not in content
    names = {name.lower() for name, _ in response.headers}
    assert "x-amzn-requestid" in names
    if (
        response.status >= 500
    ):  # only an integration may fail: what passes unmapped may be nothing that it can read
        assert kind not in ("nowhere", ""), (response, path)
