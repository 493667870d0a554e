"""Lambda answers what AWS answered: accounts, runtimes, packages from S3, what environments are like. Real functions.

Left out visibly, by xfail: Java runtimes (none is here), arm64, the raw memory of process 1.
"""

from __future__ import annotations

import base64
import io
import json
import platform
import socket
import zipfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.recordings.test_lambda import ADDED_SINCE, ECHO, FILE, INTROSPECT, RUNTIMES, Scenario, pack
from tests.support.recordings import error_of, recorded

_accounts = count(420_000_000_000)


@pytest.fixture(scope="module")
def server() -> Iterator[Fogbank]:
    with Fogbank(Settings()) as running:
        yield running


@pytest.fixture
def fn(server: Fogbank) -> Scenario:
    return Scenario(server, str(next(_accounts)))


OTHERS = [
    ("test_get_function", [("get_function", {})]),
    ("test_get_function_configuration", [("get_function_configuration", {})]),
    ("test_list_versions_by_function", [("list_versions_by_function", {})]),
    (
        "test_function_concurrency",
        [
            ("put_function_concurrency", {"ReservedConcurrentExecutions": 1}),
            ("delete_function_concurrency", {}),
        ],
    ),
    (
        "test_function_alias",
        [
            ("create_alias", {"FunctionVersion": "$LATEST", "Name": "live"}),
            ("get_alias", {"Name": "live"}),
            ("update_alias", {"Name": "live", "Description": "more"}),
            ("list_aliases", {}),
            ("delete_alias", {"Name": "live"}),
        ],
    ),
    ("test_function_invocation", [("invoke", {})]),
    ("test_publish_version", [("publish_version", {})]),
    ("test_delete_function", [("delete_function", {})]),
]


