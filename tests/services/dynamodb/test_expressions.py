"""Expressions: what they mean, and AWS's words for what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.expressions.conditions import compile_condition
from fogbank.services.dynamodb.expressions.projections import compile_projection
from fogbank.services.dynamodb.expressions.request import Bound, Expressions, check_parameters
from fogbank.services.dynamodb.expressions.updates import compile_update
from fogbank.services.dynamodb.values import take_item
from tests.services.dynamodb.spoken import item

ITEM: dict[str, Any] = {
    "s": "hello",
    "n": 5,
    "b": b"\x01\x02",
    "t": True,
    "z": None,
    "ss": {"a", "b"},
    "ns": {1, 2},
    "l": [1, "two", {"deep": "x"}],
    "m": {"k": {"j": 7}},
}
VALUES: dict[str, Any] = {
    ":five": 5,
    ":one": 1,
    ":nine": 9,
    ":h": "he",
    ":hello": "hello",
    ":a": "a",
    ":two": "two",
    ":N": "N",
    ":b": b"\x01",
    ":set": {"b", "a"},
    ":seven": 7,
    ":null": None,
}


def taken(values: dict[str, Any]) -> dict[str, Any]:
    return take_item(item(values))[0]


def holds(text: str, names: dict[str, str] | None = None) -> bool:
    found = compile_condition(text, "ConditionExpression", names)
    values = taken(VALUES)
    for check in found.checks:
        check(values)
    return found.test(taken(ITEM), values)


@pytest.mark.parametrize(
    "text",
    [
        "n = :five",
        "n <> :one",
        "nothing <> :one",
        "n < :nine AND n > :one",
        "n <= :five AND n >= :five",
        "n BETWEEN :one AND :nine",
        "n IN (:one, :five)",
        "begins_with(s, :h)",
        "begins_with(b, :b)",
        "contains(s, :h)",
        "contains(ss, :a)",
        "contains(l, :two)",
        "ss = :set",
        "attribute_exists(m.k.j)",
        "attribute_exists(l[2].deep)",
        "attribute_not_exists(l[3])",
        "attribute_not_exists(s.x)",
        "attribute_type(n, :N)",
        "size(s) = :five",
        "size(l) > :one",
        "m.k.j = :seven",
        "z = :null",
        "NOT n = :one",
        "NOT (n = :one OR n = :nine)",
        "n = :one OR n = :five AND s = :hello",
        "(n = :one OR n = :five) AND s = :hello",
        "#x.#y.j = :seven",
        ":five = n",
        "n=:five and s=:hello",
    ],
)
def test_conditions_that_hold(text: str) -> None:
    assert holds(text, {"#x": "m", "#y": "k"})


@pytest.mark.parametrize(
    "text",
    [
        "n = :one",
        "nothing = :one",
        "nothing < :one",
        "s < :five",
        "n BETWEEN :nine AND :nine",
        "n IN (:one, :nine)",
        "begins_with(n, :h)",
        "contains(n, :one)",
        "contains(ss, :one)",
        "attribute_exists(m.k.x)",
        "size(n) = :one",
        "NOT attribute_exists(s)",
        "s = :five",
    ],
)
def test_conditions_that_do_not(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The expression can not be empty;"),
        ("a = ", 'Syntax error; token: "<EOF>", near: "= "'),
        ("a = :v b", 'Syntax error; token: "b", near: ":v b"'),
        ("a @ :v", 'Syntax error; token: "@", near: "a @ :v"'),
        ("_version = :v", 'Syntax error; token: "_", near: "_version"'),
        ("b = :v AND _sortKey = :v", 'Syntax error; token: "_", near: "AND _sortKey"'),
        ("__typename <> :v", 'Syntax error; token: "_", near: "__"'),
        ("GI-1 = :v", 'Syntax error; token: "-", near: "GI-1"'),
        ("name = :v", "Attribute name is a reserved keyword; reserved keyword: name"),
        (
            "#q = :v",
            "An expression attribute name used in the document path is not defined; attribute name: #q",
        ),
        (
            "begins_with(a)",
            "Incorrect number of operands for operator or function; operator or function: begins_with, "
            "number of operands: 1",
        ),
        ("foo(a)", "Invalid function name; function: foo"),
        (
            "list_append(a, :v)",
            "The function is not allowed in a condition expression; function: list_append",
        ),
        (
            "size(a)",
            "The function is not allowed to be used this way in an expression; function: size",
        ),
        (
            "attribute_exists(:v)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "a = a",
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: =, first operand: [a]",
        ),
        ("((a = :v))", "The expression has redundant parentheses;"),
        ("a = " + "(" * 2000 + ":v" + ")" * 2000, "The expression is nested too deeply;"),
        ("(" * 2000 + "a" + ")" * 2000 + " = :v", "The expression is nested too deeply;"),
        ("(" * 2000 + "a = :v" + ")" * 2000, "The expression is nested too deeply;"),
    ],
)
def test_bad_conditions(text: str, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        compile_condition(text, "ConditionExpression", None)
    assert caught.value.message == f"Invalid ConditionExpression: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "begins_with(s, :five)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "n < :null",
            "Incorrect operand type for operator or function; operator or function: <, operand type: NULL",
        ),
        (
            "n BETWEEN :nine AND :one",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:1}",
        ),
        (
            "attribute_type(n, :h)",
            "Invalid attribute type name found; type: he, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
    ],
)
def test_bad_values(text: str, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        holds(text)
    assert caught.value.message == f"Invalid ConditionExpression: {message}"


def updated(text: str, values: dict[str, Any] | None = None, before: dict[str, Any] | None = None) -> Any:
    found = compile_update(text, None)
    given = taken(values or {})
    for check in found.checks:
        check(given)
    start = taken(before if before is not None else ITEM)
    copy = taken(before if before is not None else ITEM)
    after = found.apply(start, given)
    assert start == copy, "the item before was changed"
    return after


@pytest.mark.parametrize(
    ("text", "values", "before", "after"),
    [
        ("SET a = :v", {":v": 1}, {}, {"a": 1}),
        ("SET a = b, b = a", {}, {"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ("SET a = a + :v", {":v": 1}, {"a": 1}, {"a": 2}),
        ("SET a = :v - a", {":v": 1}, {"a": 5}, {"a": -4}),
        ("SET a = if_not_exists(a, :v) + :v", {":v": 1}, {}, {"a": 2}),
        ("SET l = list_append(l, :v)", {":v": [3]}, {"l": [1]}, {"l": [1, 3]}),
        ("SET l = list_append(:v, if_not_exists(l, :v))", {":v": [3]}, {}, {"l": [3, 3]}),
        ("SET l[1] = :v", {":v": 9}, {"l": [1, 2]}, {"l": [1, 9]}),
        ("SET l[7] = :v", {":v": 9}, {"l": [1, 2]}, {"l": [1, 2, 9]}),
        ("SET m.k.j = :v", {":v": 9}, {"m": {"k": {"i": 1}}}, {"m": {"k": {"i": 1, "j": 9}}}),
        ("REMOVE a, l[0], l[2]", {}, {"a": 1, "l": [1, 2, 3], "b": 2}, {"l": [2], "b": 2}),
        ("REMOVE m.k", {}, {"m": {"k": 1, "j": 2}}, {"m": {"j": 2}}),
        ("REMOVE nothing", {}, {"b": 2}, {"b": 2}),
        ("REMOVE l[9]", {}, {"l": [1]}, {"l": [1]}),
        ("SET l[0] = :v REMOVE l[1]", {":v": 9}, {"l": [1, 2, 3]}, {"l": [9, 3]}),
        ("ADD a :v", {":v": 5}, {}, {"a": 5}),
        ("ADD a :v", {":v": 5}, {"a": 1}, {"a": 6}),
        ("ADD s :v", {":v": {"b", "c"}}, {"s": {"a", "b"}}, {"s": {"a", "b", "c"}}),
        ("DELETE s :v", {":v": {"b", "c"}}, {"s": {"a", "b"}}, {"s": {"a"}}),
        ("DELETE s :v", {":v": {"a"}}, {"s": {"a"}, "x": 1}, {"x": 1}),
        ("DELETE s :v", {":v": {"a"}}, {"x": 1}, {"x": 1}),
        ("set a=:v remove b add c :v", {":v": 1}, {"b": 1}, {"a": 1, "c": 1}),
        ("SET a = (b + :v)", {":v": 1}, {"b": 1}, {"a": 2, "b": 1}),
    ],
)
def test_updates(text: str, values: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    assert updated(text, values, before) == taken(after)


MISSING = "The provided expression refers to an attribute that does not exist in the item"
BAD_PATH = "The document path provided in the update expression is invalid for update"
BAD_TYPE = "An operand in the update expression has an incorrect data type"


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("SET a = nothing", {}, MISSING),
        ("SET a = nothing + :v", {":v": 1}, MISSING),
        ("SET a = s + :v", {":v": 1}, BAD_TYPE),
        ("ADD s :v", {":v": 1}, BAD_TYPE),
        ("SET nothing.k = :v", {":v": 1}, BAD_PATH),
        ("SET s.k = :v", {":v": 1}, BAD_PATH),
        ("SET s[0] = :v", {":v": 1}, BAD_PATH),
        (
            "SET a = :v, a = :v",
            {":v": 1},
            "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these "
            "paths; path one: [a], path two: [a]",
        ),
        (
            "SET a.b = :v, a[1] = :v",
            {":v": 1},
            "Invalid UpdateExpression: Two document paths conflict with each other; must remove or rewrite one of these "
            "paths; path one: [a, b], path two: [a, [1]]",
        ),
        (
            "SET a = :v SET b = :v",
            {":v": 1},
            'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;',
        ),
        (
            "ADD a :v",
            {":v": "x"},
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, "
            "operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        (
            "SET a = list_append(a, :v)",
            {":v": "x"},
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: "
            "list_append, operand type: S",
        ),
        (
            "SET a = size(b)",
            {},
            "Invalid UpdateExpression: The function is not allowed in an update expression; function: size",
        ),
        ("", {}, "Invalid UpdateExpression: The expression can not be empty;"),
        ("a = :v", {":v": 1}, 'Invalid UpdateExpression: Syntax error; token: "a", near: "a ="'),
        (
            "SET a = " + "(" * 2000 + ":v" + ")" * 2000,
            {":v": 1},
            "Invalid UpdateExpression: The expression is nested too deeply;",
        ),
    ],
)
def test_bad_updates(text: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError) as caught:
        updated(text, values)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("s, n", {"s": "hello", "n": 5}),
        ("m.k.j", {"m": {"k": {"j": 7}}}),
        ("l[2].deep, l[0]", {"l": [1, {"deep": "x"}]}),
        ("nothing, m.x, l[9]", {}),
    ],
)
def test_projections(text: str, wanted: dict[str, Any]) -> None:
    assert compile_projection(text, None).of(taken(ITEM)) == taken(wanted)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        (
            {"names": {"#a": "a"}, "values": {":v": 1}, "text": "b = :v"},
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}",
        ),
        (
            {"values": {":v": 1, ":w": 2}, "text": "b = :v"},
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}",
        ),
        (
            {"values": {":w": 2}, "text": "b = :v"},
            "Invalid ConditionExpression: An expression attribute value used in expression is not defined; "
            "attribute value: :v",
        ),
        (
            {"values": {"v": 2}, "text": "b = :v"},
            'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"',
        ),
        (
            {"names": {"a": "b"}, "text": "attribute_exists(b)"},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
        ),
        ({"values": {}, "text": "attribute_exists(b)"}, "ExpressionAttributeValues must not be empty"),
        ({"names": {}, "text": "attribute_exists(b)"}, "ExpressionAttributeNames must not be empty"),
        (
            {"values": {":v": 1}},
            "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
        ),
        ({"names": {"#a": "b"}}, "ExpressionAttributeNames can only be specified when using expressions"),
        (
            {"text": "attribute_exists(b)", "legacy": {"b": {}}},
            "Can not use both expression and non-expression parameters in the same request: "
            "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}",
        ),
    ],
)
def test_what_a_request_must_give(given_: dict[str, Any], message: str) -> None:
    names, values = given_.get("names"), given_.get("values")
    raw = item(values) if values is not None else None
    with pytest.raises(AwsError) as caught:
        check_parameters(
            names,
            raw,
            expressions={"ConditionExpression": given_.get("text")},
            legacy={"Expected": given_.get("legacy")},
            valued=("ConditionExpression",),
        )
        bound = Bound(Expressions(), names, raw)
        bound.condition(given_.get("text"), "ConditionExpression")
        bound.finish()
    assert caught.value.message == message


WORDS = st.lists(
    st.sampled_from(
        ["a", "b.c", "l[0]", ":v", "#n", "=", "<>", "<", "AND", "OR", "NOT", "(", ")", ",", "size", "contains", "IN",
         "BETWEEN", "SET", "REMOVE", "ADD", "+", "if_not_exists", "[", ".", "7", "@", "attribute_exists"]
    ),
    max_size=10,
)  # fmt: skip


@settings(max_examples=300)
@given(WORDS)
def test_any_text_is_compiled_or_refused(words: list[str]) -> None:
    text = " ".join(words)
    for compile in (
        lambda: compile_condition(text, "ConditionExpression", {"#n": "n"}),
        lambda: compile_update(text, {"#n": "n"}),
        lambda: compile_projection(text, {"#n": "n"}),
    ):
        try:
            compile()
        except AwsError as error:
            assert error.code == "ValidationException"
