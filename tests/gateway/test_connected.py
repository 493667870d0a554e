"""What connections add to requests: the connection wins."""

from __future__ import annotations

import pytest

from fogbank.gateway.connected import (
    Unmergeable,
    is_endpoint,
    merged_body,
    merged_headers,
    merged_query,
    with_query,
)


def test_the_connection_wins() -> None:
    assert merged_headers([("A", "1"), ("b", "2")], [("B", "3")]) == [("A", "1"), ("B", "3")]
    framing = [("Host", "h"), ("content-length", "1"), ("Transfer-Encoding", "chunked")]
    assert merged_headers([*framing, ("A", "1")], framing) == [("A", "1")]
    assert merged_query([("a", "1"), ("b", "2"), ("b", "x")], [("b", "3")]) == [("a", "1"), ("b", "3")]
    assert merged_query([("A", "1")], [("a", "2")]) == [("A", "1"), ("a", "2")]
    assert merged_body({"a": 1, "b": 2}, [("b", "3")]) == {"a": 1, "b": "3"}
    assert merged_body(None, [("b", "3")]) == {"b": "3"}
    assert merged_body("text", []) == "text"
    with pytest.raises(Unmergeable):
        merged_body("text", [("b", "3")])


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://h/p", "https://h/p?a%20b=c%26&%C3%A9="),
        ("https://h/p?x=1", "https://h/p?x=1&a%20b=c%26&%C3%A9="),
        ("https://h/p#f", "https://h/p?a%20b=c%26&%C3%A9=#f"),
    ],
)
def test_query_parameters_are_encoded(url: str, whole: str) -> None:
    assert with_query(url, [("a b", "c&"), ("é", "")]) == whole
    assert with_query(url, []) == url


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://example.com/x", True),
        ("http://example.com", False),
        ("http://localhost:80/x", True),
        ("http://api.localhost", True),
        ("http://127.0.0.9", True),
        ("http://[::1]:80", True),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("example.com", False),
        ("ftp://localhost", False),
        ("https://", False),
        ("http://[::1", False),
    ],
)
def test_endpoints(url: str, is_one: bool) -> None:
    assert is_endpoint(url) is is_one
