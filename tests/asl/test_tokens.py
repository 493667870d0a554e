"""Task tokens, task resources, documents: what goes in comes out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.asl.documents import Document, dumps, loads
from fogbank.asl.resources import Pattern, TaskKind, parse_resource
from fogbank.asl.tokens import TOKEN_CHARS_MAX, Token, parse_token, token_of

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-_0123456789", min_size=1, max_size=80)
PATHS = st.lists(st.integers(0, 10_000), max_size=4).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(NAMES, NAMES, PATHS, st.integers(1, 10**9), st.text("0123456789abcdef", min_size=32, max_size=32))
def test_tokens_come_back(machine: str, name: str, path: tuple[int, ...], number: int, secret: str) -> None:
    arn = f"arn:aws:states:us-east-1:123456789012:execution:{machine}:{name}"
    token = token_of(arn, path, number, secret)
    assert len(token) <= TOKEN_CHARS_MAX
    assert parse_token(token) == Token(arn, path, number, secret)


@given(st.text(max_size=100) | st.binary(max_size=100).map(lambda raw: raw.decode("latin-1")))
def test_nonsense_is_no_token(text: str) -> None:
    assert parse_token(text) is None


@given(JSON)
def test_documents_come_back(value: object) -> None:
    text = dumps(value)
    assert loads(text) == json.loads(text) == value
    assert Document.parse(text).value == value and Document.of(value).text == text


@given(JSON, st.integers(0, 64))
def test_documents_know_their_size(value: object, limit: int) -> None:
    document = Document.of(value)
    assert document.exceeds(limit) == (len(document.text.encode("utf-8", "surrogatepass")) > limit)


@pytest.mark.parametrize(
    ("arn", "kind", "type", "resource", "pattern"),
    [
        ("arn:aws:lambda:us-east-1:1:function:f:live", TaskKind.LAMBDA, "lambda", "invoke", Pattern.REQUEST_RESPONSE),
        ("arn:aws:states:us-east-1:1:activity:a", TaskKind.ACTIVITY, "states", "activity", Pattern.REQUEST_RESPONSE),
        ("arn:aws:states:::lambda:invoke", TaskKind.SERVICE, "lambda", "invoke", Pattern.REQUEST_RESPONSE),
        (
            "arn:aws-cn:states:::sqs:sendMessage.waitForTaskToken",
            TaskKind.SERVICE,
            "sqs",
            "sendMessage.waitForTaskToken",
            Pattern.CALLBACK,
        ),
        ("arn:aws:states:::states:startExecution.sync:2", TaskKind.SERVICE, "states", "startExecution.sync:2", Pattern.SYNC_2),
        ("arn:aws:states:::aws-sdk:s3:getObject", TaskKind.SDK, "aws-sdk:s3", "getObject", Pattern.REQUEST_RESPONSE),
    ],
)  # fmt: skip
def test_resources_by_their_parts(
    arn: str, kind: TaskKind, type: str, resource: str, pattern: Pattern
) -> None:
    found = parse_resource(arn)
    assert found is not None
    assert (found.kind, found.resource_type, found.resource, found.pattern) == (kind, type, resource, pattern)


@pytest.mark.parametrize(
    "text", ["", "arn", "arn:aws:states:::x", "arn:aws:s3:::bucket", "arn:aws:states:::a:b.sync:3"]
)
def test_what_is_no_resource(text: str) -> None:
    assert parse_resource(text) is None
