"""What was deployed serves again after a restart, from the first request on."""

from __future__ import annotations

from pathlib import Path

from fogbank.app.house import CUSTOM_DOMAINS
from fogbank.core.config import Settings
from fogbank.services.apigateway import keys
from fogbank.testing.server import Fogbank
from tests.support.rest_apis import Gateways


def test_the_names_lie_where_the_house_looks() -> None:
    assert keys.domain("x")[:-1] == CUSTOM_DOMAINS


def test_a_restart(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with Fogbank(settings) as server:
        gateways = Gateways(server)
        api = gateways.api()
        api.mock("/a", "$stageVariables.v", apiKeyRequired=True)
        api.deploy(variables={"v": "kept"})
        client = api.client
        plan = client.create_usage_plan(
            name="p", quota={"limit": 3, "period": "DAY"}, apiStages=[{"apiId": api.id, "stage": "test"}]
        )
        key = client.create_api_key(name="k", enabled=True)
        client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
        client.create_domain_name(
            domainName="api.shop.example",
            regionalCertificateArn="arn:aws:acm:us-east-1:000000000000:certificate/1",
            endpointConfiguration={"types": ["REGIONAL"]},
        )
        client.create_base_path_mapping(domainName="api.shop.example", restApiId=api.id, stage="test")
        headers = {"x-api-key": key["value"]}
        assert [api.call("/a", headers=headers).text for _ in range(2)] == ["kept", "kept"]
    with Fogbank(settings) as server:
        again = Gateways(server)
        reply = again.call("/a", host="api.shop.example", headers=headers)
        assert (reply.status, reply.text) == (200, "kept")
        assert (
            again.call("/test/a", host=api.host, headers=headers).status == 429
        )  # the quota was not forgotten
