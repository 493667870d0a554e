from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.policies.conditions import holds
from fogbank.policies.globs import compile_glob

CONTEXT = {
    "sts:externalid": ["42"],
    "aws:sourceip": ["10.1.2.3"],
    "aws:principalarn": ["arn:aws:iam::123456789012:user/a/bob"],
    "aws:tagkeys": ["team", "cost"],
    "aws:epochtime": ["1767225600"],
    "aws:currenttime": ["1767225600.5"],
    "aws:securetransport": ["false"],
}


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("StringEquals", "sts:ExternalId", "42", True),
        ("StringEquals", "STS:EXTERNALID", ["41", "42"], True),
        ("StringEquals", "sts:ExternalId", "43", False),
        ("StringEquals", "sts:Missing", "42", False),
        ("StringEqualsIfExists", "sts:Missing", "42", True),
        ("StringEqualsIfExists", "sts:ExternalId", "43", False),
        ("StringNotEquals", "sts:ExternalId", ["41", "43"], True),
        ("StringNotEquals", "sts:ExternalId", ["41", "42"], False),
        ("StringNotEquals", "sts:Missing", "42", True),
        ("StringLike", "aws:PrincipalArn", "arn:aws:iam::*:user/*/b?b", True),
        ("StringLike", "aws:PrincipalArn", "*:user/b?b", False),
        ("StringEqualsIgnoreCase", "aws:PrincipalArn", "ARN:aws:iam::123456789012:user/a/BOB", True),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/*", True),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:*:user/a/bob", False),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*", True),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", True),
        ("IpAddress", "aws:SourceIp", "10.1.2.4", False),
        ("NotIpAddress", "aws:SourceIp", ["192.168.0.0/16"], True),
        ("IpAddress", "aws:SourceIp", "nonsense", False),
        ("NumericLessThan", "aws:EpochTime", 1767225601, True),
        ("NumericGreaterThanEquals", "aws:EpochTime", "1767225601", False),
        ("NumericEquals", "sts:ExternalId", "forty-two", False),
        ("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", True),
        ("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", False),
        ("Bool", "aws:SecureTransport", False, True),
        ("Bool", "aws:SecureTransport", "true", False),
        ("Bool", "aws:MultiFactorAuthPresent", "false", False),
        ("Null", "sts:Missing", "true", True),
        ("Null", "sts:ExternalId", "true", False),
        ("Null", "sts:ExternalId", False, True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["team", "cost", "other"], True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["team"], False),
        ("ForAllValues:StringEquals", "sts:Missing", ["team"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["team"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["x"], False),
        ("ForAnyValue:StringEquals", "sts:Missing", ["x"], False),
        ("StringNotEquals", "aws:TagKeys", "team", False),
        ("StringNotEquals", "aws:TagKeys", "x", True),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", "team", True),
        ("ForAnyValue:StringNotEquals", "sts:Missing", "team", False),
        ("ForAllValues:StringNotEquals", "aws:TagKeys", "team", False),
        ("BinaryEquals", "sts:ExternalId", "42", False),
        ("NoSuchOperator", "sts:ExternalId", "42", False),
    ],
)
def test_operators(operator: str, key: str, value: Any, expected: bool) -> None:
    assert holds({operator: {key: value}}, CONTEXT) is expected


def test_every_test_must_hold() -> None:
    both = {"StringEquals": {"sts:ExternalId": "42"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    assert holds(both, CONTEXT)
    assert not holds(both | {"Bool": {"aws:SecureTransport": "true"}}, CONTEXT)
    assert holds({}, CONTEXT)


@given(st.text(alphabet="ab*?", max_size=6), st.text(alphabet="ab*?", max_size=8))
def test_globs_against_a_plain_definition(glob: str, text: str) -> None:
    def plain(pattern: str, rest: str) -> bool:
        if not pattern:
            return not rest
        if pattern[0] == "*":
            return any(plain(pattern[1:], rest[at:]) for at in range(len(rest) + 1))
        return bool(rest) and pattern[0] in ("?", rest[0]) and plain(pattern[1:], rest[1:])

    assert compile_glob(glob)(text) is plain(glob, text)
