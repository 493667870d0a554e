"""Whatever bytes arrive, the answer is an AWS error in the right form: never a traceback."""

from __future__ import annotations

import gzip
from typing import Any

import cbor2
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.core.http import Headers, Request
from fogbank.core.limits import QUERY_PARAMETERS_MAX, SHAPE_DEPTH_MAX
from fogbank.model.service import Operation, Service
from fogbank.protocol import Router
from tests.protocol.clients import IMPLEMENTED, OTHERS, service


async def _nothing(ctx: Any) -> None:
    return None


def _implemented(name: str) -> Service[Any]:
    """A service that implements everything its model has, for parsing only."""
    found: Service[Any] = Service(name)
    found.__dict__["model"] = service(name).model
    for operation in found.model.operations.values():
        found.operations[operation.name] = Operation(found, operation, _nothing, (), frozenset(), frozenset())
    return found


ROUTER = Router({name: _implemented(name) for name in IMPLEMENTED + OTHERS})
CBOR_PATH = "/service/GraniteServiceVersion20100801/operation/PutMetricData"


def json_request(target: str, body: bytes) -> Request:
    return Request("POST", "/", "/", "", Headers([("x-amz-target", target)]), body, "127.0.0.1")


def cbor_request(body: bytes) -> Request:
    headers = Headers([("smithy-protocol", "rpc-v2-cbor")])
    return Request("POST", CBOR_PATH, CBOR_PATH, "", headers, body, "127.0.0.1")


def form_request(body: bytes) -> Request:
    headers = Headers([("content-type", "application/x-www-form-urlencoded")])
    return Request("POST", "/", "/", "", headers, body, "127.0.0.1")


def rest_request(method: str, target: str, body: bytes, scope: str, *headers: tuple[str, str]) -> Request:
    credential = f"AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/{scope}/aws4_request, Signature=0"
    path, _, query = target.partition("?")
    return Request(
        method, target, path, query, Headers([("authorization", credential), *headers]), body, "127.0.0.1"
    )


def refusal(request: Request) -> AwsError:
    routed = ROUTER.route(request)
    with pytest.raises(AwsError) as caught:
        routed.parse(request)
    response = routed.fail(caught.value, "r-1")
    assert response.status == caught.value.status
    return caught.value


def survives(request: Request) -> None:
    routed = ROUTER.route(request)
    try:
        assert isinstance(routed.parse(request), dict)
    except AwsError as error:
        assert 400 <= error.status < 600
        assert isinstance(routed.fail(error, "r-1").body, bytes)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Item", "S", "M", "L", "B", "N", "TableName", "a"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=40), JSON_VALUES.map(lambda value: repr(value).encode()), st.text().map(str.encode)
    )
)
@example(b"[" * 100_000)
@example(b'{"TableName":' * 5_000)
def test_any_bytes_as_json(body: bytes) -> None:
    survives(json_request("DynamoDB_20120810.PutItem", body))


@settings(max_examples=150, deadline=None)
@given(JSON_VALUES)
def test_any_json_where_a_structure_is_wanted(value: Any) -> None:
    body = orjson.dumps(value, default=str) if not _too_large(value) else b"0"
    survives(json_request("DynamoDB_20120810.PutItem", body))
    survives(rest_request("POST", "/2015-03-31/functions", body, "lambda"))


def _too_large(value: Any) -> bool:
    match value:
        case bool():
            return False
        case int():
            return not -(2**63) <= value < 2**64
        case list():
            return any(map(_too_large, value))
        case dict():
            return any(map(_too_large, value.values()))
    return False


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=40), JSON_VALUES.map(cbor2.dumps)))
@example(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff")
@example(b"\x81" * 100_000)
@example(b"\xd8\x1c\xa1\x61a\xd8\x1d\x00")
@example(cbor2.dumps({"MetricData": [{"Value": 10**400}]}))
@example(cbor2.dumps({"MetricData": [{"StorageResolution": 10**5000}]}))
@example(cbor2.dumps({"MetricData": [{"Timestamp": cbor2.CBORTag(1, 10**30)}]}))
def test_any_bytes_as_cbor(body: bytes) -> None:
    survives(cbor_request(body))


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(
            st.tuples(
                st.sampled_from(
                    [
                        "MetricData",
                        "MetricData.member.1",
                        "MetricData.member.x",
                        "MetricData.member.1.Value",
                        "Namespace.a",
                        "",
                    ]
                ),
                st.sampled_from(["", "1", "NaN", "x", "%FF", "true"]),
            ),
            max_size=5,
        ).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode()),
    )
)
def test_any_bytes_as_a_form(body: bytes) -> None:
    survives(form_request(b"Action=PutMetricData&Version=2010-08-01&" + body))


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=40).map(lambda text: f"<a>{text}</a>".encode())))
@example(b"<a>" * 50_000)
@example(b'<!DOCTYPE a [<!ENTITY b "bbbb">]><Delete>&b;</Delete>')
@example(b'<?xml version="1.0" encoding="nonsense"?><a/>')
def test_any_bytes_as_xml(body: bytes) -> None:
    survives(rest_request("POST", "/b?delete", body, "s3"))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80), st.text(st.characters(codec="latin-1"), max_size=20))
