"""Functions and layers whose zip lies in S3."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from fogbank.testing.server import Fogbank
from tests.services.s3.support import refused

ROLE = "arn:aws:iam::000000000000:role/any"


def packed(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/") + ".py", text)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def functions(server: Fogbank) -> Any:
    return server.client("lambda")


def test_a_function_and_a_layer_out_of_s3(s3: Any, bucket: str, functions: Any) -> None:
    code = "import shared\ndef handler(event, context): return shared.N"
    s3.put_object(Bucket=bucket, Key="code.zip", Body=packed(index=code))
    s3.put_object(Bucket=bucket, Key="layer.zip", Body=packed(python__shared="N = 7"))
    layer = functions.publish_layer_version(
        LayerName="from-s3", Content={"S3Bucket": bucket, "S3Key": "layer.zip", "S3ObjectVersion": "null"}
    )
    functions.create_function(
        FunctionName="from-s3",
        Runtime="python3.12",
        Handler="index.handler",
        Role=ROLE,
        Code={"S3Bucket": bucket, "S3Key": "code.zip"},
        Layers=[layer["LayerVersionArn"]],
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="from-s3", WaiterConfig={"Delay": 0.1})
    assert json.load(functions.invoke(FunctionName="from-s3")["Payload"]) == 7
    s3.put_object(Bucket=bucket, Key="code.zip", Body=packed(index=code + " + 1"))
    functions.update_function_code(FunctionName="from-s3", S3Bucket=bucket, S3Key="code.zip")
    functions.get_waiter("function_updated_v2").wait(FunctionName="from-s3", WaiterConfig={"Delay": 0.1})
    assert json.load(functions.invoke(FunctionName="from-s3")["Payload"]) == 8


def test_what_is_not_there(bucket: str, functions: Any) -> None:
    create = {"FunctionName": "none", "Runtime": "python3.12", "Handler": "index.handler", "Role": ROLE}
    error = refused(functions.create_function, **create, Code={"S3Bucket": bucket, "S3Key": "none.zip"})
    assert error["Code"] == "InvalidParameterValueException"
    assert error["Message"] == (
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."
    )
    error = refused(functions.create_function, **create, Code={"S3Bucket": "no-such-one", "S3Key": "x"})
    assert "S3 Error Code: NoSuchBucket." in error["Message"]
    both = {"S3Bucket": bucket, "S3Key": "x", "ZipFile": b"x"}
    assert "do not provide other" in refused(functions.create_function, **create, Code=both)["Message"]
