"""A pipeline over three small services of different protocol families, and the house around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fogbank.auth.authorizer import OpenAuthorizer, PolicyAuthorizer
from fogbank.core.clock import VirtualClock
from fogbank.core.config import AuthMode
from fogbank.core.errors import StoreFull
from fogbank.core.http import Headers, Request, Response
from fogbank.core.ids import Ids
from fogbank.edge.hosts import Host, HostKind
from fogbank.edge.internal import Callbacks
from fogbank.edge.pipeline import Pipeline
from fogbank.model.call import Call, Caller
from fogbank.model.calls import Calls
from fogbank.model.permissions import Permissions
from fogbank.model.principal import KeyFound
from fogbank.model.service import Service
from tests.support.wire import pipeline


@dataclass
class Keys:
    """Known keys by id."""

    known: dict[str, KeyFound] = field(default_factory=dict)

    async def find(self, access_key_id: str, session_token: str | None) -> KeyFound | None:
        return self.known.get(access_key_id)


@dataclass
class Platform:
    """What the pipeline under test stands on."""

    pipeline: Pipeline
    keys: Keys
    callers: list[Caller]
    log: list[str]


def services(callers: list[Caller]) -> list[Service[Any]]:
    """sts (query), lambda (rest-json) and logs (json), each with an operation or two."""
    sts: Service[Any] = Service("sts")
    lambda_: Service[Any] = Service("lambda")
    groups: Service[Any] = Service("logs")

    @sts.operation
    async def get_caller_identity(ctx: Call[Any]) -> dict[str, Any]:
        callers.append(ctx.caller)
        return {"Account": ctx.account, "Arn": ctx.principal.arn, "UserId": ctx.principal.user_id}

    @lambda_.operation
    async def get_account_settings(ctx: Call[Any]) -> dict[str, Any]:
        callers.append(ctx.caller)
        return {"AccountUsage": {"FunctionCount": 7}}

    @groups.operation
    async def delete_log_group(ctx: Call[Any], *, log_group_name: str) -> None:
        callers.append(ctx.caller)
        if log_group_name == "bug":
            raise RuntimeError("secret detail")
        if log_group_name == "full":
            raise StoreFull("no space left for the store's file")
        raise groups.error("ResourceNotFoundException", "The specified log group does not exist.")

    sts.needs(Permissions("sts", free=frozenset({"GetCallerIdentity"})))
    return [sts, lambda_, groups]


async def mount(request: Request, host: Host, request_id: str) -> Response:
    """Answers what it was reached by."""
    if request.path.endswith("bug"):
        raise RuntimeError("secret detail")
    return Response(200, [], f"{host.kind.name} {host.label} {request.path}".encode())


async def _nobody(arn: str) -> None:
    return None


async def _no_policy(*_: object) -> tuple[()]:
    return ()


def platform(
    mode: AuthMode = AuthMode.OPEN, *, guarded: bool = True, wall: Any = None, **options: Any
) -> Platform:
    callers: list[Caller] = []
    log: list[str] = []
    keys = Keys()
    clock = VirtualClock()
    policies = PolicyAuthorizer(clock)
    policies.connect(_nobody, _no_policy)
    calls = Calls(policies if mode is AuthMode.ENFORCE else OpenAuthorizer())
    for service in services(callers):
        calls.mount(service, None)

    async def reset() -> None:
        log.append("reset")

    callbacks = Callbacks(
        health=lambda: {"status": "ok", "services": sorted(calls.services)},
        status=lambda: {"data": "/secret/folder"},
        reset=reset,
        now_ms=clock.now_ms,
        offset_ms=lambda: 0,
        advance_ms=lambda duration_ms: log.append(f"advance {duration_ms}"),
    )
    served = pipeline(
        calls,
        keys,
        clock,
        Ids(1),
        mode=mode,
        wall=wall,
        callbacks=callbacks,
        guarded=guarded,
        paths={"/_aws/code/": mount},
        **options,
    )
    return Platform(served, keys, callers, log)


def request(
    method: str = "GET", target: str = "/", body: bytes = b"", peer: str = "127.0.0.1", **headers: str
) -> Request:
    """A request; underscores in header names are dashes."""
    fields = {"host": "localhost:4566"} | {name.replace("_", "-"): value for name, value in headers.items()}
    path, _, query = target.partition("?")
    return Request(method, target, path, query, Headers(list(fields.items())), body, peer)


def who_am_i(**headers: str) -> Request:
    return request(
        "POST",
        "/",
        b"Action=GetCallerIdentity&Version=2011-06-15",
        content_type="application/x-www-form-urlencoded",
        **headers,
    )


def delete_group(name: str, **headers: str) -> Request:
    body = b'{"logGroupName": "%b"}' % name.encode()
    return request(
        "POST",
        "/",
        body,
        content_type="application/x-amz-json-1.1",
        x_amz_target="Logs_20140328.DeleteLogGroup",
        **headers,
    )


__all__ = ["HostKind", "Platform", "delete_group", "mount", "platform", "request", "who_am_i"]
