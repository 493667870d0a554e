"""Lambda answers what AWS answered, over boto3 and with real functions. The calls are inferred from the recordings.

Beside this: function URLs, provisioned concurrency, runtimes and accounts (`test_lambda_urls.py`, `test_lambda_provisioned.py`,
`test_lambda_more.py`), event source mappings and destinations (`test_event_source_mappings.py`); what is the sandbox's matter
(introspection, ulimits, the variables of an environment) is replayed in tests/sandbox. Recordings of 2022 lack members that AWS
has added since: those are ignored there.
"""

from __future__ import annotations

import base64
import io
import json
import re
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.support.recordings import Matcher, error_of, recorded

FILE = "lambda_/test_lambda.snapshot.json"
RUNTIMES = "lambda_/test_lambda_runtimes.snapshot.json"
ADDED_SINCE = frozenset({"LoggingConfig", "RuntimeVersionConfig", "SnapStart"})
PYTHON = "python3.12"  # what most were recorded with

ECHO = "def handler(event, context):\n    print(__import__('json').dumps(event))\n    return event\n"
INTROSPECT = """
import logging

logging.getLogger().setLevel(logging.INFO)

def handler(event, context):
    print("Lambda log message - print function")
    logging.getLogger().info("Lambda log message - logging module")
    if event.get("raise_error"):
        raise Exception("Test exception (this is intentional)")
    names = ("invoked_function_arn", "function_version", "function_name", "memory_limit_in_mb", "aws_request_id",
             "log_group_name", "log_stream_name", "client_context")
    return {"event": event, "context": {name: getattr(context, name) for name in names}}
"""
VERSIONED = """
def handler(event, context):
    return {"version_id": "%s", "invoked_arn": context.invoked_function_arn,
            "version_from_ctx": context.function_version}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Fogbank]:
    with Fogbank(Settings()) as running:
        yield running


class Scenario:
    """One scenario in an account of its own."""

    def __init__(self, server: Fogbank, account: str) -> None:
        self.server, self.account = server, account
        config = Config(parameter_validation=False, read_timeout=60)
        self.client = server.client("lambda", account=account, config=config)
        self.matcher = Matcher(account)

    @property
    def role(self) -> str:
        return f"arn:aws:iam::{self.account}:role/runner"

    def create(self, code: str, name: str = "fn", handler: str = "handler.handler", **more: Any) -> Any:
        """CreateFunction; the file has the module's name in `handler`."""
        settings = {"Runtime": PYTHON, "Role": self.role, "Handler": handler} | more
        file = (
            "index.mjs" if str(settings["Runtime"]).startswith("node") else handler.partition(".")[0] + ".py"
        )
        return self.client.create_function(FunctionName=name, Code={"ZipFile": pack(file, code)}, **settings)

    def made(self, code: str, name: str = "fn", handler: str = "handler.handler", **more: Any) -> Any:
        """A function as most scenarios made it, settled."""
        more = {"Timeout": 30, "Environment": {"Variables": {}}} | more
        created = self.create(code, name, handler, **more)
        self.settled(name)
        return created

    def settled(self, name: str = "fn", qualifier: str | None = None) -> None:
        more = {"Qualifier": qualifier} if qualifier else {}
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found = self.client.get_function_configuration(FunctionName=name, **more)
            if found["State"] != "Pending" and found.get("LastUpdateStatus") != "InProgress":
                assert found["State"] == "Active", found.get("StateReason")
                return
            time.sleep(0.01)
        raise AssertionError(f"{name} does not settle")

    def invoke(self, name: str = "fn", payload: Any = None, **more: Any) -> Any:
        body = payload if isinstance(payload, bytes) else json.dumps({} if payload is None else payload)
        return self.client.invoke(FunctionName=name, Payload=body, **more)

    def matches(self, expected: Any, actual: Any, *, ignore: frozenset[str] | set[str] = frozenset()) -> None:
        """Compare. All hashes of code were recorded as one word, so they are not."""
        self.matcher.matches(expected, actual, ignore={*ignore, "CodeSha256"})

    def events(self, name: str = "fn", at_least: int = 1) -> list[dict[str, Any]]:
        """The log events of a function, in order."""
        logs = self.server.client("logs", account=self.account)
        end = time.monotonic() + 20
        found: list[dict[str, Any]] = []
        while time.monotonic() < end:
            self.server.flush()
            try:
                found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
            except logs.exceptions.ResourceNotFoundException:
                found = []
            if len(found) >= at_least:
                return found
            time.sleep(0.02)
        raise AssertionError(f"only {len(found)} log events")


