"""Identifiers: right forms, reproducible by seed, and secrets that no seed can reproduce."""

from __future__ import annotations

import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.arn import Arn, parse_arn, partition_of, url_suffix_of
from fogbank.core.ids import Ids


@given(st.integers())
def test_uuids_are_version_4(seed: int) -> None:
    found = uuid.UUID(Ids(seed).uuid())
    assert found.version == 4
    assert found.variant == uuid.RFC_4122


def test_a_seed_reproduces_ids_but_never_secrets() -> None:
    one, other = Ids(7), Ids(7)
    assert [one.uuid(), one.hex(8), one.alnum(10)] == [other.uuid(), other.hex(8), other.alnum(10)]
    assert one.secret() != other.secret()
    assert one.token() != other.token()


def test_forms() -> None:
    ids = Ids()
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", ids.unique("AROA"))
    assert re.fullmatch(r"[0-9a-f]{32}", ids.hex(32))
    assert re.fullmatch(r"[a-z0-9]{10}", ids.alnum(10))
    assert len(ids.secret()) == 40
    assert 0 <= ids.uniform() < 1


def test_arns_keep_their_resource_whole() -> None:
    text = "arn:aws:lambda:us-east-1:000000000000:function:f:live"
    assert parse_arn(text) == Arn("aws", "lambda", "us-east-1", "000000000000", "function:f:live")
    assert str(parse_arn(text)) == text
    assert parse_arn("arn:aws:iam::aws:policy/service-role/X") == Arn(
        "aws", "iam", "", "aws", "policy/service-role/X"
    )


@given(st.text())
def test_what_is_not_an_arn_is_none_or_comes_back_the_same(text: str) -> None:
    found = parse_arn(text)
    assert found is None or str(found) == text


def test_partitions() -> None:
    regions = {
        "us-east-1": "aws",
        "cn-north-1": "aws-cn",
        "us-gov-west-1": "aws-us-gov",
        "us-iso-east-1": "aws-iso",
    }
    assert {region: partition_of(region) for region in regions} == regions
    assert url_suffix_of("aws-cn") == "amazonaws.com.cn"
    assert url_suffix_of("aws") == "amazonaws.com"
