from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.logs.pattern import PatternError, parse_pattern

EVENT = """{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another"],
 "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "ThisFlag": true, "off": false,
 "latency": 50.5, "status": 404, "text": "12", "nested": {"a b": {"c": "x"}}}"""


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{ $.eventType = UpdateTrail }", True),
        ("{ $.eventType = Update* }", True),
        ("{ $.eventType != UpdateTrail }", False),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[1] = "value" }', False),
        ('{ $.arrayKey[*] = "another" }', True),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[*].name = b }", True),
        ("{ $.objectList[5].id = 2 }", False),
        ("{ $.*.id = 2 }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.SomeOtherObject IS NULL }", False),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.SomeObject NOT EXISTS }", False),
        ("{ $.SomeObject EXISTS }", True),
        ("{ $.ThisFlag IS TRUE }", True),
        ("{ $.ThisFlag IS FALSE }", False),
        ("{ $.off is false }", True),
        ("{ $.latency > 50 && $.latency <= 5.05e1 }", True),
        ("{ $.status = 4* }", True),
        ("{ $.status >= 500 || $.status = 404 }", True),
        ("{ ($.status = 1 || $.status = 404) && $.off IS TRUE }", False),
        ("{ $.status = 1 || $.status = 404 && $.off IS TRUE }", False),
        ("{ $.missing != 5 }", False),
        ("{ $.text = 12 }", True),
        ("{ $.text > 11 }", False),
        ("{ $.eventType = %^Update% }", True),
        ("{ $.eventType = %^update% }", False),
        ("{ $.nested['a b'].c = x }", True),
        ('{ $["nested"]["a b"].c = x }', True),
    ],
)
def test_selectors(pattern: str, matches: bool) -> None:
    assert parse_pattern(pattern).matches(EVENT) is matches


def test_extracted_values_are_those_that_the_pattern_names() -> None:
    pattern = parse_pattern('{ $.status = 404 && $.missing NOT EXISTS && $.objectList[0].name = "a" }')
    assert pattern.extract(EVENT) == {"$.status": "404", "$.objectList[0].name": "a"}


@given(st.text(max_size=200))
def test_no_message_is_an_error(message: str) -> None:
    assert parse_pattern("{ $.a = 1 }").matches(message) in (True, False)


@given(st.text(alphabet='{}[]$.=!<>&|()"%*ab1 ISNOTEXSUL', max_size=40))
def test_any_pattern_compiles_or_is_refused(text: str) -> None:
    try:
        pattern = parse_pattern(text)
    except PatternError as error:
        assert str(error)
        return
    pattern.matches(EVENT)


def test_deep_parentheses_are_refused() -> None:
    with pytest.raises(PatternError):
        parse_pattern("{" + "(" * 400 + "$.a = 1" + ")" * 400 + "}")
