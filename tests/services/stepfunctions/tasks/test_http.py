"""HTTP tasks against a real HTTP server: what is sent, what comes of the answer, Retry and Catch, TestState's traces."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from fogbank.model.telemetry import TelemetryBatcher
from fogbank.services.stepfunctions.engine.api import Failed
from fogbank.services.stepfunctions.tasks import Tasks
from fogbank.services.stepfunctions.tasks.casing import BadParameters
from fogbank.services.stepfunctions.tasks.http_calls import HttpTasks
from fogbank.services.stepfunctions.tasks.http_requests import plan_of, url_encoded
from tests.services.events.conftest import BASIC, oauth
from tests.services.events.test_connections import TokenServer
from tests.services.stepfunctions.conftest import ROLE, StatesHouse, states_house
from tests.services.stepfunctions.tasks.conftest import call_of
from tests.support.endpoint import Answer, Asked, Endpoint, endpoint
from tests.support.services import EVENTS
from tests.support.waiting import until

KINDS = {"Bas": "BASIC", "OAu": "OAUTH_CLIENT_CREDENTIALS"}
ARN = "arn:aws:events:us-east-1:000000000000:connection/c/1"


class HttpHouse(StatesHouse):
    """Step Functions and EventBridge beside a server that is somebody else's."""

    server: Endpoint

    @property
    def port(self) -> Tasks:
        tasks: Tasks = self.house.states[self.service].tasks
        return tasks

    async def connection(self, auth: Any = None, **http: Any) -> str:
        """The ARN of an authorized connection, with InvocationHttpParameters."""
        auth = {**(auth or BASIC), "InvocationHttpParameters": http} if http else auth or BASIC
        kind = KINDS[next(iter(auth))[:3]]
        params = {"Name": "c", "AuthorizationType": kind, "AuthParameters": auth}
        arn = str((await self.house.call("events", "CreateConnection", params))["ConnectionArn"])

        async def authorized() -> bool:
            found = await self.house.call("events", "DescribeConnection", {"Name": "c"})
            return bool(found["ConnectionState"] == "AUTHORIZED")

        await until(authorized)
        return arn

    def task(self, arn: str, path: str = "/x", method: str = "POST", **more: Any) -> dict[str, Any]:
        """A Task state; capitalised `more` are its Parameters, but for Retry and Catch."""
        own = {name: more.pop(name) for name in ("Retry", "Catch", "TimeoutSeconds") if name in more}
        given = {
            "ApiEndpoint": self.server.url + path,
            "Method": method,
            "InvocationConfig": {"ConnectionArn": arn},
        }
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::http:invoke",
            "Parameters": given | more,
            "End": True,
        } | own

    async def ended(self, state: dict[str, Any], *others: str, given: Any = None) -> dict[str, Any]:
        """The end of an execution of one such state. `others` are Pass states that Catches lead to."""
        states = {"H": state} | {name: {"Type": "Pass", "End": True} for name in others}
        arn = await self.machine("m", json.dumps({"StartAt": "H", "States": states}))
        started = await self.call("StartExecution", stateMachineArn=arn, input=json.dumps(given or {}))

        async def look() -> dict[str, Any] | None:
            found = await self.call("DescribeExecution", executionArn=started["executionArn"])
            return found if found["status"] != "RUNNING" else None

        found: dict[str, Any] = await until(look)
        return found

    async def result(self, state: dict[str, Any], given: Any = None) -> Any:
        ended = await self.ended(state, given=given)
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])

    async def failure(self, state: dict[str, Any]) -> tuple[str, str]:
        ended = await self.ended(state)
        return ended["error"], ended["cause"]

    async def traced(self, state: dict[str, Any], **more: Any) -> dict[str, Any]:
        return await self.call(
            "TestState", definition=json.dumps(state), roleArn=ROLE, inspectionLevel="TRACE", **more
        )


@pytest.fixture
async def http() -> AsyncIterator[HttpHouse]:
    made: list[TelemetryBatcher] = []
    async with endpoint() as server, states_house(made, EVENTS) as house:
        spoken = HttpHouse(house)
        spoken.telemetry, spoken.server = made[0], server
        yield spoken


