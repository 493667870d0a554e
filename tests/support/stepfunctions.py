"""What replaying recordings of Step Functions needs: definitions in JSON5, functions that really run, executions to their end.

A recording names what varies by words that the recorder chose (`snf_role_arn`, `<lambda_function_name>`): `Replay.words` says
what they stand for here. The input of an execution is taken from the first event of its recorded history.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from fogbank.testing.server import Fogbank
from tests.support.recordings import ROOT, Matcher, recorded
from tests.support.waiting import until_blocking

PYTHON = "python3.12"
RECORDINGS = "stepfunctions/v2/"
TEMPLATES = ROOT / "stepfunctions" / "templates"
#: Members that AWS has added since some recordings were made: not compared where the recording lacks them.
ADDED_SINCE = frozenset({"encryptionConfiguration", "redriveCount", "redriveStatus", "redriveStatusReason"})
#: What the recorder wrote in the place of any time.
TIMES = {
    "start-time": "datetime",
    "entered-time": "datetime",
    "creation-date": "datetime",
    "date": "datetime",
}

FUNCTIONS = {
    "id": "def handler(event, context):\n    return event\n",
    "hello": "def handler(event, context):\n    return {'Return': 'HelloWorld'}\n",
    "bytes": "def handler(event, context):\n    return b'\"HelloWorld!\"'\n",
    "raise": 'def handler(event, context):\n    raise Exception("Some exception was raised.")\n',
    "raise_custom": (
        "class CustomException(Exception):\n    message: str\n\n    def __init__(self):\n"
        '        self.message = "CustomException message"\n\n\n'
        "def handler(event, context):\n    raise CustomException()\n"
    ),
    "large": "def handler(event, context):\n    return b'a' * (257 * 1024)\n",
}
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=\s*(?://[^\n]*\s*|/\*.*?\*/\s*)*[}\]])', re.DOTALL
)


def json5(text: str) -> Any:
    """JSON with comments and trailing commas."""
    return json.loads(_TOKEN.sub(lambda found: found[0] if found[0][0] == '"' else " ", text))


def template(name: str) -> Any:
    """A recorded test's definition, anew at each call."""
    path = TEMPLATES / (name + ".json5")
    if not path.exists():
        pytest.skip(f"no recordings here: {path} is missing")
    return json5(path.read_text())


#: What the recorder wrote in the place of a value that no two answers share.
ANYTHING = frozenset(
    {
        "x-amz-crc32",
        "x-amzn-RequestId",
        "x-amzn-requestid",
        "X-Amzn-Trace-Id",
        "RequestId",
        "RandomNumberGenerated",
        "start-date",
        "stop-date",
    }
)


HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")


class StatesMatcher(Matcher):
    """A matcher that knows which of the recorder's words stand for anything at all, a list of headers too."""

    def _differences(
        self, expected: Any, actual: Any, at: str, ignore: frozenset[str] | set[str]
    ) -> list[str]:
        if isinstance(expected, str) and expected in ANYTHING and actual is not None:
            return []
        found = actual[0] if isinstance(actual, list) and actual else actual
        if expected == "datetime" and isinstance(found, str) and HTTP_DATE.fullmatch(found):
            return []
        return super()._differences(expected, actual, at, ignore)


