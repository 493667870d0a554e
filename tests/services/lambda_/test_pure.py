"""The parts without waiting: names, phases, report lines, JSON errors, slots, principals."""

from __future__ import annotations

import itertools
import json
import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.sandbox.api import FunctionConfig, InvocationResult, Status
from fogbank.services.lambda_ import report
from fogbank.services.lambda_.concurrency import ACCOUNT, RESERVED, Concurrency
from fogbank.services.lambda_.json_errors import unreadable
from fogbank.services.lambda_.names import FunctionName, parse_name
from fogbank.services.lambda_.phases import TRANSITIONS, UNSETTLED, Change, Phase, shown
from fogbank.services.lambda_.platform import role_session
from fogbank.services.lambda_.records import (
    Function,
    LayerUse,
    Logging,
    Version,
    decode_function,
    decode_version,
    encode,
)

NAMES = st.from_regex(re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII), fullmatch=True)
QUALIFIERS = st.none() | st.just("$LATEST") | NAMES


@given(NAMES, QUALIFIERS, st.sampled_from(["123456789012", "000000000000"]))
def test_every_form_of_a_name_means_the_same(name: str, qualifier: str | None, account: str) -> None:
    meant = FunctionName(account, "eu-west-1", name, qualifier)
    suffix = "" if qualifier is None else f":{qualifier}"
    for form in (
        f"arn:aws:lambda:eu-west-1:{account}:function:{name}{suffix}",
        f"{account}:function:{name}{suffix}",
        meant.qualified_arn,
    ):
        assert parse_name(form, "999999999999", "eu-west-1") == meant
    assert parse_name(meant.arn, "999999999999", "eu-west-1", qualifier) == meant


