"""TestInvokeMethod and TestInvokeAuthorizer: what is being edited, run once, with the log of it.

Nobody is asked for permission, no key and no throttle counts; the stage is `test-invoke-stage`.
"""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.core.http import CutShort, Headers, Request, Response
from fogbank.gateway.records import Wire
from fogbank.gateway.stamps import log_time
from fogbank.model.call import Call
from fogbank.services.apigateway.execution.authorizers import LambdaAuthorizer
from fogbank.services.apigateway.execution.cognito import CognitoAuthorizer
from fogbank.services.apigateway.execution.exchange import Arrival, Exchange
from fogbank.services.apigateway.execution.faults import Fault
from fogbank.services.apigateway.execution.gateway import Gateway
from fogbank.services.apigateway.execution.logs import answer_lines, ending_lines, request_lines
from fogbank.services.apigateway.execution.stages import Deployment, Stage
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.service import SERVICE, bad_request, not_found
from fogbank.services.apigateway.snapshot import draft_snapshot
from fogbank.services.apigateway.state import ApiGateway

STAGE = "test-invoke-stage"
DEPLOYMENT = "test-invoke"
STREAM_SHOWN_BYTES_MAX = 10 * 1024 * 1024  # as of any other answer


@SERVICE.operation(refuses={"clientCertificateId"})
async def test_invoke_method(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    resource_id: str,
    http_method: str,
    path_with_query_string: str | None = None,
    body: str | None = None,
    headers: dict[str, str] | None = None,
    multi_value_headers: dict[str, list[str]] | None = None,
    stage_variables: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Run a method as it is now."""
    deployment = await _draft(ctx, rest_api_id, stage_variables)
    resource = next((each for each in deployment.snapshot["resources"] if each["id"] == resource_id), None)
    if resource is None:
        raise not_found("Invalid Resource identifier specified")
    methods = resource.get("resourceMethods") or {}
    wire = methods.get(http_method) or methods.get("ANY")
    if wire is None:
        raise not_found("Invalid Method identifier specified")
    request = _request(
        http_method, path_with_query_string or resource["path"], body, headers, multi_value_headers
    )
    x = _exchange(ctx, deployment, request)
    x.path_parameters = _path_parameters(resource["path"], request.path)
    response = await _run(deployment, x, resource, http_method, wire)
    content = await _whole(response)
    gateway = deployment.stage.gateway
    latency_ms = int((gateway.clock.monotonic_s() - x.started_s) * 1000)
    shown: dict[str, list[str]] = {}
    for name, value in response.headers:
        shown.setdefault(name, []).append(value)
    lines = [*request_lines(x), *(x.log or []), *ending_lines(x)]
    return {
        "status": response.status,
        "body": content.decode("utf-8", "replace"),
        "headers": {name: values[-1] for name, values in shown.items()},
        "multiValueHeaders": shown,
        "log": _log(x, lines),
        "latency": latency_ms,
    }


@SERVICE.operation
async def test_invoke_authorizer(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    authorizer_id: str,
    headers: dict[str, str] | None = None,
    multi_value_headers: dict[str, list[str]] | None = None,
    path_with_query_string: str | None = None,
    body: str | None = None,
    stage_variables: dict[str, str] | None = None,
    additional_context: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Ask an authorizer as it is now. Its cache is passed over."""
    deployment = await _draft(ctx, rest_api_id, stage_variables)
    wire = next((each for each in deployment.snapshot["authorizers"] if each["id"] == authorizer_id), None)
    if wire is None:
        raise not_found("Invalid Authorizer identifier specified")
    request = _request("GET", path_with_query_string or "/", body, headers, multi_value_headers)
    x = _exchange(ctx, deployment, request)
    if additional_context:
        x.context.update(additional_context)
    x.log = [f"Starting authorizer: {wire['name']} for request: {x.request_id}"]
    found: dict[str, Any] = {}
    try:
        found = await _ask(deployment, wire, x)
        x.log.append("Successfully completed authorizer execution")
    except Fault as fault:
        x.error, x.status = fault, fault.status
        x.log.append(fault.detail or fault.message)
    gateway = deployment.stage.gateway
    latency_ms = int((gateway.clock.monotonic_s() - x.started_s) * 1000)
    return {
        "clientStatus": x.status if x.error is not None else 0,
        "log": _log(x, x.log),
        "latency": latency_ms,
        **found,
    }


async def _ask(deployment: Deployment, wire: Wire, x: Exchange) -> dict[str, Any]:
    """What an authorizer says. Raises Fault."""
    assert x.log is not None
    if wire["type"] == "COGNITO_USER_POOLS":
        await CognitoAuthorizer(deployment.stage, wire, []).check(x)
        return {"claims": (x.authorizer or {}).get("claims", {})}
    authorizer = LambdaAuthorizer(deployment.stage, wire)
    identity = authorizer.identity(x)
    x.log.append(f"Incoming identity: {'*' * 12}")
    answer = orjson.loads((await authorizer.invoke(x, identity)).payload)
    x.log.append(f"Authorizer result body before parsing: {orjson.dumps(answer).decode()}")
    verdict = authorizer.read(answer)
    x.log.append(f"Using valid authorizer policy for principal: {'*' * 6}{verdict.principal_id[-1:]}")
    return {
        "principalId": verdict.principal_id,
        "policy": orjson.dumps(answer["policyDocument"]).decode(),
        "authorization": {name: [str(value)] for name, value in verdict.context.items()},
    }


async def _draft(ctx: Call[ApiGateway], api_id: str, variables: dict[str, str] | None) -> Deployment:
    gateway: Gateway | None = ctx.state.execution
    snapshot = await draft_snapshot(ctx.state.store, place_of(ctx), api_id)
    if snapshot is None:
        raise not_found("Invalid API identifier specified " + f"{ctx.account}:{api_id}")
    if gateway is None:
        raise bad_request("This API Gateway serves no requests")
    wire = {"stageName": STAGE, "deploymentId": DEPLOYMENT, "variables": variables or {}}
    stage = Stage(gateway, place_of(ctx), api_id, wire, {DEPLOYMENT: snapshot}, -1)
    return stage.main


def _request(
    http_method: str,
    target: str,
    body: str | None,
    headers: dict[str, str] | None,
    multi_value_headers: dict[str, list[str]] | None,
) -> Request:
    path, _, query = target.partition("?")
    if not path.startswith("/"):
        path = "/" + path
    given = [(name, value) for name, values in (multi_value_headers or {}).items() for value in values]
    given += [
        (name, value) for name, value in (headers or {}).items() if name not in (multi_value_headers or {})
    ]
    items = [(name.lower(), value) for name, value in given]
    wire = [name.encode("latin-1", "replace") for name, _ in given]
    return Request(
        http_method, target, path, query, Headers(items, wire), (body or "").encode(), "127.0.0.1", True
    )


def _exchange(ctx: Call[ApiGateway], deployment: Deployment, request: Request) -> Exchange:
    stage = deployment.stage
    arrival = Arrival(request.path, request.path, "testPrefix.testDomainName", "testPrefix")
    x = Exchange(request, ctx.request_id, arrival, stage, stage.gateway.clock.now_ms())
    x.started_s = stage.gateway.clock.monotonic_s()
    x.extended_id = stage.gateway.extended_id()
    x.test = True
    x.log = []
    return x


async def _run(deployment: Deployment, x: Exchange, resource: Wire, http_method: str, wire: Wire) -> Response:
    try:
        x.method = deployment.compile(resource, http_method, wire, tested=True)
        response = await x.method.run(x)
    except Fault as fault:
        x.error = fault
        response = deployment.responses.respond(x, fault)
    x.status = response.status
    if x.error is None and x.log is not None:
        x.log += answer_lines(response)
    return response


async def _whole(response: Response) -> bytes:
    """The body, gathered if it streams."""
    body = response.body
    if isinstance(body, bytes):
        return body
    found = bytearray()
    try:
        async for piece in body:
            found += piece
            if len(found) > STREAM_SHOWN_BYTES_MAX:
                break
    except CutShort:
        pass
    finally:
        if (aclose := getattr(body, "aclose", None)) is not None:
            await aclose()
    return bytes(found[:STREAM_SHOWN_BYTES_MAX])


def _path_parameters(resource_path: str, path: str) -> dict[str, str]:
    """The values of a resource's parameters in a path; those beyond the path's end are left out."""
    wanted = [part for part in resource_path.split("/") if part]
    given = path.lstrip("/").split("/") if path.strip("/") else []
    found: dict[str, str] = {}
    for index, part in enumerate(wanted):
        if index >= len(given):
            break
        if part.endswith("+}"):
            found[part[1:-2]] = "/".join(given[index:])
        elif part.startswith("{"):
            found[part[1:-1]] = given[index]
    return found


def _log(x: Exchange, lines: list[str]) -> str:
    stamp = log_time(x.started_ms)
    return f"Execution log for request {x.request_id}\n" + "".join(f"{stamp} : {line}\n" for line in lines)
