from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.asl.errors import StatesError
from fogbank.services.stepfunctions.engine.api import ChildResult, Status
from tests.services.stepfunctions.distributed.conftest import RUN, Bench

FOLDER = "out/11111111-2222-3333-4444-555555555555"


def result(number: int, output: Any = None, error: str | None = None) -> ChildResult:
    return ChildResult(
        execution_arn=f"arn:aws:states:us-east-1:000000000000:execution:m/label:{number}",
        name=str(number),
        state_machine_arn="arn:aws:states:us-east-1:000000000000:stateMachine:m/label",
        status=Status.FAILED if error else Status.SUCCEEDED,
        input=json.dumps({"n": number}),
        output=None if error else json.dumps(output),
        error=error,
        cause="because" if error else None,
        start_ms=1_700_000_000_123,
        stop_ms=1_700_000_001_000,
    )


async def test_files_and_manifest(bench: Bench) -> None:
    answer = await bench.write([result(1, {"a": 1}), result(2, error="Bad"), result(3, [2])])
    assert answer == {
        "MapRunArn": RUN,
        "ResultWriterDetails": {"Bucket": "data", "Key": f"{FOLDER}/manifest.json"},
    }
    manifest = json.loads(await bench.get(f"{FOLDER}/manifest.json"))
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == ("data", RUN)
    files = manifest["ResultFiles"]
    assert files["PENDING"] == [] and files["SUCCEEDED"][0]["Key"] == f"{FOLDER}/SUCCEEDED_0.json"
    content = await bench.get(f"{FOLDER}/SUCCEEDED_0.json")
    assert files["SUCCEEDED"][0]["Size"] == len(content)
    first, second = json.loads(content)
    assert (first["Output"], first["Input"], first["Name"]) == ('{"a": 1}', '{"n": 1}', "1")
    assert (first["Status"], first["StartDate"]) == ("SUCCEEDED", "2023-11-14T22:13:20.123Z")
    assert second["Name"] == "3"
    failed = json.loads(await bench.get(f"{FOLDER}/FAILED_0.json"))
    assert (failed[0]["Error"], failed[0]["Cause"]) == ("Bad", "because") and "Output" not in failed[0]


async def test_transformations(bench: Bench) -> None:
    results = [result(1, [1, 2]), result(2, {"a": 1}), result(3, error="Bad")]
    await bench.write(results, {"Transformation": "COMPACT"})
    assert json.loads(await bench.get(f"{FOLDER}/SUCCEEDED_0.json")) == [[1, 2], {"a": 1}]
    await bench.write(results, {"Transformation": "FLATTEN", "OutputType": "JSONL"})
    assert await bench.get(f"{FOLDER}/SUCCEEDED_0.jsonl") == b'1\n2\n{"a":1}'
    assert json.loads(await bench.get(f"{FOLDER}/FAILED_0.jsonl"))["Error"] == "Bad"


async def test_many_results_go_up_in_parts(bench: Bench) -> None:
    await bench.write([result(number, "x" * 100_000) for number in range(200)], prefix="out/")
    found = json.loads(await bench.get(f"{FOLDER}/SUCCEEDED_0.json"))
    assert [each["Name"] for each in found] == [str(number) for number in range(200)]
    head = await bench.house.call("s3", "HeadObject", {"Bucket": "data", "Key": f"{FOLDER}/SUCCEEDED_0.json"})
    assert head["ETag"].endswith('-3"')


async def test_what_an_earlier_life_left_is_ended(bench: Bench) -> None:
    named = {"Bucket": "data", "Key": f"{FOLDER}/SUCCEEDED_0.json"}
    await bench.house.call("s3", "CreateMultipartUpload", named)
    await bench.write([result(1, 1)])
    assert (await bench.house.call("s3", "ListMultipartUploads", {"Bucket": "data"}))["Uploads"] == []


async def test_a_bucket_that_is_not_there(bench: Bench) -> None:
    await bench.house.call("s3", "DeleteBucket", {"Bucket": "data"})
    with pytest.raises(StatesError) as caught:
        await bench.write([result(1, 1)])
    assert caught.value.error == "States.ResultWriterFailed"
    assert caught.value.cause.startswith("The specified bucket does not exist (Service: S3, Status Code: 404")


async def test_a_writer_that_exports_nothing(bench: Bench) -> None:
    results = [result(1, [1, 2]), result(2, 3)]
    assert await bench.write(results, {"Transformation": "FLATTEN"}, resource=None) == [1, 2, 3]
    described = await bench.write(results, {"Transformation": "NONE"}, resource=None)
    assert [each["Output"] for each in described] == ["[1, 2]", "3"]
    with pytest.raises(StatesError) as caught:
        await bench.write([result(1, "x" * 300_000)], {"Transformation": "COMPACT"}, resource=None)
    assert caught.value.error == "States.DataLimitExceeded"
