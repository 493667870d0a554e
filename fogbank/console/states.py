"""The page of a state machine or an execution: its diagram, live, with the history, inputs and outputs beside it.

    /_fogbank/console/states/                       the machines of an account and region
    /_fogbank/console/states/<ARN>                  the page
    /_fogbank/console/states/<ARN>/diagram.svg      the diagram alone
    /_fogbank/console/states/<ARN>/live             server-sent events: further history, progress, status

An ARN is a state machine's or an execution's. Everything is read through the calls port, as root of the ARN's account: the
edge lets only this machine (and, in enforced mode, root's signature) in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

from fogbank.console.assets import asset
from fogbank.console.progress import Progress
from fogbank.core.arn import Arn, parse_arn
from fogbank.core.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from fogbank.core.errors import AwsError
from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import root_of

PREFIX = "/_fogbank/console/"
STATES = PREFIX + "states/"
HISTORY_PAGE = 1000  # GetExecutionHistory's most
MACHINES_SHOWN, EXECUTIONS_SHOWN = 100, 50
TYPES = {"js": "text/javascript", "css": "text/css", "html": "text/html", "svg": "image/svg+xml"}
# The page runs no script but its own, and talks to nobody but this server.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a page shows: a machine, and an execution of it when one was asked for."""

    machine: dict[str, Any]
    execution: dict[str, Any] | None
    caller: Caller


