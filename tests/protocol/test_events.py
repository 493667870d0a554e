"""Event streams: our framing against botocore's decoder, our decoder against our framing and against damage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.core.limits import EVENT_MESSAGE_BYTES_MAX
from fogbank.protocol.events import EventReader
from fogbank.protocol.eventstream import Message, Time, decode_all, encode
from fogbank.protocol.json_values import json_reader, parse_json
from fogbank.protocol.malformed import Malformed
from tests.protocol.clients import parsed, request_of, router, service

HEADER_VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=20),
    st.text(max_size=20),
    st.integers(0, 2**50).map(Time),
)
MESSAGES = st.builds(
    Message,
    st.dictionaries(st.text(min_size=1, max_size=10), HEADER_VALUES, max_size=4),
    st.binary(max_size=50),
)


@given(st.lists(MESSAGES, max_size=3))
def test_what_is_encoded_is_decoded(messages: list[Message]) -> None:
    assert list(decode_all(b"".join(map(encode, messages)))) == messages


@given(st.lists(MESSAGES, max_size=3))
def test_botocore_decodes_what_is_encoded(messages: list[Message]) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(map(encode, messages)))
    found = [(dict(event.headers), event.payload) for event in buffer]
    assert found == [(message.headers, message.payload) for message in messages]


@settings(max_examples=200)
@given(MESSAGES, st.data())
def test_damage_is_noticed(message: Message, data: st.DataObject) -> None:
    whole = bytearray(encode(message))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Malformed):
        list(decode_all(bytes(whole)))


@given(st.binary(max_size=100))
def test_any_bytes_are_decoded_or_malformed(data: bytes) -> None:
    try:
        list(decode_all(data))
    except Malformed:
        pass


def test_a_message_past_the_bound_is_not_made() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(Message({}, b"x" * EVENT_MESSAGE_BYTES_MAX))


async def stream(*events: dict[str, Any], error: Exception | None = None) -> AsyncIterator[dict[str, Any]]:
    for event in events:
        yield event
    if error is not None:
        raise error


def events_of(name: str, operation: str, protocol: str, member: str, output: dict[str, Any]) -> list[Any]:
    params = {"logs": {}, "lambda": {"FunctionName": "f"}, "kinesis": {}}.get(
        name, {"Bucket": "b", "Key": "k", "ExpressionType": "SQL"}
    )
    routed = router().route(request_of(name, operation, protocol, params))
    return list(parsed(name, operation, protocol, routed.serialize(output, "req-1"))[member])


def test_json_streams_begin_with_an_initial_response() -> None:
    events = events_of(
        "logs",
        "StartLiveTail",
        "json",
        "responseStream",
        {
            "responseStream": stream(
                {"sessionStart": {"requestId": "r", "logGroupIdentifiers": ["g"]}},
                {"sessionUpdate": {"sessionResults": [{"message": "m", "timestamp": 5}]}},
            )
        },
    )
    assert events == [
        {"sessionStart": {"requestId": "r", "logGroupIdentifiers": ["g"]}},
        {"sessionUpdate": {"sessionResults": [{"message": "m", "timestamp": 5}]}},
    ]


def test_rest_json_streams_carry_blobs_as_payloads() -> None:
    events = events_of(
        "lambda",
        "InvokeWithResponseStream",
        "rest-json",
        "EventStream",
        {
            "StatusCode": 200,
            "EventStream": stream(
                {"PayloadChunk": {"Payload": b"\x00chunk"}},
                {"InvokeComplete": {"ErrorCode": "E", "LogResult": "bG9n"}},
            ),
        },
    )
    assert events == [
        {"PayloadChunk": {"Payload": b"\x00chunk"}},
        {"InvokeComplete": {"ErrorCode": "E", "LogResult": "bG9n"}},
    ]


def test_rest_xml_streams() -> None:
    details = {"BytesScanned": 1, "BytesProcessed": 2, "BytesReturned": 3}
    output = stream({"Records": {"Payload": b"a,b"}}, {"Stats": {"Details": details}}, {"End": {}})
    events = events_of("s3", "SelectObjectContent", "rest-xml", "Payload", {"Payload": output})
    assert events == [{"Records": {"Payload": b"a,b"}}, {"Stats": {"Details": details}}, {"End": {}}]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AwsError("ResourceNotFoundException", "gone"), "ResourceNotFoundException"),
        (AwsError("Unmodelled", "odd"), "Unmodelled"),
    ],
)
def test_an_error_ends_the_stream(error: AwsError, code: str) -> None:
    from botocore.exceptions import EventStreamError

    with pytest.raises(EventStreamError) as caught:
        events_of("kinesis", "SubscribeToShard", "json", "EventStream", {"EventStream": stream(error=error)})
    assert caught.value.response["Error"] == {"Code": code, "Message": error.message}


async def test_input_events_are_read() -> None:
    shape = service("lambda").model.shape("InvokeWithResponseStreamResponseEvent")
    readers = json_reader()

    def body(member: Any, names: list[str]) -> Any:
        read = readers.members(member, names)
        return lambda data: read(parse_json(data))

    def event(kind: str, payload: bytes) -> bytes:
        return encode(Message({":message-type": "event", ":event-type": kind}, payload))

    reader = EventReader(shape, body)
    sent = event("PayloadChunk", b"\x01") + event("InvokeComplete", orjson.dumps({"ErrorCode": "E"}))
    assert [found async for found in reader.read(sent)] == [
        {"PayloadChunk": {"Payload": b"\x01"}},
        {"InvokeComplete": {"ErrorCode": "E"}},
    ]
    for wrong in (event("Nope", b""), encode(Message({":message-type": "error"}, b"")), sent[:-1]):
        with pytest.raises(Malformed):
            reader.read(wrong)
