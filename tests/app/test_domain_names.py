"""Custom domain names that one generation of the API makes and the other maps, as CDK does it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.services.apigatewayv2.conftest import HttpApis
from tests.support.rest_apis import Api, Gateways
from tests.support.waiting import until_blocking

ACM = "arn:aws:acm:us-east-1:000000000000:certificate/1"
REGIONAL = {"types": ["REGIONAL"]}
CODE = "def handler(event, context):\n    return event['rawPath']\n"


class Names:
    def __init__(self, server: Fogbank) -> None:
        self.apis = HttpApis(server)
        self.gateways: Gateways = self.apis.gateways
        self.v1, self.v2 = self.gateways.apigateway, self.apis.client
        self._count = 0

    def rest(self, text: str) -> Api:
        api = self.gateways.api(endpointConfiguration=REGIONAL)
        api.mock("/a", f'{{"api": "{text}", "base": "$context.customDomain.basePathMatched"}}')
        api.deploy()
        return api

    def name(self, **members: Any) -> str:
        """Made by the first generation."""
        self._count += 1
        name = f"n{self._count}.example.com"
        members = members or {"regionalCertificateArn": ACM, "endpointConfiguration": REGIONAL}
        self.v1.create_domain_name(domainName=name, **members)
        return name

    def map(self, name: str, api: str, stage: str, key: str) -> str:
        made = self.v2.create_api_mapping(DomainName=name, ApiId=api, Stage=stage, ApiMappingKey=key)
        return str(made["ApiMappingId"])

    def text(self, name: str, path: str) -> str:
        return self.gateways.call(path, host=name).text


@pytest.fixture(scope="module")
def names() -> Iterator[Names]:
    with Fogbank(Settings()) as server:
        yield Names(server)


def refused(call: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**members)
    return str(caught.value.response["Error"]["Code"])


def test_the_longest_base_path_of_both_generations_leads(names: Names) -> None:
    one, two = names.rest("one"), names.rest("two")
    http = names.apis.api()
    http.route("$default", http.function(CODE))
    http.stage()
    name = names.name()
    names.v1.create_base_path_mapping(domainName=name, restApiId=one.id, stage="test")
    names.v1.create_base_path_mapping(domainName=name, restApiId=one.id, stage="test", basePath="orders")
    names.map(name, two.id, "test", "orders/v2")
    names.map(name, two.id, "test", "x")
    names.map(name, http.id, "$default", "http/deep")
    until_blocking(lambda: names.text(name, "/http/deep/b") == "/b")
    assert names.text(name, "/a") == '{"api": "one", "base": "/"}'
    assert names.text(name, "/orders/a") == '{"api": "one", "base": "/orders"}'
    assert names.text(name, "/orders/v2/a") == '{"api": "two", "base": "/orders/v2"}'
    assert names.text(name, "/orders/v2x/a") == '{"message":"Missing Authentication Token"}'  # of `orders`
    assert names.text(name, "/x/a") == '{"api": "two", "base": "/x"}'
    assert (
        refused(
            names.v2.create_api_mapping, DomainName=name, ApiId=two.id, Stage="test", ApiMappingKey="orders"
        )
        == "ConflictException"
    )


def test_a_name_is_shown_and_deleted_by_both(names: Names) -> None:
    api = names.rest("one")
    name = names.name()
    shown = names.v2.get_domain_name(DomainName=name)
    (configuration,) = shown["DomainNameConfigurations"]
    assert (configuration["EndpointType"], configuration["CertificateArn"]) == ("REGIONAL", ACM)
    mapping = names.map(name, api.id, "test", "")
    until_blocking(lambda: names.text(name, "/a") == '{"api": "one", "base": "/"}')
    assert names.v2.get_api_mapping(DomainName=name, ApiMappingId=mapping)["ApiId"] == api.id
    assert refused(names.v1.delete_rest_api, restApiId=api.id) == "BadRequestException"
    names.v2.update_api_mapping(DomainName=name, ApiMappingId=mapping, ApiId=api.id, ApiMappingKey="k")
    until_blocking(lambda: names.text(name, "/k/a") == '{"api": "one", "base": "/k"}')
    names.v2.delete_domain_name(DomainName=name)
    assert refused(names.v1.get_domain_name, domainName=name) == "NotFoundException"
    until_blocking(lambda: names.gateways.call("/k/a", host=name).status == 403)
    names.v1.delete_rest_api(restApiId=api.id)  # nothing leads there any more
    assert refused(names.v2.create_api_mapping, DomainName=name, ApiId="a", Stage="s") == "NotFoundException"


def test_edge_optimized_names_have_one_level_of_rest_apis(names: Names) -> None:
    api = names.rest("one")
    http = names.apis.api()
    http.stage()
    name = names.name(certificateArn=ACM)
    create = names.v2.create_api_mapping
    at = {"DomainName": name, "ApiId": api.id, "Stage": "test"}
    assert refused(create, **at, ApiMappingKey="a/b") == "BadRequestException"
    assert refused(create, DomainName=name, ApiId=http.id, Stage="$default") == "BadRequestException"
    create(**at, ApiMappingKey="a")
    until_blocking(lambda: names.text(name, "/a/a") == '{"api": "one", "base": "/a"}')


def test_names_of_other_accounts_are_not_there(names: Names) -> None:
    name = names.name()
    other = names.apis.server.client("apigatewayv2", account="111111111111")
    assert refused(other.get_domain_name, DomainName=name) == "NotFoundException"
    assert refused(other.create_api_mapping, DomainName=name, ApiId="a", Stage="s") == "NotFoundException"