async def test_what_is_sent_and_what_comes_of_it(http: HttpHouse) -> None:
    http.server.serve = lambda _: Answer(201, {"id": 7}, {"X-Two": "a", "Date": "now"})
    arn = await http.connection()
    result = await http.result(
        http.task(
            arn,
            "/orders?a=1",
            Headers={"Request-Id": "r", "many": ["1", "2"], "user-agent": "mine", "Range": "bytes=0-1"},
            QueryParameters={"q": "x y", "list": ["1", "2"], "n": 5},
            RequestBody={"order": {"id": 1}},
        )
    )
    assert result == {
        "Headers": {
            "content-type": ["application/json"],
            "content-length": ["9"],
            "x-two": ["a"],
            "date": ["now"],
        },
        "ResponseBody": {"id": 7},
        "StatusCode": 201,
        "StatusText": "Created",
    }
    (asked,) = http.server.asked
    assert (asked.method, asked.target) == ("POST", "/orders?a=1&q=x%20y&list=1&list=2&n=5")
    assert asked.json == {"order": {"id": 1}}
    assert asked.headers["content-type"] == "application/json; charset=UTF-8"
    assert asked.headers["authorization"] == "Basic dTpwYXNzLXdvcmQ="
    assert asked.headers["user-agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1"
    assert (asked.headers["range"], asked.headers["request-id"]) == ("bytes=0-262144", "r")
    assert asked.headers["host"] == http.server.url.removeprefix("http://")


async def test_the_connection_wins_over_the_definition(http: HttpHouse) -> None:
    arn = await http.connection(
        HeaderParameters=[
            {"Key": "Header-Param", "Value": "connection"},
            {"Key": "Content-Length", "Value": "1"},
            {"Key": "Host", "Value": "elsewhere"},
        ],
        QueryStringParameters=[{"Key": "QueryParam", "Value": "connection"}],
        BodyParameters=[{"Key": "BodyParam", "Value": "connection"}],
    )
    await http.result(
        http.task(
            arn,
            Headers={"header-param": "machine", "Other": "1"},
            QueryParameters={"QueryParam": "machine"},
            RequestBody={"Job": "j", "BodyParam": "machine"},
        )
    )
    (asked,) = http.server.asked
    assert (asked.headers["header-param"], asked.headers["other"]) == ("connection", "1")
    assert asked.headers["host"] == http.server.url.removeprefix("http://")
    assert asked.query == [("QueryParam", "connection")]
    assert asked.json == {"Job": "j", "BodyParam": "connection"}


async def test_a_body_that_cannot_be_merged(http: HttpHouse) -> None:
    arn = await http.connection(BodyParameters=[{"Key": "b", "Value": "1"}])
    error, _ = await http.failure(http.task(arn, RequestBody="text"))
    assert error == "States.Runtime" and http.server.asked == []


async def test_forms_and_texts(http: HttpHouse) -> None:
    arn = await http.connection(BodyParameters=[{"Key": "api", "Value": "k"}])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    transform = {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "REPEAT"}}
    body = {"customer.$": "$.id", "metadata": {"order_details": "monthly report"}, "items": ["a", "b"]}
    state = http.task(arn, Headers=form, RequestBody=body, Transform=transform)
    await http.result(state, given={"id": "1&2"})
    (asked,) = http.server.asked
    assert asked.headers["content-type"] == form["Content-Type"]
    assert asked.body == b"customer=1%262&metadata%5Border_details%5D=monthly%20report&items=a&items=b&api=k"


async def test_a_text_is_sent_as_it_is_and_kept_as_it_comes(http: HttpHouse) -> None:
    http.server.serve = lambda asked: Answer(
        200, b"<b>\xe9</b>", {"Content-Type": "text/xml; charset=latin-1"}
    )
    arn = await http.connection()
    result = await http.result(http.task(arn, Headers={"Content-Type": "text/xml"}, RequestBody="<a>é</a>"))
    assert http.server.asked[0].body == "<a>é</a>".encode()
    assert result["ResponseBody"] == "<b>é</b>"


@pytest.mark.parametrize(
    ("array_format", "text"),
    [
        ("INDICES", "a%5B0%5D=x&a%5B1%5D=y"),
        ("REPEAT", "a=x&a=y"),
        ("COMMAS", "a=x%2Cy"),
        ("BRACKETS", "a%5B%5D=x&a%5B%5D=y"),
    ],
)
def test_arrays_in_forms(array_format: str, text: str) -> None:
    assert url_encoded({"a": ["x", "y"]}, array_format) == text


def test_nested_values_in_forms() -> None:
    body = {"a": [{"b": 1}], "c": {"d": {"e": True}}, "n": None}
    assert url_encoded(body, "INDICES") == "a%5B0%5D%5Bb%5D=1&c%5Bd%5D%5Be%5D=true&n="
    with pytest.raises(BadParameters):
        url_encoded(["a"], "INDICES")


