"""State machines that reach other services, over boto3."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.testing.server import Fogbank
from tests.services.stepfunctions.tasks.conftest import ROLE
from tests.support.waiting import until_blocking

_NUMBERS = count(1)
STATES = "arn:aws:states:::"


class Machines:
    def __init__(self, server: Fogbank) -> None:
        self.server = server
        self.client = server.client("stepfunctions")

    def make(self, state: dict[str, Any], **more: Any) -> str:
        end = {} if state["Type"] == "Fail" else {"End": True}
        definition = {"StartAt": "S", "States": {"S": state | end}} | more
        made = self.client.create_state_machine(
            name=f"m{next(_NUMBERS)}", definition=json.dumps(definition), roleArn=ROLE
        )
        arn: str = made["stateMachineArn"]
        return arn

    def start(self, arn: str, given: Any = None) -> str:
        found: str = self.client.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))[
            "executionArn"
        ]
        return found

    def ended(self, execution: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.client.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        ended: dict[str, Any] = until_blocking(look)
        return ended

    def run(self, resource: str, parameters: Any, **more: Any) -> dict[str, Any]:
        state = {"Type": "Task", "Resource": resource, "Parameters": parameters} | more
        return self.ended(self.start(self.make(state)))

    def output(self, resource: str, parameters: Any) -> Any:
        ended = self.run(resource, parameters)
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])


@pytest.fixture(scope="module")
def machines(server: Fogbank) -> Machines:
    return Machines(server)


@pytest.mark.parametrize(("pattern", "output"), [(".sync", '{"q":[1]}'), (".sync:2", {"q": [1]})])
def test_a_machine_waits_for_another(machines: Machines, pattern: str, output: Any) -> None:
    child = machines.make({"Type": "Pass"})
    parameters = {"StateMachineArn": child, "Input": {"q": [1]}, "Name": f"child{pattern[-1]}"}
    shown = machines.output(f"{STATES}states:startExecution{pattern}", parameters)
    assert (shown["Status"], shown["Output"], shown["Input"]) == ("SUCCEEDED", output, output)
    assert shown["Name"] == parameters["Name"] and isinstance(shown["StartDate"], int)


def test_another_machine_s_failure(machines: Machines) -> None:
    child = machines.make({"Type": "Fail", "Error": "E", "Cause": "C"})
    ended = machines.run(f"{STATES}states:startExecution.sync:2", {"StateMachineArn": child})
    assert ended["error"] == "States.TaskFailed"
    cause = json.loads(ended["cause"])
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "E", "C")
    none = machines.run(f"{STATES}states:startExecution", {"StateMachineArn": child + "x"})
    assert none["error"] == "StepFunctions.StateMachineDoesNotExistException"


def test_a_stopped_machine_stops_the_one_that_it_waits_for(machines: Machines) -> None:
    child = machines.make({"Type": "Wait", "Seconds": 3600})
    state = {
        "Type": "Task",
        "Resource": f"{STATES}states:startExecution.sync",
        "Parameters": {"StateMachineArn": child},
    }
    parent = machines.start(machines.make(state))

    def children() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = machines.client.list_executions(stateMachineArn=child)["executions"]
        return found

    running = until_blocking(children)[0]["executionArn"]
    until_blocking(
        lambda: any(
            event["type"] == "TaskSubmitted"
            for event in machines.client.get_execution_history(executionArn=parent)["events"]
        )
    )
    machines.client.stop_execution(executionArn=parent)
    assert machines.ended(running)["status"] == "ABORTED"


def test_a_callback_through_a_queue(server: Fogbank, machines: Machines) -> None:
    queues = server.client("sqs")
    url = queues.create_queue(QueueName="callbacks")["QueueUrl"]
    body = {"token.$": "$$.Task.Token", "n": 1}
    state = {
        "Type": "Task",
        "Resource": f"{STATES}sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody": body},
    }
    execution = machines.start(machines.make(state))
    message = until_blocking(lambda: queues.receive_message(QueueUrl=url).get("Messages"))[0]
    sent = json.loads(message["Body"])
    machines.client.send_task_success(taskToken=sent["token"], output='{"done": true}')
    assert json.loads(machines.ended(execution)["output"]) == {"done": True}


def test_items_of_dynamodb(server: Fogbank, machines: Machines) -> None:
    server.client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    server.client("dynamodb").get_waiter("table_exists").wait(TableName="orders", WaiterConfig={"Delay": 1})
    item = {"id": {"S": "1"}, "ok": {"BOOL": True}, "raw": {"B": "AAE="}, "none": {"NULL": True}}
    machines.output(f"{STATES}dynamodb:putItem", {"TableName": "orders", "Item": item})
    key = {"TableName": "orders", "Key": {"id": {"S": "1"}}}
    assert machines.output(f"{STATES}dynamodb:getItem", key)["Item"] == item
    shown = machines.output(f"{STATES}aws-sdk:dynamodb:getItem", key)["Item"]
    assert (shown["ok"], shown["none"]) == ({"Bool": True}, {"Nul": True})
    failed = machines.run(f"{STATES}dynamodb:getItem", key | {"TableName": "none"})
    assert failed["error"] == "DynamoDB.ResourceNotFoundException"
    failed = machines.run(f"{STATES}aws-sdk:dynamodb:getItem", key | {"TableName": "none"})
    assert failed["error"] == "DynamoDb.ResourceNotFoundException"


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ("glue:startJobRun.sync", "NotImplemented"),
        ("aws-sdk:s3:putBucketWebsite", "NotImplemented"),
        ("aws-sdk:rekognition:detectFaces", "NotImplemented"),
        ("aws-sdk:s3:nonsense", "InvalidDefinition"),
        ("aws-sdk:nonsense:x", "InvalidDefinition"),
    ],
)
def test_what_is_refused_at_creation(machines: Machines, resource: str, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        given = {"JobName": "j"} if resource.startswith("glue") else {}
        machines.make({"Type": "Task", "Resource": f"{STATES}{resource}", "Parameters": given})
    error = caught.value.response["Error"]
    assert error["Code"] == code and resource in error["Message"]


def test_a_distributed_map_over_s3(server: Fogbank, machines: Machines) -> None:
    s3 = server.client("s3")
    s3.create_bucket(Bucket="mapped")
    s3.put_object(Bucket="mapped", Key="in.csv", Body="a,b\n" + "".join(f"{n},x\n" for n in range(50)))
    state = {
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", "Parameters": {"n.$": "$.Items[0].a"}, "End": True}},
        },
        "ItemReader": {
            "Resource": f"{STATES}s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItemsPath": "$.most"},
            "Parameters": {"Bucket": "mapped", "Key.$": "$.key"},
        },
        "ItemBatcher": {"MaxItemsPerBatch": 10},
        "ResultWriter": {
            "Resource": f"{STATES}s3:putObject",
            "Parameters": {"Bucket": "mapped", "Prefix": "out"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
        },
    }
    ended = machines.ended(machines.start(machines.make(state), {"key": "in.csv", "most": 40}))
    assert ended["status"] == "SUCCEEDED", ended
    details = json.loads(ended["output"])["ResultWriterDetails"]
    manifest = json.load(s3.get_object(**details)["Body"])
    key = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"]
    results = json.load(s3.get_object(Bucket="mapped", Key=key)["Body"])
    assert sorted(each["n"] for each in results) == ["0", "10", "20", "30"]
    missing = machines.ended(machines.start(machines.make(state), {"key": "none", "most": 1}))
    assert missing["error"] == "States.ItemReaderFailed"


@pytest.mark.parametrize(
    ("resource", "parameters", "problem"),
    [
        ("lambda:invoke", {"FunctionName.$": "$.n"}, "The value for the field 'FunctionName' must be a STRING"),
        ("states:startExecution.sync", {"StateMachineArn.$": "$.n"}, "The value for the field 'StateMachineArn' must be a STRING"),
        ("sqs:sendMessage", {"QueueUrl.$": "$.n", "MessageBody": 1}, "The value for the field 'QueueUrl' must be a STRING"),
        ("aws-sdk:lambda:getFunction", {"FunctionName.$": "$.n"}, "The value for the field 'FunctionName' must be a STRING"),
    ],
)  # fmt: skip
def test_parameters_that_are_none_are_not_scheduled(
    machines: Machines, resource: str, parameters: Any, problem: str
) -> None:
    state = {"Type": "Task", "Resource": STATES + resource, "Parameters": parameters}
    execution = machines.start(machines.make(state), {"n": 5})
    ended = machines.ended(execution)
    assert ended["error"] == "States.Runtime" and ended["cause"].endswith(f"start the Task: [{problem}]")
    events = machines.client.get_execution_history(executionArn=execution)["events"]
    assert [each["type"] for each in events][1:] == ["TaskStateEntered", "ExecutionFailed"]


def test_json_for_the_text_of_a_nested_workflow(machines: Machines) -> None:
    child = machines.make({"Type": "Pass"})
    given = {"StateMachineArn": child, "Input": {"q": [1]}}
    started = machines.output(f"{STATES}aws-sdk:sfn:startExecution", given)
    assert json.loads(machines.ended(started["ExecutionArn"])["output"]) == {"q": [1]}


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        said = json.dumps({"authorization": self.headers["Authorization"], "body": json.loads(asked)})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test's output is its own."""


