"""A user's whole way, in processes of its own: start, deploy, invoke, `kill -9`, start again, find everything."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import zipfile
from typing import Any

import boto3

from tests.e2e.servers import Server
from tests.support.serving import FOGBANK
from tests.support.waiting import until_blocking

RUNTIME = f"python3.{sys.version_info[1]}"
CODE = """
import os
def handler(event, context):
    print("handling", event)
    if "sink" in event:
        with open("/sink/" + event["sink"], "a") as out:
            out.write(context.aws_request_id + "\\n")
    return {"event": event, "greeting": os.environ["GREETING"]}
"""


def pack(code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", code)
    return content.getvalue()


def create(client: Any, name: str = "f") -> str:
    arn = client.create_function(
        FunctionName=name,
        Runtime=RUNTIME,
        Role="arn:aws:iam::123456789012:role/r",
        Handler="index.handler",
        Code={"ZipFile": pack(CODE)},
        Environment={"Variables": {"GREETING": "s3cret-greeting"}},
    )["FunctionArn"]
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(arn)


def test_everything_acknowledged_is_there_after_kill_9(server: Server) -> None:
    functions, iam = server.client("lambda"), server.client("iam")
    arn = create(functions)
    assert arn == "arn:aws:lambda:eu-west-1:123456789012:function:f"
    version = functions.publish_version(FunctionName="f")["Version"]
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion=version)
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    answer = functions.invoke(FunctionName="f:live", Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"event": {"a": 1}, "greeting": "s3cret-greeting"}
    until_blocking(lambda: events_of(server, "REPORT"))
    assert server.end(signal.SIGKILL) == -signal.SIGKILL

    server.start()
    functions, iam = server.client("lambda"), server.client("iam")
    assert functions.get_alias(FunctionName="f", Name="live")["FunctionVersion"] == version
    answer = functions.invoke(FunctionName="f:live", Payload=b'{"a": 2}')
    assert json.loads(answer["Payload"].read()) == {"event": {"a": 2}, "greeting": "s3cret-greeting"}
    listed = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    assert [found["AccessKeyId"] for found in listed] == [key["AccessKeyId"]]
    assert events_of(server, "REPORT")
    ann = boto3.client(
        "sts",
        endpoint_url=server.url,
        region_name="eu-west-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    assert ann.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/ann"
    assert server.end(signal.SIGTERM) == 0


def events_of(server: Server, pattern: str) -> list[str]:
    logs = server.client("logs")
    try:
        events = logs.filter_log_events(logGroupName="/aws/lambda/f", filterPattern=pattern)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in events]


def test_accepted_events_are_executed_after_kill_9(server: Server) -> None:
    functions = server.client("lambda")
    create(functions)
    accepted = set()
    for _ in range(200):
        answer = functions.invoke(FunctionName="f", InvocationType="Event", Payload=b'{"sink": "done"}')
        accepted.add(answer["ResponseMetadata"]["RequestId"])
    server.end(signal.SIGKILL)
    server.start()
    done = server.sink / "done"
    until_blocking(lambda: done.exists() and accepted <= set(done.read_text().split()))


def test_events_that_were_put_are_delivered_after_kill_9(server: Server) -> None:
    events, sqs = server.client("events"), server.client("sqs")
    sqs.create_queue(QueueName="q")
    events.put_rule(Name="r", EventPattern='{"source": ["s"]}')
    arn = "arn:aws:sqs:eu-west-1:123456789012:q"
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])
    put = set()
    for _ in range(20):
        entries = [{"Source": "s", "DetailType": "t", "Detail": "{}"}] * 10
        answer = events.put_events(Entries=entries)
        put |= {entry["EventId"] for entry in answer["Entries"]}
    server.end(signal.SIGKILL)
    server.start()
    sqs = server.client("sqs")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    found: set[str] = set()

    def look() -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        found.update(json.loads(message["Body"])["id"] for message in answer.get("Messages", []))
        return found >= put

    until_blocking(look)
    assert found == put and len(put) == 200


def test_secrets_lie_sealed_in_the_data_directory(server: Server) -> None:
    create(server.client("lambda"))
    iam = server.client("iam")
    iam.create_user(UserName="ann")
    secret = iam.create_access_key(UserName="ann")["AccessKey"]["SecretAccessKey"]
    auth = {"BasicAuthParameters": {"Username": "u", "Password": "s3cret-password"}}
    server.client("events").create_connection(Name="c", AuthorizationType="BASIC", AuthParameters=auth)
    assert server.end(signal.SIGTERM) == 0
    for path in server.data_dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"s3cret-greeting" not in content, path
            assert b"s3cret-password" not in content, path
            assert secret.encode() not in content, path
    assert (server.data_dir / "keys" / "master.key").stat().st_mode & 0o077 == 0


def test_a_second_server_on_one_data_directory_is_refused(server: Server) -> None:
    second = subprocess.run(
        [FOGBANK, "start", "--port", "0", "--data-dir", str(server.data_dir)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 1
    assert "is in use by" in second.stderr
    assert "Traceback" not in second.stderr
