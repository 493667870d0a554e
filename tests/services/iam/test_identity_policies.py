from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.iam import identity_policies, trust_policies
from fogbank.services.iam.policy_grammar import PolicyFault, chars_of

GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
SYNTAX = "Syntax errors in policy."
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."


def doc(statement: Any, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement} | more)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", SYNTAX),
        ("[]", SYNTAX),
        ("not json", SYNTAX),
        (json.dumps({"Version": "2012-10-17"}), SYNTAX),
        (doc([]), SYNTAX),
        (doc(GOOD, Extra=1), SYNTAX),
        (doc(GOOD, Version="2020-01-01"), SYNTAX),
        (doc(GOOD | {"Effect": "allow"}), SYNTAX),
        (doc(GOOD | {"Actoin": "x"}), SYNTAX),
        (doc(GOOD | {"NotAction": "s3:x"}), SYNTAX),
        (doc(GOOD | {"Action": 5}), SYNTAX),
        (doc(GOOD | {"Condition": {"NoSuchOperator": {"a": "b"}}}), SYNTAX),
        (doc(GOOD | {"Condition": {"StringEquals": "x"}}), SYNTAX),
        (doc(GOOD, Version="2008-10-17"), "Policy document must be version 2012-10-17 or greater."),
        (json.dumps({"Statement": GOOD}), "Policy document must be version 2012-10-17 or greater."),
        (doc(GOOD | {"Principal": "*"}), "Policy document should not specify a principal."),
        (doc({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
        (doc({"Effect": "Allow", "Action": "s3:x"}), "Policy statement must contain resources."),
        (doc(GOOD | {"Action": []}), "Policy statement must contain actions."),
        (doc(GOOD | {"Action": "GetObject"}), VENDOR),
        (doc(GOOD | {"Action": "s3:Get:Object"}), "Actions/Condition can contain only one colon."),
        (doc(GOOD | {"Action": "s*:Get"}), "Vendor s* is not valid"),
        (doc(GOOD | {"Resource": "bucket"}), 'Resource bucket must be in ARN format or "*".'),
        (doc(GOOD | {"Resource": "arn:aws:s3"}), "The policy failed legacy parsing"),
        (
            doc(GOOD | {"Resource": "arn:aws:s*:::x"}),
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        (
            doc(GOOD | {"Resource": "arn:moon:s3:::x"}),
            'Partition "moon" is not valid for resource "arn:moon:s3:::x".',
        ),
        (
            doc(GOOD | {"Resource": "arn:aws:s3:eu-west-1::x"}),
            "Resource arn:aws:s3:eu-west-1::x can not contain region information.",
        ),
        (
            doc([GOOD | {"Sid": "a"}, GOOD | {"Sid": "a"}]),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
    ],
)
def test_faults(text: str, fault: str) -> None:
    with pytest.raises(PolicyFault) as caught:
        identity_policies.check(text)
    assert str(caught.value) == fault


@pytest.mark.parametrize(
    "statement",
    [
        GOOD,
        [GOOD, {"Effect": "Deny", "NotAction": ["iam:*"], "NotResource": ["arn:aws:s3:::a/*"]}],
        GOOD | {"Sid": ""},
        GOOD | {"Action": "*", "Resource": ["arn:aws:iam::*:role/x", "arn:aws:sns:*:123456789012:t"]},
        GOOD | {"Condition": {"ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]}}},
        GOOD | {"Condition": {"NumericLessThan": {"s3:max-keys": 10}, "Bool": {"aws:SecureTransport": True}}},
    ],
)
def test_accepted(statement: Any) -> None:
    identity_policies.check(doc(statement))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["*", "Allow", "arn:aws:s3:::b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Statement",
                    "Effect",
                    "Action",
                    "Resource",
                    "Principal",
                    "Condition",
                    "Sid",
                    "AWS",
                    "Version",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_anything_else_is_a_fault_and_never_a_crash(value: Any) -> None:
    for check in (identity_policies.check, trust_policies.check):
        for text in (json.dumps(value), json.dumps({"Version": "2012-10-17", "Statement": value})):
            try:
                check(text)
            except PolicyFault as fault:
                assert str(fault)


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    for check in (identity_policies.check, trust_policies.check):
        with pytest.raises(PolicyFault):
            check(text)


def test_white_space_is_not_counted() -> None:
    assert chars_of(' { "a" :\n\t"b c" } ') == len('{"a":"bc"}')