def test_an_http_task_goes_through_a_connection(machines: Machines) -> None:
    events = machines.server.client("events")
    auth = {"BasicAuthParameters": {"Username": "u", "Password": "p"}}
    made = events.create_connection(Name="echo", AuthorizationType="BASIC", AuthParameters=auth)
    endpoint = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    try:
        output = machines.output(
            f"{STATES}http:invoke",
            {
                "ApiEndpoint": f"http://127.0.0.1:{endpoint.server_port}/",
                "Method": "POST",
                "Authentication": {"ConnectionArn": made["ConnectionArn"]},
                "RequestBody": {"a": 1},
            },
        )
    finally:
        endpoint.shutdown()
        endpoint.server_close()
    assert output["ResponseBody"] == {"authorization": "Basic dTpw", "body": {"a": 1}}
    assert (output["StatusCode"], output["StatusText"]) == (200, "OK")


def wrong(machines: Machines, resource: str, given: Any, **more: Any) -> str:
    """What is said of a state that cannot be created."""
    name = "Arguments" if more else "Parameters"
    with pytest.raises(ClientError) as refused:
        machines.make({"Type": "Task", "Resource": STATES + resource, name: given} | more)
    assert refused.value.response["Error"]["Code"] == "InvalidDefinition"
    message: str = refused.value.response["Error"]["Message"]
    return message.removeprefix("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: ").removesuffix(
        "'"
    )


