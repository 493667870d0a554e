"""Through boto3: bodies that are bytes, settings in query strings and headers, ARNs in paths."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.services.apigateway.test_imports import PETS
from tests.support.wire import Wire


@pytest.fixture
def client(wire: Wire, account: str) -> Any:
    return wire.client("apigateway", account)


def test_import_deploy_export(client: Any) -> None:
    body = json.dumps(PETS).encode()
    api = client.import_rest_api(
        body=body,
        failOnWarnings=True,
        parameters={"endpointConfigurationTypes": "REGIONAL", "basepath": "prepend"},
    )
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert isinstance(api["createdDate"], datetime) and api["createdDate"].tzinfo is not None
    assert abs((datetime.now(UTC) - api["createdDate"]).total_seconds()) < 3600
    paths = {each["path"] for each in client.get_resources(restApiId=api["id"])["items"]}
    assert "/one/two/pets/{id}" in paths
    put = client.put_rest_api(
        restApiId=api["id"], body=body, mode="overwrite", parameters={"basepath": "ignore"}
    )
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 200
    client.create_deployment(restApiId=api["id"], stageName="dev")
    where = {"restApiId": api["id"], "stageName": "dev"}
    exported = client.get_export(
        **where, exportType="oas30", parameters={"extensions": "integrations"}, accepts="application/json"
    )
    assert exported["contentDisposition"].startswith("attachment")
    document = json.loads(exported["body"].read())
    assert document["paths"].keys() == {"/", "/pets/{id}"}
    text = client.get_export(**where, exportType="swagger", accepts="application/yaml")["body"].read()
    assert text.startswith(b"---\nswagger: '2.0'")


def test_paginators(client: Any) -> None:
    api = client.create_rest_api(name="a")
    for number in range(30):
        client.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart=f"r{number}")
    pages = list(client.get_paginator("get_resources").paginate(restApiId=api["id"]))
    assert [len(page["items"]) for page in pages] == [25, 6]


def test_tags_by_arn(client: Any) -> None:
    api = client.create_rest_api(name="a", tags={"a": "b"})
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
    client.tag_resource(resourceArn=arn, tags={"c": "d"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert client.get_tags(resourceArn=arn)["tags"] == {"c": "d"}


def test_keys_and_usage(client: Any) -> None:
    plan = client.create_usage_plan(name="p", quota={"limit": 5, "period": "DAY"})
    body = b"name,key,usageplanIds\nk," + b"x" * 20 + b"," + plan["id"].encode() + b"\n"
    made = client.import_api_keys(body=body, format="csv", failOnWarnings=True)
    assert made["warnings"] == [] and len(made["ids"]) == 1
    today = datetime.now(UTC).date().isoformat()
    usage = client.get_usage(usagePlanId=plan["id"], startDate=today, endDate=today)
    assert usage["items"] == {made["ids"][0]: [[0, 5]]}
    keys = client.get_api_keys(includeValues=True)["items"]
    assert [key["value"] for key in keys] == ["x" * 20]


def test_refusals_are_501_and_named(client: Any) -> None:
    with pytest.raises(ClientError) as caught:
        client.get_sdk_types()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "GetSdkTypes" in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as caught:
        client.create_rest_api(name="a", endpointAccessMode="STRICT")
    assert "endpointAccessMode" in caught.value.response["Error"]["Message"]
