"""Two accounts of one fogbank in enforced mode. The second one's user is made while the same data is served in open mode, where a key of 12 digits
is root of its account; so this is also what a restart keeps."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.core.config import AuthMode, Settings
from fogbank.testing.server import Fogbank
from tests.support.waiting import until_blocking

OTHER = "222222222222"
CODE = "def handler(event, context):\n    return 'ran'\n"


@dataclass
class Accounts:
    """Clients of the owner's root, and of the other account's user."""

    server: Fogbank
    root: dict[str, str]
    user: dict[str, str]
    stale: dict[str, str]  # a session that open mode gave out

    def owner(self, service: str) -> Any:
        return self.server.client(service, **self.root)

    def other(self, service: str) -> Any:
        return self.server.client(service, **self.user)


def keys_of(found: dict[str, str]) -> dict[str, str]:
    keys = {"aws_access_key_id": found["AccessKeyId"], "aws_secret_access_key": found["SecretAccessKey"]}
    return keys | ({"aws_session_token": found["SessionToken"]} if "SessionToken" in found else {})


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"} | more


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def prepare(accounts: Accounts) -> None:
    """What several tests use: the owner's function `f` and a bucket."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = accounts.owner("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document(trust))["Role"]
    with zipfile.ZipFile(content := io.BytesIO(), "w") as archive:
        archive.writestr("index.py", CODE)
    owner = accounts.owner("lambda")
    owner.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="index.handler",
        Role=role["Arn"],
        Code={"ZipFile": content.getvalue()},
    )
    until_blocking(lambda: owner.get_function(FunctionName="f")["Configuration"]["State"] == "Active")
    accounts.owner("s3").create_bucket(Bucket="private-bucket")


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    folder: Path = tmp_path_factory.mktemp("data")
    with Fogbank(Settings(data_dir=folder)) as opened:
        iam = opened.client("iam", account=OTHER)
        iam.create_user(UserName="guest")
        statement = allow("lambda:InvokeFunction", "sqs:*", "logs:*", "events:PutEvents", "dynamodb:*")
        iam.put_user_policy(UserName="guest", PolicyName="p", PolicyDocument=document(statement))
        user = iam.create_access_key(UserName="guest")["AccessKey"]
        stale = opened.client("sts", account=OTHER).get_session_token()["Credentials"]
    with Fogbank(Settings(data_dir=folder, auth=AuthMode.ENFORCE)) as running:
        root = json.loads((folder / "keys" / "root.json").read_text())
        made = Accounts(running, keys_of(root), keys_of(user), keys_of(stale))
        prepare(made)
        yield made


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_root_of_open_mode_is_none_here(accounts: Accounts) -> None:
    code, _ = refused(accounts.server.client("sqs", **accounts.stale).list_queues)
    assert code == "AccessDenied"


def test_a_function(accounts: Accounts) -> None:
    owner = accounts.owner("lambda")
    arn = owner.get_function(FunctionName="f")["Configuration"]["FunctionArn"]
    other = accounts.other("lambda")
    code, message = refused(other.invoke, FunctionName=arn)
    assert code == "AccessDeniedException"
    assert message.endswith("because no resource-based policy allows the lambda:InvokeFunction action")
    permission = {"FunctionName": "f", "StatementId": "s", "Principal": OTHER}
    owner.add_permission(**permission, Action="lambda:InvokeFunction")
    assert other.invoke(FunctionName=arn)["Payload"].read() == b'"ran"'
    owner.add_permission(**permission | {"StatementId": "t"}, Action="lambda:GetFunction")
    # The owner allows it, the user's own policies do not.
    code, message = refused(other.get_function, FunctionName=arn)
    assert message.endswith("because no identity-based policy allows the lambda:GetFunction action")


def test_a_queue(accounts: Accounts) -> None:
    owner, other = accounts.owner("sqs"), accounts.other("sqs")
    url = owner.create_queue(QueueName="q")["QueueUrl"]
    code, message = refused(other.send_message, QueueUrl=url, MessageBody="x")
    assert (code, "no resource-based policy" in message) == ("AccessDenied", True)
    owner.add_permission(QueueUrl=url, Label="guests", AWSAccountIds=[OTHER], Actions=["SendMessage"])
    other.send_message(QueueUrl=url, MessageBody="hello")
    refused(other.receive_message, QueueUrl=url)
    assert owner.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"] == "hello"


def test_an_event_bus(accounts: Accounts) -> None:
    owner, other = accounts.owner("events"), accounts.other("events")
    arn = owner.create_event_bus(Name="shared")["EventBusArn"]
    entry = {"Source": "s", "DetailType": "d", "Detail": "{}", "EventBusName": arn}
    code, message = refused(other.put_events, Entries=[entry])
    assert (code, "no resource-based policy" in message) == ("AccessDeniedException", True)
    owner.put_permission(EventBusName="shared", Action="events:PutEvents", Principal=OTHER, StatementId="s")
    assert other.put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_a_bucket_has_no_policy_to_let_anybody_in(accounts: Accounts) -> None:
    code, _ = refused(accounts.other("s3").list_objects_v2, Bucket="private-bucket")
    assert code == "AccessDenied"