class Replay:
    """One scenario: what was recorded, and the clients to do it again with."""

    _names = count(1)

    def __init__(
        self, server: Fogbank, account: str, functions: dict[str, str], file: str, test: str
    ) -> None:
        self.server, self.account = server, account
        self.was = deepcopy(recorded(RECORDINGS + file, test))
        self.client = client(server, "stepfunctions", account)
        self.matcher = StatesMatcher(account)
        self.role = f"arn:aws:iam::{account}:role/runner"
        self.words: dict[str, str] = {"snf_role_arn": self.role, "sfn_role_arn": self.role}
        self._functions = functions

    def name(self) -> str:
        """A name that no other scenario has; they rise in the order of the alphabet."""
        return f"machine-{next(self._names):06d}"

    def function(self, kind: str, word: str = "<lambda_function_name>") -> str:
        """The ARN of a function that does what `kind` says; `word` stands for its name in the recording."""
        name = f"fn-{kind.replace('_', '-')}"
        if kind not in self._functions:
            self._functions[kind] = self._make(name, FUNCTIONS[kind])
        self.words[word] = name
        return self._functions[kind]

    def _make(self, name: str, code: str) -> str:
        functions = client(self.server, "lambda", self.account)
        arn: str = functions.create_function(
            FunctionName=name,
            Runtime=PYTHON,
            Role=self.role,
            Handler="handler.handler",
            Code={"ZipFile": pack("handler.py", code)},
            Timeout=30,
        )["FunctionArn"]
        until_blocking(lambda: functions.get_function_configuration(FunctionName=name)["State"] != "Pending")
        return arn

    def machine(self, definition: Any, **more: Any) -> dict[str, Any]:
        """CreateStateMachine."""
        text = definition if isinstance(definition, str) else json.dumps(definition)
        more = {"name": self.name(), "definition": text, "roleArn": self.role} | more
        answer: dict[str, Any] = self.client.create_state_machine(**more)
        return answer

    def start(self, machine_arn: str, input: str | None = None) -> str:
        more = {} if input is None else {"input": input}
        return str(self.client.start_execution(stateMachineArn=machine_arn, **more)["executionArn"])

    def ended(self, execution_arn: str, *, advance_s: float = 0, limit_s: float = 30.0) -> dict[str, Any]:
        """The execution once it has ended; time is moved ahead at each look where asked."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.client.describe_execution(executionArn=execution_arn)
            if found["status"] != "RUNNING":
                return found
            if advance_s:
                self.server.advance(advance_s)
            return None

        found: dict[str, Any] = until_blocking(look, limit_s)
        return found

    def history(self, execution_arn: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get_execution_history(executionArn=execution_arn, **more)
        return answer

    def recorded_input(self, key: str = "get_execution_history") -> str:
        """The text that the recorded execution was started with."""
        details = self.was[key]["events"][0]["executionStartedEventDetails"]
        return self.text_of(details["input"])

    def text_of(self, value: Any) -> str:
        """JSON text of a recorded value, which is text already where the recorder did not parse it."""
        given = self.meant(value)
        return given if isinstance(given, str) else json.dumps(given)

    def meant(self, value: Any) -> Any:
        """A recorded value with the recorder's words replaced by what they stand for here."""
        if isinstance(value, dict):
            return {self.meant(key): self.meant(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.meant(item) for item in value]
        if not isinstance(value, str):
            return value
        if value in TIMES:
            return TIMES[value]
        for word in sorted(self.words, key=len, reverse=True):
            value = value.replace(word, self.words[word])
        return value

    def matches(self, key: str, actual: Any, *, ignore: frozenset[str] | set[str] = frozenset()) -> None:
        """Compare an answer with the one recorded under `key`."""
        __tracebackhide__ = True
        expected = self.meant(self.was[key])
        text = json.dumps(expected)
        late = {name for name in ADDED_SINCE if f'"{name}"' not in text}
        # Lengths of answers with names in them are those of other names.
        self.matcher.matches(expected, actual, ignore={*ignore, *late, "Content-Length"})

    def runs(
        self, definition: Any, *, ignore: frozenset[str] | set[str] = frozenset(), advance_s: float = 0
    ) -> str:
        """Run it with the recorded input, and compare the history; the execution's ARN."""
        __tracebackhide__ = True
        text = self.recorded_input()
        arn = self.start(self.machine(definition)["stateMachineArn"], text)
        self.ended(arn, advance_s=advance_s)
        self.matches("get_execution_history", self.history(arn), ignore=ignore)
        return arn

    def fails(self, key: str, call: Callable[..., Any], **params: Any) -> None:
        """Compare the error of a call, in whichever of the recorder's forms it was recorded."""
        __tracebackhide__ = True
        expected = self.was[key]
        with pytest.raises(Exception) as caught:
            call(**params)
        error = caught.value
        if isinstance(expected, str):
            self.matches(key, str(error))
        elif "exception_typename" in expected:
            self.matches(key, {"exception_typename": type(error).__name__, "exception_value": str(error)})
        else:
            assert isinstance(error, ClientError), error
            self.matches(key, error.response)


@cache
def _session() -> Any:
    return boto3.Session()


def client(server: Fogbank, service: str, account: str) -> Any:
    """A client of an account; all share a session, which has read the service's model."""
    return _session().client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key="fogbank",
        config=Config(retries={"max_attempts": 1}, inject_host_prefix=False, read_timeout=70),
    )


def pack(name: str, code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, code)
    return content.getvalue()


def ids_of(file: str, name: str = "") -> list[str]:
    """The ids of a file's recordings from the class on, those of the test `name` where given."""
    path = ROOT / RECORDINGS / file
    if not path.exists():
        return []
    ids = [key.split("::", 1)[1] for key in json.loads(path.read_text())]
    return [test for test in ids if not name or test.split("::")[1].split("[")[0] == name]


def parameter(test: str) -> str:
    """What stands in the brackets of a test's id."""
    return test.partition("[")[2].removesuffix("]")


def accounts(first: int) -> Iterator[str]:
    return (str(number) for number in count(first))
