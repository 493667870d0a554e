from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.model.principal import Principal, PrincipalType, root_of
from fogbank.services.sts.trust import allows
from tests.services.iam.support import trust

A, B = "111111111111", "222222222222"
BOB = Principal(PrincipalType.USER, A, f"arn:aws:iam::{A}:user/bob", "AIDABOBBOBBOBBOBBOB11")
ROLE = f"arn:aws:iam::{A}:role/x/worker"
SESSION = Principal(
    PrincipalType.ASSUMED_ROLE,
    A,
    f"arn:aws:sts::{A}:assumed-role/worker/s1",
    "AROAWORKERWORKERWORKE:s1",
    issuer_arn=ROLE,
)
LAMBDA = Principal(PrincipalType.SERVICE, A, "lambda.amazonaws.com", "lambda.amazonaws.com")
IDS = {BOB.arn: BOB.user_id, ROLE: "AROAWORKERWORKERWORKE"}


@pytest.mark.parametrize(
    ("principal", "caller", "expected"),
    [
        ("*", BOB, True),
        ({"AWS": "*"}, SESSION, True),
        ({"AWS": A}, BOB, True),
        ({"AWS": f"arn:aws:iam::{A}:root"}, SESSION, True),
        ({"AWS": f"arn:aws:iam::{B}:root"}, BOB, False),
        ({"AWS": [f"arn:aws:iam::{B}:root", BOB.arn]}, BOB, True),
        ({"AWS": BOB.arn}, SESSION, False),
        ({"AWS": ROLE}, SESSION, True),
        ({"AWS": SESSION.arn}, SESSION, True),
        ({"AWS": f"arn:aws:sts::{A}:assumed-role/worker/s2"}, SESSION, False),
        ({"AWS": BOB.user_id}, BOB, True),
        ({"Service": "lambda.amazonaws.com"}, LAMBDA, True),
        ({"Service": "ec2.amazonaws.com"}, LAMBDA, False),
        ({"Service": "lambda.amazonaws.com"}, BOB, False),
        ({"Federated": "cognito-identity.amazonaws.com"}, BOB, False),
    ],
)
def test_who(principal: Any, caller: Principal, expected: bool) -> None:
    assert allows(trust(principal), "sts:AssumeRole", caller, {}, trusted_ids=IDS) is expected


def test_a_new_user_of_an_old_name_is_a_stranger() -> None:
    ids = {BOB.arn: "AIDAFORMERFORMERFORME"}
    assert not allows(trust({"AWS": BOB.arn}), "sts:AssumeRole", BOB, {}, trusted_ids=ids)


def test_a_federated_user_is_not_its_issuer() -> None:
    federated = Principal(
        PrincipalType.FEDERATED_USER, A, f"arn:aws:sts::{A}:federated-user/x", f"{A}:x", issuer_arn=BOB.arn
    )
    assert not allows(trust({"AWS": BOB.arn}), "sts:AssumeRole", federated, {}, trusted_ids=IDS)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("sts:AssumeRole", True),
        ("sts:*", True),
        ("*", True),
        (["sts:TagSession", "STS:assumerole"], True),
        ("sts:TagSession", False),
        ("sts:AssumeRoleWithSAML", False),
    ],
)
def test_what(action: Any, expected: bool) -> None:
    assert allows(trust("*", action=action), "sts:AssumeRole", BOB, {}, trusted_ids={}) is expected


def test_a_denial_outweighs() -> None:
    document = json.loads(trust("*"))
    denial = json.loads(trust({"AWS": BOB.arn}, effect="Deny"))["Statement"][0]
    document["Statement"].append(denial)
    text = json.dumps(document)
    assert not allows(text, "sts:AssumeRole", BOB, {}, trusted_ids=IDS)
    assert allows(text, "sts:AssumeRole", SESSION, {}, trusted_ids=IDS)


def test_open_mode_waives_who_but_not_how() -> None:
    stranger = root_of(B, open_mode=True)
    condition = {"StringEquals": {"sts:ExternalId": "42"}}
    document = trust({"AWS": BOB.arn}, Condition=condition)
    found = {"sts:externalid": ["42"]}
    assert not allows(document, "sts:AssumeRole", stranger, found, trusted_ids=IDS)
    assert allows(document, "sts:AssumeRole", stranger, found, trusted_ids=IDS, anyone=True)
    assert not allows(document, "sts:AssumeRole", stranger, {}, trusted_ids=IDS, anyone=True)


def test_a_denial_of_others_does_not_hit_open_mode() -> None:
    document = json.loads(trust("*"))
    document["Statement"].append(json.loads(trust({"AWS": BOB.arn}, effect="Deny"))["Statement"][0])
    stranger = root_of(B, open_mode=True)
    assert allows(json.dumps(document), "sts:AssumeRole", stranger, {}, trusted_ids=IDS, anyone=True)
