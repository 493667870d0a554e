"""Backups, recovery and global tables by unmodified boto3, and the route that cuts regions off."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.testing.server import Fogbank
from tests.support.waiting import until_blocking


@pytest.fixture(scope="module")
def server() -> Iterator[Fogbank]:
    with Fogbank() as fogbank:
        yield fogbank


def create(client: Any, name: str) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def ask(server: Fogbank, method: str, body: Any = None, path: str = "") -> tuple[int, Any]:
    host = server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request(method, "/_fogbank/dynamodb/replication" + path, json.dumps(body) if body else None)
    response = connection.getresponse()
    found = json.loads(response.read())
    connection.close()
    return response.status, found


def test_backup_and_recovery(server: Fogbank) -> None:
    client = server.client("dynamodb", account="200000000001")
    create(client, "orders")
    client.put_item(TableName="orders", Item={"pk": {"S": "a"}, "b": {"B": b"\x00\xff"}})
    enabled = client.update_continuous_backups(
        TableName="orders",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
    )["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert enabled["RecoveryPeriodInDays"] == 7
    arn = client.create_backup(TableName="orders", BackupName="first")["BackupDetails"]["BackupArn"]

    def status() -> str:
        described = client.describe_backup(BackupArn=arn)["BackupDescription"]
        return str(described["BackupDetails"]["BackupStatus"])

    until_blocking(lambda: status() == "AVAILABLE")
    created = client.list_backups(TableName="orders")["BackupSummaries"][0]["BackupCreationDateTime"]
    later = created + timedelta(seconds=60)
    assert client.list_backups(TimeRangeLowerBound=later)["BackupSummaries"] == []
    assert len(client.list_backups(TimeRangeUpperBound=later)["BackupSummaries"]) == 1
    client.restore_table_from_backup(TargetTableName="again", BackupArn=arn)
    client.get_waiter("table_exists").wait(TableName="again", WaiterConfig={"Delay": 1})
    assert client.get_item(TableName="again", Key={"pk": {"S": "a"}})["Item"]["b"] == {"B": b"\x00\xff"}
    client.restore_table_to_point_in_time(
        SourceTableName="orders",
        TargetTableName="then",
        RestoreDateTime=enabled["EarliestRestorableDateTime"] + timedelta(seconds=0),
    )
    client.get_waiter("table_exists").wait(TableName="then", WaiterConfig={"Delay": 1})
    with pytest.raises(client.exceptions.TableAlreadyExistsException):
        client.restore_table_from_backup(TargetTableName="again", BackupArn=arn)
    assert (
        client.delete_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "DELETED"
    )
    with pytest.raises(client.exceptions.BackupNotFoundException):
        client.describe_backup(BackupArn=arn)


def test_regions(server: Fogbank) -> None:
    account = "200000000002"
    east = server.client("dynamodb", account=account)
    ireland = server.client("dynamodb", account=account, region="eu-west-1")
    create(east, "orders")
    east.put_item(TableName="orders", Item={"pk": {"S": "a"}})
    east.update_table(TableName="orders", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    until_blocking(lambda: east.describe_table(TableName="orders")["Table"]["TableStatus"] == "ACTIVE")
    assert ireland.get_item(TableName="orders", Key={"pk": {"S": "a"}})["Item"] == {"pk": {"S": "a"}}
    cut = {"region": "eu-west-1", "connected": False}
    assert ask(server, "POST", cut)[1]["cut_off"] == ["eu-west-1"]
    east.put_item(TableName="orders", Item={"pk": {"S": "b"}})
    _, shown = ask(server, "GET")
    waiting = {(each["from"], each["to"]): each["waiting"] for each in shown["links"]}
    assert waiting == {("us-east-1", "eu-west-1"): 1, ("eu-west-1", "us-east-1"): 0}
    assert "Item" not in ireland.get_item(TableName="orders", Key={"pk": {"S": "b"}})
    assert ask(server, "POST", cut | {"connected": True})[1]["cut_off"] == []
    until_blocking(lambda: "Item" in ireland.get_item(TableName="orders", Key={"pk": {"S": "b"}}))
    metrics = server.client("cloudwatch", account=account)

    def measured() -> list[dict[str, Any]]:
        server.flush()
        return list(
            metrics.list_metrics(Namespace="AWS/DynamoDB", MetricName="ReplicationLatency")["Metrics"]
        )

    until_blocking(lambda: bool(measured()))
    dimensions = {each["Name"]: each["Value"] for each in measured()[0]["Dimensions"]}
    assert dimensions == {"TableName": "orders", "ReceivingRegion": "eu-west-1"}
    with pytest.raises(ClientError, match="MultiRegionConsistency STRONG"):
        east.update_table(
            TableName="orders",
            ReplicaUpdates=[{"Create": {"RegionName": "us-west-2"}}],
            MultiRegionConsistency="STRONG",
        )


def test_the_route_refuses_what_it_does_not_know(server: Fogbank) -> None:
    for body in ({"region": "x"}, {"region": 1, "connected": True}, {"region": "x", "connected": "no"}, [1]):
        status, problem = ask(server, "POST", body)
        assert status == 400, problem
    assert ask(server, "DELETE")[0] == 405
    assert ask(server, "GET", path="/more")[0] == 404
