from __future__ import annotations

import pytest

from fogbank.services.logs.pattern import PatternError, parse_pattern

LINE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("[ip, id, user, timestamp, request, status, size]", True),
        ("[ip, id, user, timestamp, request, status]", False),
        ("[ip, ...]", True),
        ("[..., status=4*, size]", True),
        ("[..., status=5*, size]", False),
        ("[ip, ..., size > 1500]", True),
        ("[ip, ..., size >= 1535]", False),
        ("[ip, id, user, timestamp, request =*.gif*, status, size]", True),
        ('[ip, id, user = "frank", ...]', True),
        ("[ip, id, user != frank, ...]", False),
        ("[ip, id, user, timestamp, request, status=404 || status=410, size]", True),
        ("[..., status=4* && status!=404, size]", False),
        ("[..., (status=4* || status=5*) && status!=405, size]", True),
        ("[ip=%127\\.0\\.0\\.[1-9]%, ...]", True),
        ("[..., request=%^GET%, status, size]", True),
        ("[=127.0.0.1, ...]", True),
        ("[..., a, b, c, d, e, f, g, h]", False),
    ],
)
def test_fields(pattern: str, matches: bool) -> None:
    assert parse_pattern(pattern).matches(LINE) is matches


def test_extracted_values_have_their_names_or_places() -> None:
    pattern = parse_pattern("[ip, ..., status, size]")
    assert pattern.extract(LINE) == {
        "$ip": "127.0.0.1",
        "$2": "-",
        "$3": "frank",
        "$4": "10/Oct/2000:13:25:15 -0700",
        "$5": "GET /apache_pb.gif HTTP/1.0",
        "$status": "404",
        "$size": "1534",
    }
    assert pattern.names == {"$ip", "$status", "$size"}


@pytest.mark.parametrize(
    "pattern", ["[]", "[a,", "[a b]", "[a=]", "[..., b, ...]", "[a] x", "[a > x]", "[a = 1 && b = 2]"]
)
def test_what_is_not_well_formed(pattern: str) -> None:
    with pytest.raises(PatternError):
        parse_pattern(pattern)
