"""Unmodified boto3, client and resource, against a server."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.config import Config
from botocore.exceptions import ClientError

from fogbank.model.call import Caller
from fogbank.model.principal import root_of
from fogbank.testing.server import Fogbank
from tests.services.dynamodb.spoken import item, schema


@pytest.fixture(scope="module")
def server() -> Iterator[Fogbank]:
    with Fogbank() as fogbank:
        yield fogbank


@pytest.fixture(scope="module")
def accounts() -> Iterator[int]:
    return count(100_000_000_001)


@pytest.fixture
def account(accounts: Iterator[int]) -> str:
    """Each test has one of its own, with no tables yet."""
    return str(next(accounts))


@pytest.fixture
def client(server: Fogbank, account: str) -> Any:
    return server.client("dynamodb", account=account)


@pytest.fixture
def table(server: Fogbank, account: str) -> Any:
    """A table made and used by the resource."""
    keys, definitions = schema("pk:S sk:N")
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key="fogbank",
    )
    made = resource.create_table(
        TableName="orders",
        KeySchema=keys,
        AttributeDefinitions=definitions,
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    made.wait_until_exists()
    return made


def test_every_type_makes_the_round(table: Any) -> None:
    values = {
        "pk": "a",
        "sk": Decimal("-1.5"),
        "text": "äöü\n€",
        "big": Decimal("12345678901234567890123456789012345678"),
        "bytes": Binary(b"\x00\xff"),
        "yes": True,
        "none": None,
        "list": ["x", Decimal(1), {"deep": [Binary(b"\x01")]}],
        "texts": {"a", "b"},
        "numbers": {Decimal(1), Decimal("2.5")},
        "blobs": {Binary(b"1"), Binary(b"2")},
        "empty": "",
    }
    table.put_item(Item=values)
    assert table.get_item(Key={"pk": "a", "sk": Decimal("-1.5")})["Item"] == values


def test_the_resource_writes_queries_and_scans(table: Any) -> None:
    with table.batch_writer() as batch:
        for n in range(60):
            batch.put_item(Item={"pk": f"p{n % 2}", "sk": n, "even": n % 4 == 0})
    found = table.query(
        KeyConditionExpression=Key("pk").eq("p0") & Key("sk").between(10, 20),
        FilterExpression=Attr("even").eq(True),
        ScanIndexForward=False,
    )
    assert [int(each["sk"]) for each in found["Items"]] == [20, 16, 12]
    assert table.scan(FilterExpression=Attr("sk").is_in([1, 2]) & Attr("even").exists())["Count"] == 2
    table.reload()
    assert table.item_count == 60


def test_paginators_go_through_everything(table: Any, client: Any) -> None:
    with table.batch_writer() as batch:
        for n in range(25):
            batch.put_item(Item={"pk": "a", "sk": n})
    pages = client.get_paginator("scan").paginate(TableName="orders", PaginationConfig={"PageSize": 10})
    assert [page["Count"] for page in pages] == [10, 10, 5]


def test_errors_are_boto3s_own(table: Any, client: Any) -> None:
    table.put_item(Item={"pk": "a", "sk": 1, "v": "old"})
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        client.put_item(
            TableName="orders",
            Item=item({"pk": "a", "sk": 1}),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert caught.value.response["Item"] == item({"pk": "a", "sk": 1, "v": "old"})
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_item(TableName="nothing", Key=item({"pk": "a"}))
    with pytest.raises(client.exceptions.TransactionCanceledException) as cancelled:
        client.transact_write_items(
            TransactItems=[
                {
                    "ConditionCheck": {
                        "TableName": "orders",
                        "Key": item({"pk": "x", "sk": 1}),
                        "ConditionExpression": "attribute_exists(pk)",
                    }
                }
            ]
        )
    assert cancelled.value.response["CancellationReasons"][0]["Code"] == "ConditionalCheckFailed"
    with pytest.raises(ClientError) as refused:
        client.describe_import(
            ImportArn="arn:aws:dynamodb:us-east-1:000000000000:table/orders/import/1234567890123-12345678"
        )
    assert refused.value.response["Error"]["Code"] == "NotImplemented"


def test_the_stream(server: Fogbank, account: str, table: Any) -> None:
    for n in range(3):
        table.put_item(Item={"pk": "a", "sk": 1, "n": n, "b": Binary(b"\x01")})
    streams = server.client("dynamodbstreams", account=account)
    (stream,) = streams.list_streams(TableName="orders")["Streams"]
    described = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]
    iterator = streams.get_shard_iterator(
        StreamArn=stream["StreamArn"],
        ShardId=described["Shards"][0]["ShardId"],
        ShardIteratorType="TRIM_HORIZON",
    )["ShardIterator"]
    found = streams.get_records(ShardIterator=iterator)
    assert [record["eventName"] for record in found["Records"]] == ["INSERT", "MODIFY", "MODIFY"]
    assert found["Records"][0]["dynamodb"]["NewImage"]["b"] == {"B": b"\x01"}
    assert streams.get_records(ShardIterator=found["NextShardIterator"])["Records"] == []


def test_what_the_framework_refuses(client: Any) -> None:
    with pytest.raises(ClientError) as caught:
        client.put_item(TableName="orders", Item={"pk": {"S": "a"}}, ReturnValues="SOME")
    assert caught.value.response["Error"]["Message"].startswith(
        "1 validation error detected: Value 'SOME' at 'returnValues' failed to satisfy constraint"
    )


def test_a_value_of_the_wrong_json_type(server: Fogbank, account: str) -> None:
    client = server.client("dynamodb", account=account, config=Config(parameter_validation=False))
    for value, message in (
        ({"N": 5}, "NUMBER_VALUE cannot be converted to String"),
        ({"M": {"n": {"N": 5}}}, "NUMBER_VALUE cannot be converted to String"),
        ({"S": {"S": "x"}}, "Start of structure or map found where not expected"),
    ):
        with pytest.raises(ClientError) as caught:
            client.put_item(TableName="orders", Item={"pk": value})
        error = caught.value.response["Error"]
        assert (error["Code"], error["Message"]) == ("SerializationException", message)


def test_endpoints_and_limits(client: Any, server: Fogbank) -> None:
    (endpoint,) = client.describe_endpoints()["Endpoints"]
    assert endpoint["Address"] == server.url.removeprefix("http://")
    assert client.describe_limits()["TableMaxReadCapacityUnits"] == 40_000


def test_other_services_get_values_and_not_json(server: Fogbank, account: str, table: Any) -> None:
    table.put_item(Item={"pk": "a", "sk": 1, "b": Binary(b"\x01")})
    calls = server.app.house.calls
    caller = Caller(account, "us-east-1", root_of(account, open_mode=True), "id")
    key = item({"pk": "a", "sk": 1})
    found = server.run(calls.call("dynamodb", "GetItem", {"TableName": "orders", "Key": key}, caller))
    assert found["Item"]["b"] == {"B": b"\x01"}