@pytest.mark.parametrize(("scenario", "calls"), OTHERS)
def test_another_account(fn: Scenario, scenario: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    """What the scenarios did under a statement for `lambda:*`; without it, each is refused."""
    recorded(FILE, f"TestLambdaMultiAccounts::{scenario}")
    arn = fn.made(ECHO)["FunctionArn"]
    account = str(next(_accounts))
    other = fn.server.client("lambda", account=account)
    for operation, more in calls[:1]:
        denied = error_of(getattr(other, operation), FunctionName=arn, **more)
        assert denied["Error"]["Code"] == "AccessDeniedException"
    fn.client.add_permission(FunctionName="fn", StatementId="s", Principal=account, Action="lambda:*")
    for operation, more in calls:
        getattr(other, operation)(FunctionName=arn, **more)


def test_another_account_tags(fn: Scenario) -> None:
    recorded(FILE, "TestLambdaMultiAccounts::test_function_tags")
    arn = fn.made(ECHO)["FunctionArn"]
    account = str(next(_accounts))
    other = fn.server.client("lambda", account=account)
    fn.client.add_permission(FunctionName="fn", StatementId="s", Principal=account, Action="lambda:*")
    other.tag_resource(Resource=arn, Tags={"foo": "bar"})
    assert other.list_tags(Resource=arn)["Tags"] == {"foo": "bar"}
    other.untag_resource(Resource=arn, TagKeys=["lorem"])


@pytest.mark.parametrize("scenario", ["test_get_lambda_layer", "test_cross_account_access"])
def test_another_account_layers(fn: Scenario, scenario: str) -> None:
    recorded(FILE, f"TestLambdaMultiAccounts::{scenario}")
    content = {"ZipFile": pack("python/a.py", "")}
    layer = fn.client.publish_layer_version(LayerName="shared", Content=content)["LayerArn"]
    account = str(next(_accounts))
    other = fn.server.client("lambda", account=account)
    error_of(other.get_layer_version, LayerName=layer, VersionNumber=1)
    grant = {"StatementId": "s", "Principal": account, "Action": "lambda:GetLayerVersion"}
    fn.client.add_layer_version_permission(LayerName=layer, VersionNumber=1, **grant)
    other.get_layer_version(LayerName=layer, VersionNumber=1)
    other.get_layer_version_by_arn(Arn=f"{layer}:1")


def test_upload_lambda_from_s3(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaFeatures::test_upload_lambda_from_s3")
    s3 = fn.server.client("s3", account=fn.account)
    s3.create_bucket(Bucket=f"code-{fn.account}")
    s3.put_object(Bucket=f"code-{fn.account}", Key="fn.zip", Body=pack("handler.py", INTROSPECT))
    created = fn.client.create_function(
        FunctionName="fn",
        Runtime="python3.12",
        Handler="handler.handler",
        Role=fn.role,
        Code={"S3Bucket": f"code-{fn.account}", "S3Key": "fn.zip"},
        Timeout=10,
    )
    fn.matches(was["creation-response"], created)
    fn.settled()
    answer = fn.invoke(payload={"foo": "bar with 'quotes\""})
    fn.matches(was["invocation-response"], answer | {"Payload": json.loads(answer["Payload"].read())})


def test_lambda_with_context(fn: Scenario) -> None:
    """Recorded with Node.js 16; where that is not here, with what is."""
    was = recorded(FILE, "TestLambdaFeatures::test_lambda_with_context")
    code = "export const handler = async (event, context) => ({context});\n"
    created = fn.made(code, handler="index.handler", Runtime="nodejs20.x")
    ignore = ADDED_SINCE | {"Runtime", "Handler"}
    fn.matches(was["creation"]["CreateFunctionResponse"], created, ignore=ignore)
    context = {
        "custom": {"foo": "bar"},
        "client": {"snap": ["crackle", "pop"]},
        "env": {"fizz": "buzz"},
    }
    answer = fn.invoke(ClientContext=base64.b64encode(json.dumps(context).encode()).decode())
    fn.matches(was["invocation"], answer)


@pytest.mark.parametrize("name", ["f", "f2"])
def test_assume_role(fn: Scenario, name: str) -> None:
    """The session has the function's name; the shortest there is gets an addition, since a session name has two characters."""
    was = recorded(FILE, f"TestLambdaBaseFeatures::test_assume_role[{len(name)}]")
    code = (
        "import boto3\ndef handler(event, context):\n"
        "    return boto3.client('sts').get_caller_identity()['Arn']\n"
    )
    fn.made(code, name, Role=f"arn:aws:iam::{fn.account}:role/lambda-autogenerated-1234")
    fn.matches(was, {"invoke-result-assumed-role-arn": json.loads(fn.invoke(name)["Payload"].read())})


def test_lambda_large_response(fn: Scenario) -> None:
    recorded(FILE, "TestLambdaBaseFeatures::test_lambda_large_response")
    size = 6 * 1024 * 1024
    fn.made(f"def handler(event, context):\n    return 'a' * ({size} - 2)\n")
    answer = fn.invoke()
    assert "FunctionError" not in answer
    assert len(answer["Payload"].read()) == size


def test_request_id_format(fn: Scenario) -> None:
    recorded(FILE, "TestRequestIdHandling::test_request_id_format")
    fn.made("def handler(event, context):\n    return context.aws_request_id\n")
    answer = fn.invoke()
    request_id = json.loads(answer["Payload"].read())
    assert request_id == answer["ResponseMetadata"]["RequestId"]
    assert str(UUID(request_id)) == request_id


def test_lambda_runtime_exit_segfault(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaErrors::test_lambda_runtime_exit_segfault")
    assert was["invocation_error"]["Payload"]["errorType"] == "Sandbox.Timedout"
    pytest.xfail("AWS waited for the timeout of a process that had died; fogbank says at once that it has")


def test_lambda_host_prefix_api_operation(fn: Scenario) -> None:
    """An operation with a host prefix, from inside of a function, with and without the prefix."""
    was = recorded(FILE, "TestLambdaBehavior::test_lambda_host_prefix_api_operation")
    machine = fn.server.client("stepfunctions", account=fn.account).create_state_machine(
        name="m",
        type="EXPRESS",
        roleArn=fn.role,
        definition=json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}),
    )["stateMachineArn"]
    code = """
import os, boto3
from botocore.config import Config

def run(machine, endpoint, prefix):
    client = boto3.client("stepfunctions", endpoint_url=endpoint, config=Config(inject_host_prefix=prefix))
    answer = client.start_sync_execution(stateMachineArn=machine)
    return {"status": "success" if answer["status"] == "SUCCEEDED" else answer["status"]}

def handler(event, context):
    own = os.environ["AWS_ENDPOINT_URL"]
    named = own.replace("127.0.0.1", "localhost")
    return {"host_prefix": run(event["machine"], named, True),
            "host_prefix_localstack_domain": run(event["machine"], named, True),
            "no_host_prefix": run(event["machine"], own, False)}
"""
    fn.made(code)
    try:
        socket.getaddrinfo("sync-localhost", 80)
    except OSError:
        pytest.xfail("no name with the prefix resolves on this machine")
    fn.matches(was["invoke-result"], fn.invoke(payload={"machine": machine}))


@pytest.mark.parametrize("scenario", ["test_mixed_architecture", "test_runtime_introspection_arm"])
def test_other_architectures(fn: Scenario, scenario: str) -> None:
    recorded(FILE, f"TestLambdaBehavior::{scenario}")
    refused = error_of(
        fn.create, ECHO, Architectures=["arm64" if platform.machine() == "x86_64" else "x86_64"]
    )
    assert refused["ResponseMetadata"]["HTTPStatusCode"] == 501
    pytest.xfail(
        "functions of another architecture than the machine's cannot run here, and are refused by name"
    )


def test_lambda_init_environment(fn: Scenario) -> None:
    """The recorder read the memory of process 1; a function's own environment has the same variables."""
    was = recorded(FILE, "TestLambdaBehavior::test_lambda_init_environment")
    expected = was["lambda-init-inspection"]["Payload"]["environment"]
    code = "import os\ndef handler(event, context):\n    return {'environment': dict(os.environ)}\n"
    fn.made(code, Runtime="python3.12")
    seen = json.loads(fn.invoke()["Payload"].read())["environment"]
    own = {"AWS_LAMBDA_RUNTIME_API"}  # Python is spoken to by frames
    own |= {"_X_AMZN_TRACE_ID", "AWS_EXECUTION_ENV", "SHLVL", "PWD"}  # set for a function, or by a shell
    xray = {name for name in expected if "XRAY_DAEMON" in name}  # there is no daemon
    missing = set(expected) - set(seen) - own - xray
    assert not missing
    for name in (
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "TZ",
        "LANG",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
        "PATH",
    ):
        assert seen[name] == expected[name], name


PYTHONS = ["python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14"]


@pytest.fixture
def python(server: Fogbank, request: pytest.FixtureRequest) -> str:
    """A Python that this machine has."""
    wanted = str(request.param)
    if wanted not in {found.runtime for found in server.app.house.pool.runtimes()}:
        pytest.xfail(f"{wanted} is not on this machine")
    return wanted


@pytest.mark.parametrize("python", PYTHONS, indirect=True)
def test_handler_in_submodule(fn: Scenario, python: str) -> None:
    recorded(RUNTIMES, f"TestPythonRuntimes::test_handler_in_submodule[{python}]")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("localstack_package/def/main.py", ECHO)
    fn.client.create_function(
        FunctionName="fn",
        Runtime=python,
        Role=fn.role,
        Handler="localstack_package/def/main.handler",
        Code={"ZipFile": content.getvalue()},
    )
    fn.settled()
    assert json.loads(fn.invoke(payload={"a": 1})["Payload"].read()) == {"a": 1}


@pytest.mark.parametrize("python", PYTHONS, indirect=True)
def test_python_runtime_correct_versions(fn: Scenario, python: str) -> None:
    recorded(RUNTIMES, f"TestPythonRuntimes::test_python_runtime_correct_versions[{python}]")
    code = "import sys\ndef handler(event, context):\n    return 'python%d.%d' % sys.version_info[:2]\n"
    fn.made(code, Runtime=python)
    assert json.loads(fn.invoke()["Payload"].read()) == python


BOOTSTRAP = """#!/usr/bin/python3
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
root = "/2018-06-01/runtime/"
while True:
    api.request("GET", root + "invocation/next")
    answer = api.getresponse()
    answer.read()
    request_id = answer.getheader("Lambda-Runtime-Aws-Request-Id")
    %s
    api.request("POST", root + "invocation/" + request_id + "/" + kind, json.dumps(said))
    api.getresponse().read()
"""


@pytest.mark.parametrize("runtime", ["provided.al2", "provided.al2023"])
@pytest.mark.parametrize("scenario", ["test_uncaught_exception_invoke", "test_manual_endpoint_injection"])
def test_provided_runtimes(fn: Scenario, runtime: str, scenario: str) -> None:
    """What the Go programs of the scenarios did, by a bootstrap in Python: any program speaks the same Runtime API."""
    if not Path("/usr/bin/python3").exists():
        pytest.xfail("the bootstrap needs /usr/bin/python3")
    was = recorded(RUNTIMES, f"TestGoProvidedRuntimes::{scenario}[{runtime}]")
    fails = "kind, said = 'error', {'errorMessage': 'Error: some_error_msg', 'errorType': 'errorString'}"
    speaks = "kind, said = 'response', {'endpoint': os.environ['AWS_ENDPOINT_URL']}"
    code = BOOTSTRAP % (fails if was else speaks)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        info = zipfile.ZipInfo("bootstrap")
        info.external_attr = 0o755 << 16
        archive.writestr(info, code)
    created = fn.client.create_function(
        FunctionName="fn",
        Runtime=runtime,
        Role=fn.role,
        Handler="function.handler",
        Code={"ZipFile": content.getvalue()},
        MemorySize=1024,
    )
    fn.settled()
    answer = fn.invoke()
    if was:
        fn.matches(was["create_function_result"], created)
        fn.matches(was["error_result"], answer)
    else:
        assert json.loads(answer["Payload"].read())["endpoint"].startswith("http://")


JAVA = [
    "test_java_runtime_with_lib",
    "test_stream_handler[java21]",
    "test_stream_handler[java17]",
    "test_stream_handler[java11]",
    "test_stream_handler[java8.al2]",
    "test_serializable_input_object[java21]",
    "test_serializable_input_object[java17]",
    "test_serializable_input_object[java11]",
    "test_serializable_input_object[java8.al2]",
    "test_java_custom_handler_method_specification[cloud.localstack.sample.LambdaHandlerWithInterfaceAndCustom::handleRequestCustom-CUSTOM]",
    "test_java_custom_handler_method_specification[cloud.localstack.sample.LambdaHandlerWithInterfaceAndCustom-INTERFACE]",
    "test_java_custom_handler_method_specification[cloud.localstack.sample.LambdaHandlerWithInterfaceAndCustom::handleRequest-INTERFACE]",
    "test_stream_handler[java25]",
    "test_serializable_input_object[java25]",
]


@pytest.mark.parametrize("scenario", JAVA)
def test_java(scenario: str) -> None:
    recorded(RUNTIMES, f"TestJavaRuntimes::{scenario}")
    pytest.xfail("there is no Java runtime here: such a function becomes Failed and says what to install")


DESTINATIONS = "lambda_/test_lambda_destinations.snapshot.json"


def test_lambda_destination_default_retries(fn: Scenario) -> None:
    was = recorded(DESTINATIONS, "TestLambdaDestinationSqs::test_lambda_destination_default_retries")
    sqs = fn.server.client("sqs", account=fn.account)
    queue = sqs.create_queue(QueueName="results")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{fn.account}:results"
    fn.made(INTROSPECT)
    destinations = {"OnSuccess": {"Destination": arn}, "OnFailure": {"Destination": arn}}
    put = fn.client.put_function_event_invoke_config(FunctionName="fn", DestinationConfig=destinations)
    fn.matches(was["put_function_event_invoke_config"], put)
    fn.invoke(payload={"raise_error": 1}, InvocationType="Event")
    for attempt, wait_s in ((1, 60), (2, 120)):
        ends = 0
        while ends < attempt:
            ends = sum(event["message"].startswith("END") for event in fn.events(at_least=4 * attempt))
        fn.server.advance(wait_s)
    received = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
    body = json.loads(received["Messages"][0]["Body"])
    expected = was["receive_message_result"]["Messages"][0]["Body"]
    body["responsePayload"]["stackTrace"] = expected["responsePayload"]["stackTrace"]  # names another file
    received["Messages"][0]["Body"] = json.dumps(body)
    fn.matches(was["receive_message_result"], received)


TWO_WAYS = """
def handler(event, context):
    if event["mode"] == "failure":
        raise Exception("intentional failure!")
    return {"hello": "world", "test": "abc", "val": 5, "success": True}
"""


def test_destination_in_eventbridge(fn: Scenario) -> None:
    was = recorded(DESTINATIONS, "TestLambdaDestinationEventbridge::test_invoke_lambda_eventbridge")
    events = fn.server.client("events", account=fn.account)
    sqs = fn.server.client("sqs", account=fn.account)
    bus = events.create_event_bus(Name="results")["EventBusArn"]
    events.put_rule(Name="all", EventBusName="results", EventPattern=json.dumps({"source": ["lambda"]}))
    queue = sqs.create_queue(QueueName="results")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{fn.account}:results"
    events.put_targets(Rule="all", EventBusName="results", Targets=[{"Id": "q", "Arn": arn}])
    fn.made(TWO_WAYS)
    fn.client.put_function_event_invoke_config(
        FunctionName="fn",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": bus}, "OnFailure": {"Destination": bus}},
    )
    for mode in ("success", "failure"):
        fn.invoke(payload={"mode": mode}, InvocationType="Event")
        (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        event = json.loads(message["Body"])
        expected = was[f"lambda_destination_event_bus_{mode}"]
        if mode == "failure":  # names another file
            trace = expected["detail"]["responsePayload"]["stackTrace"]
            event["detail"]["responsePayload"]["stackTrace"] = trace
        fn.matches(expected, event)
