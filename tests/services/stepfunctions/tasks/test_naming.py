from __future__ import annotations

import pytest

from fogbank.services.stepfunctions.tasks.naming import (
    exception_name,
    key_of_folder,
    pascal,
    sdk_exception_name,
)


@pytest.mark.parametrize(
    ("name", "java"),
    [
        ("stateMachineArn", "StateMachineArn"),
        ("DBInstanceIdentifier", "DbInstanceIdentifier"),
        ("ETag", "ETag"),
        ("MD5OfMessageBody", "Md5OfMessageBody"),
        ("SSECustomerKey", "SseCustomerKey"),
        ("ACL", "Acl"),
        ("BOOL", "Bool"),
        ("NULL", "Nul"),
        ("S", "S"),
        ("SFN", "Sfn"),
        ("DynamoDB", "DynamoDb"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("ApiGatewayV2", "ApiGatewayV2"),
        ("XRay", "XRay"),
        ("SQS", "Sqs"),
    ],
)
def test_names_of_the_second_sdk(name: str, java: str) -> None:
    assert pascal(name) == java


def test_services_and_exceptions() -> None:
    assert key_of_folder("application-autoscaling") == "applicationautoscaling"
    assert exception_name("ExecutionAlreadyExists") == "ExecutionAlreadyExistsException"
    assert exception_name("ResourceNotFoundException") == "ResourceNotFoundException"
    assert exception_name("LimitExceededFault") == "LimitExceededException"
    assert sdk_exception_name("KMSInvalidStateException") == "KmsInvalidStateException"
    assert sdk_exception_name("NoSuchKey") == "NoSuchKeyException"