def test_a_table_and_its_stream(accounts: Accounts) -> None:
    owner, other = accounts.owner("dynamodb"), accounts.other("dynamodb")
    made = owner.create_table(
        TableName="shared",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]
    arn, stream = made["TableArn"], made["LatestStreamArn"]
    key = {"pk": {"S": "a"}}
    code, message = refused(other.get_item, TableName=arn, Key=key)
    assert (code, "no resource-based policy" in message) == ("AccessDeniedException", True)
    guest = {"AWS": f"arn:aws:iam::{OTHER}:user/guest"}
    read = allow("dynamodb:GetItem", "dynamodb:BatchGetItem", Principal=guest) | {"Resource": arn}
    owner.put_resource_policy(ResourceArn=arn, Policy=document(read))
    owner.put_item(TableName="shared", Item=key)
    assert other.get_item(TableName=arn, Key=key)["Item"] == key
    assert other.batch_get_item(RequestItems={arn: {"Keys": [key]}})["Responses"] == {arn: [key]}
    code, message = refused(other.put_item, TableName=arn, Item=key)
    assert (code, "no resource-based policy" in message) == ("AccessDeniedException", True)
    refused(other.transact_write_items, TransactItems=[{"Put": {"TableName": arn, "Item": key}}])

    streams = accounts.other("dynamodbstreams")
    refused(streams.describe_stream, StreamArn=stream)
    look = allow("dynamodb:DescribeStream", "dynamodb:Get*", Principal=guest) | {"Resource": stream}
    owner.put_resource_policy(ResourceArn=stream, Policy=document(look))
    [shard] = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
    where = {"StreamArn": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**where)["ShardIterator"]
    assert [each["eventName"] for each in streams.get_records(ShardIterator=iterator)["Records"]] == [
        "INSERT"
    ]

    # A Deny is for everybody of the owner's account too.
    deny = allow("dynamodb:PutItem", Principal="*") | {"Effect": "Deny", "Resource": arn}
    owner.put_resource_policy(ResourceArn=arn, Policy=document(read, deny))
    code, message = refused(owner.put_item, TableName="shared", Item=key)
    assert message.endswith("with an explicit deny in a resource-based policy")
    owner.delete_resource_policy(ResourceArn=arn)
    owner.put_item(TableName="shared", Item=key)
    refused(other.get_item, TableName=arn, Key=key)


def test_rules_and_log_groups_call_what_lets_them(accounts: Accounts) -> None:
    """Services call on behalf of a resource, and only where its owner said so."""
    events, sqs = accounts.owner("events"), accounts.owner("sqs")
    url = sqs.create_queue(QueueName="ruled")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(Name="r", EventPattern='{"source": ["mine"]}')["RuleArn"]
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])

    def put(text: str) -> None:
        events.put_events(Entries=[{"Source": "mine", "DetailType": text, "Detail": "{}"}])

    def failed() -> bool:
        metrics = accounts.owner("cloudwatch").list_metrics(Namespace="AWS/Events")["Metrics"]
        return any(each["MetricName"] == "FailedInvocations" for each in metrics)

    put("refused")
    until_blocking(failed)
    source = {"ArnEquals": {"aws:SourceArn": rule}}
    statement = allow("sqs:SendMessage", Condition=source, Principal={"Service": "events.amazonaws.com"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(statement | {"Resource": arn})})
    put("allowed")
    found: list[str] = []

    def arrived() -> bool:
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
        found.extend(json.loads(each["Body"])["detail-type"] for each in messages)
        return bool(found)

    until_blocking(arrived)
    assert found == ["allowed"]
    # A log group and a function, which lets it only when asked for its own sake.
    logs, functions = accounts.owner("logs"), accounts.owner("lambda")
    logs.create_log_group(logGroupName="/g")
    account = accounts.owner("sts").get_caller_identity()["Account"]
    target = f"arn:aws:lambda:us-east-1:{account}:function:f"
    subscription = {"logGroupName": "/g", "filterName": "f", "filterPattern": "", "destinationArn": target}
    code, _ = refused(logs.put_subscription_filter, **subscription)
    assert code == "InvalidParameterException"
    functions.add_permission(
        FunctionName="f",
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=f"arn:aws:logs:us-east-1:{account}:log-group:/g:*",
    )
    logs.put_subscription_filter(**subscription)


def test_objects_are_refused_one_by_one(accounts: Accounts) -> None:
    iam = accounts.owner("iam")
    iam.create_user(UserName="cleaner")
    statement = allow("s3:DeleteObject", Resource="arn:aws:s3:::private-bucket/tmp/*")
    iam.put_user_policy(UserName="cleaner", PolicyName="p", PolicyDocument=document(statement))
    key = iam.create_access_key(UserName="cleaner")["AccessKey"]
    accounts.owner("s3").put_object(Bucket="private-bucket", Key="kept", Body=b"x")
    answer = accounts.server.client("s3", **keys_of(key)).delete_objects(
        Bucket="private-bucket", Delete={"Objects": [{"Key": "tmp/a"}, {"Key": "kept"}]}
    )
    assert [each["Key"] for each in answer["Deleted"]] == ["tmp/a"]
    (error,) = answer["Errors"]
    assert (error["Key"], error["Code"]) == ("kept", "AccessDenied")
    assert 's3:DeleteObject on resource: "arn:aws:s3:::private-bucket/kept"' in error["Message"]
    accounts.owner("s3").head_object(Bucket="private-bucket", Key="kept")
