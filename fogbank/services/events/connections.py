"""Connections: how requests to an HTTP endpoint are authorized."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.events import keys
from fogbank.services.events.auth_parameters import complete, shown
from fogbank.services.events.authorizing import enqueue
from fogbank.services.events.connection_states import Event, Impossible, State, after
from fogbank.services.events.limits import CONNECTIONS_MAX
from fogbank.services.events.lookup import changed
from fogbank.services.events.pages import page
from fogbank.services.events.records import Connection, decode_connection
from fogbank.services.events.sealing import seal, unseal
from fogbank.services.events.service import (
    SERVICE,
    concurrent,
    exists,
    limit_exceeded,
    not_found,
)
from fogbank.services.events.state import Events
from fogbank.store.api import ABSENT, Record, Transaction

Wire = dict[str, Any]

_OAUTH = "OAUTH_CLIENT_CREDENTIALS"


@SERVICE.operation(refuses={"InvocationConnectivityParameters", "KmsKeyIdentifier"})
async def create_connection(
    ctx: Call[Events],
    *,
    name: str,
    authorization_type: str,
    auth_parameters: Wire,
    description: str | None = None,
) -> Wire:
    state = ctx.state
    parameters = complete("CreateConnection", authorization_type, auth_parameters, None)
    if (
        await state.store.count(keys.connections(ctx.account, ctx.region), limit=CONNECTIONS_MAX)
        >= CONNECTIONS_MAX
    ):
        raise limit_exceeded("The requested resource exceeds the maximum number allowed.")
    now_ms = state.clock.now_ms()
    is_oauth = authorization_type == _OAUTH
    made = Connection(
        ctx.account,
        ctx.region,
        name,
        state.ids.uuid(),
        authorization_type,
        State.AUTHORIZING if is_oauth else State.AUTHORIZED,
        now_ms,
        now_ms,
        None if is_oauth else now_ms,
        description=description,
        shown=shown(parameters),
    )
    made = replace(made, sealed=seal(state.secrets, made.arn, parameters))
    key = keys.connection(ctx.account, ctx.region, name)

    def create(there: Record | None) -> tuple[Transaction, Wire]:
        if there is not None:
            raise exists(f"Connection {name} already exists.")
        transaction = Transaction().put(key, made.encode(), expect=ABSENT)
        if is_oauth:
            enqueue(transaction, made, now_ms)
        return transaction, _brief(made, authorized=False)

    return await changed(state.store, key, create)


@SERVICE.operation
async def describe_connection(ctx: Call[Events], *, name: str) -> Wire:
    record = await ctx.state.store.get(keys.connection(ctx.account, ctx.region, name))
    if record is None:
        raise _missing("describe", name)
    connection = decode_connection(record.value)
    answer = _listed(connection) | {"AuthParameters": connection.shown}
    if connection.description is not None:
        answer["Description"] = connection.description
    if connection.sealed is not None:
        answer["SecretArn"] = connection.secret_arn
    return answer


@SERVICE.operation
async def list_connections(
    ctx: Call[Events],
    *,
    name_prefix: str | None = None,
    connection_state: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> Wire:
    found, more = await page(
        ctx.state.store,
        "ListConnections",
        keys.connections(ctx.account, ctx.region),
        decode_connection,
        prefix=name_prefix,
        token=next_token,
        limit=limit,
        keep=lambda each: connection_state in (None, each.state),
    )
    return {"Connections": [_listed(each) for each in found], **more}


@SERVICE.operation(refuses={"InvocationConnectivityParameters", "KmsKeyIdentifier"})
async def update_connection(
    ctx: Call[Events],
    *,
    name: str,
    description: str | None = None,
    authorization_type: str | None = None,
    auth_parameters: Wire | None = None,
) -> Wire:
    """What is not given stays. A connection that has its parameters is authorized anew: so a refused one is tried again."""
    state = ctx.state
    now_ms = state.clock.now_ms()
    key = keys.connection(ctx.account, ctx.region, name)

    def update(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise _missing("update", name)
        old = decode_connection(there.value)
        kind = authorization_type or old.kind
        new = replace(old, kind=kind, modified_ms=now_ms)
        if description is not None:
            new = replace(new, description=description)
        if auth_parameters is not None or kind != old.kind:
            before = None
            if old.sealed is not None and kind == old.kind:
                before = unseal(state.secrets, old.arn, old.sealed)
            parameters = complete("UpdateConnection", kind, auth_parameters or {}, before)
            new = replace(new, shown=shown(parameters), sealed=seal(state.secrets, old.arn, parameters))
        transaction = Transaction()
        if new.sealed is not None:
            new = _authorized(new, now_ms)
            if new.state == State.AUTHORIZING:
                enqueue(transaction, new, now_ms)
        return transaction.put(key, new.encode(), expect=there.version), _brief(new)

    return await changed(state.store, key, update)


def _authorized(connection: Connection, now_ms: int) -> Connection:
    is_oauth = connection.kind == _OAUTH
    state = _after(connection, Event.TOKEN_WANTED if is_oauth else Event.KEYS_SET)
    authorized_ms = connection.authorized_ms if is_oauth else now_ms
    return replace(connection, state=state, reason=None, authorized_ms=authorized_ms)


@SERVICE.operation
async def deauthorize_connection(ctx: Call[Events], *, name: str) -> Wire:
    """Its secrets are forgotten."""
    return await _leave(ctx, name, Event.DEAUTHORIZE, "deauthorize")


@SERVICE.operation
async def delete_connection(ctx: Call[Events], *, name: str) -> Wire:
    return await _leave(ctx, name, Event.DELETE, "delete")


async def _leave(ctx: Call[Events], name: str, event: Event, verb: str) -> Wire:
    now_ms = ctx.state.clock.now_ms()
    key = keys.connection(ctx.account, ctx.region, name)

    def leave(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise _missing(verb, name)
        old = decode_connection(there.value)
        new = replace(old, state=_after(old, event), modified_ms=now_ms)
        transaction = Transaction().put(key, new.encode(), expect=there.version)
        enqueue(transaction, new, now_ms)
        return transaction, _brief(new)

    return await changed(ctx.state.store, key, leave)


def _after(connection: Connection, event: Event) -> State:
    try:
        return after(connection.state, event)
    except Impossible:  # the sentence is a guess
        raise concurrent(f"Connection {connection.name} is in state {connection.state}.") from None


def _missing(verb: str, name: str) -> Exception:
    return not_found(f"Failed to {verb} the connection(s). Connection '{name}' does not exist.")


def _brief(connection: Connection, *, authorized: bool = True) -> Wire:
    """What every change answers."""
    answer: Wire = {
        "ConnectionArn": connection.arn,
        "ConnectionState": connection.state,
        "CreationTime": connection.created_ms,
        "LastModifiedTime": connection.modified_ms,
    }
    if authorized and connection.authorized_ms is not None:
        answer["LastAuthorizedTime"] = connection.authorized_ms
    return answer


def _listed(connection: Connection) -> Wire:
    answer = _brief(connection) | {"Name": connection.name, "AuthorizationType": connection.kind}
    if connection.reason is not None:
        answer["StateReason"] = connection.reason
    return answer
