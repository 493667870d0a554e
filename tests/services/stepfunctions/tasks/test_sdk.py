from __future__ import annotations

import json
from typing import Any

from fogbank.services.stepfunctions.engine.api import Failed, Succeeded
from fogbank.services.stepfunctions.tasks import Support, Tasks, pruned, support_of
from tests.services.stepfunctions.tasks.conftest import Run, call_of


def output_of(outcome: Any) -> Any:
    assert isinstance(outcome, Succeeded), outcome
    return json.loads(outcome.output)


def test_an_object_goes_through_s3(run: Run) -> None:
    assert output_of(run("aws-sdk:s3:createBucket", {"Bucket": "by-task"}))["Location"] == "/by-task"
    put = output_of(run("aws-sdk:s3:putObject", {"Bucket": "by-task", "Key": "k", "Body": {"a": [1]}}))
    assert put["ETag"].startswith('"') and put["ChecksumCrc64Nvme"]
    got = output_of(run("aws-sdk:s3:getObject", {"Bucket": "by-task", "Key": "k"}))
    assert got["Body"] == '{"a":[1]}' and got["ContentLength"] == 9
    assert got["LastModified"].endswith("Z") and "HttpStatus" not in got
    listed = output_of(run("aws-sdk:s3:listObjectsV2", {"Bucket": "by-task"}))
    assert [each["Key"] for each in listed["Contents"]] == ["k"]
    run("aws-sdk:s3:putObject", {"Bucket": "by-task", "Key": "big", "Body": "x" * 2_000_000})
    large = run("aws-sdk:s3:getObject", {"Bucket": "by-task", "Key": "big"})
    assert isinstance(large, Failed) and large.error == "States.DataLimitExceeded"


def test_errors_are_named_as_in_java(run: Run) -> None:
    missing = run("aws-sdk:s3:getObject", {"Bucket": "no-such-one", "Key": "k"})
    assert isinstance(missing, Failed) and missing.error == "S3.NoSuchBucketException"
    assert missing.cause is not None
    assert missing.cause.startswith(
        "The specified bucket does not exist (Service: S3, Status Code: 404, Request ID: "
    )
    group = run("aws-sdk:cloudwatchlogs:describeLogStreams", {"LogGroupName": "none"})
    assert isinstance(group, Failed) and group.error == "CloudWatchLogs.ResourceNotFoundException"
    unmodelled = run("aws-sdk:iam:getUser", {"UserName": "?"})
    assert isinstance(unmodelled, Failed) and unmodelled.error == "Iam.IamException"


def test_names_in_and_out(run: Run) -> None:
    output_of(
        run("aws-sdk:cloudwatchlogs:createLogGroup", {"LogGroupName": "by-task", "Tags": {"keep": "Me"}})
    )
    groups = output_of(run("aws-sdk:cloudwatchlogs:describeLogGroups", {"LogGroupNamePrefix": "by-task"}))
    assert groups["LogGroups"][0]["LogGroupName"] == "by-task"
    tags = output_of(run("aws-sdk:cloudwatchlogs:listTagsLogGroup", {"LogGroupName": "by-task"}))
    assert tags["Tags"] == {"keep": "Me"}
    payload = output_of(run("aws-sdk:lambda:invoke", {"FunctionName": "f", "Payload": {"x": 1}}))["Payload"]
    assert payload == '{"x":1}' or json.loads(payload) == {"x": 1}
    unknown = run("aws-sdk:s3:listBuckets", {"Nonsense": 1})
    assert isinstance(unknown, Failed) and "The field 'Nonsense' is not supported by Step Functions" in str(
        unknown.cause
    )


def test_what_is_not_there_yet(run: Run) -> None:
    refused = run("aws-sdk:s3:putBucketWebsite", {"Bucket": "b", "WebsiteConfiguration": {}})
    assert isinstance(refused, Failed) and "fogbank does not support s3 PutBucketWebsite yet" in str(
        refused.cause
    )
    absent = run("aws-sdk:rekognition:detectFaces", {})
    assert isinstance(absent, Failed) and "does not support the service rekognition" in str(absent.cause)


def test_which_resources_a_definition_may_name(tasks: Tasks) -> None:
    def support(resource: str) -> Support:
        return support_of(call_of(resource, {}).resource, tasks.sdk)

    assert support("arn:aws:lambda:us-east-1:000000000000:function:none") is Support.RUNS
    assert support("lambda:invoke.waitForTaskToken") is Support.RUNS
    assert support("lambda:invoke.sync") is Support.UNKNOWN
    assert support("states:startExecution.sync:2") is Support.RUNS
    assert support("dynamodb:query") is Support.UNKNOWN
    assert support("ecs:runTask.sync") is Support.NOT_YET
    assert support("aws-sdk:s3:getObject") is Support.RUNS
    assert support("aws-sdk:s3:putBucketWebsite") is Support.NOT_YET
    assert support("aws-sdk:s3:nonsense") is Support.UNKNOWN
    assert support("aws-sdk:rekognition:detectFaces") is Support.NOT_YET
    assert support("aws-sdk:nonsense:x") is Support.UNKNOWN


def test_what_an_integration_does_not_take_is_left_out() -> None:
    resource = call_of("sqs:sendMessage", {}).resource
    sent = {"QueueUrl": "q", "MessageBody": "test", "MessageSystemAttribute": {"AWSTraceHeader": "test"}}
    assert pruned(resource, sent) == {"QueueUrl": "q", "MessageBody": "test"}


def test_what_may_be_run_twice(tasks: Tasks) -> None:
    assert tasks.repeatable(call_of("aws-sdk:s3:getObject", {}))
    assert not tasks.repeatable(call_of("aws-sdk:s3:putObject", {}))
    assert not tasks.repeatable(call_of("lambda:invoke", {}))
    assert tasks.repeatable(call_of("states:startExecution", {}))
    assert tasks.lost(call_of("lambda:invoke", {})).error == "Lambda.SdkClientException"
    assert (
        tasks.lost(call_of("aws-sdk:cloudwatchlogs:putLogEvents", {})).error
        == "CloudWatchLogs.SdkClientException"
    )
