"""Lambda: a function's ARN as the resource, and `states:::lambda:invoke`."""

from __future__ import annotations

from typing import Any

from fogbank.asl.documents import dumps, loads
from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError, NotSupported
from fogbank.core.ids import Ids
from fogbank.model.calls import Calls
from fogbank.services.stepfunctions.engine.api import Failed, Outcome, Stage, Succeeded, TaskCall
from fogbank.services.stepfunctions.tasks.callers import Callers
from fogbank.services.stepfunctions.tasks.casing import BadParameters, written
from fogbank.services.stepfunctions.tasks.failures import bad_parameters, optimized_failure
from fogbank.services.stepfunctions.tasks.metadata import metadata, trace_id

_PARAMETERS = frozenset(
    {"FunctionName", "Payload", "Qualifier", "InvocationType", "ClientContext", "LogType"}
)


class Functions:
    """Invokes functions."""

    def __init__(self, calls: Calls, clock: Clock, ids: Ids, callers: Callers) -> None:
        self._calls = calls
        self._clock = clock
        self._ids = ids
        self._callers = callers

    async def run_arn(self, call: TaskCall) -> Outcome:
        """The resource is the function, the parameters are its event, its answer is the result."""
        answer = await self._invoke(
            call, {"FunctionName": call.resource.arn, "Payload": dumps(call.parameters).encode()}, Stage.RUN
        )
        if isinstance(answer, Failed):
            return answer
        output, _ = answer
        return Succeeded(output["Payload"].decode() or "null")

    async def invoke(self, call: TaskCall, stage: Stage) -> Outcome:
        """The parameters are Invoke's; the result is its answer, Payload as JSON."""
        try:
            params = _params(call.parameters)
        except BadParameters as bad:
            return bad_parameters(call.parameters, bad.problem)
        answer = await self._invoke(call, params, stage, parsed=True)
        if isinstance(answer, Failed):
            return answer
        output, request_id = answer
        payload: bytes = output["Payload"]
        shown: dict[str, Any] = {}
        if "ExecutedVersion" in output:
            shown["ExecutedVersion"] = output["ExecutedVersion"]
        if "LogResult" in output:
            shown["LogResult"] = output["LogResult"]
        if payload:
            shown["Payload"] = _json(payload.decode())
        more = {
            "X-Amz-Executed-Version": output.get("ExecutedVersion", "$LATEST"),
            "x-amzn-Remapped-Content-Length": "0",
            "X-Amzn-Trace-Id": trace_id(self._clock.now_ms(), self._ids),
        }
        shown |= metadata("lambda", "invoke", payload, request_id, self._clock.now_ms(), **more)
        shown["SdkHttpMetadata"]["HttpStatusCode"] = output["StatusCode"]
        shown["StatusCode"] = output["StatusCode"]
        return Succeeded(written(shown))

    def check(self, parameters: Any) -> None:
        """Raises BadParameters for what is no input of Invoke."""
        _checked(parameters)

    async def _invoke(
        self, call: TaskCall, params: dict[str, Any], stage: Stage, *, parsed: bool = False
    ) -> tuple[dict[str, Any], str] | Failed:
        """Invoke's output and the request id; Failed for a function's error as for the service's."""
        caller = self._callers.of(call)
        operation = None
        try:
            operation = self._calls.find("lambda", "Invoke")
            output = await self._calls.run(operation, params, caller)
        except NotSupported as refused:
            return Failed("Lambda.AWSLambdaException", refused.message, stage)
        except AwsError as error:
            return optimized_failure("lambda", error, operation, caller.request_id, stage)
        if output.get("FunctionError"):
            return _function_failed(output["Payload"].decode("utf-8", "replace"), parsed=parsed)
        return output, caller.request_id


def _params(parameters: Any) -> dict[str, Any]:
    params = _checked(parameters)
    if "Payload" in params:
        params["Payload"] = _payload(params["Payload"]).encode()
    return params


def _checked(parameters: Any) -> dict[str, Any]:
    if not isinstance(parameters, dict):
        raise BadParameters("The Parameters must be a JSON object")
    for name, value in parameters.items():
        if name not in _PARAMETERS:
            raise BadParameters(f"The field '{name}' is not supported by Step Functions")
        if name != "Payload" and value is not None and not isinstance(value, str):
            raise BadParameters(f"The value for the field '{name}' must be a STRING")
    if not parameters.get("FunctionName"):
        raise BadParameters("The field 'FunctionName' is required but was missing")
    return {name: value for name, value in parameters.items() if value is not None}


def _payload(value: Any) -> str:
    """JSON in a text is sent as it is (recorded), other text as a JSON string."""
    if isinstance(value, str):
        try:
            loads(value)
        except ValueError:
            return dumps(value)
        return value
    return dumps(value)


def _json(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return text


def _function_failed(payload: str, *, parsed: bool) -> Failed:
    """The function's own error. Its type is what Retry and Catch see, the whole document the cause.

    The integration has `parsed` it and writes it anew, without spaces; a function by its ARN is quoted.
    """
    document = _json(payload)
    kind = document.get("errorType") if isinstance(document, dict) else None
    if not isinstance(kind, str) or not kind:
        cause = (
            "The cause could not be determined because Lambda did not return an error type. "
            f"Returned payload: {payload}"
        )
        return Failed("Lambda.Unknown", cause)
    return Failed(kind, dumps(document) if parsed else payload)
