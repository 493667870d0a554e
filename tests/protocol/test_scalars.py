"""Scalars and timestamps in text, and the pieces that codecs are made of."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

from fogbank.protocol.json_values import dump_json
from fogbank.protocol.malformed import Malformed
from fogbank.protocol.rest_request import parse_query
from fogbank.protocol.scalars import reader_of, special_float, writer_of
from fogbank.protocol.times import (
    epoch,
    epoch_text,
    from_seconds,
    from_text,
    iso8601,
    iso8601_ms,
    rfc822,
)
from fogbank.protocol.xml_write import escape
from tests.protocol.clients import service

MOMENTS = st.integers(-62_135_596_800_000, 253_402_300_799_999)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(MOMENTS)
def test_timestamps_come_back_from_every_form(time_ms: int) -> None:
    assert from_text(iso8601(time_ms)) == time_ms
    assert from_text(iso8601_ms(time_ms)) == time_ms
    assert from_text(epoch_text(time_ms)) == time_ms
    assert from_seconds(epoch(time_ms)) == time_ms


@given(st.integers(0, 4_000_000_000_000))
def test_botocore_reads_our_timestamps(time_ms: int) -> None:
    moment = EPOCH + timedelta(milliseconds=time_ms)
    assert parse_timestamp(iso8601(time_ms)) == moment
    assert parse_timestamp(epoch(time_ms)) == moment
    assert parse_timestamp(rfc822(time_ms)) == moment.replace(microsecond=0)
    assert from_text(rfc822(time_ms)) == time_ms // 1000 * 1000


def test_forms_are_as_aws_writes_them() -> None:
    assert iso8601(1_714_564_800_000) == "2024-05-01T12:00:00Z"
    assert iso8601(1_714_564_800_120) == "2024-05-01T12:00:00.120Z"
    assert iso8601_ms(1_714_564_800_000) == "2024-05-01T12:00:00.000Z"
    assert rfc822(1_714_564_800_999) == "Wed, 01 May 2024 12:00:00 GMT"
    assert epoch_text(1_714_564_800_500) == "1714564800.5"
    assert dump_json({"t": epoch(1_714_564_800_123)}) == b'{"t":1714564800.123}'


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01T14:00:00+02:00",
        "2024-05-01T12:00:00",
        "1714564800",
        "1714564800.0004",
        "Wed, 01 May 2024 12:00:00 GMT",
    ],
)
def test_clients_spell_one_moment_in_many_ways(text: str) -> None:
    assert from_text(text) == 1_714_564_800_000


@pytest.mark.parametrize(
    "text",
    ["", "x", "1e99", "99999999999999", "2024-13-01T00:00:00Z", "Wed, 99 May", "0001-01-01T00:00:00+23:59x"],
)
def test_what_is_no_timestamp_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        from_text(text)


@given(st.text(max_size=30))
def test_any_text_is_a_timestamp_or_malformed(text: str) -> None:
    try:
        assert isinstance(from_text(text), int)
    except Malformed:
        pass


@given(
    st.datetimes(datetime(1900, 1, 1), timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=0)
    )
)
def test_headers_of_other_writers(moment: datetime) -> None:
    assert from_text(format_datetime(moment)) == (moment - EPOCH) // timedelta(milliseconds=1)


def shape_of(type_name: str) -> object:
    for shape in service("s3").model.raw["shapes"] | service("cloudwatch").model.raw["shapes"]:
        for owner in ("s3", "cloudwatch"):
            raw = service(owner).model.raw["shapes"].get(shape)
            if raw and raw["type"] == type_name:
                return service(owner).model.shape(shape)
    raise AssertionError(type_name)


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("integer", "2147483648"),
        ("integer", "1_0"),
        ("integer", "١"),
        ("integer", "9" * 5000),
        ("integer", ""),
        ("long", "9223372036854775808"),
        ("double", "nan"),
        ("double", "1_0"),
        ("double", "0x10"),
        ("boolean", "yes"),
        ("blob", "a"),
        ("blob", "*"),
    ],
)
def test_text_that_is_no_such_scalar_is_malformed(type_name: str, text: str) -> None:
    read = reader_of(shape_of(type_name))  # type: ignore[arg-type]
    assert read is not None
    with pytest.raises(Malformed):
        read(text)


@given(st.floats())
def test_floats_come_back(value: float) -> None:
    shape = shape_of("double")
    write, read = writer_of(shape, iso8601), reader_of(shape)  # type: ignore[arg-type]
    assert write is not None
    assert read is not None
    found = read(write(value))
    assert found == value or (math.isnan(found) and math.isnan(value))


def test_floats_that_json_has_no_literal_for() -> None:
    assert special_float(math.nan) == "NaN"
    assert special_float(-math.inf) == "-Infinity"
    assert special_float(0.0) is None


def test_what_is_no_wire_value_is_never_written() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        dump_json({"a": datetime(2024, 1, 1, tzinfo=UTC)})


def test_xml_text_is_escaped_and_never_breaks_the_document() -> None:
    assert escape('a<b>&"c\r\n') == "a&lt;b&gt;&amp;&quot;c&#xD;\n"
    assert escape("\x00\x1b") == "\ufffd\ufffd"


@given(
    st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=8), min_size=1, max_size=3), max_size=4)
)
def test_query_strings_come_back(params: dict[str, list[str]]) -> None:
    from urllib.parse import urlencode

    assert parse_query(urlencode(params, doseq=True)) == params
