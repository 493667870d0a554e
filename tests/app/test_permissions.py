"""A whole fogbank in enforced mode: who may do what, by IAM's policies and those of resources, with real clients."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from fogbank.core.config import AuthMode, Settings
from fogbank.testing.server import Fogbank
from tests.support.waiting import until_blocking

CODE = """
import json, boto3, os
def handler(event, context):
    table = boto3.client("dynamodb")
    try:
        table.put_item(TableName="orders", Item={"id": {"S": "1"}})
    except Exception as error:
        return {"statusCode": 403, "body": str(error)}
    return {"statusCode": 200, "body": "ok"}
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
        "Action": "sts:AssumeRole",
    },
}


def policy(*statements: dict[str, Any]) -> str:
    filled = [{"Effect": "Allow", "Resource": "*"} | each for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": filled})


@dataclass
class World:
    """The server, root's clients, and clients of whoever root made."""

    server: Fogbank
    root: Credentials

    def client(self, service: str, who: Any = None) -> Any:
        who = who or self.root
        keys = {"aws_access_key_id": who.access_key, "aws_secret_access_key": who.secret_key}
        return self.server.client(service, **keys, aws_session_token=who.token)

    def user(self, name: str, *statements: dict[str, Any], **more: Any) -> Credentials:
        iam = self.client("iam")
        iam.create_user(UserName=name, **more)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def role(self, name: str, *statements: dict[str, Any], trust: Any = TRUST) -> str:
        iam = self.client("iam")
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return arn

    def function(self, name: str, role: str) -> str:
        client = self.client("lambda")
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("index.py", CODE)
        arn: str = client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="index.handler",
            Role=role,
            Timeout=30,
            Code={"ZipFile": content.getvalue()},
        )["FunctionArn"]
        until_blocking(lambda: client.get_function(FunctionName=name)["Configuration"]["State"] == "Active")
        return arn

    @property
    def account(self) -> str:
        found: str = self.client("sts").get_caller_identity()["Account"]
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("data")
    with Fogbank(Settings(data_dir=folder, auth=AuthMode.ENFORCE)) as running:
        key = json.loads((folder / "keys" / "root.json").read_text())
        world = World(running, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
        world.client("dynamodb").create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield world


def refused(call: Any, **params: Any) -> tuple[str, str]:
    """(code, message) of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_user_with_one_allowed_action(world: World) -> None:
    reader = world.client("sqs", world.user("reader", {"Action": "sqs:GetQueueUrl"}))
    world.client("sqs").create_queue(QueueName="q1")
    url = reader.get_queue_url(QueueName="q1")["QueueUrl"]
    code, message = refused(reader.send_message, QueueUrl=url, MessageBody="x")
    arn = f"arn:aws:sqs:us-east-1:{world.account}:q1"
    assert code == "AccessDenied"
    assert message == (
        f"User: arn:aws:iam::{world.account}:user/reader is not authorized to perform: sqs:sendmessage on resource: {arn} "
        "because no identity-based policy allows the sqs:sendmessage action"
    )
    # A change of policy holds with the next request.
    iam = world.client("iam")
    iam.put_user_policy(
        UserName="reader", PolicyName="more", PolicyDocument=policy({"Action": "sqs:*", "Resource": arn})
    )
    reader.send_message(QueueUrl=url, MessageBody="x")
    iam.put_user_policy(
        UserName="reader",
        PolicyName="less",
        PolicyDocument=policy({"Effect": "Deny", "Action": "sqs:Send*"}),
    )
    _, message = refused(reader.send_message, QueueUrl=url, MessageBody="x")
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_a_use_leaves_what_is_known_of_policies(world: World) -> None:
    user = world.user("used", {"Action": "sqs:*"})
    arn = f"arn:aws:iam::{world.account}:user/used"
    known = world.server.app.house.policies.identities._known
    iam = world.client("iam")

    def service_of_last_use() -> str:
        used = iam.get_access_key_last_used(AccessKeyId=user.access_key)["AccessKeyLastUsed"]
        return str(used["ServiceName"])

    world.client("sqs", user).list_queues()
    until_blocking(lambda: service_of_last_use() == "sqs")
    world.client("sqs", user).list_queues()
    before = known.get(arn)
    assert before is not None
    refused(world.client("dynamodb", user).list_tables)
    until_blocking(lambda: service_of_last_use() == "dynamodb")
    assert known.get(arn) is before
    iam.put_user_policy(UserName="used", PolicyName="p", PolicyDocument=policy({"Action": "dynamodb:*"}))
    world.client("dynamodb", user).list_tables()
    assert known.get(arn) is not before


def test_groups_attached_policies_and_boundaries(world: World) -> None:
    iam = world.client("iam")
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=policy({"Action": "sqs:*"}))["Policy"][
        "Arn"
    ]
    keys = world.user("bounded")
    iam.create_group(GroupName="staff")
    iam.attach_group_policy(GroupName="staff", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    refused(world.client("sqs", keys).list_queues)
    iam.add_user_to_group(GroupName="staff", UserName="bounded")
    world.client("sqs", keys).list_queues()
    world.client("dynamodb", keys).list_tables()
    iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=boundary)
    world.client("sqs", keys).list_queues()
    code, message = refused(world.client("dynamodb", keys).list_tables)
    assert code == "AccessDeniedException"
    assert message.endswith("because no permissions boundary allows the dynamodb:ListTables action")


def test_names_of_iam_are_without_case_and_arns_have_paths(world: World) -> None:
    world.client("iam").create_user(UserName="Victim", Path="/top/")
    arn = f"arn:aws:iam::{world.account}:user/top/Victim"
    keys = world.user("clerk", {"Action": "iam:*"}, {"Effect": "Deny", "Action": "iam:*", "Resource": arn})
    for spelled in ("Victim", "victim"):
        code, message = refused(world.client("iam", keys).delete_user, UserName=spelled)
        assert code == "AccessDenied" and f"iam:DeleteUser on resource: {arn} " in message


def test_a_session_is_narrowed_by_its_policy_and_trust_decides_who_gets_one(world: World) -> None:
    keys = world.user("assumer", {"Action": "sts:AssumeRole"})
    stranger = world.user("stranger")
    user_arn = f"arn:aws:iam::{world.account}:user/assumer"
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": [user_arn, f"arn:aws:iam::{world.account}:user/stranger"]},
            "Action": "sts:AssumeRole",
        },
    }
    role = world.role("assumed", {"Action": ["sqs:*", "dynamodb:*"]}, trust=trust)
    closed = world.role("closed", {"Action": "*"})
    sts = world.client("sts", keys)
    code, message = refused(sts.assume_role, RoleArn=closed, RoleSessionName="s1")
    assert code == "AccessDenied" and "sts:AssumeRole" in message
    # Named by the trust policy itself, a user of the account needs no policy of its own.
    world.client("sts", stranger).assume_role(RoleArn=role, RoleSessionName="s1")

    def session(**more: Any) -> Credentials:
        found = sts.assume_role(RoleArn=role, RoleSessionName="s1", **more)["Credentials"]
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    whole, narrow = session(), session(Policy=policy({"Action": "sqs:*"}))
    world.client("dynamodb", whole).list_tables()
    world.client("sqs", narrow).list_queues()
    _, message = refused(world.client("dynamodb", narrow).list_tables)
    assert message.startswith(f"User: arn:aws:sts::{world.account}:assumed-role/assumed/s1 is not authorized")
    assert message.endswith("because no session policy allows the dynamodb:ListTables action")
    refused(world.client("lambda", whole).list_functions)


def test_an_api_calls_a_function_that_writes_with_its_role(world: World) -> None:
    """The orders example in short: API → function → table, each step by a permission of its own."""
    role = world.role("worker")
    function = world.function("orders", role)
    apis = world.client("apigateway")
    api = apis.create_rest_api(name="orders")["id"]
    parent = apis.get_resources(restApiId=api)["items"][0]["id"]
    resource = apis.create_resource(restApiId=api, parentId=parent, pathPart="orders")["id"]
    at = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    apis.put_method(**at, authorizationType="NONE")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    apis.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    apis.create_deployment(restApiId=api, stageName="prod")

    def post() -> Any:
        return urllib3.request(
            "POST",
            f"{world.server.url}/restapis/{api}/prod/_user_request_/orders",
            body=b"{}",
            retries=False,
        )

    answer = post()
    assert (answer.status, answer.json()) == (500, {"message": "Internal server error"})
    permission = {
        "FunctionName": "orders",
        "StatementId": "api",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }
    source = f"arn:aws:execute-api:us-east-1:{world.account}:{api}/*"
    world.client("lambda").add_permission(**permission, SourceArn=f"{source}/GET/orders")
    assert post().status == 500
    world.client("lambda").remove_permission(FunctionName="orders", StatementId="api")
    world.client("lambda").add_permission(**permission, SourceArn=f"{source}/POST/orders")
    answer = post()
    assert answer.status == 403, answer.data
    table = f"arn:aws:dynamodb:us-east-1:{world.account}:table/orders"
    assert (
        f"User: arn:aws:sts::{world.account}:assumed-role/worker/orders is not authorized to perform: dynamodb:PutItem "
        f"on resource: {table} because no identity-based policy allows the dynamodb:PutItem action"
    ) in answer.data.decode()
    world.client("iam").put_role_policy(
        RoleName="worker",
        PolicyName="p",
        PolicyDocument=policy({"Action": "dynamodb:PutItem", "Resource": table}),
    )
    answer = post()
    assert (answer.status, answer.data) == (200, b"ok")


def test_an_integration_with_credentials_acts_as_the_role(world: World) -> None:
    url = world.client("sqs").create_queue(QueueName="from-api")["QueueUrl"]
    role = world.role("sender")
    apis = world.client("apigateway")
    api = apis.create_rest_api(name="queue")["id"]
    root = apis.get_resources(restApiId=api)["items"][0]["id"]
    at = {"restApiId": api, "resourceId": root, "httpMethod": "POST"}
    apis.put_method(**at, authorizationType="NONE")
    apis.put_integration(
        **at,
        type="AWS",
        integrationHttpMethod="POST",
        credentials=role,
        uri=f"arn:aws:apigateway:us-east-1:sqs:path/{world.account}/from-api",
        requestParameters={"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
        requestTemplates={"application/json": "Action=SendMessage&MessageBody=$input.body"},
    )
    apis.put_method_response(**at, statusCode="200")
    apis.put_method_response(**at, statusCode="403")
    apis.put_integration_response(**at, statusCode="200")
    apis.put_integration_response(**at, statusCode="403", selectionPattern="403")
    apis.create_deployment(restApiId=api, stageName="prod")

    def post() -> int:
        headers = {"content-type": "application/json"}
        address = f"{world.server.url}/restapis/{api}/prod/_user_request_/"
        return urllib3.request("POST", address, body=b"hello", headers=headers, retries=False).status

    assert post() == 403
    world.client("iam").put_role_policy(
        RoleName="sender", PolicyName="p", PolicyDocument=policy({"Action": "sqs:SendMessage"})
    )
    assert post() == 200
    found = world.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert [each["Body"] for each in found] == ["hello"]


def test_a_method_with_aws_iam_lets_in_who_may_invoke(world: World) -> None:
    apis = world.client("apigateway")
    api = apis.create_rest_api(name="mock")["id"]
    root = apis.get_resources(restApiId=api)["items"][0]["id"]
    at = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    apis.put_method(**at, authorizationType="AWS_IAM")
    apis.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    apis.put_method_response(**at, statusCode="200")
    apis.put_integration_response(**at, statusCode="200")
    apis.create_deployment(restApiId=api, stageName="prod")
    arn = f"arn:aws:execute-api:us-east-1:{world.account}:{api}/prod/GET/"
    keys = world.user("visitor")

    def get() -> Any:
        url = f"{world.server.url}/restapis/{api}/prod/_user_request_/"
        request = AWSRequest("GET", url)
        SigV4Auth(keys, "execute-api", "us-east-1").add_auth(request)
        return urllib3.request("GET", url, headers=dict(request.headers), retries=False)

    answer = get()
    assert answer.status == 403
    assert answer.json()["Message"].endswith(
        "because no identity-based policy allows the execute-api:Invoke action"
    )
    statement = {"Action": "execute-api:Invoke", "Resource": arn}
    world.client("iam").put_user_policy(UserName="visitor", PolicyName="p", PolicyDocument=policy(statement))
    answer = get()
    assert answer.status == 200, answer.data


def test_a_state_machines_role_is_what_its_tasks_may(world: World) -> None:
    url = world.client("sqs").create_queue(QueueName="from-machine")["QueueUrl"]
    role = world.role("machine")
    states = world.client("stepfunctions")
    definition = {
        "StartAt": "Send",
        "States": {
            "Send": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage",
                "Parameters": {"QueueUrl": url, "MessageBody": "x"},
                "End": True,
            }
        },
    }
    machine = states.create_state_machine(name="m", definition=json.dumps(definition), roleArn=role)[
        "stateMachineArn"
    ]

    def run() -> dict[str, Any]:
        started = states.start_execution(stateMachineArn=machine)["executionArn"]
        until_blocking(lambda: states.describe_execution(executionArn=started)["status"] != "RUNNING")
        found: dict[str, Any] = states.describe_execution(executionArn=started)
        return found

    failed = run()
    assert failed["status"] == "FAILED" and "is not authorized to perform: sqs:sendmessage" in failed["cause"]
    world.client("iam").put_role_policy(
        RoleName="machine", PolicyName="p", PolicyDocument=policy({"Action": "sqs:SendMessage"})
    )
    assert run()["status"] == "SUCCEEDED"
    # The Deny that security tools put on every queue: of a plain request, not of what a service asks of another.
    arn = f"arn:aws:sqs:us-east-1:{world.account}:from-machine"
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": plain,
    }
    world.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(deny)})
    assert run()["status"] == "SUCCEEDED"
    user = world.client("sqs", world.user("plainly", {"Action": "sqs:*"}))
    assert "with an explicit deny" in refused(user.send_message, QueueUrl=url, MessageBody="x")[1]


def test_a_mapping_reads_with_the_functions_role(world: World) -> None:
    url = world.client("sqs").create_queue(QueueName="mapped", Attributes={"VisibilityTimeout": "60"})[
        "QueueUrl"
    ]
    role = world.role("consumer")
    world.function("consumer", role)
    client = world.client("lambda")
    mapping = {
        "FunctionName": "consumer",
        "EventSourceArn": f"arn:aws:sqs:us-east-1:{world.account}:mapped",
    }
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    for count, action in enumerate(actions):
        code, message = refused(client.create_event_source_mapping, **mapping)
        operation = action.removeprefix("sqs:")
        assert (code, message) == (
            "InvalidParameterValueException",
            f"The function execution role does not have permissions to call {operation} on SQS",
        )
        world.client("iam").put_role_policy(
            RoleName="consumer", PolicyName="p", PolicyDocument=policy({"Action": actions[: count + 1]})
        )
    uuid = client.create_event_source_mapping(**mapping)["UUID"]
    until_blocking(lambda: client.get_event_source_mapping(UUID=uuid)["State"] == "Enabled")
    world.client("sqs").send_message(QueueUrl=url, MessageBody="x")

    def is_empty() -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = world.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return set(found.values()) == {"0"}

    until_blocking(is_empty)


def test_a_mapping_of_a_stream_and_its_destination_need_the_functions_role(world: World) -> None:
    stream = world.client("dynamodb").create_table(
        TableName="mapped",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]["LatestStreamArn"]
    role = world.role("reader")
    world.function("reader", role)
    client = world.client("lambda")
    mapping = {"FunctionName": "reader", "EventSourceArn": stream, "StartingPosition": "LATEST"}
    assert refused(client.create_event_source_mapping, **mapping) == (
        "InvalidParameterValueException",
        f"Cannot access stream {stream}. Please ensure the role can perform the GetRecords, GetShardIterator, "
        "DescribeStream, and ListStreams Actions on your stream in IAM.",
    )
    reads = {"Action": ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"]}
    iam = world.client("iam")
    iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=policy(reads))
    world.client("sqs").create_queue(QueueName="failures")
    queue = f"arn:aws:sqs:us-east-1:{world.account}:failures"
    mapping["DestinationConfig"] = {"OnFailure": {"Destination": queue}}
    assert refused(client.create_event_source_mapping, **mapping) == (
        "InvalidParameterValueException",
        "The function execution role does not have permissions to call SendMessage on SQS",
    )
    sends = {"Action": "sqs:SendMessage", "Resource": queue}
    iam.put_role_policy(RoleName="reader", PolicyName="q", PolicyDocument=policy(sends))
    assert client.create_event_source_mapping(**mapping)["State"] == "Creating"


def test_a_streams_own_policy_may_let_a_role_read_it(world: World) -> None:
    dynamodb = world.client("dynamodb")
    stream = dynamodb.create_table(
        TableName="shared",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]["LatestStreamArn"]
    role = world.role("guest")
    world.function("guest", role)
    actions = ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"]
    allowed = policy({"Principal": {"AWS": role}, "Action": actions, "Resource": stream})
    dynamodb.put_resource_policy(ResourceArn=stream, Policy=allowed)
    made = world.client("lambda").create_event_source_mapping(
        FunctionName="guest", EventSourceArn=stream, StartingPosition="LATEST"
    )
    assert made["State"] == "Creating"


def test_what_a_function_hands_on_needs_its_role(world: World) -> None:
    role = world.role("handing")
    world.function("handing", role)
    world.function("receiver", role)
    client = world.client("lambda")
    world.client("sqs").create_queue(QueueName="sent")
    queue = f"arn:aws:sqs:us-east-1:{world.account}:sent"
    function = f"arn:aws:lambda:us-east-1:{world.account}:function:receiver"
    bucket = "arn:aws:s3:::sent"
    for destination in (queue, function, bucket):
        config = {"OnFailure": {"Destination": destination}}
        put = partial(
            client.put_function_event_invoke_config, FunctionName="handing", DestinationConfig=config
        )
        assert refused(put) == (
            "InvalidParameterValueException",
            f"The destination ARN {destination} is invalid.",
        )
        resource = destination + "/aws/lambda/async/*" if destination is bucket else destination
        actions = ["sqs:SendMessage", "lambda:InvokeFunction", "s3:PutObject"]
        allowed = policy({"Action": actions, "Resource": resource})
        world.client("iam").put_role_policy(RoleName="handing", PolicyName="p", PolicyDocument=allowed)
        assert put()["DestinationConfig"]["OnFailure"] == {"Destination": destination}
    letters = partial(
        client.update_function_configuration, FunctionName="handing", DeadLetterConfig={"TargetArn": queue}
    )
    assert refused(letters) == (
        "InvalidParameterValueException",
        "The provided execution role does not have permissions to call SendMessage on SQS",
    )
    allowed = policy({"Action": "sqs:SendMessage", "Resource": queue})
    world.client("iam").put_role_policy(RoleName="handing", PolicyName="p", PolicyDocument=allowed)
    assert letters()["DeadLetterConfig"] == {"TargetArn": queue}


def test_roles_are_given_only_by_who_may_pass_them_and_to_whom_they_trust(world: World) -> None:
    admin = world.role("admin", {"Action": "*"})
    keys = world.user("builder", {"Action": ["apigateway:*", "lambda:*", "states:*"]})
    apis = world.client("apigateway", keys)
    api = apis.create_rest_api(name="escalation")["id"]
    root = apis.get_resources(restApiId=api)["items"][0]["id"]
    at = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    apis.put_method(**at, authorizationType="NONE")
    uri = "arn:aws:apigateway:us-east-1:iam:action/CreateUser"
    integration = {"type": "AWS", "integrationHttpMethod": "POST", "uri": uri}
    code, message = refused(apis.put_integration, **at, **integration, credentials=admin)
    assert code == "AccessDeniedException" and f"iam:PassRole on resource: {admin} because" in message
    apis.put_integration(**at, **integration)
    patch = [{"op": "replace", "path": "/credentials", "value": admin}]
    refused(apis.update_integration, **at, patchOperations=patch)
    method = {
        "x-amazon-apigateway-integration": integration | {"credentials": admin, "httpMethod": "POST"},
        "responses": {},
    }
    definition = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {"/": {"get": method}}}
    code, message = refused(apis.import_rest_api, body=json.dumps(definition).encode())
    assert (code, "iam:PassRole" in message) == ("AccessDeniedException", True), message
    definition["openapi"] = "3.0.1"
    del definition["swagger"]
    code, message = refused(world.client("apigatewayv2", keys).import_api, Body=json.dumps(definition))
    assert (code, "iam:PassRole" in message) == ("AccessDeniedException", True), message

    other = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    untrusting = world.role("untrusting", trust={"Version": "2012-10-17", "Statement": other})
    with zipfile.ZipFile(content := io.BytesIO(), "w") as archive:
        archive.writestr("index.py", CODE)
    function = {"FunctionName": "f", "Runtime": "python3.12", "Handler": "index.handler"}
    code, message = refused(
        world.client("lambda").create_function,
        **function,
        Role=untrusting,
        Code={"ZipFile": content.getvalue()},
    )
    assert message == "The role defined for the function cannot be assumed by Lambda."
    machine = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    code, message = refused(
        world.client("stepfunctions").create_state_machine,
        name="untrusted",
        definition=machine,
        roleArn=untrusting,
    )
    assert code == "AccessDeniedException" and message.startswith("Neither the global service principal")


def test_a_states_credentials_need_both_roles_policies(world: World) -> None:
    target_trust = {"Effect": "Allow", "Principal": {"AWS": world.account}, "Action": "sts:AssumeRole"}
    target = world.role(
        "target", {"Action": "sqs:*"}, trust={"Version": "2012-10-17", "Statement": target_trust}
    )
    role = world.role("chaining")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sqs:listQueues",
        "Credentials": {"RoleArn": target},
        "End": True,
    }
    states = world.client("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": task}})
    machine = states.create_state_machine(name="chained", definition=definition, roleArn=role)

    def run() -> dict[str, Any]:
        started = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
        until_blocking(lambda: states.describe_execution(executionArn=started)["status"] != "RUNNING")
        found: dict[str, Any] = states.describe_execution(executionArn=started)
        return found

    assert (run()["error"]) == "States.TaskFailed"
    world.client("iam").put_role_policy(
        RoleName="chaining",
        PolicyName="p",
        PolicyDocument=policy({"Action": "sts:AssumeRole", "Resource": target}),
    )
    assert run()["status"] == "SUCCEEDED"


def test_a_function_url_lets_in_by_identity(world: World) -> None:
    world.function("addressed", world.role("addressed"))
    functions = world.client("lambda")
    url = functions.create_function_url_config(FunctionName="addressed", AuthType="AWS_IAM")["FunctionUrl"]
    keys = world.user("caller")

    def send() -> int:
        request = AWSRequest("POST", url, data=b"{}")
        SigV4Auth(keys, "lambda", "us-east-1").add_auth(request)
        headers = dict(request.headers) | {"Host": url.split("://")[1].rstrip("/")}
        return urllib3.request(
            "POST", world.server.url + "/", body=b"{}", headers=headers, retries=False
        ).status

    assert send() == 403
    arn = functions.get_function(FunctionName="addressed")["Configuration"]["FunctionArn"]
    statement = {"Action": "lambda:InvokeFunctionUrl", "Resource": arn}
    world.client("iam").put_user_policy(UserName="caller", PolicyName="p", PolicyDocument=policy(statement))
    assert send() == 403  # the handler's own: its role may not write
    functions.invoke(FunctionName="addressed")
    world.client("iam").put_role_policy(
        RoleName="addressed", PolicyName="p", PolicyDocument=policy({"Action": "dynamodb:*"})
    )
    assert send() == 200


def test_an_http_api_with_aws_iam_and_a_function(world: World) -> None:
    function = world.function("routed", world.role("routed", {"Action": "dynamodb:*"}))
    apis = world.client("apigatewayv2")
    api = apis.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    integration = apis.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    target = f"integrations/{integration}"
    apis.create_route(ApiId=api, RouteKey="GET /x/{id}", Target=target, AuthorizationType="AWS_IAM")
    apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    keys = world.user("router")

    def get() -> int:
        url = f"{world.server.url}/_aws/execute-api/{api}/$default/x/1"
        request = AWSRequest("GET", url)
        SigV4Auth(keys, "execute-api", "us-east-1").add_auth(request)
        return urllib3.request("GET", url, headers=dict(request.headers), retries=False).status

    assert get() == 403
    arn = f"arn:aws:execute-api:us-east-1:{world.account}:{api}/$default/GET/x/*"
    world.client("iam").put_user_policy(
        UserName="router",
        PolicyName="p",
        PolicyDocument=policy({"Action": "execute-api:Invoke", "Resource": arn.replace("$", "${$}")}),
    )
    assert get() == 500  # the API itself may not invoke the function yet
    world.client("lambda").add_permission(
        FunctionName="routed",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:{world.account}:{api}/*/*/x/*",
    )
    assert get() == 200


def test_a_websocket_and_its_connections(world: World) -> None:
    apis = world.client("apigatewayv2")
    api = apis.create_api(
        Name="ws", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    mock = apis.create_integration(
        ApiId=api,
        IntegrationType="MOCK",
        RequestTemplates={"$default": '{"statusCode": 200}'},
        TemplateSelectionExpression="\\$default",
    )["IntegrationId"]
    apis.create_integration_response(
        ApiId=api,
        IntegrationId=mock,
        IntegrationResponseKey="$default",
        ResponseTemplates={"$default": '{"id": "$context.connectionId"}'},
        TemplateSelectionExpression="\\$default",
    )
    target = f"integrations/{mock}"
    apis.create_route(ApiId=api, RouteKey="$connect", Target=target, AuthorizationType="AWS_IAM")
    route = apis.create_route(
        ApiId=api, RouteKey="$default", Target=target, RouteResponseSelectionExpression="$default"
    )["RouteId"]
    apis.create_route_response(ApiId=api, RouteId=route, RouteResponseKey="$default")
    apis.create_stage(ApiId=api, StageName="dev")
    apis.create_deployment(ApiId=api, StageName="dev")
    keys = world.user("socket")
    path = f"/_aws/execute-api/{api}/dev"

    def connected() -> Any:
        request = AWSRequest("GET", world.server.url + path)
        SigV4Auth(keys, "execute-api", "us-east-1").add_auth(request)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        return connect(world.server.url.replace("http", "ws") + path, additional_headers=headers)

    def grant(*statements: dict[str, Any]) -> None:
        world.client("iam").put_user_policy(
            UserName="socket", PolicyName="p", PolicyDocument=policy(*statements)
        )

    with pytest.raises(InvalidStatus) as caught:
        connected()
    assert caught.value.response.status_code == 403
    arn = f"arn:aws:execute-api:us-east-1:{world.account}:{api}/dev"
    grant({"Action": "execute-api:Invoke", "Resource": f"{arn}/*"})
    with connected() as client:
        client.send("{}")
        connection = json.loads(client.recv(timeout=20))["id"]
        management = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=world.server.url + path,
            region_name="us-east-1",
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
        )
        post = {"ConnectionId": connection, "Data": b"hello"}
        code, message = refused(management.post_to_connection, **post)
        assert code == "AccessDeniedException"
        assert f"execute-api:ManageConnections on resource: {arn}/POST/@connections/{connection} " in message
        grant({"Action": "execute-api:ManageConnections", "Resource": f"{arn}/POST/*"})
        management.post_to_connection(**post)
        assert client.recv(timeout=20) == "hello"


def test_the_console_is_roots(world: World) -> None:
    role = world.role("shown")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    world.client("stepfunctions").create_state_machine(name="shown", definition=definition, roleArn=role)

    def page(who: Credentials) -> Any:
        url = world.server.url + "/_fogbank/console/states/"
        request = AWSRequest("GET", url)
        SigV4Auth(who, "fogbank", "us-east-1").add_auth(request)
        return urllib3.request("GET", url, headers=dict(request.headers), retries=False)

    assert page(world.user("onlooker", {"Action": "*"})).status == 403
    answer = page(world.root)
    assert answer.status == 200 and b"shown" in answer.data
