"""The engine's `TaskPort`: each kind of resource goes to whoever runs it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol

from fogbank.core.clock import Clock
from fogbank.core.config import AuthMode
from fogbank.core.errors import AwsError, StoreError
from fogbank.core.ids import Ids
from fogbank.gateway.http_client import HttpClient
from fogbank.model.calls import Calls
from fogbank.model.principal import SessionIssuer
from fogbank.services.stepfunctions.engine.api import (
    Failed,
    Outcome,
    Pattern,
    Stage,
    Submitted,
    Succeeded,
    TaskCall,
    TaskKind,
    TaskResource,
)
from fogbank.services.stepfunctions.tasks import failures
from fogbank.services.stepfunctions.tasks.api_calls import ApiCalls, Fetch
from fogbank.services.stepfunctions.tasks.callers import Callers
from fogbank.services.stepfunctions.tasks.casing import BadParameters
from fogbank.services.stepfunctions.tasks.executions import Ended, Executions
from fogbank.services.stepfunctions.tasks.functions import Functions
from fogbank.services.stepfunctions.tasks.http_calls import SOCKET, HttpTasks
from fogbank.services.stepfunctions.tasks.naming import pascal
from fogbank.services.stepfunctions.tasks.optimized import OptimizedTasks
from fogbank.services.stepfunctions.tasks.sdk import SdkTasks
from fogbank.services.stepfunctions.tasks.supported import OPTIMIZED, Support, support_of

log = logging.getLogger("fogbank.stepfunctions")


class Activities(Protocol):
    """The scheduling side of activities (`activity_tasks.ActivityTasks`)."""

    async def run(self, call: TaskCall) -> Outcome: ...

    async def abandon(self, call: TaskCall) -> None: ...


class Tasks:
    """Runs every Task state of a node. `ended` waits for an execution (`Engine.ended`), `fetch` asks a user's API."""

    def __init__(
        self,
        *,
        calls: Calls,
        clock: Clock,
        ids: Ids,
        mode: AuthMode,
        activities: Activities,
        ended: Ended,
        fetch: Fetch,
        sessions: SessionIssuer,
        client: HttpClient,
    ) -> None:
        callers = Callers(ids, mode)
        self._calls = calls
        self._callers = callers
        self._activities = activities
        self._functions = Functions(calls, clock, ids, callers)
        self._executions = Executions(calls, clock, callers, ended)
        self._apis = ApiCalls(fetch, sessions, callers)
        self._optimized = OptimizedTasks(calls, clock, callers)
        self.http = HttpTasks(calls, callers, client)
        self.sdk = SdkTasks(calls, callers)

    async def run(self, call: TaskCall) -> Outcome:
        """Do it. A bug in here, or a store that is away, fails the task, not the engine."""
        try:
            return await self._run(call)
        except asyncio.CancelledError:
            raise
        except StoreError as error:
            return Failed(
                f"{self._prefix(call)}.SdkClientException", f"Unable to execute HTTP request: {error}"
            )
        except Exception:
            log.exception("task %s of %s failed", call.resource.arn, call.execution_arn)
            return Failed("States.Runtime", "An internal error of fogbank; its log says more")

    async def _run(self, call: TaskCall) -> Outcome:
        resource = call.resource
        if call.credentials_role_arn is not None and (refused := await self._assumed(call)) is not None:
            return refused
        match resource.kind:
            case TaskKind.ACTIVITY:
                return await self._activities.run(call)
            case TaskKind.LAMBDA:
                return await self._functions.run_arn(call)
        stage = Stage.RUN if resource.pattern is Pattern.REQUEST_RESPONSE else Stage.SUBMIT
        outcome = await self._request(call, stage)
        if resource.pattern is Pattern.CALLBACK and isinstance(outcome, Succeeded):
            return Submitted(outcome.output)
        return outcome

    async def _assumed(self, call: TaskCall) -> Failed | None:
        """The machine's role must be let to assume the one that the state's Credentials name, by both roles' policies."""
        if not self._calls.enforces:
            return None
        named = call.credentials_role_arn
        caller = self._callers.of_role(call.role_arn, call.account, call.region)
        try:
            params = {"RoleArn": named, "RoleSessionName": "fogbank"}
            await self._calls.call("sts", "AssumeRole", params, caller)
        except AwsError:
            cause = f"The role {call.role_arn} is not authorized to assume the task state's role, {named}."
            return Failed("States.TaskFailed", cause)  # a guess: AWS's answer is not documented
        return None

    async def _request(self, call: TaskCall, stage: Stage) -> Outcome:
        resource = call.resource
        if resource.kind is TaskKind.SDK:
            return await self.sdk.run(call, stage)
        match resource.service, resource.action:
            case "lambda", "invoke":
                return await self._functions.invoke(call, stage)
            case "states", "startExecution":
                return await self._executions.run(call, stage)
            case "apigateway", "invoke":
                return await self._apis.run(call, stage)
            case "http", "invoke":
                return await self.http.run(call, stage)
            case service, action if action in OPTIMIZED.get(service, {}):
                return await self._optimized.run(call, stage)
        # Refused when a machine is created; one may have been stored by a fogbank that had it.
        return Failed("States.Runtime", f"fogbank does not support the resource {resource.arn} yet", stage)

    def problem(self, resource: TaskResource, parameters: Any) -> str | None:
        """What is wrong with parameters that cannot be the task's input."""
        try:
            self._check(resource, parameters)
        except BadParameters as bad:
            return bad.problem
        return None

    def _check(self, resource: TaskResource, parameters: Any) -> None:
        match resource.kind, resource.service, resource.action:
            case ((TaskKind.LAMBDA | TaskKind.ACTIVITY), _, _):
                return
            case TaskKind.SDK, _, _:
                self.sdk.check(resource, parameters)
            case _, "lambda", "invoke":
                self._functions.check(parameters)
            case _, "states", "startExecution":
                self._executions.check(parameters)
            case _, "apigateway", "invoke":
                self._apis.check(parameters)
            case _, "http", "invoke":
                self.http.check(parameters)
            case _, service, action if action in OPTIMIZED.get(service, {}):
                self._optimized.check(resource, parameters)

    async def abandon(self, call: TaskCall) -> None:
        """Stop an execution that a .sync task waits for; take an activity's task off its queue."""
        if call.resource.kind is TaskKind.ACTIVITY:
            await self._activities.abandon(call)
        elif call.resource.service == "states":
            await self._executions.abandon(call)

    def repeatable(self, call: TaskCall) -> bool:
        """What only watches, only reads, or is idempotent by its id."""
        if call.resource.kind is TaskKind.ACTIVITY or call.submitted is not None:
            return True
        if call.resource.kind is TaskKind.SDK:
            return self.sdk.only_reads(call)
        if call.resource.service == "http":
            return self.http.is_safe(call)
        return (call.resource.service, call.resource.action) in (
            ("states", "startExecution"),
            ("dynamodb", "getItem"),
        )

    def lost(self, call: TaskCall) -> Failed:
        """As AWS fails a task whose connection to the service broke: its Retry decides."""
        if call.resource.kind is TaskKind.SERVICE and call.resource.service == "http":
            return Failed(SOCKET, "Unable to execute HTTP request: the connection was lost")
        return failures.lost(self._prefix(call))

    def support(self, resource: TaskResource) -> Support:
        """Whether a definition may name the resource."""
        return support_of(resource, self.sdk)

    def _prefix(self, call: TaskCall) -> str:
        """What errors of the task's service begin with."""
        if call.resource.kind is TaskKind.SDK:
            return self.sdk.prefix(call.resource.service)
        if call.resource.service == "apigateway":
            return "ApiGateway"
        known = failures.OPTIMIZED.get(call.resource.service)
        return known.prefix if known is not None else pascal(call.resource.service)