class Console:
    """Answers `/_fogbank/console/…`."""

    def __init__(self, calls: Calls, ids: Ids) -> None:
        self._calls = calls
        self._ids = ids

    async def handle(self, request: Request) -> Response:
        """Raises AwsError."""
        if request.method not in ("GET", "HEAD"):
            raise AwsError("MethodNotAllowedException", f"{request.method} is not allowed here", status=405)
        path = request.path
        if path.startswith(PREFIX + "assets/"):
            name = path.removeprefix(PREFIX + "assets/")
            if (content := asset(name)) is not None:
                return _page(content, name.rpartition(".")[2])
        elif path in (PREFIX, STATES, STATES.rstrip("/")):
            return await self._list(request)
        elif path.startswith(STATES):
            text, _, part = unquote(path.removeprefix(STATES)).partition("/")
            return await self._show(_arn_of(text), part)
        raise AwsError("NotFoundException", f"fogbank has no page {path[:128]}", status=404)

    async def _show(self, arn: Arn, part: str) -> Response:
        match part:
            case "":
                await self._subject(arn)  # an ARN of nothing is a 404, not an empty page
                return _page(asset("states.html") or b"", "html")
            case "diagram.svg":
                subject = await self._subject(arn)
                progress = await self._progress(subject)
                return _page(_diagram(subject, progress).encode(), "svg")
            case "live":
                subject = await self._subject(arn)
                fields = [("content-type", "text/event-stream"), ("cache-control", "no-store")]
                return Response(200, fields, self._live(subject))
        raise AwsError("NotFoundException", f"there is no {part[:64]} of a state machine", status=404)

    async def _list(self, request: Request) -> Response:
        """The machines of an account and region, and each one's latest executions are a click away."""
        query = parse_qs(request.query)
        account, region = query.get("account", [DEFAULT_ACCOUNT])[0], query.get("region", [DEFAULT_REGION])[0]
        if request.path == PREFIX or "text/html" in (request.headers.get("accept") or ""):
            return _page(asset("list.html") or b"", "html")
        caller = self._caller(account, region)
        answer = await self._call(caller, "ListStateMachines", maxResults=MACHINES_SHOWN)
        return Response(200, [("content-type", "application/json")], orjson.dumps(answer["stateMachines"]))

    # --- what is shown ------------------------------------------------------------------------------------------------

    async def _subject(self, arn: Arn) -> Subject:
        caller = self._caller(arn.account, arn.region)
        kind = arn.resource.partition(":")[0]
        if kind == "stateMachine":
            machine = await self._call(caller, "DescribeStateMachine", stateMachineArn=str(arn))
            return Subject(machine, None, caller)
        if kind == "execution":
            execution = await self._call(caller, "DescribeExecution", executionArn=str(arn))
            machine = await self._call(caller, "DescribeStateMachineForExecution", executionArn=str(arn))
            return Subject(machine, execution, caller)
        raise AwsError("InvalidArn", f"{arn} is the ARN of no state machine or standard execution")

    async def _progress(self, subject: Subject) -> Progress:
        progress = Progress()
        if subject.execution is not None:
            async for events in self._history(subject, 0):
                progress.fold(events)
        return progress

    async def _history(self, subject: Subject, after: int) -> AsyncIterator[list[dict[str, Any]]]:
        """The events after the `after`-th, a page at a time."""
        assert subject.execution is not None
        arn, token = subject.execution["executionArn"], None
        while True:
            more: dict[str, Any] = {"nextToken": token} if token else {}
            page = await self._call(
                subject.caller, "GetExecutionHistory", executionArn=arn, maxResults=HISTORY_PAGE, **more
            )
            if fresh := [event for event in page["events"] if event["id"] > after]:
                yield fresh
            if not (token := page.get("nextToken")):
                return

    async def _live(self, subject: Subject) -> AsyncIterator[bytes]:
        """Server-sent events until the execution has ended, or the reader goes."""
        executions = await self._executions(subject)
        yield _event(
            "machine", subject.machine | {"diagram": _diagram(subject, None), "executions": executions}
        )
        if subject.execution is None:
            return
        progress, seen = Progress(), 0
        arn = subject.execution["executionArn"]
        while True:
            execution = await self._call(subject.caller, "DescribeExecution", executionArn=arn)
            async for events in self._history(subject, seen):
                progress.fold(events)
                seen = events[-1]["id"]
                yield _event("history", events)
            yield _event("execution", execution | {"progress": progress.by_state()})
            if execution["status"] not in ("RUNNING", "PENDING_REDRIVE"):
                return
            await self._calls.internal(
                "stepfunctions", "history_grown", subject.caller, execution_arn=arn, after_event_id=seen
            )

    async def _executions(self, subject: Subject) -> list[dict[str, Any]]:
        if subject.machine.get("type") == "EXPRESS":
            return []
        arn = subject.machine["stateMachineArn"]
        try:
            answer = await self._call(
                subject.caller, "ListExecutions", stateMachineArn=arn, maxResults=EXECUTIONS_SHOWN
            )
        except AwsError as error:
            if error.code == "StateMachineDoesNotExist":  # deleted, while its executions can still be seen
                return []
            raise
        executions: list[dict[str, Any]] = answer["executions"]
        return executions

    async def _call(self, caller: Caller, operation: str, **params: Any) -> dict[str, Any]:
        return await self._calls.call("stepfunctions", operation, params, caller)

    def _caller(self, account: str, region: str) -> Caller:
        return Caller(account, region, root_of(account, open_mode=not self._calls.enforces), self._ids.uuid())


def _arn_of(text: str) -> Arn:
    arn = parse_arn(text)
    if arn is None or arn.service != "states":
        raise AwsError("InvalidArn", f"{text[:256]!r} is no ARN of Step Functions", status=404)
    return arn


def _diagram(subject: Subject, progress: Progress | None) -> str:
    from fogbank.console.diagram import diagram_of  # the layout library is only for those who look

    return diagram_of(orjson.loads(subject.machine["definition"]), progress.by_state() if progress else None)


def _event(name: str, data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"


def _page(content: bytes, kind: str) -> Response:
    headers = [("content-type", f"{TYPES[kind]}; charset=utf-8"), ("content-security-policy", POLICY)]
    return Response(
        200, [*headers, ("cache-control", "no-cache"), ("x-content-type-options", "nosniff")], content
    )
