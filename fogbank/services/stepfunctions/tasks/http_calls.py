"""`states:::http:invoke`: a request to an HTTPS API, authorized by an EventBridge connection.

The connection's secrets are asked for through the calls port at each attempt and are in no history: only what the endpoint
answers is.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from fogbank.asl.documents import dumps, loads
from fogbank.core.errors import AwsError, StoreError
from fogbank.gateway.connected import UNAUTHORIZED, Additions, Unmergeable, send
from fogbank.gateway.http_client import HttpClient
from fogbank.gateway.http_connection import HttpAnswer, HttpError
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.permissions import Need
from fogbank.services.stepfunctions.engine.api import Failed, Outcome, Stage, Succeeded, TaskCall
from fogbank.services.stepfunctions.tasks.callers import Callers
from fogbank.services.stepfunctions.tasks.casing import BadParameters
from fogbank.services.stepfunctions.tasks.failures import bad_parameters
from fogbank.services.stepfunctions.tasks.http_requests import SAFE_METHODS, HttpPlan, HttpRequest, plan_of

TIMEOUT_S = 60.0
SOCKET = "States.Http.Socket"
CAUSE_CHARS_MAX = 32_768  # of SendTaskFailure; ours here
_ACTION = "states:InvokeHTTPEndpoint"
_BINARY = ("application/octet-stream", "image/", "video/", "audio/")
_REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Performed:
    """What became of a task; the rest as far as it came."""

    outcome: Outcome
    plan: HttpPlan | None = None
    request: HttpRequest | None = None
    answer: HttpAnswer | None = None


class HttpTasks:
    """Calls HTTP endpoints."""

    def __init__(
        self, calls: Calls, callers: Callers, client: HttpClient, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._calls = calls
        self._callers = callers
        self._client = client
        self._timeout_s = timeout_s

    async def run(self, call: TaskCall, stage: Stage) -> Outcome:
        return (await self.perform(call, stage)).outcome

    def check(self, parameters: Any) -> None:
        """Raises BadParameters."""
        plan_of(parameters)

    def is_safe(self, call: TaskCall) -> bool:
        """Whether it may be sent again when nobody knows how far it came."""
        return isinstance(call.parameters, dict) and call.parameters.get("Method") in SAFE_METHODS

    async def perform(self, call: TaskCall, stage: Stage = Stage.RUN) -> Performed:
        try:
            plan = plan_of(call.parameters)
        except BadParameters as bad:
            return Performed(bad_parameters(call.parameters, bad.problem))
        caller = self._callers.of(call)
        refusal = await self._calls.refusal(caller, _need(call, plan))
        if refusal is not None:
            return Performed(Failed("States.Permissions", _denial(caller, call, refusal), stage), plan)
        try:
            added = await self._additions(caller, plan)
            request, answer = await self._send(plan, added, call.region)
            if answer.status in UNAUTHORIZED and added.stamp:
                added = await self._additions(caller, plan, refused=added.stamp)
                request, answer = await self._send(plan, added, call.region)
        except AwsError as error:
            return Performed(Failed(f"Events.ConnectionResource.{error.code}", error.message, stage), plan)
        except StoreError as error:
            return Performed(Failed("Events.ConnectionResource.InternalError", str(error), stage), plan)
        except BadParameters as bad:
            return Performed(bad_parameters(call.parameters, bad.problem), plan)
        except Unmergeable:
            cause = (
                "The RequestBody is no JSON object and cannot be merged with the connection's body parameters"
            )
            return Performed(Failed("States.Runtime", cause, stage), plan)
        except HttpError as error:
            return Performed(Failed(SOCKET, f"Unable to execute HTTP request: {error}", stage), plan)
        except TimeoutError:
            cause = f"The HTTP request timed out after {self._timeout_s:g} seconds"
            return Performed(Failed(SOCKET, cause, stage), plan)
        return Performed(outcome_of(answer, stage), plan, request, answer)

    async def _additions(self, caller: Caller, plan: HttpPlan, refused: str = "") -> Additions:
        found: Additions = await self._calls.internal(
            "events",
            "retrieve_connection_credentials",
            caller,
            connection_arn=plan.connection_arn,
            refused=refused,
        )
        return found

    async def _send(self, plan: HttpPlan, added: Additions, region: str) -> tuple[HttpRequest, HttpAnswer]:
        request = plan.with_additions(added, region)
        answer = await send(
            self._client,
            request.method,
            request.url,
            request.headers,
            request.body.encode("utf-8", "replace"),
            timeout_s=self._timeout_s,
        )
        return request, answer


def _need(call: TaskCall, plan: HttpPlan) -> Need:
    keys = {"states:httpmethod": [plan.method], "states:httpendpoint": [plan.url]}
    return Need(_ACTION, call.state_machine_arn, keys)


def _denial(caller: Caller, call: TaskCall, refusal: str) -> str:
    """AWS does not say how such a task fails: the language's own error for it is a guess."""
    return (
        f"User: {caller.principal.arn} is not authorized to perform: {_ACTION} on resource: "
        f"{call.state_machine_arn} {refusal}"
    )