def test_any_query_and_body_for_rest(body: bytes, query: str) -> None:
    survives(rest_request("GET", f"/2015-03-31/functions?MaxItems={query}", body, "lambda"))
    survives(rest_request("POST", "/2015-03-31/functions/f/invocations", body, "lambda"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"logGroupName": 1}', "NUMBER_VALUE can not be converted to a String (at 'logGroupName')"),
        (b'{"logGroupName": ["x"]}', "Start of list found where not expected (at 'logGroupName')"),
        (b'{"logGroupName": {}}', "Start of structure or map found where not expected (at 'logGroupName')"),
        (b'{"logEvents": "x"}', "Expected list or null (at 'logEvents')"),
        (
            b'{"logEvents": [{"message": "m"}, {"timestamp": "x"}]}',
            "STRING_VALUE can not be converted to a Long (at 'logEvents[1].timestamp')",
        ),
        (b'{"logEvents": [null]}', "Expected structure or map or null (at 'logEvents[0]')"),
        (
            b'{"logEvents": [{"timestamp": 1.5}]}',
            "DECIMAL_VALUE can not be converted to a Long (at 'logEvents[0].timestamp')",
        ),
        (
            b'{"logEvents": [{"timestamp": 9223372036854775808}]}',
            "Value out of range for a Long (at 'logEvents[0].timestamp')",
        ),
    ],
)
def test_wrong_types_are_named_with_their_place(body: bytes, message: str) -> None:
    error = refusal(json_request("Logs_20140328.PutLogEvents", body))
    assert (error.code, error.status, error.message) == ("SerializationException", 400, message)


def test_broken_json_says_where() -> None:
    error = refusal(json_request("Logs_20140328.PutLogEvents", b'{"logGroupName": '))
    assert error.code == "SerializationException"
    assert "line 1" in error.message


def test_lambda_answers_in_its_own_words() -> None:
    error = refusal(rest_request("POST", "/2015-03-31/functions", b"{", "lambda"))
    assert error.code == "InvalidRequestContentException"
    assert error.message.startswith("Could not parse request body into json: ")


def test_a_wrong_query_parameter_is_named() -> None:
    error = refusal(rest_request("GET", "/2015-03-31/functions?MaxItems=ten", b"", "lambda"))
    assert "can not be converted to an Integer (at 'MaxItems')" in error.message


def test_recursive_shapes_are_bounded() -> None:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(SHAPE_DEPTH_MAX // 2):
        value = {"M": {"k": value}}
    fits = json_request("DynamoDB_20120810.PutItem", orjson.dumps({"Item": {"a": value}}))
    assert ROUTER.route(fits).parse(fits)["Item"]["a"] == value
    levels = SHAPE_DEPTH_MAX + 2
    body = b'{"Item":{"a":' + b'{"M":{"k":' * levels + b'{"S":"x"}' + b"}}" * levels + b"}}"
    error = refusal(json_request("DynamoDB_20120810.PutItem", body))
    assert f"Nested deeper than {SHAPE_DEPTH_MAX} levels" in error.message


def test_depth_is_counted_anew_for_each_request_after_a_refusal() -> None:
    deep = b'{"Item":{"a":' + b'{"L":[' * 110 + b"]}" * 110 + b"}}"
    for _ in range(3):
        refusal(json_request("DynamoDB_20120810.PutItem", deep))
    fine = json_request("DynamoDB_20120810.PutItem", b'{"Item":{"a":{"L":[{"S":"x"}]}}}')
    assert ROUTER.route(fine).parse(fine) == {"Item": {"a": {"L": [{"S": "x"}]}}}


def test_a_form_with_too_many_fields_is_refused() -> None:
    body = b"Action=PutMetricData&Version=2010-08-01" + b"&a=1" * QUERY_PARAMETERS_MAX
    assert refusal(form_request(body)).code == "MalformedInput"


def test_nulls_and_unknown_members_are_dropped() -> None:
    asked = json_request("Logs_20140328.CreateLogGroup", b'{"logGroupName":"g","kmsKeyId":null,"what":1}')
    assert ROUTER.route(asked).parse(asked) == {"logGroupName": "g"}


def test_compressed_bodies_are_read_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    body = gzip.compress(cbor2.dumps({"Namespace": "N", "MetricData": []}))
    asked = cbor_request(body)
    asked.headers = Headers([("smithy-protocol", "rpc-v2-cbor"), ("content-encoding", "gzip")])
    assert ROUTER.route(asked).parse(asked) == {"Namespace": "N", "MetricData": []}
    monkeypatch.setattr("fogbank.protocol.codec.HTTP_BODY_BYTES_MAX", 8)
    assert "larger than" in refusal(asked).message
    for broken in (body[:-9], b"nothing"):
        asked.body = broken
        assert refusal(asked).code == "SerializationException"
