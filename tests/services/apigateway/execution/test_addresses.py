"""Where an API answers, which method answers, and what is said where none does."""

from __future__ import annotations

import pytest

from tests.support.rest_apis import Api, Gateways


@pytest.fixture(scope="module")
def api(gateways: Gateways) -> Api:
    api = gateways.api()
    for path, method in (
        ("/", "GET"),
        ("/pets", "POST"),
        ("/pets/{id}", "GET"),
        ("/pets/mine", "GET"),
        ("/pets/mine", "ANY"),
        ("/{proxy+}", "OPTIONS"),
        ("/files/{path+}", "ANY"),
    ):
        api.mock(path, f"{method} {path} $input.params('id')|$input.params('path')|$context.path", method)
    api.deploy()
    return api


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/", "GET / ||/test/"),
        ("POST", "/pets", "POST /pets ||/test/pets"),
        ("GET", "/pets/7", "GET /pets/{id} 7||/test/pets/7"),
        ("GET", "/pets/7/", "GET /pets/{id} 7||/test/pets/7/"),
        ("GET", "/pets/mine", "GET /pets/mine ||/test/pets/mine"),
        ("DELETE", "/pets/mine", "ANY /pets/mine ||/test/pets/mine"),
        ("OPTIONS", "/pets", "OPTIONS /{proxy+} ||/test/pets"),
        ("GET", "/files/a//b%20c/", "ANY /files/{path+} |a//b c|/test/files/a//b%20c/"),
        ("GET", "//files/a", "ANY /files/{path+} |a|/test//files/a"),
    ],
)
def test_routes(api: Api, method: str, path: str, answer: str) -> None:
    reply = api.call(path, method=method)
    assert (reply.status, reply.text) == (200, answer)


@pytest.mark.parametrize(("method", "path"), [("GET", "/pets"), ("GET", "/nowhere/else"), ("PUT", "/pets/7")])
def test_what_is_not_there(api: Api, method: str, path: str) -> None:
    reply = api.call(path, method=method)
    assert reply.status == 403
    assert reply.json == {"message": "Missing Authentication Token"}
    assert reply.header("x-amzn-ErrorType") == "MissingAuthenticationTokenException"


def test_every_address_leads_to_the_stage(api: Api, gateways: Gateways) -> None:
    for host, path in (
        (f"{api.id}.execute-api.us-east-1.amazonaws.com", "/test/pets/1"),
        (f"{api.id}.execute-api.localhost.localstack.cloud:4566", "/test/pets/1"),
        (f"{api.id}.execute-api.localhost", "//test/pets/1"),
        ("localhost:4566", f"/_aws/execute-api/{api.id}/test/pets/1"),
        ("localhost:4566", f"/restapis/{api.id}/test/_user_request_/pets/1"),
    ):
        assert gateways.call(path, host=host).text.startswith("GET /pets/{id} 1|"), (host, path)
    root = gateways.call(f"/restapis/{api.id}/test/_user_request_", host="localhost")
    assert root.text.startswith("GET / ")


def test_an_api_is_open_to_pages_of_any_site(api: Api, gateways: Gateways) -> None:
    """The rules that keep strange pages from driving fogbank itself do not hold for a user's API: it has its own."""
    headers = {"Origin": "https://shop.example"}
    path = f"/_aws/execute-api/{api.id}/test/pets/1"
    for reply in (api.call("/pets/1", headers=headers), gateways.call(path, headers=headers)):
        assert reply.status == 200
        assert reply.header("access-control-allow-origin") is None


@pytest.mark.parametrize("path", ["/test/", "/nostage/pets/1", "/", ""])
def test_neither_api_nor_stage(api: Api, gateways: Gateways, path: str) -> None:
    host = "aaaaaaaaaa.execute-api.us-east-1.amazonaws.com" if path == "/test/" else api.host
    reply = gateways.call(path or "/", host=host)
    assert (reply.status, reply.json) == (403, {"message": "Forbidden"})
    assert reply.header("x-amzn-ErrorType") == "ForbiddenException"


def test_a_deleted_stage_is_gone_and_a_new_deployment_is_seen(gateways: Gateways) -> None:
    api = gateways.api()
    api.mock("/a", "one")
    api.deploy()
    assert api.call("/a").text == "one"
    api.mock("/b", "two")
    assert api.call("/b").status == 403
    api.deploy()
    assert api.call("/b").text == "two"
    api.client.delete_stage(restApiId=api.id, stageName="test")
    assert api.call("/b").json == {"message": "Forbidden"}


def test_a_disabled_endpoint(gateways: Gateways) -> None:
    api = gateways.api(disableExecuteApiEndpoint=True)
    api.mock("/a")
    api.deploy()
    assert api.call("/a").json == {"message": "Forbidden"}


def test_a_private_api_answers_its_endpoints_alone(gateways: Gateways) -> None:
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",'
        ' "Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpce": ["vpce-0a", "vpce-0b"]}}}]}'
    )
    api = gateways.api(
        endpointConfiguration={"types": ["PRIVATE"], "vpcEndpointIds": ["vpce-0a", "vpce-0c"]}, policy=policy
    )
    api.mock("/a", "$context.identity.vpceId")
    api.deploy()
    suffix = "execute-api.us-east-1.amazonaws.com"
    assert api.call("/a").json == {"message": "Forbidden"}
    assert gateways.call("/test/a", host=f"{api.id}-vpce-0a.{suffix}").text == "vpce-0a"
    assert gateways.call("/test/a", host=f"{api.id}-vpce-0d.{suffix}").json == {"message": "Forbidden"}
    own_name = "vpce-0a-xyz.execute-api.us-east-1.vpce.amazonaws.com"
    assert gateways.call("/test/a", host=own_name, headers={"x-apigw-api-id": api.id}).text == "vpce-0a"
    refused = gateways.call("/test/a", host=f"{api.id}-vpce-0c.{suffix}")
    assert refused.status == 403
    assert "User: anonymous is not authorized to perform: execute-api:Invoke" in refused.text


def test_custom_domain_names(gateways: Gateways) -> None:
    api, other = gateways.api(), gateways.api()
    for each, text in ((api, "first"), (other, "second")):
        each.mock("/pets/{id}", f"{text} $context.path $context.customDomain.basePathMatched $context.stage")
        each.deploy("live")
        each.deploy("next")
    name = "api.shop.example"
    assert gateways.call("/v1/pets/1", host=name).status == 403
    gateways.apigateway.create_domain_name(
        domainName=name,
        regionalCertificateArn="arn:aws:acm:us-east-1:000000000000:certificate/1",
        endpointConfiguration={"types": ["REGIONAL"]},
    )
    for base, each, stage in (("v1", api, "live"), ("v2", other, "next"), ("any", api, None)):
        members = {"stage": stage} if stage else {}
        gateways.apigateway.create_base_path_mapping(
            domainName=name, basePath=base, restApiId=each.id, **members
        )
    assert gateways.call("/v1/pets/1", host=name).text == "first /v1/pets/1 /v1 live"
    assert gateways.call("/v2/pets/1", host=f"{name}:4566").text == "second /v2/pets/1 /v2 next"
    assert gateways.call("/any/next/pets/1", host=name).text == "first /any/next/pets/1 /any next"
    assert gateways.call("/v3/pets/1", host=name).json == {"message": "Forbidden"}
    gateways.apigateway.create_base_path_mapping(domainName=name, restApiId=other.id, stage="live")
    assert gateways.call("/pets/1", host=name).text.startswith("second /pets/1 /")