def test_fields_that_an_operation_does_not_take(machines: Machines) -> None:
    """AWS says them when the machine is created: `The field "static" …` of aws-cdk#29968, nested ones too."""
    said = "The field '{}' is not supported by Step Functions at /States/S/{}"
    put = "aws-sdk:dynamodb:putItem"
    assert wrong(machines, put, {"TableName": "t", "Foo": 1}) == said.format("Foo", "Parameters")
    assert wrong(machines, put, {"TableName": "t", "foo.$": "$.x"}) == said.format("foo", "Parameters")
    item = {"Item": {"id": {"S": "1"}, "flag": {"M": {"x": {"BOOL": True}}}}}
    assert wrong(machines, put, item) == said.format("BOOL", "Parameters")
    entries = {"QueueUrl": "q", "Entries": [{"Id": "1"}, {"ID": "2"}]}
    assert wrong(machines, "aws-sdk:sqs:sendMessageBatch", entries) == said.format("ID", "Parameters")
    jsonata = {"QueryLanguage": "JSONata"}
    assert wrong(machines, put, {"Key": "{% 1 %}"}, **jsonata) == said.format("Key", "Arguments")
    alone = {"Type": "Task", "Resource": STATES + put, "Parameters": {"Foo": 1}, "End": True}
    with pytest.raises(
        ClientError, match="The field 'Foo' is not supported by Step Functions at /Parameters"
    ):
        machines.client.test_state(definition=json.dumps(alone), roleArn=ROLE)
    message = wrong(machines, "aws-sdk:dynamodb:PutItem", {"TableName": "t"})
    assert message.startswith(f"The resource provided {STATES}aws-sdk:dynamodb:PutItem is not recognized.")
    item["Item"]["flag"] = {"M": {"x": {"Bool": True}, "y.$": "$.y"}, "Ns": ["1"], "Nul": True}
    machines.make({"Type": "Task", "Resource": STATES + put, "Parameters": item | {"TableName.$": "$.t"}})
    machines.make({"Type": "Task", "Resource": STATES + put, "Arguments": {"Item": "{% $x %}"}} | jsonata)