def pack(name: str, code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, code)
    return content.getvalue()


def tail_of(answer: Any) -> list[str]:
    return base64.b64decode(answer["LogResult"]).decode().splitlines()


def steady(text: str) -> str:
    """A log line with its figures replaced as the recorder did."""
    text = re.sub(r"(Duration|Init Duration): [0-9.]+ ms", r"\1: <duration> ms", text)
    return re.sub(r"Max Memory Used: [0-9]+ MB", "Max Memory Used: <memory> MB", text)


_accounts = iter(range(300_000_000_000, 400_000_000_000))


@pytest.fixture
def fn(server: Fogbank) -> Scenario:
    return Scenario(server, str(next(_accounts)))


def test_basic_invoke(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaFeatures::test_basic_invoke")
    ignore = ADDED_SINCE | {"Runtime"}
    for name, create, get in (
        ("one", "lambda_create_fn", "lambda_get_fn"),
        ("two", "lambda_create_fn_2", "lambda_get_fn_2"),
    ):
        fn.matches(was[create], fn.create(ECHO, name, "index.handler"), ignore=ignore)
        fn.settled(name)
        fn.matches(was[get], fn.client.get_function(FunctionName=name), ignore=ignore)
    fn.matches(was["lambda_invoke_result"], fn.invoke("one"))


def test_function_state(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaBaseFeatures::test_function_state")
    fn.matches(was["create-fn-response"], fn.create(ECHO))
    fn.settled()
    fn.matches(was["get-fn-response"], fn.client.get_function(FunctionName="fn"))


def test_recreate_function(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaCleanup::test_recreate_function")
    for key in ("create_function_response_one", "create_function_response_two"):
        created = fn.made(ECHO, handler="lambda_echo.handler")
        fn.matches(was[key]["CreateFunctionResponse"], created)
        fn.client.delete_function(FunctionName="fn")


@pytest.mark.parametrize("runtime", ["python3.9", "python3.10"])
@pytest.mark.parametrize(
    ("scenario", "type_"),
    [
        ("test_invocation_type_request_response", "RequestResponse"),
        ("test_invocation_type_event", "Event"),
        ("test_invocation_type_dry_run", "DryRun"),
    ],
)
def test_invocation_types(fn: Scenario, runtime: str, scenario: str, type_: str) -> None:
    was = recorded(FILE, f"TestLambdaFeatures::{scenario}[{runtime}]")
    fn.made(ECHO)
    fn.matches(was["invoke-result"], fn.invoke(InvocationType=type_))


@pytest.mark.parametrize("type_", ["RequestResponse", "Event"])
def test_invocation_type_no_return_payload(fn: Scenario, type_: str) -> None:
    was = recorded(FILE, f"TestLambdaFeatures::test_invocation_type_no_return_payload[python-{type_}]")
    fn.made("def handler(event, context):\n    pass\n")
    fn.matches(was["invoke-result"], fn.invoke(InvocationType=type_))


def test_invocation_with_logs(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaFeatures::test_invocation_with_logs[python3.10]")
    fn.made(ECHO)
    answer = fn.invoke(LogType="Tail")
    fn.matches(was["invoke"], answer)
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines(keepends=True)
    fn.matches(was["logs"]["logs"], [steady(line) for line in lines])


def test_lambda_environment(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaFeatures::test_lambda_environment")
    code = "import os\ndef handler(event, context):\n    return {'Hello': os.environ['Hello']}\n"
    ignore = ADDED_SINCE | {"Runtime"}
    created = fn.made(code, Environment={"Variables": {"Hello": "World"}})
    fn.matches(was["creation-result"]["CreateFunctionResponse"], created, ignore=ignore)
    fn.matches(was["invocation-result"], fn.invoke())
    shown = fn.client.get_function_configuration(FunctionName="fn")
    fn.matches(was["get-configuration-result"], shown, ignore=ignore)


def test_invocation_with_qualifier(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaFeatures::test_invocation_with_qualifier")
    fn.matches(was["creation-response"], fn.create(INTROSPECT, Timeout=10, Publish=True))
    fn.settled("fn", "1")
    answer = fn.invoke(payload={"foo": "bar with 'quotes\""}, Qualifier="1", LogType="Tail")
    lines = tail_of(answer)
    payload = answer["Payload"].read()
    fn.matches(was["invocation-response"], answer | {"Payload": json.loads(payload)})
    report = lines.pop()
    assert report.startswith(f"REPORT RequestId: {json.loads(payload)['context']['aws_request_id']}\t")
    lines[2] = re.sub(r"\t[0-9T:.-]+Z\t", "\tdate\t", lines[2])
    fn.matches(was["log_result"]["log_result"], lines)


@pytest.mark.parametrize("language", ["python", "nodejs"])
def test_lambda_cache_local(fn: Scenario, language: str) -> None:
    was = recorded(FILE, f"TestLambdaBehavior::test_lambda_cache_local[{language}]")
    if language == "python":
        fn.made(
            "counter = -1\ndef handler(event, context):\n    global counter\n    counter += 1\n    return {'counter': counter}\n"
        )
    else:
        code = "let counter = 0;\nexport const handler = async () => ({counter: counter++});\n"
        fn.made(code, handler="index.handler", Runtime="nodejs20.x")
    fn.matches(was["first_invoke_result"], fn.invoke())
    fn.matches(was["second_invoke_result"], fn.invoke())


def test_lambda_invoke_with_timeout(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaBehavior::test_lambda_invoke_with_timeout")
    created = fn.made("import time\ndef handler(event, context):\n    time.sleep(event['wait'])\n", Timeout=1)
    fn.matches(was["create-result"]["CreateFunctionResponse"], created)
    fn.matches(was["invoke-result"], fn.invoke(payload={"wait": 2}))


def test_lambda_invoke_no_timeout(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaBehavior::test_lambda_invoke_no_timeout")
    created = fn.made("import time\ndef handler(event, context):\n    time.sleep(event['wait'])\n", Timeout=2)
    fn.matches(was["create-result"]["CreateFunctionResponse"], created)
    fn.matches(was["invoke-result"], fn.invoke(payload={"wait": 0.1}))


def test_lambda_too_large_response(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaBaseFeatures::test_lambda_too_large_response")
    fn.made("def handler(event, context):\n    return 'x' * 7_000_000\n")
    fn.matches(was["invoke_result"], fn.invoke())
    fn.matches(was["invoke_result_2"], fn.invoke())


def test_lambda_different_iam_keys_environment(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaBaseFeatures::test_lambda_different_iam_keys_environment")
    code = "import os\ndef handler(event, context):\n    return os.environ['AWS_ACCESS_KEY_ID']\n"
    created = fn.made(code)
    fn.matches(
        was["create-result"]["CreateFunctionResponse"], created, ignore={"Runtime", "Timeout", "Handler"}
    )
    first = fn.invoke()["Payload"].read()
    fn.client.update_function_configuration(FunctionName="fn", Description="another environment")
    fn.settled()
    assert fn.invoke()["Payload"].read() != first


def test_lambda_handler_update(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaVersions::test_lambda_handler_update")
    fn.made(
        "def handler(event, context):\n    return {'handler': 'handler'}\n\n"
        "def handler_two(event, context):\n    return {'handler': 'handler_two'}\n"
    )
    fn.matches(was["invoke_result_handler_one"], fn.invoke())
    updated = fn.client.update_function_configuration(FunctionName="fn", Handler="handler.handler_two")
    fn.matches(was["update_function_configuration_result"], updated)
    fn.settled()
    fn.matches(was["get_function_result"], fn.client.get_function(FunctionName="fn"))
    fn.matches(was["invoke_result_handler_two"], fn.invoke())
    fn.client.publish_version(FunctionName="fn")
    fn.matches(was["invoke_result_handler_two_postpublish"], fn.invoke())


def test_lambda_versions_with_code_changes(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaVersions::test_lambda_versions_with_code_changes")

    def check(key: str, **more: Any) -> None:
        fn.matches(was[key], fn.invoke(**more))

    fn.matches(was["create_response"], fn.create(VERSIONED % "version1", Description="No version :("))
    fn.settled()
    fn.matches(
        was["first_publish_response"],
        fn.client.publish_version(FunctionName="fn", Description="First version description :)"),
    )
    updated = fn.client.update_function_code(
        FunctionName="fn", ZipFile=pack("handler.py", VERSIONED % "version2")
    )
    fn.matches(was["update_lambda_response"], updated)
    fn.settled()
    check("invocation_result_latest")
    check("invocation_result_v1", Qualifier="1")
    fn.matches(
        was["second_publish_response"],
        fn.client.publish_version(FunctionName="fn", Description="Second version description :)"),
    )
    check("invocation_result_v2", Qualifier="2")
    updated = fn.client.update_function_code(
        FunctionName="fn", ZipFile=pack("handler.py", VERSIONED % "version3"), Publish=True
    )
    fn.matches(was["update_lambda_response_with_publish"], updated)
    fn.settled("fn", "3")
    fn.settled()
    check("invocation_result_v3", Qualifier="3")
    check("invocation_result_latest_end")
    check("invocation_result_v2_end", Qualifier="2")
    check("invocation_result_v1_end", Qualifier="1")


def test_lambda_alias_moving(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaAliases::test_lambda_alias_moving")

    def check(key: str, name: str = "fn", **more: Any) -> None:
        fn.matches(was[key], fn.invoke(name, **more))

    fn.matches(was["create_response"], fn.create(VERSIONED % "version1", Description="No version :("))
    fn.settled()
    fn.client.publish_version(FunctionName="fn")
    alias = fn.client.create_alias(FunctionName="fn", Name="alias1", FunctionVersion="1")
    fn.matches(was["create_alias_response"], alias)
    check("invocation_result_qualifier_v1", Qualifier="alias1")
    check("invocation_result_qualifier_v1_arn", alias["AliasArn"])
    updated = fn.client.update_function_code(
        FunctionName="fn", ZipFile=pack("handler.py", VERSIONED % "version2")
    )
    fn.matches(was["update_lambda_response"], updated)
    fn.settled()
    check("invocation_result_qualifier_v1_after_update", Qualifier="alias1")
    fn.matches(
        was["second_publish_response"],
        fn.client.publish_version(FunctionName="fn", Description="Second version description :)"),
    )
    check("invocation_result_qualifier_v1_after_publish", Qualifier="alias1")
    moved = fn.client.update_alias(FunctionName="fn", Name="alias1", FunctionVersion="2")
    fn.matches(was["update_alias_response"], moved)
    check("invocation_result_qualifier_v2", Qualifier="alias1")
    error = error_of(fn.client.invoke, FunctionName="fn", Qualifier="non-existent-alias", Payload=b"{}")
    fn.matches(was["invocation_exc_not_existent"], error)


def test_alias_routingconfig(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaAliases::test_alias_routingconfig")
    fn.made(ECHO, Publish=True)
    fn.settled("fn", "1")
    fn.client.update_function_code(FunctionName="fn", ZipFile=pack("handler.py", "# another\n" + ECHO))
    fn.settled()
    fn.client.publish_version(FunctionName="fn")
    alias = fn.client.create_alias(
        FunctionName="fn",
        Name="alias1",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    fn.matches(was["create_alias_response"], alias)
    seen = {fn.invoke(Qualifier="alias1")["ExecutedVersion"] for _ in range(60)}
    assert seen == {"1", "2"}


def test_lambda_concurrency_crud(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaConcurrency::test_lambda_concurrency_crud")
    fn.made(ECHO)
    get = fn.client.get_function_concurrency
    fn.matches(was["get_function_concurrency_default"], get(FunctionName="fn"))
    put = fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)
    fn.matches(was["put_function_concurrency"], put)
    fn.matches(was["get_function_concurrency_updated"], get(FunctionName="fn"))
    fn.client.delete_function_concurrency(FunctionName="fn")
    fn.matches(was["get_function_concurrency_deleted"], get(FunctionName="fn"))


def test_lambda_concurrency_update(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaConcurrency::test_lambda_concurrency_update")
    fn.made(ECHO)
    get = fn.client.get_function_concurrency
    put = fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=3)
    fn.matches(was["put_function_concurrency"], put)
    fn.matches(was["get_function_concurrency_updated"], get(FunctionName="fn"))
    fn.matches(was["get_function_concurrency_info"], fn.client.get_function(FunctionName="fn"))
    fn.client.delete_function_concurrency(FunctionName="fn")
    fn.matches(was["get_function_concurrency_deleted"], get(FunctionName="fn"))


def test_reserved_concurrency(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaConcurrency::test_reserved_concurrency")
    fn.made(ECHO)
    shown = fn.client.get_function_configuration(FunctionName="fn", Qualifier="$LATEST")
    fn.matches(was["fn"], shown, ignore={"Runtime", "Timeout"})
    put = fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)
    fn.matches(was["put_reserved"], put)
    error = error_of(fn.client.invoke, FunctionName="fn", InvocationType="RequestResponse", Payload=b"{}")
    fn.matches(was["exc_no_cap_requestresponse"], error)
    fn.matches(was["invoke_result"], fn.invoke(InvocationType="Event"))


def test_reserved_concurrency_async_queue(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaConcurrency::test_reserved_concurrency_async_queue")
    fn.made("import time\ndef handler(event, context):\n    time.sleep(event['wait'])\n")
    shown = fn.client.get_function_configuration(FunctionName="fn", Qualifier="$LATEST")
    fn.matches(was["fn"], shown, ignore={"Runtime", "Timeout"})
    put = fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1)
    fn.matches(was["put_fn_concurrency"], put)
    for _ in range(2):
        fn.invoke(payload={"wait": 1}, InvocationType="Event")
    fn.events(at_least=1)  # the first of them runs
    error = error_of(fn.client.invoke, FunctionName="fn", Payload=b'{"wait": 0}')
    fn.matches(was["too_many_requests_exc"], error)


def test_lambda_concurrency_block(fn: Scenario) -> None:
    """Without the provisioned concurrency, which shows what reserved concurrency alone answers."""
    was = recorded(FILE, "TestLambdaConcurrency::test_lambda_concurrency_block")
    fn.made("def handler(event, context):\n    return {'hello': 'world'}\n")
    published = fn.client.publish_version(FunctionName="fn")
    fn.matches(was["v1_result"], published, ignore={"Runtime", "Timeout", "Handler"})
    put = fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1)
    fn.matches(was["reserved_concurrency_result"], put)
    fn.matches(was["invoke_latest_before_block"], fn.invoke())
    fn.matches(was["invoke_v1_after_block"], fn.invoke(Qualifier="1"))


def test_invoke_exceptions(fn: Scenario) -> None:
    was = recorded(
        FILE, "tests/aws/services/lambda_/test_lambda.py::TestLambdaFeatures::test_invoke_exceptions"
    )
    error = error_of(fn.client.invoke, FunctionName="doesnotexist", Payload=b"{}")
    fn.matches(was["invoke_function_doesnotexist"], error)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("body-n\\x87r\\x9e\\xe9\\xb5\\xd7I\\xee\\x9bmt", "body"),
        ("message-\\x99\\xeb,j\\x07\\xa1zYh", "message"),
    ],
)
def test_lambda_invoke_payload_encoding_error(fn: Scenario, key: str, what: str) -> None:
    was = recorded(FILE, f"TestLambdaErrors::test_lambda_invoke_payload_encoding_error[{key}]")
    payload = {"body": b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt", "message": b"\x99\xeb,j\x07\xa1zYh"}[what]
    fn.made(ECHO)
    error = error_of(fn.client.invoke, FunctionName="fn", Payload=payload)
    fn.matches(was[f"invoke_function_invalid_payload_{what}"], error)


def test_lambda_runtime_error(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaErrors::test_lambda_runtime_error")
    code = 'raise Exception("Runtime startup fails")\n\ndef handler(event, context):\n    pass\n'
    fn.made(code, handler="lambda_runtime_error.handler", Runtime="python3.13")
    answer = fn.invoke()
    payload = json.loads(answer["Payload"].read())
    expected = dict(was["invocation_error"])
    frames, expected["Payload"] = expected["Payload"]["stackTrace"], expected["Payload"] | {"stackTrace": []}
    assert payload["stackTrace"][-1] == frames[-1]
    assert payload["stackTrace"][0].partition(", line")[0] == frames[0].partition(", line")[0]
    fn.matches(expected, answer | {"Payload": payload | {"stackTrace": []}})


@pytest.mark.parametrize(
    ("scenario", "code", "handler"),
    [
        ("test_lambda_runtime_exit", "import os\nos._exit(0)\n", "lambda_runtime_exit.handler"),
        (
            "test_lambda_handler_exit",
            "import os\ndef handler(event, context):\n    os._exit(0)\n",
            "lambda_handler_exit.handler",
        ),
        (
            "test_lambda_handler_error",
            'def handler(event, context):\n    raise Exception("Handler fails")\n',
            "lambda_handler_error.handler",
        ),
    ],
)
def test_lambda_errors(fn: Scenario, scenario: str, code: str, handler: str) -> None:
    was = recorded(FILE, f"TestLambdaErrors::{scenario}")
    fn.made(code, handler=handler)
    fn.matches(was["invocation_error"], fn.invoke())


def test_lambda_runtime_wrapper_not_found(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaErrors::test_lambda_runtime_wrapper_not_found")
    fn.made(ECHO, Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/idontexist.sh"}})
    fn.matches(was["invocation_error"], fn.invoke())


def test_request_id_invoke(fn: Scenario) -> None:
    was = recorded(FILE, "TestRequestIdHandling::test_request_id_invoke")
    fn.made(
        "import logging\nlogging.getLogger().setLevel(logging.INFO)\n"
        "def handler(event, context):\n"
        "    logging.getLogger().info('RequestId log message')\n"
        "    return context.aws_request_id\n"
    )
    answer = fn.invoke()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert json.loads(answer["Payload"].read()) == request_id
    fn.matches(was["invoke_result"], answer | {"Payload": json.dumps(request_id)})
    lines = [event["message"].rstrip() for event in fn.events(at_least=5)]
    assert lines.pop(0).startswith("INIT_START Runtime Version: python:3.12.v")
    lines[1] = re.sub(r"\t[0-9T:.-]+Z\t", "\tdate\t", lines[1])
    fn.matches(was["log_entries"]["logs"], [steady(line) for line in lines])


def test_request_id_async_invoke_with_retry(fn: Scenario) -> None:
    was = recorded(FILE, "TestRequestIdHandling::test_request_id_async_invoke_with_retry")
    fn.made("def handler(event, context):\n    raise Exception('intentional')\n")
    fn.client.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1)
    answer = fn.invoke(InvocationType="Event")
    fn.matches(was["invoke_result"], answer)
    fn.events(at_least=4)
    fn.server.advance(60)
    ends = [
        event["message"].rstrip() for event in fn.events(at_least=8) if event["message"].startswith("END")
    ]
    assert ends == [f"END RequestId: {answer['ResponseMetadata']['RequestId']}"] * 2
    fn.matches(was["end_messages"], ends)


def test_invocation_type_event_error(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaFeatures::test_invocation_type_event_error")
    code = (
        "class CustomException(Exception):\n    pass\n\n\n"
        'def handler(event, context):\n    raise CustomException("some error occurred")\n'
    )
    created = fn.made(code, Runtime="python3.10")
    fn.matches(was["creation_response"]["CreateFunctionResponse"], created, ignore=ADDED_SINCE | {"Runtime"})
    fn.client.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1)
    fn.matches(was["invocation_response"], fn.invoke(InvocationType="Event"))
    fn.events(at_least=5)
    fn.server.advance(60)
    messages = [event["message"] for event in fn.events(at_least=9)]
    expected = [event["message"] for event in was["log_events"]]
    request_id = messages[1].split(" ")[2]
    for said, wanted in zip(messages[1:], expected[1:], strict=True):
        if wanted.startswith("REPORT"):
            bare = r"\d+(\.\d+)?"
            pattern = re.sub(r"[0-9.]+(?= m?[sM])", lambda _: "FIGURE", wanted)
            pattern = re.escape(pattern.replace("<request-id>", request_id)).replace("FIGURE", bare)
            assert re.fullmatch(pattern, said), (said, wanted)
        else:
            assert said == wanted.replace("<request-id>", request_id)
    assert messages[0].startswith("INIT_START Runtime Version: python:3.10.v")


def test_function_update_during_invoke(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaVersions::test_function_update_during_invoke")
    code = """
import os, time
def handler(event, context):
    time.sleep(event["wait"])
    return {"function_version": context.function_version, "request_id": context.aws_request_id,
            "request_prefix": event["prefix"], "function_variant": os.environ["FUNCTION_VARIANT"]}
"""
    import threading

    fn.made(code, Environment={"Variables": {"FUNCTION_VARIANT": "variant-1"}})
    answers: list[Any] = []
    call = threading.Thread(
        target=lambda: answers.append(fn.invoke(payload={"wait": 1, "prefix": "1-sleep"}))
    )
    call.start()
    fn.events(at_least=2)
    fn.client.update_function_configuration(
        FunctionName="fn", Environment={"Variables": {"FUNCTION_VARIANT": "variant-2"}}
    )
    fn.settled()
    after = json.loads(fn.invoke(payload={"wait": 0, "prefix": "2"})["Payload"].read())
    assert after["function_variant"] == "variant-2"
    call.join()
    fn.matches(was["invoke_response_before"], answers[0])


def test_async_invoke_queue_upon_function_update(fn: Scenario) -> None:
    """Events that were queued before an update run on what there is after it."""
    was = recorded(FILE, "TestLambdaVersions::test_async_invoke_queue_upon_function_update")
    code = """
import os, time
def handler(event, context):
    time.sleep(event["wait"])
    print("ran " + event["prefix"] + "--" + os.environ["FUNCTION_VARIANT"])
"""
    fn.made(code, Environment={"Variables": {"FUNCTION_VARIANT": "variant-1"}})
    fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1)
    fn.invoke(payload={"prefix": "01-sleep", "wait": 1}, InvocationType="Event")
    fn.events(at_least=2)
    for number in range(2, 11):
        fn.invoke(payload={"prefix": f"{number:02d}-before", "wait": 0}, InvocationType="Event")
    fn.client.update_function_configuration(
        FunctionName="fn", Environment={"Variables": {"FUNCTION_VARIANT": "variant-2"}}
    )
    fn.settled()
    for number in range(11, 16):
        fn.invoke(payload={"prefix": f"{number:02d}-after", "wait": 0}, InvocationType="Event")
    ran = [
        e["message"][4:].rstrip() for e in fn.events(at_least=15 * 4 + 2) if e["message"].startswith("ran ")
    ]
    fn.matches(was["async_invoke_history_sorted"], sorted(ran))


def test_multi_line_prints(fn: Scenario) -> None:
    was = recorded(RUNTIMES, "TestCloudwatchLogs::test_multi_line_prints")
    fn.made(
        "def handler(event, context):\n    print('multi\\nline\\nstring')\n    print('another\\rline')\n",
        Runtime="python3.13",
    )
    fn.invoke()
    events = fn.events(at_least=8)
    fn.matches(
        was["log-events"],
        [event | {"message": steady(event["message"])} for event in events],
        ignore={"eventId"},
    )


def test_invoke_nodejs_es6_lambda(fn: Scenario) -> None:
    was = recorded(RUNTIMES, "TestNodeJSRuntimes::test_invoke_nodejs_es6_lambda[nodejs20.x]")
    code = (
        "export const handler = async (event) => ({statusCode: 200,\n"
        "  body: JSON.stringify(`response from localstack lambda: ${JSON.stringify(event)}`)});\n"
    )
    zipped = pack("lambda_handler_es6.mjs", code)
    created = fn.client.create_function(
        FunctionName="fn",
        Runtime="nodejs20.x",
        Role=fn.role,
        Handler="lambda_handler_es6.handler",
        Timeout=30,
        Environment={"Variables": {}},
        Code={"ZipFile": zipped},
    )
    fn.matches(was["creation-result"]["CreateFunctionResponse"], created)
    fn.settled()
    fn.matches(was["invocation-result"], fn.invoke(payload={"event_type": "test_lambda"}))


def test_add_permission_for_sns(fn: Scenario) -> None:
    was = recorded(RUNTIMES, "TestJavaRuntimes::test_java_lambda_subscribe_sns_topic")
    fn.made(ECHO)
    added = fn.client.add_permission(
        FunctionName="fn",
        StatementId="sid",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=f"arn:aws:sns:us-east-1:{fn.account}:topic",
    )
    fn.matches(was["add-permission"], added)


def test_destination_records(fn: Scenario) -> None:
    """The records of the SQS scenarios, delivered to a function, which is what fogbank has as a destination."""
    file = "lambda_/test_lambda_destinations.snapshot.json"
    was = "TestLambdaDestinationSqs::test_assess_lambda_destination_invocation"
    fn.made("def handler(event, context):\n    print('record ' + __import__('json').dumps(event))\n", "sink")
    sink = fn.client.get_function(FunctionName="sink")["Configuration"]["FunctionArn"]
    for key, payload in (("payload0", {}), ("payload1", {"raise_error": 1})):
        expected = recorded(file, f"{was}[{key}]")
        name = f"source-{key}"
        fn.made(INTROSPECT, name)
        scenario = Matcher(fn.account)
        put = fn.client.put_function_event_invoke_config(
            FunctionName=name,
            MaximumRetryAttempts=0,
            DestinationConfig={"OnSuccess": {"Destination": sink}, "OnFailure": {"Destination": sink}},
        )
        scenario.matches(expected["put_function_event_invoke_config"], put, ignore={"DestinationConfig"})
        fn.invoke(name, payload, InvocationType="Event")
        record = _record(fn, f":{name}:")
        if payload:  # the frames name the recorded file's lines
            record["responsePayload"]["stackTrace"] = expected["receive_message_result"]["Messages"][0][
                "Body"
            ]["responsePayload"]["stackTrace"]
        scenario.matches(expected["receive_message_result"]["Messages"][0]["Body"], record)


def _record(fn: Scenario, of: str) -> dict[str, Any]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for event in fn.events("sink"):
            if event["message"].startswith("record ") and of in event["message"]:
                record: dict[str, Any] = json.loads(event["message"][7:])
                return record
        time.sleep(0.02)
    raise AssertionError("no record came")