def outcome_of(answer: HttpAnswer, stage: Stage) -> Outcome:
    """The result of a task, or its failure. Sentences are guesses."""
    kind = next((value for name, value in answer.headers if name.lower() == "content-type"), "").lower()
    reason = _REASONS.get(answer.status, "")
    if not 200 <= answer.status < 300:  # redirects are not followed: a guess
        cause = answer.body.decode("utf-8", "replace")[:CAUSE_CHARS_MAX] or reason
        return Failed(f"States.Http.StatusCode.{answer.status}", cause, stage)
    if kind.startswith(_BINARY):
        return Failed("States.Runtime", f"The content type '{kind}' of the response is not supported", stage)
    try:
        text = answer.body.decode(_charset(kind))
    except (UnicodeDecodeError, LookupError):
        return Failed("States.Runtime", "The response cannot be read as a valid string", stage)
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        headers.setdefault(name.lower(), []).append(value)
    shown = {
        "Headers": headers,
        "ResponseBody": _parsed(text, kind),
        "StatusCode": answer.status,
        "StatusText": reason,
    }
    return Succeeded(dumps(shown))


def _charset(kind: str) -> str:
    for part in kind.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name == "charset" and value:
            return value.strip('"')
    return "utf-8"


def _parsed(text: str, kind: str) -> Any:
    """JSON where the content type says so, and it is."""
    essence = kind.partition(";")[0].strip()
    if essence != "application/json" and not essence.endswith("+json"):
        return text
    try:
        return loads(text)
    except ValueError:
        return text


def inspected(performed: Performed, region: str, *, reveal: bool) -> dict[str, Any]:
    """`request` and `response` of TestState's inspectionData at the level TRACE. Without `reveal`, the request is shown as if the
    connection added nothing; what the endpoint answers is its own to say."""
    plan, answer = performed.plan, performed.answer
    if plan is None or performed.request is None or answer is None:
        return {}
    request = performed.request if reveal else plan.with_additions(Additions(), region)
    protocol = urlsplit(plan.url).scheme
    return {
        "request": {
            "protocol": protocol,
            "method": request.method,
            "url": request.url,
            "headers": _listed(request.headers),
            "body": request.body,
        },
        "response": {
            "protocol": protocol,
            "statusCode": str(answer.status),
            "statusMessage": _REASONS.get(answer.status, ""),
            "headers": _listed([(name.lower(), value) for name, value in answer.headers]),
            "body": answer.body.decode("utf-8", "replace"),
        },
    }


def _listed(headers: list[tuple[str, str]]) -> str:
    return f"[{', '.join(f'{name}: {value}' for name, value in headers)}]"
