"""Streamed responses over the wire: InvokeWithResponseStream by boto3, function URLs by plain HTTP."""

from __future__ import annotations

import base64
import http.client
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.core.config import Settings
from fogbank.sandbox.nodes import find_nodes
from fogbank.testing.server import Fogbank
from tests.support.waiting import until_blocking

MAJORS = {18, 20, 22} & set(find_nodes())
NODE = f"nodejs{max(MAJORS, default=20)}.x"
ROLE = "arn:aws:iam::000000000000:role/r"
PYTHON = "def handler(event, context):\n    return 1 / 0 if event == 'fail' else event\n"
SOURCE = """
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  const asked = (event && event.rawQueryString) || event;
  if (asked === 'early') throw new TypeError('early');
  if (asked === 'prelude') {
    stream = awslambda.HttpResponseStream.from(stream, {
      statusCode: 201, headers: { 'Content-Type': 'text/plain', 'X-Mine': 'yes' }, cookies: ['a=1', 'b=2'],
    });
  } else if (asked !== 'plain') stream.setContentType('text/plain');
  stream.write('first');
  console.log('begun');
  if (asked === 'late') throw new TypeError('late');
  if (asked === 'crash') { await new Promise((go) => stream.write('x', go)); process.exit(1); }
  if (asked === 'long') for (let i = 0; i < 512; i++) stream.write(Buffer.alloc(65536, 97));
  stream.end('last');
});
"""


class Functions:
    """A fogbank with one function that streams and one that does not."""

    def __init__(self, server: Fogbank) -> None:
        self.server = server
        self.client = server.client("lambda")
        self.port = int(server.url.rpartition(":")[2])
        self.host = ""  # of the URL of the one that streams

    def create(self, name: str, runtime: str, file: str, text: str) -> None:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr(file, text)
        self.client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Handler="index.handler",
            Role=ROLE,
            Code={"ZipFile": content.getvalue()},
            Timeout=20,
        )
        self.client.get_waiter("function_active_v2").wait(FunctionName=name)

    def stream(self, name: str, event: Any = None, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.client.invoke_with_response_stream(
            FunctionName=name, Payload=json.dumps(event), **more
        )
        return found

    def url(self, name: str, mode: str) -> str:
        made = self.client.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode=mode)
        self.client.add_permission(
            FunctionName=name,
            StatementId="all",
            Action="lambda:InvokeFunctionUrl",
            Principal="*",
            FunctionUrlAuthType="NONE",
        )
        return str(made["FunctionUrl"]).split("://")[1].rstrip("/")

    def get(self, host: str, query: str) -> tuple[http.client.HTTPResponse, http.client.HTTPConnection]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", f"/?{query}", headers={"Host": host})
        return connection.getresponse(), connection


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    with Fogbank(Settings()) as server:
        made = Functions(server)
        made.create("whole", "python3.11", "index.py", PYTHON)
        if MAJORS:
            made.create("streams", NODE, "index.js", SOURCE)
            made.host = made.url("streams", "RESPONSE_STREAM")
        yield made


def need_node() -> None:
    if not MAJORS:
        pytest.xfail("no Node.js 18, 20 or 22 here")


def payload(events: list[dict[str, Any]]) -> bytes:
    return b"".join(event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event)


def test_pieces_come_and_then_the_end_with_the_log(functions: Functions) -> None:
    need_node()
    answer = functions.stream("streams", LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    events = list(answer["EventStream"])
    assert payload(events) == b"firstlast"
    log = base64.b64decode(events[-1]["InvokeComplete"]["LogResult"]).decode()
    assert "begun" in log and "REPORT RequestId: " in log


def test_what_was_written_is_read_before_the_function_ends(functions: Functions) -> None:
    need_node()
    events = iter(functions.stream("streams", "long")["EventStream"])
    assert next(events)["PayloadChunk"]["Payload"].startswith(b"first")
    # 32 MiB are on their way and not read: more than all buffers between hold.
    rows = functions.server.app.house.pool.environments()
    assert [row["state"] for row in rows if row["function"] == "streams:$LATEST"].count("busy") == 1
    rest = list(events)
    assert len(payload(rest)) in range(512 * 65536 + 4, 512 * 65536 + 10) and "InvokeComplete" in rest[-1]


@pytest.mark.parametrize(("event", "before"), [("late", b"first"), ("early", b"")])
def test_an_error_is_in_the_last_event(functions: Functions, event: str, before: bytes) -> None:
    need_node()
    events = list(functions.stream("streams", event)["EventStream"])
    assert payload(events) == before
    complete = events[-1]["InvokeComplete"]
    assert complete["ErrorCode"] == "TypeError"
    assert json.loads(complete["ErrorDetails"])["errorMessage"] == event


def test_a_function_that_does_not_stream_gives_one_piece(functions: Functions) -> None:
    events = list(functions.stream("whole", {"a": 1})["EventStream"])
    assert events == [{"PayloadChunk": {"Payload": b'{"a": 1}'}}, {"InvokeComplete": {}}]
    (failed,) = list(functions.stream("whole", "fail")["EventStream"])
    assert failed["InvokeComplete"]["ErrorCode"] == "ZeroDivisionError"
    dry = functions.stream("whole", InvocationType="DryRun")
    assert dry["StatusCode"] == 204
    dry["EventStream"].close()


def test_refusals_come_before_the_stream(functions: Functions) -> None:
    with pytest.raises(ClientError) as caught:
        functions.stream("missing")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as caught:
        functions.client.invoke_with_response_stream(FunctionName="whole", Payload=b"{")
    assert caught.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_invoke_gathers_a_streamed_response(functions: Functions) -> None:
    need_node()
    answer = functions.client.invoke(FunctionName="streams", Payload=b"null")
    assert answer["Payload"].read() == b"firstlast" and "FunctionError" not in answer


def test_a_url_that_streams(functions: Functions) -> None:
    need_node()
    host = functions.host
    response, connection = functions.get(host, "prelude")
    assert (response.status, response.headers["x-mine"], response.read()) == (201, "yes", b"firstlast")
    assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]
    connection.close()
    response, connection = functions.get(host, "text")
    assert (response.status, response.headers["content-type"]) == (200, "text/plain")
    assert response.read() == b"firstlast"
    connection.close()
    response, connection = functions.get(host, "plain")
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.read() == b"firstlast"
    connection.close()
    response, connection = functions.get(host, "early")
    assert (response.status, response.read()) == (502, b"Internal Server Error")
    connection.close()
    for query in ("late", "crash"):  # nothing but the cut connection can say so
        response, connection = functions.get(host, query)
        with pytest.raises(http.client.IncompleteRead):
            response.read()
        response.close()
        connection.close()


def test_a_client_that_hangs_up_does_not_stop_the_function(functions: Functions) -> None:
    need_node()
    response, connection = functions.get(functions.host, "long")
    assert response.read(5) == b"first"
    response.close()
    connection.close()

    def at_rest() -> bool:
        rows = functions.server.app.house.pool.environments()
        return all(row["state"] != "busy" for row in rows if row["function"] == "streams:$LATEST")

    until_blocking(at_rest)
    assert functions.client.invoke(FunctionName="streams", Payload=b"null")["StatusCode"] == 200
