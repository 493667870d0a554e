"""What answers at `https://<id>.lambda-url.<region>.…`: find the function, let the caller in or not, invoke, answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import orjson

from fogbank.core.errors import AwsError
from fogbank.core.http import CutShort, Request, Response
from fogbank.core.limits import INVOKE_PAYLOAD_BYTES_MAX
from fogbank.gateway.prelude import BadPrelude
from fogbank.model.call import Caller
from fogbank.model.permissions import Need
from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.names import principals_of
from fogbank.sandbox.api import Status
from fogbank.services.lambda_ import function_url_cors as cors_answers
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.access import conditions_of, policy_allows, policy_of
from fogbank.services.lambda_.function_url_payloads import (
    Arrival,
    BadAnswer,
    event_of,
    response_of,
)
from fogbank.services.lambda_.function_url_streams import response_of_run
from fogbank.services.lambda_.names import FunctionName
from fogbank.services.lambda_.records import FunctionUrl, decode_url, decode_url_owner
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.streaming import start
from fogbank.services.lambda_.targets import Target

log = logging.getLogger("fogbank.lambda")

Identify = Callable[[Request], Awaitable[Principal | None]]

_ACTION = "lambda:InvokeFunctionUrl"
_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


class FunctionUrls:
    """The mount of function URLs. `identify` says who signed a request, None when nobody did."""

    def __init__(self, state: Lambda, identify: Identify) -> None:
        self._state = state
        self._identify = identify

    async def handle(self, request: Request, url_id: str, domain: str, request_id: str) -> Response:
        """Answer one request to the URL `url_id` under the host name `domain`."""
        found = await self._find(url_id)
        if found is None:
            return _refused(403, None, "AccessDeniedException", request_id)
        name, url = found
        if url.cors and (preflight := cors_answers.preflight(request, url.cors)) is not None:
            response = preflight
        else:
            response = await self._answer(request, name, url, domain, request_id)
        if url.cors and request.method != "OPTIONS":
            cors_answers.mark(request, url.cors, response)
        response.headers.append(("x-amzn-RequestId", request_id))
        return response

    async def _find(self, url_id: str) -> tuple[FunctionName, FunctionUrl] | None:
        store = self._state.store
        owner_record = await store.get(keys.url_owner(url_id))
        if owner_record is None:
            return None
        owner = decode_url_owner(owner_record.value)
        name = FunctionName(owner.account, owner.region, owner.name, owner.qualifier or None)
        record = await store.get(keys.url(name))
        return None if record is None else (name, decode_url(record.value))

    async def _answer(
        self, request: Request, name: FunctionName, url: FunctionUrl, domain: str, request_id: str
    ) -> Response:
        try:
            principal = await self._identify(request) if url.auth_type == "AWS_IAM" else None
        except AwsError as error:
            return _refused(error.status, error.message, error.code)
        if not await self._may(name, url, principal):
            return _refused(403, _FORBIDDEN, "AccessDeniedException")
        try:
            target = await self._state.targets.resolve(name)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return _refused(403, _FORBIDDEN, "AccessDeniedException")
            return _refused(error.status, error.message, error.code)
        return await self._invoke(request, target, url, domain, request_id, principal)

    async def _may(self, name: FunctionName, url: FunctionUrl, principal: Principal | None) -> bool:
        """NONE asks for a statement that lets everyone in; AWS_IAM for a signature, and outside of the account for a
        statement that lets its principal in."""
        conditions = {"lambda:functionurlauthtype": [url.auth_type], "lambda:invokedviafunctionurl": ["true"]}
        store = self._state.store
        if url.auth_type == "NONE":
            return await policy_allows(store, name, _ACTION, (), conditions)
        if principal is None:
            return False
        if self._state.calls.enforces:
            caller = Caller(principal.account, name.region, principal, self._state.ids.uuid())
            policy = await policy_of(store, name)
            policies = () if policy is None else (policy,)
            need = Need(_ACTION, name.qualified_arn, conditions)
            return await self._state.calls.refusal(caller, need, policies) is None
        is_root = principal.acts_as_root or principal.type is PrincipalType.ROOT
        if principal.account == name.account and is_root:
            return True
        conditions |= conditions_of(principal, principal.account)
        return await policy_allows(store, name, _ACTION, principals_of(principal), conditions)

    async def _invoke(
        self,
        request: Request,
        target: Target,
        url: FunctionUrl,
        domain: str,
        request_id: str,
        principal: Principal | None,
    ) -> Response:
        state = self._state
        now_ms = state.clock.now_ms()
        trace = request.headers.get("x-amzn-trace-id") or state.ids.trace(now_ms)
        port = (request.headers.get("host") or "").rpartition(":")[2]
        port = port if port.isdigit() else "443" if request.secure else "80"
        arrival = Arrival(url.url_id, domain, request_id, now_ms, trace, port, principal)
        payload = orjson.dumps(event_of(request, arrival))
        if len(payload) > INVOKE_PAYLOAD_BYTES_MAX:
            return _refused(413, "Request Entity Too Large", "RequestEntityTooLargeException")
        if url.invoke_mode == "RESPONSE_STREAM":
            return await self._stream(target, payload, url, request_id, trace)
        try:
            failed, answer = await self._run(target, payload, request_id, trace)
        except AwsError as error:
            return _refused(error.status, error.message, error.code)
        if failed:
            return _bad_gateway()
        try:
            return response_of(answer)
        except BadAnswer as problem:
            log.info("function URL %s: %s", url.url_id, problem)
            return _bad_gateway()

    async def _stream(
        self, target: Target, payload: bytes, url: FunctionUrl, request_id: str, trace: str
    ) -> Response:
        try:
            run = await start(self._state, target, request_id, payload, trace=trace)
            return await response_of_run(run)
        except AwsError as error:
            return _refused(error.status, error.message, error.code)
        except (BadAnswer, BadPrelude, CutShort) as problem:
            log.info("function URL %s: %s", url.url_id, problem)
            return _bad_gateway()

    async def _run(self, target: Target, payload: bytes, request_id: str, trace: str) -> tuple[bool, bytes]:
        executable = target.enter(self._state.ids, trace)
        result, _ = await self._state.runner.run(executable, request_id, payload, trace=trace)
        return result.status is not Status.SUCCESS, result.payload


def _bad_gateway() -> Response:
    """What AWS answers when the function failed; the reason is in its log."""
    return Response(502, [("Content-Type", "application/json")], b"Internal Server Error")


def _refused(status: int, message: str | None, code: str, request_id: str | None = None) -> Response:
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
    if request_id is not None:
        headers.append(("x-amzn-RequestId", request_id))
    return Response(status, headers, orjson.dumps({"Message": message}))
