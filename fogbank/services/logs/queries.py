"""CloudWatch Logs Insights: StartQuery, GetQueryResults, DescribeQueries, StopQuery. Queries run in `querying.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from fogbank.core.errors import NotSupported
from fogbank.core.limits import LOG_QUERY_KEPT_MS, LOG_QUERY_ROWS_MAX
from fogbank.model.call import Call
from fogbank.services.logs import keys, querying, tokens
from fogbank.services.logs.insights.chain import Chain
from fogbank.services.logs.insights.syntax import QueryError, parse_query
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.lookup import group_of, name_of_identifier
from fogbank.services.logs.querying import StoredQuery
from fogbank.services.logs.service import SERVICE, invalid
from fogbank.services.logs.state import Logs
from fogbank.store.api import Record, Transaction

GROUPS_MAX = 50
PAGE_MAX = 1000
SWEPT_AT_ONCE = 20


@SERVICE.operation
async def start_query(
    ctx: Call[Logs],
    *,
    query_language: str = "CWLI",
    log_group_name: str | None = None,
    log_group_names: list[str] | None = None,
    log_group_identifiers: list[str] | None = None,
    start_time: int,
    end_time: int,
    query_string: str,
    limit: int = LOG_QUERY_ROWS_MAX,
) -> dict[str, Any]:
    if query_language != "CWLI":
        raise NotSupported(f"logs StartQuery with queryLanguage {query_language}")
    if limit > LOG_QUERY_ROWS_MAX:
        raise NotSupported(f"logs StartQuery with a limit above {LOG_QUERY_ROWS_MAX}")
    groups = _groups(log_group_name, log_group_names, log_group_identifiers)
    if start_time > end_time:
        raise invalid("End time should not be before start time")
    _compile(query_string)
    for name in groups:
        await _check_group(ctx, name)
    now_ms = ctx.state.clock.now_ms()
    query = StoredQuery(
        id=ctx.state.ids.uuid(),
        text=query_string,
        groups=groups,
        start_ms=start_time * 1000,
        end_ms=end_time * 1000 + 999,
        limit=limit,
        created_ms=now_ms,
    )
    place = place_of(ctx)
    tx = Transaction().put(keys.query(place, now_ms, query.id), query.pack())
    tx.put(keys.query_time(place, query.id), b"%d" % now_ms)
    querying.enqueue(tx, place, query)
    await _sweep(ctx, tx, now_ms)
    await ctx.state.store.commit(tx)
    return {"queryId": query.id}


def _groups(name: str | None, names: list[str] | None, identifiers: list[str] | None) -> list[str]:
    """The groups of a request, which names them in exactly one way."""
    given = [one for one in ([name] if name is not None else None, names, identifiers) if one is not None]
    if len(given) != 1 or not given[0]:
        raise invalid("Exactly one of logGroupName, logGroupNames or logGroupIdentifiers must be specified.")
    if len(given[0]) > GROUPS_MAX:
        raise invalid(f"A query can search no more than {GROUPS_MAX} log groups.")
    return [name_of_identifier(one) for one in given[0]]


def _compile(text: str) -> None:
    try:
        Chain(parse_query(text), LOG_QUERY_ROWS_MAX)
    except QueryError as error:
        location = {"startCharOffset": error.start, "endCharOffset": error.end}
        compile_error = {"location": location, "message": str(error)}
        raise SERVICE.error("MalformedQueryException", str(error), queryCompileError=compile_error) from None


async def _check_group(ctx: Call[Logs], name: str) -> None:
    if await ctx.state.directory.group(place_of(ctx), name) is None:
        raise SERVICE.error(
            "ResourceNotFoundException",
            f"Log group '{name}' does not exist for account ID '{ctx.account}' (Service: AWSLogs; Status Code: 400; "
            f"Error Code: ResourceNotFoundException; Request ID: {ctx.request_id}; Proxy: null)",
        )


async def _sweep(ctx: Call[Logs], tx: Transaction, now_ms: int) -> None:
    """Let each new query take some of those away whose results have expired."""
    place = place_of(ctx)
    base = keys.queries(place)
    for record in await ctx.state.store.scan(
        base, before=(*base, now_ms - LOG_QUERY_KEPT_MS), limit=SWEPT_AT_ONCE
    ):
        query_id = str(record.key[-1])
        tx.delete(record.key).delete(keys.query_time(place, query_id))
        tx.delete(keys.query_results(place, query_id))


async def _find(ctx: Call[Logs], query_id: str) -> tuple[Record, StoredQuery] | None:
    place, store = place_of(ctx), ctx.state.store
    time = await store.get(keys.query_time(place, query_id))
    record = await store.get(keys.query(place, int(time.value), query_id)) if time else None
    return (record, StoredQuery.unpack(record.value)) if record else None


@SERVICE.operation
async def get_query_results(
    ctx: Call[Logs], *, query_id: str, next_token: str | None = None, max_items: int = LOG_QUERY_ROWS_MAX
) -> dict[str, Any]:
    found = await _find(ctx, query_id)
    if found is None:
        raise SERVICE.error("ResourceNotFoundException", "Query does not exist.")
    stored = await ctx.state.store.get(keys.query_results(place_of(ctx), query_id))
    results, statistics = orjson.loads(stored.value) if stored else ([], {})
    start = int(tokens.unseal("QueryResults", next_token)[0]) if next_token is not None else 0
    empty = {"recordsMatched": 0.0, "recordsScanned": 0.0, "bytesScanned": 0.0}
    answer: dict[str, Any] = {
        "queryLanguage": "CWLI",
        "results": results[start : start + max_items],
        "statistics": statistics or empty,
        "status": found[1].status,
    }
    if len(results) > start + max_items:
        answer["nextToken"] = tokens.seal("QueryResults", start + max_items)
    return answer


@SERVICE.operation
async def stop_query(ctx: Call[Logs], *, query_id: str) -> dict[str, Any]:
    found = await _find(ctx, query_id)
    if found is None:
        raise SERVICE.error("ResourceNotFoundException", "Query does not exist.")
    record, query = found
    if query.status not in ("Scheduled", "Running"):
        raise invalid("Query is not currently running.")
    stopped = replace(query, status="Cancelled")
    tx = Transaction().put(record.key, stopped.pack(), expect=record.version)
    await ctx.state.store.commit(tx.cancel(querying.QUERY_QUEUE, query_id))
    return {"success": True}


@SERVICE.operation
async def describe_queries(
    ctx: Call[Logs],
    *,
    log_group_name: str | None = None,
    status: str | None = None,
    max_results: int = PAGE_MAX,
    next_token: str | None = None,
    query_language: str | None = None,
) -> dict[str, Any]:
    if log_group_name is not None:
        await group_of(ctx, log_group_name)
    base = keys.queries(place_of(ctx))
    before = (*base, *tokens.unseal("DescribeQueries", next_token)) if next_token is not None else None
    found: list[StoredQuery] = []
    for record in await ctx.state.store.scan(base, before=before, limit=PAGE_MAX, reverse=True):
        query = StoredQuery.unpack(record.value)
        of_group = log_group_name is None or log_group_name in query.groups
        if of_group and status in (None, query.status) and query_language in (None, "CWLI"):
            found.append(query)
    answer: dict[str, Any] = {"queries": [_info(query) for query in found[:max_results]]}
    if len(found) > max_results:
        last = found[max_results - 1]
        answer["nextToken"] = tokens.seal("DescribeQueries", last.created_ms, last.id)
    return answer


def _info(query: StoredQuery) -> dict[str, Any]:
    return {
        "queryLanguage": "CWLI",
        "queryId": query.id,
        "queryString": f"{_source(query.groups)} START={query.start_ms} END={query.end_ms} | {query.text}",
        "status": query.status,
        "createTime": query.created_ms,
        "logGroupName": query.groups[0],
    }


def _source(groups: Sequence[str]) -> str:
    return "SOURCE " + ", ".join(f'"{name}"' for name in groups)
