"""What real AWS answered, and the comparison of an answer with it.

A recording's placeholders bind: `<name:1>` is any text, the same one throughout a scenario. `datetime`/`timestamp` and
their bracketed forms are any time. A hyphenated word in the place of a number is a value that the recorder replaced.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3] / "shared" / "aws-recordings"
RECORDED_ACCOUNT = "111111111111"
PLACEHOLDER = re.compile(r"<([A-Za-z][\w .-]*?)(?::(\d+))?>")
ANY_TIME = {"datetime", "timestamp", "<datetime>", "<timestamp>", "date", "<date>", "timestamp-ms", "time"}
TIME_LIKE = re.compile(r"<timestamp:([0-9T:.Z+-]+)>")  # a time in that form
WORD = re.compile(r"^<?[a-z0-9_]+(-[a-z0-9_]+)*(:\d+)?>?$")


@cache
def _file(name: str) -> dict[str, Any]:
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"no recordings here: {path} is missing")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def recorded(name: str, test: str) -> dict[str, Any]:
    """The recorded content of one scenario: `recorded("logs/test_logs_events.snapshot.json", "TestLogsEvents::test_x")`."""
    found = [content for key, content in _file(name).items() if key == test or key.endswith("::" + test)]
    assert len(found) == 1, f"{len(found)} recordings end in {test}"
    content: dict[str, Any] = found[0]["recorded-content"]
    return content


class Matcher:
    """Compares answers of one scenario, remembering what each placeholder stood for."""

    def __init__(
        self, account: str = "000000000000", region: str = "us-east-1", partition: str = "aws"
    ) -> None:
        self.bound: dict[str, str] = {"region": region, "partition": partition}
        self.account = account

    def matches(self, expected: Any, actual: Any, *, ignore: frozenset[str] | set[str] = frozenset()) -> None:
        """Assert that `actual` is what AWS answered; `ignore` names keys that are not compared, at any depth."""
        __tracebackhide__ = True
        problems = list(self._differences(expected, actual, "$", ignore))
        assert not problems, "\n".join(problems)

    def _differences(
        self, expected: Any, actual: Any, at: str, ignore: frozenset[str] | set[str]
    ) -> list[str]:
        actual = _plain(actual, expected)
        if isinstance(expected, dict):
            return self._dict_differences(expected, actual, at, ignore)
        if isinstance(expected, list):
            if not isinstance(actual, list) or len(actual) != len(expected):
                return [f"{at}: expected {expected!r}, got {actual!r}"]
            pairs = zip(expected, actual, strict=True)
            return [
                p for i, (e, a) in enumerate(pairs) for p in self._differences(e, a, f"{at}[{i}]", ignore)
            ]
        if isinstance(expected, str):
            return [] if self._text(expected, actual) else [f"{at}: expected {expected!r}, got {actual!r}"]
        return (
            []
            if expected == actual and type(expected) is type(actual)
            else [f"{at}: expected {expected!r}, got {actual!r}"]
        )

    def _dict_differences(
        self, expected: dict[str, Any], actual: Any, at: str, ignore: frozenset[str] | set[str]
    ) -> list[str]:
        if not isinstance(actual, dict):
            return [f"{at}: expected {expected!r}, got {actual!r}"]
        problems = []
        actual = dict(actual)
        for key, value in expected.items():
            if key in ignore:
                continue
            if key == "ResponseMetadata":
                problems += self._metadata(value, actual.get(key, {}), at)
                continue
            found = next((k for k in actual if self._text(key, k)), None) if key not in actual else key
            if found is None:
                problems.append(f"{at}.{key}: missing; expected {value!r}")
                continue
            problems += self._differences(value, actual.pop(found), f"{at}.{key}", ignore)
        extra = [k for k in actual if k not in ignore and k != "ResponseMetadata" and k not in expected]
        problems += [f"{at}.{key}: not in the recording; got {actual[key]!r}" for key in extra]
        return problems

    def _metadata(self, expected: dict[str, Any], actual: dict[str, Any], at: str) -> list[str]:
        problems = []
        if "HTTPStatusCode" in expected and expected["HTTPStatusCode"] != actual.get("HTTPStatusCode"):
            problems.append(
                f"{at}: status {actual.get('HTTPStatusCode')}, recorded {expected['HTTPStatusCode']}"
            )
        for name, value in expected.get("HTTPHeaders", {}).items():
            if not self._text(str(value), actual.get("HTTPHeaders", {}).get(name.lower())):
                problems.append(
                    f"{at}: header {name} {actual.get('HTTPHeaders', {}).get(name.lower())!r}, recorded {value!r}"
                )
        return problems

    def _text(self, expected: str, actual: Any) -> bool:
        if expected in ANY_TIME and (isinstance(actual, int | float | datetime) or _is_time(actual)):
            return True
        if (form := TIME_LIKE.fullmatch(expected)) is not None:
            return isinstance(actual, str) and re.sub(r"\d", "0", actual) == re.sub(r"\d", "0", form.group(1))
        if not isinstance(actual, str):
            return bool(isinstance(actual, int | float | bool) and WORD.match(expected) is not None)
        if expected == actual or (
            WORD.match(expected) and "<" not in expected and "-" in expected and self._bind(expected, actual)
        ):
            return True
        return self._placeholders(expected.replace(RECORDED_ACCOUNT, self.account), actual)

    def _placeholders(self, expected: str, actual: str) -> bool:
        pattern, at, names = "", 0, []
        for found in PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[at : found.start()])
            name = found.group(0)[1:-1]
            if name in self.bound:
                pattern += re.escape(self.bound[name])
            elif name in names:
                pattern += f"(?P=g{names.index(name)})"
            else:
                pattern += f"(?P<g{len(names)}>.*?)"
                names.append(name)
            at = found.end()
        match = re.fullmatch(pattern + re.escape(expected[at:]), actual, re.DOTALL)
        if match is None:
            return False
        for index, name in enumerate(names):
            if ":" in name:
                self.bound[name] = match.group(f"g{index}")
        return True

    def _bind(self, name: str, actual: str) -> bool:
        return self.bound.setdefault(name, actual) == actual


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and bool(re.match(r"^\d{4}-\d\d-\d\d([T ]|$)|^\d{10,13}$", value))


def _plain(actual: Any, expected: Any) -> Any:
    if hasattr(actual, "read"):
        actual = actual.read()
    if isinstance(actual, bytes):
        actual = actual.decode("utf-8", "replace")
    if isinstance(actual, str) and not isinstance(expected, str):
        try:
            return json.loads(actual)
        except ValueError:
            return actual
    return actual


def error_of(call: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The error response that a boto3 call raised, as the recordings hold it."""
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    response: dict[str, Any] = caught.value.response
    return response