def test_a_queue_s_url_as_a_task_gets_it(server: Fogbank, machines: Machines) -> None:
    """AWS's own: a task came by no host that could be named. It means the same queue."""
    server.client("sqs").create_queue(QueueName="named")
    url = machines.output(f"{STATES}aws-sdk:sqs:getQueueUrl", {"QueueName": "named"})["QueueUrl"]
    assert url == "https://sqs.us-east-1.amazonaws.com/000000000000/named"
    sent = machines.output(f"{STATES}sqs:sendMessage", {"QueueUrl": url, "MessageBody": "x"})
    queues = server.client("sqs")
    (message,) = queues.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert message["MessageId"] == sent["MessageId"]


NONE = "arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2026-01-01T00:00:00.000"


@pytest.mark.parametrize(
    ("resource", "given", "error", "cause"),
    [
        ("aws-sdk:dynamodbstreams:getRecords", {"ShardIterator": "x"}, "DynamoDbStreams.DynamoDbException", "Invalid ShardIterator (Service: DynamoDbStreams, "),
        ("aws-sdk:dynamodbstreams:describeStream", {"StreamArn": NONE}, "DynamoDbStreams.ResourceNotFoundException", "not found ("),
        ("aws-sdk:dynamodb:getItem", {"TableName": "none"}, "DynamoDb.DynamoDbException", "(Service: DynamoDb, Status Code: 400, "),
        ("sqs:sendMessage", {"QueueUrl": "{}-absent"}, "SQS.QueueDoesNotExistException", "Error Code: AWS.SimpleQueueService.NonExistentQueue;"),
        ("sqs:sendMessage", {"MessageBody": ""}, "SQS.AmazonSQSException", "(Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter; "),
        ("sqs:sendMessage", {"QueueUrl": "http://nowhere-1"}, "SQS.SdkClientException", "Unable to execute HTTP request: nowhere-1"),
        ("aws-sdk:sqs:sendMessage", {"QueueUrl": "{}-absent"}, "Sqs.QueueDoesNotExistException", "(Service: Sqs, Status Code: 400, "),
        ("aws-sdk:sqs:sendMessage", {"MessageBody": ""}, "Sqs.SqsException", "(Service: Sqs, Status Code: 400, "),
    ],
)  # fmt: skip
def test_names_of_errors(
    server: Fogbank, machines: Machines, resource: str, given: dict[str, str], error: str, cause: str
) -> None:
    """Of DynamoDB, its streams and SQS: the two SDKs' classes, and what they say."""
    if "sqs" in resource:
        queue = server.client("sqs").create_queue(QueueName="errors")["QueueUrl"]
        given = {"QueueUrl": queue, "MessageBody": "x"} | given
        given["QueueUrl"] = given["QueueUrl"].format(queue)
    failed = machines.run(STATES + resource, given)
    assert failed["error"] == error and cause in failed["cause"], failed