async def test_statuses_are_errors_that_retry_and_catch_know(http: HttpHouse) -> None:
    answers = [Answer(503, b"later"), Answer(404, {"message": "no such thing"})]
    http.server.serve = lambda _: answers.pop(0)
    arn = await http.connection()
    retry = {"ErrorEquals": ["States.Http.StatusCode.503"], "IntervalSeconds": 1, "MaxAttempts": 1}
    catch = {"ErrorEquals": ["States.Http.StatusCode.404"], "Next": "Missing", "ResultPath": "$.error"}
    state = http.task(arn, Retry=[retry], Catch=[catch])
    running = asyncio.ensure_future(http.ended(state, "Missing"))
    await until(lambda: len(http.server.asked) == 1)

    async def moved() -> bool:
        await http.clock.advance_ms(1000)
        return len(http.server.asked) == 2

    await until(moved)
    output = json.loads((await running)["output"])
    assert output["error"] == {
        "Error": "States.Http.StatusCode.404",
        "Cause": '{"message": "no such thing"}',
    }


async def test_a_failure_without_a_body(http: HttpHouse) -> None:
    http.server.serve = lambda _: Answer(302, b"", {"Location": "/elsewhere"})
    arn = await http.connection()
    assert await http.failure(http.task(arn)) == ("States.Http.StatusCode.302", "Found")
    assert len(http.server.asked) == 1


@pytest.mark.parametrize("kind", ["application/octet-stream", "image/png", "video/mp4", "audio/ogg"])
async def test_answers_that_are_no_text_by_their_type(http: HttpHouse, kind: str) -> None:
    http.server.serve = lambda _: Answer(200, b"text", {"Content-Type": kind})
    assert (await http.failure(http.task(await http.connection())))[0] == "States.Runtime"


async def test_answers_that_are_no_text(http: HttpHouse) -> None:
    http.server.serve = lambda _: Answer(200, b"\xff\xfe", {"Content-Type": "text/plain"})
    error, cause = await http.failure(http.task(await http.connection()))
    assert (error, cause) == ("States.Runtime", "The response cannot be read as a valid string")


async def test_an_answer_that_is_too_large(http: HttpHouse) -> None:
    http.server.serve = lambda _: Answer(200, b"x" * 262_145, {"Content-Type": "text/plain"})
    assert (await http.failure(http.task(await http.connection())))[0] == "States.DataLimitExceeded"


async def test_json_that_is_none_stays_a_text(http: HttpHouse) -> None:
    http.server.serve = lambda _: Answer(200, b"{", {"Content-Type": "application/json"})
    assert (await http.result(http.task(await http.connection())))["ResponseBody"] == "{"


async def test_an_endpoint_that_is_not_there(http: HttpHouse) -> None:
    arn = await http.connection()
    async with endpoint() as gone:
        url = gone.url
    state = http.task(arn, ApiEndpoint=url)
    assert (await http.failure(state))[0] == "States.Http.Socket"


async def test_an_endpoint_that_does_not_answer_in_time(http: HttpHouse) -> None:
    never = asyncio.Event()

    async def silent(_: Asked) -> Answer:
        await never.wait()
        return Answer()

    http.server.serve = silent
    arn = await http.connection()
    own = http.port.http
    impatient = HttpTasks(own._calls, own._callers, own._client, timeout_s=0.01)
    call = replace(call_of("http:invoke", http.task(arn)["Parameters"]), role_arn=ROLE)
    outcome = (await impatient.perform(call)).outcome
    assert isinstance(outcome, Failed) and outcome.error == "States.Http.Socket"
    assert outcome.cause == "The HTTP request timed out after 0.01 seconds"


async def test_a_refused_token_is_renewed_once(http: HttpHouse) -> None:
    tokens = TokenServer()
    good = {"Bearer tok-2"}

    def serve(asked: Asked) -> Answer:
        if asked.path == "/token":
            return tokens(asked)
        return Answer(200 if asked.headers["authorization"] in good else 401, {"who": "?"})

    http.server.serve = serve
    arn = await http.connection(oauth(http.server.url))
    assert (await http.result(http.task(arn)))["StatusCode"] == 200
    assert tokens.given == 2 and len(http.server.by_path("/x")) == 2
    good.clear()
    call = call_of("http:invoke", http.task(arn)["Parameters"])
    outcome = await http.port.run(call)
    assert isinstance(outcome, Failed) and outcome.error == "States.Http.StatusCode.401"
    assert tokens.given == 3 and len(http.server.by_path("/x")) == 4


async def test_connections_that_cannot_be_used(http: HttpHouse) -> None:
    arn = await http.connection()
    call = call_of("http:invoke", http.task(arn + "0")["Parameters"])
    outcome = await http.port.run(call)
    assert isinstance(outcome, Failed)
    assert outcome.error == "Events.ConnectionResource.ResourceNotFound"
    await http.house.call("events", "DeauthorizeConnection", {"Name": "c"})
    error, _ = await http.failure(http.task(arn))
    assert error == "Events.ConnectionResource.InvalidConnectionState"


