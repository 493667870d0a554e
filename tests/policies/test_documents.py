"""Policy documents: who and what they allow, conditions, and that nothing unknown allows."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.policies.documents import Asked, Decision, Policy, PolicyError

RESOURCE = "arn:aws:execute-api:us-east-1:111122223333:api/test/GET/pets"
USER = ("arn:aws:iam::111122223333:user/u", "111122223333")


def decide(*statements: dict[str, Any], principals: tuple[str, ...] = (), **keys: str) -> Decision:
    document = {
        "Statement": [{"Action": "execute-api:Invoke", "Resource": "*"} | each for each in statements]
    }
    found = {name.replace("_", ":"): [value] for name, value in keys.items()}
    return Policy(document).decide(Asked("execute-api:Invoke", RESOURCE, found, principals))


ALLOW = {"Effect": "Allow", "Principal": "*"}
DENY = {"Effect": "Deny", "Principal": "*"}


def test_effects() -> None:
    assert decide(ALLOW) is Decision.ALLOW
    assert decide(ALLOW, DENY) is Decision.DENY
    assert decide({"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invalid*"}) is Decision.NEITHER
    assert decide(ALLOW | {"Action": ["EXECUTE-API:*"]}) is Decision.ALLOW
    assert decide({"Effect": "Deny", "Principal": "*", "NotAction": "s3:*"}) is Decision.DENY


@pytest.mark.parametrize(
    ("resource", "matches"),
    [
        ("*", True),
        (RESOURCE, True),
        ("arn:aws:execute-api:*:*:api/*/GET/pets", True),
        ("arn:aws:execute-api:*:*:api/test/GET/pet?", True),
        ("arn:aws:execute-api:*:*:api/test/POST/*", False),
        ([RESOURCE + "x", "*pets"], True),
    ],
)
def test_resources(resource: Any, matches: bool) -> None:
    assert (decide(ALLOW | {"Resource": resource}) is Decision.ALLOW) is matches


@pytest.mark.parametrize(
    ("principal", "matches"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": "111122223333"}, True),
        ({"AWS": "arn:aws:iam::111122223333:root"}, True),
        ({"AWS": ["arn:aws:iam::111122223333:user/u"]}, True),
        ({"AWS": "arn:aws:iam::111122223333:user/v"}, False),
        ({"Service": "events.amazonaws.com"}, False),
    ],
)
def test_principals(principal: Any, matches: bool) -> None:
    assert (decide({"Effect": "Allow", "Principal": principal}, principals=USER) is Decision.ALLOW) is matches


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "holds"),
    [
        ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "1.2.3.4"], True),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", False),
        ("NotIpAddress", "aws:SourceIp", "10.0.0.0/8", True),
        ("StringEquals", "aws:SourceVpce", "vpce-1", False),
        ("StringEqualsIfExists", "aws:SourceVpce", "vpce-1", True),
        ("StringNotEquals", "aws:SourceVpce", "vpce-1", True),
        ("StringLike", "aws:UserAgent", "curl/*", True),
        ("StringNotLike", "aws:UserAgent", "curl/*", False),
        ("Bool", "aws:SecureTransport", "false", True),
        ("Null", "aws:SourceVpce", "true", True),
        ("NumericLessThan", "aws:EpochTime", "100", True),
        ("Unheard", "aws:UserAgent", "x", False),
        ("ForAnyValue:StringLike", "aws:UserAgent", ["x", "curl*"], True),
    ],
)
def test_conditions(operator: str, key: str, wanted: Any, holds: bool) -> None:
    given = {
        "aws_sourceip": "1.2.3.4",
        "aws_useragent": "curl/8",
        "aws_securetransport": "false",
        "aws_epochtime": "50",
    }
    condition = {"Condition": {operator: {key: wanted}}}
    assert (decide(ALLOW | condition, **given) is Decision.ALLOW) is holds


def test_a_deny_that_is_not_understood_denies() -> None:
    assert decide(ALLOW, DENY | {"Condition": {"Unheard": {"aws:X": "1"}}}) is Decision.DENY


@pytest.mark.parametrize(
    "document", [None, [], {}, {"Statement": [{}]}, {"Statement": [{"Effect": "Maybe"}]}]
)
def test_what_is_no_policy(document: Any) -> None:
    with pytest.raises(PolicyError):
        Policy(document)
