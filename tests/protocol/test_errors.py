"""Errors on the wire: what each protocol family's clients read code, message, type and request id from."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from fogbank.core.errors import AwsError, NotSupported
from tests.protocol.clients import parsed, request_of, router

CALLS = [
    ("logs", "CreateLogGroup", "json", {}),
    ("dynamodb", "PutItem", "json", {}),
    ("lambda", "GetFunction", "rest-json", {"FunctionName": "f"}),
    ("iam", "GetUser", "query", {}),
    ("cloudwatch", "PutMetricData", "query", {}),
    ("cloudwatch", "PutMetricData", "json", {}),
    ("cloudwatch", "PutMetricData", "smithy-rpc-v2-cbor", {}),
    ("s3", "GetObject", "rest-xml", {"Bucket": "b", "Key": "k"}),
]


def answer(
    name: str, operation: str, protocol: str, params: dict[str, Any], error: AwsError
) -> dict[str, Any]:
    routed = router().route(request_of(name, operation, protocol, params))
    return parsed(name, operation, protocol, routed.fail(error, "req-1"))


@pytest.mark.parametrize(("name", "operation", "protocol", "params"), CALLS)
def test_botocore_reads_code_message_status_and_request_id(
    name: str, operation: str, protocol: str, params: dict[str, Any]
) -> None:
    found = answer(
        name, operation, protocol, params, AwsError("SomeException", 'what <is> wrong & "why"', status=409)
    )
    assert found["Error"]["Code"] == "SomeException"
    assert found["Error"]["Message"] == 'what <is> wrong & "why"'
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert found["ResponseMetadata"]["RequestId"] == "req-1"


@pytest.mark.parametrize(("name", "operation", "protocol", "params"), CALLS)
def test_not_supported_is_501_in_every_protocol(
    name: str, operation: str, protocol: str, params: dict[str, Any]
) -> None:
    found = answer(name, operation, protocol, params, NotSupported("time travel"))
    assert found["Error"]["Code"] == "NotImplemented"
    assert found["Error"]["Message"] == "fogbank does not support time travel yet"
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 501


def body_of(name: str, operation: str, protocol: str, params: dict[str, Any], error: AwsError) -> bytes:
    body = router().route(request_of(name, operation, protocol, params)).fail(error, "req-1").body
    assert isinstance(body, bytes)
    return body


def test_json_names_the_shape_and_spells_its_message_as_the_model_does() -> None:
    error = AwsError("ResourceNotFoundException", "gone", fields={"Type": "User"})
    body = body_of("lambda", "GetFunction", "rest-json", {"FunctionName": "f"}, error)
    assert orjson.loads(body) == {"Type": "User", "Message": "gone"}


def test_dynamodb_puts_namespaces_before_its_errors() -> None:
    modelled = orjson.loads(
        body_of("dynamodb", "PutItem", "json", {}, AwsError("ResourceNotFoundException", "m"))
    )
    framework = orjson.loads(body_of("dynamodb", "PutItem", "json", {}, AwsError("ValidationException", "m")))
    assert modelled["__type"] == "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"
    assert framework["__type"] == "com.amazon.coral.validate#ValidationException"
    assert orjson.loads(body_of("logs", "CreateLogGroup", "json", {}, AwsError("E", "m")))["__type"] == "E"


@pytest.mark.parametrize("protocol", ["json", "smithy-rpc-v2-cbor"])
def test_services_that_spoke_query_once_say_their_old_code(protocol: str) -> None:
    error = AwsError("ResourceNotFound", "no dashboard", status=404)
    params = {"DashboardName": "d"}
    found = answer("cloudwatch", "GetDashboard", protocol, params, error)
    assert found["Error"]["Code"] == "ResourceNotFound"
    assert found["Error"]["QueryErrorCode"] == "DashboardNotFoundError"
    assert found["Error"]["Type"] == "Sender"


def test_query_says_whose_fault_it_is() -> None:
    for status, kind in ((400, "Sender"), (500, "Receiver")):
        found = answer("iam", "GetUser", "query", {}, AwsError("E", "m", status=status))
        assert found["Error"]["Type"] == kind


def test_s3_adds_what_its_errors_carry() -> None:
    error = AwsError("NoSuchKey", "The specified key does not exist.", status=404, fields={"Key": "a&b"})
    found = answer("s3", "GetObject", "rest-xml", {"Bucket": "b", "Key": "a&b"}, error)
    assert found["Error"] == {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "Key": "a&b",
    }
    assert found["ResponseMetadata"]["HostId"] == "req-1"