async def test_the_history_has_no_secret(http: HttpHouse) -> None:
    arn = await http.connection(HeaderParameters=[{"Key": "h", "Value": "hidden", "IsValueSecret": True}])
    ended = await http.ended(http.task(arn))
    history = await http.call("GetExecutionHistory", executionArn=ended["executionArn"])
    text = json.dumps(history)
    assert http.server.asked[0].headers["h"] == "hidden"
    assert "hidden" not in text and "pass-word" not in text and "dTpw" not in text
    scheduled = history["events"][2]["taskScheduledEventDetails"]
    assert (scheduled["resourceType"], scheduled["resource"]) == ("http", "invoke")


async def test_test_state_traces_with_and_without_secrets(http: HttpHouse) -> None:
    http.server.serve = lambda _: Answer(200, {"ok": True}, {"X-A": "1"})
    arn = await http.connection(QueryStringParameters=[{"Key": "key", "Value": "hidden"}])
    state = http.task(arn, method="GET", Headers={"h": "1"}, QueryParameters={"q": "1"})
    url, agent = (
        http.server.url,
        "User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1, Range: bytes=0-262144",
    )
    plain = await http.traced(state)
    assert plain["inspectionData"]["request"] == {
        "protocol": "http",
        "method": "GET",
        "url": f"{url}/x?q=1",
        "headers": f"[h: 1, {agent}]",
        "body": "",
    }
    open_ = await http.traced(state, revealSecrets=True)
    assert open_["inspectionData"]["request"]["url"] == f"{url}/x?q=1&key=hidden"
    assert open_["inspectionData"]["request"]["headers"] == (
        f"[h: 1, Authorization: Basic dTpwYXNzLXdvcmQ=, {agent}]"
    )
    assert open_["inspectionData"]["response"] == {
        "protocol": "http",
        "statusCode": "200",
        "statusMessage": "OK",
        "headers": "[content-type: application/json, content-length: 12, x-a: 1]",
        "body": '{"ok": true}',
    }
    assert json.loads(open_["output"])["ResponseBody"] == {"ok": True}
    debug = await http.call(
        "TestState", definition=json.dumps(state), roleArn=ROLE, inspectionLevel="DEBUG", revealSecrets=True
    )
    assert "request" not in debug["inspectionData"] and "hidden" not in json.dumps(debug)
    http.server.serve = lambda _: Answer(418, b"teapot")
    failed = await http.traced(state)
    assert (failed["status"], failed["error"]) == ("FAILED", "States.Http.StatusCode.418")
    assert failed["inspectionData"]["response"]["body"] == "teapot"


GOOD = {"ApiEndpoint": "https://h/x", "Method": "GET", "Authentication": {"ConnectionArn": ARN}}


@pytest.mark.parametrize("header", ["Authorization", "HOST", "X-Amz-Date", "x-forwarded-for", "te"])
def test_headers_that_a_definition_may_not_set(header: str) -> None:
    with pytest.raises(BadParameters):
        plan_of({**GOOD, "Headers": {header: "x"}})


@pytest.mark.parametrize(
    "more",
    [
        {"Method": "TRACE"},
        {"Method": None},
        {"ApiEndpoint": "http://example.com"},
        {"ApiEndpoint": 1},
        {"Authentication": None},
        {"Authentication": {"ConnectionArn": "c"}},
        {"Authentication": {"ConnectionArn": ARN, "More": 1}},
        {"InvocationConfig": {"ConnectionArn": ARN}},
        {"Headers": "a: b"},
        {"Headers": {"a": "b\r\nc: d"}},
        {"Headers": {"a b": "c"}},
        {"QueryParameters": [1]},
        {"Transform": {"RequestBodyEncoding": "BASE64"}},
        {"Transform": {"Other": 1}},
        {"Transform": {"RequestEncodingOptions": {"ArrayFormat": "NONE"}}},
        {"Stage": "x"},
    ],
)
def test_parameters_that_are_none(more: dict[str, Any]) -> None:
    with pytest.raises(BadParameters):
        plan_of(GOOD | more)


async def test_what_a_killed_node_may_send_again(http: HttpHouse) -> None:
    tasks = http.port
    for method, safe in (("GET", True), ("HEAD", True), ("POST", False), ("DELETE", False)):
        assert tasks.repeatable(call_of("http:invoke", GOOD | {"Method": method})) is safe
    assert tasks.lost(call_of("http:invoke", GOOD)).error == "States.Http.Socket"
