"""The optimized integrations of DynamoDB, SQS, SNS and EventBridge: one operation, its answer with the HTTP metadata."""

from __future__ import annotations

from typing import Any

from fogbank.asl.documents import dumps
from fogbank.core.clock import Clock
from fogbank.core.encoded import resolved
from fogbank.core.errors import AwsError, NotSupported
from fogbank.model.calls import Calls
from fogbank.model.service import Operation
from fogbank.services.stepfunctions.engine.api import (
    Failed,
    Outcome,
    Stage,
    Succeeded,
    TaskCall,
    TaskResource,
)
from fogbank.services.stepfunctions.tasks.callers import Callers
from fogbank.services.stepfunctions.tasks.casing import OPTIMIZED as STYLE
from fogbank.services.stepfunctions.tasks.casing import (
    BadParameters,
    from_base64,
    from_output,
    to_input,
    written,
)
from fogbank.services.stepfunctions.tasks.failures import OPTIMIZED, bad_parameters, optimized_failure
from fogbank.services.stepfunctions.tasks.metadata import body_of, metadata
from fogbank.services.stepfunctions.tasks.supported import pruned

#: Members that hold a text, which definitions give as any JSON.
_JSON_TEXTS = {"sqs": frozenset({"MessageBody"}), "sns": frozenset({"Message"})}


class OptimizedTasks:
    """Runs one operation of a service as the first SDK for Java would."""

    def __init__(self, calls: Calls, clock: Clock, callers: Callers) -> None:
        self._calls = calls
        self._clock = clock
        self._callers = callers

    async def run(self, call: TaskCall, stage: Stage) -> Outcome:
        service, action = call.resource.service, call.resource.action
        try:
            operation = self._calls.find(service, action[:1].upper() + action[1:])
        except NotSupported as refused:
            return Failed(
                f"{OPTIMIZED[service].prefix}.{OPTIMIZED[service].unmodelled}", refused.message, stage
            )
        sources = [call.execution_arn, call.state_machine_arn]
        try:
            params = _input(operation, call.resource, call.parameters, sources)
        except BadParameters as bad:
            return bad_parameters(call.parameters, bad.problem)
        if service == "sqs" and (host := _nowhere(params.get("QueueUrl", ""))):
            return Failed("SQS.SdkClientException", f"Unable to execute HTTP request: {host}", stage)
        return await self._call(call, operation, params, stage)

    def check(self, resource: TaskResource, parameters: Any) -> None:
        """Raises BadParameters. What the service lacks is for `run` to say."""
        try:
            operation = self._calls.find(resource.service, resource.action[:1].upper() + resource.action[1:])
        except NotSupported:
            return
        _input(operation, resource, parameters, [])

    async def _call(
        self, call: TaskCall, operation: Operation, params: dict[str, Any], stage: Stage
    ) -> Outcome:
        service = call.resource.service
        caller = self._callers.of(call)
        try:
            output: dict[str, Any] = resolved(await self._calls.run(operation, params, caller))
        except AwsError as error:
            return optimized_failure(service, error, operation, caller.request_id, stage)
        shown = from_output(operation.model.output, output, STYLE)
        body = body_of(service, output)
        shown |= metadata(service, call.resource.action, body, caller.request_id, self._clock.now_ms())
        if service == "events" and output.get("FailedEntryCount"):
            return Failed("EventBridge.FailedEntry", written(shown), stage)
        return Succeeded(written(shown))


def _input(
    operation: Operation, resource: TaskResource, parameters: Any, sources: list[str]
) -> dict[str, Any]:
    given = pruned(resource, parameters)
    if resource.service == "events":
        given = _with_sources(given, sources)
    texts = _JSON_TEXTS.get(resource.service, frozenset())
    return to_input(operation.model.input, given, json_texts=texts, read_blob=from_base64)


def _nowhere(queue_url: str) -> str | None:
    """The host of a QueueUrl that is a lone host of one word: the first SDK sends to a QueueUrl's own host, and its resolver knows
    none such. (Other hosts are taken for this fogbank's, as SQS takes them.)"""
    host = queue_url.partition("://")[2]
    return host if host.replace("-", "").isalnum() and host != "localhost" else None


def _with_sources(parameters: Any, sources: list[str]) -> Any:
    """Each entry says where it comes from, and its Detail is JSON in a text."""
    entries = parameters.get("Entries") if isinstance(parameters, dict) else None
    if not isinstance(entries, list):
        return parameters
    return {**parameters, "Entries": [_entry(entry, sources) for entry in entries]}


def _entry(entry: Any, sources: list[str]) -> Any:
    if not isinstance(entry, dict):
        return entry
    found = {**entry, "Resources": [*(entry.get("Resources") or []), *sources]}
    detail = entry.get("Detail")
    if detail is not None and not isinstance(detail, str):
        found["Detail"] = dumps(detail)
    return found