@pytest.mark.parametrize("text", ["", "a b", "a:b:c", "arn:aws:s3:::x", "é", "a" * 65, "a.b", ":a"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(AwsError) as caught:
        parse_name(text, "000000000000", "us-east-1")
    assert caught.value.code == "ValidationException"


def test_the_table_of_phases() -> None:
    for phase, change in itertools.product(Phase, Change):
        after = TRANSITIONS.get((phase, change))
        if change is Change.UPDATED:
            assert (after is Phase.UPDATING) == (phase not in UNSETTLED)
        elif phase in UNSETTLED:
            assert after is not None and after not in UNSETTLED
        assert shown(phase, "why", "Code")["State"] in ("Pending", "Active", "Failed")


def result(status: Status = Status.SUCCESS, **more: object) -> InvocationResult:
    fields = {"payload": b"{}", "error_type": None, "stream": "s", "duration_ms": 3.011, "max_memory_mb": 36}
    return InvocationResult(status, **(fields | more))  # type: ignore[arg-type]


def test_report_lines() -> None:
    head = "REPORT RequestId: r\tDuration: 3.01 ms\tBilled Duration: {} ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t"
    assert report.report("r", result(), 128, None) == head.format(4) + "\n"
    cold = report.report("r", result(init_duration_ms=110.1), 128, None)
    assert cold == head.format(114) + "Init Duration: 110.10 ms\t\n"
    assert report.report("r", result(Status.ERROR), 128, None) == head.format(4) + "\n"
    assert report.report("r", result(Status.TIMEOUT), 128, None).endswith("\tStatus: timeout\t\n")
    crashed = report.report("r", result(Status.CRASHED, error_type="Runtime.ExitError"), 128, None)
    assert crashed.endswith("\tStatus: error\tError Type: Runtime.ExitError\t\n")


@pytest.mark.parametrize(
    ("duration_ms", "billed"), [(0.001, 1), (1.0, 1), (1.001, 1), (1.01, 2), (999.99, 1000)]
)
def test_billing_rounds_what_is_reported_up(duration_ms: float, billed: int) -> None:
    assert report.billed_ms(result(duration_ms=duration_ms)) == billed


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(VALUES, st.booleans())
def test_what_is_json_is_read(value: object, ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    assert unreadable(text) is None


@given(VALUES, st.data())
def test_what_the_strict_parser_takes_is_read_and_nothing_breaks_it(
    value: object, data: st.DataObject
) -> None:
    text = bytearray(json.dumps(value).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    problem = unreadable(bytes(text))
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    assert problem is None


@given(st.binary(max_size=40))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    problem = unreadable(content)
    if problem is None:
        json.loads(content.decode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("payload", "problem", "column"),
    [
        (b"\x99\xeb", "Unexpected character ((CTRL-CHAR, code 153)): expected a valid value", 1),
        (b"n\x87r", "Invalid UTF-8 start byte 0x87", 3),
        (b"foo", "Unrecognized token 'foo': was expecting (JSON String, Number, Array, Object or token", 4),
        (
            b"{'a': 1}",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
            2,
        ),
        (b'{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field", 6),
        (b"[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 4),
        (b'{"a":', "Unexpected end-of-input within/between Object entries", 6),
        (b'"abc', "Unexpected end-of-input in VALUE_STRING", 5),
        (b"{} x", "Unrecognized token 'x'", 5),
    ],
)
def test_problems_are_told_where_they_are(payload: bytes, problem: str, column: int) -> None:
    said = unreadable(payload)
    assert said is not None and said.startswith(problem)
    assert said.endswith(f"line: 1, column: {column}]")


def test_deep_payloads_are_refused_without_a_deep_stack() -> None:
    said = unreadable(b"[" * 100_000)
    assert said is not None and said.startswith(
        "Document nesting depth (1001) exceeds the maximum allowed (1000"
    )


@given(st.lists(st.sampled_from(["enter", "leave", "reserve", "free"]), max_size=60))
def test_slots_are_never_lost(steps: list[str]) -> None:
    slots = Concurrency().function("a", "r", "f")
    inside = 0
    for step in steps:
        match step:
            case "enter":
                reason = slots.enter()
                inside += reason is None
                assert reason in (None, RESERVED, ACCOUNT)
            case "leave" if inside:
                slots.leave()
                inside -= 1
            case "reserve":
                slots.reserve(2)
            case "free":
                slots.reserve(None)
        assert slots.in_use == inside
        assert slots.account.in_use == (inside if slots.reserved is None else 0)


def test_records_keep_everything() -> None:
    version = Version(
        "$LATEST", "r", "b", Phase.UPDATE_FAILED, "python3.11", "h", "role", "00" * 32, 5, 9, 7,
        layers=(LayerUse("arn", "sha", 1, 2),), logging=Logging("JSON", "INFO", "WARN", "/g"), failure="why",
    )  # fmt: skip
    assert decode_version(encode(version)) == version
    function = Function("f", "uid", version, 3, 0, {"a": "b"})
    assert decode_function(encode(function)) == function
    assert "sealed" not in repr(Version(**{**_fields(version), "environment": "sealed"}))


def _fields(version: Version) -> dict[str, object]:
    return {name: getattr(version, name) for name in version.__slots__}  # type: ignore[attr-defined]


def test_made_up_roles_act_in_the_functions_own_account_in_open_mode() -> None:
    from pathlib import Path

    config = FunctionConfig(
        "k", "000000000000", "us-east-1", "f", "$LATEST", "python3.11", "h", Path("/"), (), {}, 128, 3000, 512,
        "arn:aws:iam::123456789012:role/path/r", "/g",
    )  # fmt: skip
    open_mode = role_session(config, open_mode=True)
    assert (open_mode.account, open_mode.acts_as_root) == ("000000000000", True)
    assert open_mode.arn == "arn:aws:sts::000000000000:assumed-role/r/f@lambda_function"
    enforced = role_session(config, open_mode=False)
    assert (enforced.account, enforced.acts_as_root) == ("123456789012", False)
    assert enforced.issuer_arn == "arn:aws:iam::123456789012:role/path/r"
