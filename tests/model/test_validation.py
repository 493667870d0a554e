"""Constraints compiled from the models, in the words of real AWS."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.model.calls import validation_message
from fogbank.model.loader import load
from fogbank.model.patterns import PatternError, compile_pattern, translate
from fogbank.model.shapes import ServiceModel
from fogbank.model.validation import compile_validator
from fogbank.model.wording import enum_order, wording_of
from tests.support.house import AllowAll
from tests.support.recordings import ROOT

SERVED = ("lambda", "logs", "cloudwatch", "iam", "sts")
LATER = (
    "dynamodb",
    "stepfunctions",
    "apigateway",
    "apigatewayv2",
    "sqs",
    "sns",
    "events",
    "kinesis",
    "kms",
    "s3",
)


@cache
def model(name: str) -> ServiceModel:
    return ServiceModel(name, load(name))


def message(service: str, operation: str, params: dict[str, Any]) -> str:
    shape = model(service).operations[operation].input
    assert shape is not None
    validate = compile_validator(shape)
    assert validate is not None
    problems = validate(params)
    return validation_message(problems) if problems else ""


def recorded(service: str, start: str) -> str:
    """The one message of the recordings of a service that begins so."""
    found: set[str] = set()
    for path in (ROOT / service).rglob("*.snapshot.json"):
        found |= set(_messages(json.loads(path.read_text()), start))
    assert len(found) == 1, found
    return found.pop()


def _messages(node: Any, start: str) -> list[str]:
    match node:
        case {"Error": {"Message": str(text)}} if text.startswith(start):
            return [text]
        case dict():
            return [text for value in node.values() for text in _messages(value, start)]
        case list():
            return [text for value in node for text in _messages(value, start)]
    return []


needs_recordings = pytest.mark.skipif(not Path(ROOT).exists(), reason=f"no recordings at {ROOT}")

TOO_LONG = "This should fail with two errors 123467890123412341234123412341234"


@needs_recordings
@pytest.mark.parametrize(
    ("folder", "start", "service", "operation", "params"),
    [
        (
            "events",
            "3 validation errors detected",
            "events",
            "CreateConnection",
            {"Name": TOO_LONG, "AuthorizationType": "INVALID", "AuthParameters": {}},
        ),
        (
            "events",
            "1 validation error detected: Value '!@#",
            "events",
            "PutTargets",
            {"Rule": "r", "Targets": [{"Id": "!@#$@!#$", "Arn": "arn"}]},
        ),
        (
            "kms",
            "1 validation error detected: Value '1025'",
            "kms",
            "GenerateRandom",
            {"NumberOfBytes": 1025},
        ),
        ("kms", "1 validation error detected: Value '0'", "kms", "GenerateRandom", {"NumberOfBytes": 0}),
        (
            "kms",
            "1 validation error detected: Value at 'plaintext'",
            "kms",
            "Encrypt",
            {"KeyId": "k", "Plaintext": b"x" * 4097},
        ),
        (
            "kms",
            "1 validation error detected: Value 'aaa",
            "kms",
            "CreateKey",
            {"Tags": [{"TagKey": "a" * 129, "TagValue": ""}]},
        ),
        (
            "kms",
            "1 validation error detected: Value 'INVALID' at 'macAlgorithm'",
            "kms",
            "GenerateMac",
            {"KeyId": "k", "Message": b"m", "MacAlgorithm": "INVALID"},
        ),
        (
            "lambda_",
            "1 validation error detected: Value 'UNKNOWN' at 'invokeMode'",
            "lambda",
            "UpdateFunctionUrlConfig",
            {"FunctionName": "f", "InvokeMode": "UNKNOWN"},
        ),
        (
            "logs",
            "1 validation error detected: Value '10001'",
            "logs",
            "GetLogEvents",
            {"logStreamName": "s", "limit": 10001},
        ),
        (
            "iam",
            "1 validation error detected: Value at 'serviceSpecificCredentialId'",
            "iam",
            "DeleteServiceSpecificCredential",
            {"ServiceSpecificCredentialId": "totally-wrong-credential-id-with-hyphens"},
        ),
        (
            "iam",
            "1 validation error detected: Value at 'status'",
            "iam",
            "UpdateServiceSpecificCredential",
            {"ServiceSpecificCredentialId": "A" * 21, "Status": "Invalid"},
        ),
        (
            "stepfunctions",
            "1 validation error detected: Value 'succeeded'",
            "stepfunctions",
            "ListExecutions",
            {"statusFilter": "succeeded"},
        ),
    ],
)
def test_violations_are_worded_as_aws_words_them(
    folder: str, start: str, service: str, operation: str, params: dict[str, Any]
) -> None:
    assert message(service, operation, params) == recorded(folder, start)


@needs_recordings
def test_enums_are_listed_in_the_order_of_every_recording_but_one() -> None:
    orders = set()
    for path in Path(ROOT).rglob("*.snapshot.json"):
        orders |= set(re.findall(r"enum value set: \[([\w., -]+)\]", path.read_text()))
    assert len(orders) >= 5
    wrong = {
        order
        for order in orders
        if enum_order(tuple(_in_model_order(order.split(", ")))) != order.split(", ")
    }
    assert wrong == {"ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC"}


def _in_model_order(values: list[str]) -> list[str]:
    for name in (*SERVED, *LATER):
        for raw in model(name).raw["shapes"].values():
            if set(values) <= set(raw.get("enum", ())):
                return [value for value in raw["enum"] if value in values]
    raise AssertionError(values)


def test_missing_members_are_null_and_paths_go_through_maps_and_lists() -> None:
    params = {"RequestItems": {"a;b": [{"PutRequest": {}}]}}
    assert message("dynamodb", "BatchWriteItem", params) == (
        "1 validation error detected: Value null at 'requestItems.a;b.member.1.member.putRequest.item' failed to "
        "satisfy constraint: Member must not be null"
    )


def test_several_violations_are_counted_and_joined() -> None:
    found = message("lambda", "CreateFunction", {"FunctionName": "f", "Code": {}, "Timeout": 0})
    assert found == (
        "2 validation errors detected: Value null at 'role' failed to satisfy constraint: Member must not be null; "
        "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"
    )


def test_scalars_in_lists_and_maps_are_reported_with_what_holds_them() -> None:
    weights = {"FunctionName": "f", "Name": "a", "RoutingConfig": {"AdditionalVersionWeights": {"x": 2.0}}}
    assert message("lambda", "UpdateAlias", weights) == (
        "2 validation errors detected: Value '{x=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy "
        "constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member "
        "must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, Member "
        "must not be null]; Value '{x=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: "
        "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value "
        "greater than or equal to 0.0, Member must not be null]"
    )
    names = {"logGroupNames": ["a", "b c"], "startTime": 0, "endTime": 1, "queryString": "fields @message"}
    assert message("logs", "StartQuery", names) == (
        "1 validation error detected: Value '[a, b c]' at 'logGroupNames' failed to satisfy constraint: Member must "
        "satisfy constraint: [Member must have length less than or equal to 512, Member must have length greater than "
        "or equal to 1, Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+]"
    )


def test_structures_are_shown_as_java_prints_them() -> None:
    entry = {"Source": "s", "Detail": "{}"}
    found = message("events", "PutEvents", {"Entries": [entry] * 11})
    assert "PutEventsRequestEntry(time=null, source=s, resources=null, detailType=null, detail={}, " in found


def test_secrets_are_never_shown() -> None:
    found = message(
        "lambda",
        "CreateFunction",
        {"FunctionName": "f", "Role": "r", "Code": {}, "Environment": {"Variables": {"1": "s3cret"}}},
    )
    assert "s3cret" not in found
    assert "environment.variables" in found
    long_input = {"stateMachineArn": "arn", "input": "s3cret" * 50_000}
    assert "s3cret" not in message("stepfunctions", "StartExecution", long_input)


def test_lengths_count_characters_and_blobs_count_bytes() -> None:
    assert message("events", "PutRule", {"Name": "r", "Description": "😀" * 512}) == ""
    assert "less than or equal to 512" in message(
        "events", "PutRule", {"Name": "r", "Description": "😀" * 513}
    )


def test_the_error_code_is_the_services_own() -> None:
    codes = {name: wording_of(model(name)).code for name in (*SERVED, "dynamodb")}
    assert codes == {
        "lambda": "ValidationException",
        "logs": "InvalidParameterException",
        "cloudwatch": "ValidationError",
        "iam": "ValidationError",
        "sts": "ValidationError",
        "dynamodb": "ValidationException",
    }


def test_shapes_that_hold_themselves() -> None:
    attribute = {"M": {"a": {"L": [{"S": "x"}]}}}
    assert message("dynamodb", "PutItem", {"TableName": "ttt", "Item": {"k": attribute}}) == ""


def test_what_a_service_checks_by_itself_is_left_to_it() -> None:
    assert message("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Runtime": "cobol"}) == ""


def test_an_input_without_constraints_has_no_validator() -> None:
    shape = model("sts").operations["GetCallerIdentity"].input
    assert shape is not None
    assert compile_validator(shape) is None


@pytest.mark.parametrize("name", [*SERVED, *LATER])
def test_every_pattern_of_the_models_compiles(name: str) -> None:
    for raw in model(name).raw["shapes"].values():
        if "pattern" in raw:
            matches = compile_pattern(raw["pattern"])
            matches("arn:aws:iam::123456789012:role/x")
            matches("é中😀")


@pytest.mark.parametrize("name", SERVED)
def test_no_pattern_of_the_models_backtracks_without_end(name: str) -> None:
    """Repeats of one character, then one that does not fit: what an exponential pattern never comes back from. The
    test ends only if none is."""
    for raw in model(name).raw["shapes"].values():
        if "pattern" in raw:
            matches = compile_pattern(raw["pattern"])
            for char in "a0-/: .é":
                matches(char * 200 + "\x01")
                matches("arn:aws:lambda:" + char * 200 + "\x01")


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", ["é中ß x9", "a=b"], ["a#", "😀", ""]),
        (r"[\w-_]*", ["a-b_"], ["é", "a b"]),
        (r"\P{M}+", ["ab"], ["a\u0301"]),
        (r"\p{Print}+", ["a b~"], ["é", "a\n"]),
        (r"\A[a-z]+\z", ["abc"], ["abc\n"]),
        (r"a.b", ["axb"], ["a\nb", "a\u2028b"]),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", ["a😀\t"], ["\x00", "\n"]),
        (r"[a[|]+", ["a[|"], ["b"]),
        (r"(?<year>\d{4})", ["2024"], ["٢٠٢٤"]),
        (r"[\x{0022}]", ['"'], ["x"]),
        (r"[^\p{ASCII}]+", ["é"], ["e"]),
        (r"[]a]+", ["]a"], ["b"]),
    ],
)
def test_java_patterns_match_what_java_matches(pattern: str, fits: list[str], fails: list[str]) -> None:
    matches = compile_pattern(pattern)
    assert [text for text in fits if not matches(text)] == []
    assert [text for text in fails if matches(text)] == []


@pytest.mark.parametrize("pattern", [r"[\p{Print}&&[^|:/]]+", r"\Qa\E", r"\p{Klingon}", r"a${2,64}"])
def test_what_has_no_translation_is_refused_not_ignored(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)("x")


@given(st.text("abc-_.", max_size=10))
def test_plain_patterns_are_left_as_they_are(text: str) -> None:
    assert translate("[a-z]+-x") == "[a-z]+-x"
    assert compile_pattern("[a-c.-]*")(text) is (re.fullmatch("[a-c.-]*", text) is not None)


async def test_calls_refuse_with_the_services_code() -> None:
    from fogbank.model.call import Caller
    from fogbank.model.calls import Calls
    from fogbank.model.principal import root_of
    from fogbank.model.service import Service

    own: Service[None] = Service("logs")

    @own.operation(refuses={"kmsKeyId", "tags", "logGroupClass", "deletionProtectionEnabled"})
    async def create_log_group(ctx: object, *, log_group_name: str) -> None:
        return None

    calls = Calls(AllowAll())
    calls.mount(own, None)
    caller = Caller("000000000000", "us-east-1", root_of("000000000000", open_mode=True), "r-1")
    with pytest.raises(AwsError) as caught:
        await calls.call("logs", "CreateLogGroup", {}, caller)
    assert caught.value.code == "InvalidParameterException"
    assert caught.value.message == (
        "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null"
    )


def test_api_gateway_names_the_input_that_holds_a_member_of_the_body() -> None:
    params = {"restApiId": "a", "location": {"type": "X"}, "properties": "{}"}
    assert "'X' at 'createDocumentationPartInput.location.type' failed" in message(
        "apigateway", "CreateDocumentationPart", params
    )
    params = {"restApiId": "a", "responseType": "X"}
    assert "'X' at 'responseType' failed" in message("apigateway", "PutGatewayResponse", params)
