from __future__ import annotations

from typing import Any

import pytest

from tests.services.logs.conftest import LogsHouse

REPORT = "REPORT RequestId: {}\tDuration: {} ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t"


async def start(logs: LogsHouse, text: str, group: str = "g", **more: Any) -> str:
    now_s = logs.now_ms // 1000
    window = {"startTime": now_s - 3600, "endTime": now_s + 3600}
    answer = await logs.call(
        "StartQuery", **({"logGroupName": group} | window | {"queryString": text} | more)
    )
    return str(answer["queryId"])


async def query(logs: LogsHouse, text: str, **more: Any) -> list[dict[str, str]]:
    """The rows of a query, without their pointers."""
    answer = await complete(logs, await start(logs, text, **more))
    rows = [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]]
    return [{name: value for name, value in row.items() if name != "@ptr"} for row in rows]


async def complete(logs: LogsHouse, query_id: str, **more: Any) -> dict[str, Any]:
    """The answer when the query is done."""
    for _ in range(100):
        answer = await logs.call("GetQueryResults", queryId=query_id, **more)
        if answer["status"] == "Complete":
            return answer
        await logs.clock.advance_ms(10)
    raise AssertionError("the query did not end")


@pytest.fixture
async def filled(logs: LogsHouse) -> LogsHouse:
    await logs.make("g", "s", "t")
    await logs.put("g", "s", (0, '{"level": "error", "ms": 10, "user": {"name": "ann"}}'))
    await logs.put("g", "t", (1000, '{"level": "info", "ms": 20.5, "user": {"name": "bob"}}'))
    await logs.put("g", "s", (2000, '{"level": "error", "ms": 30, "user": {"name": "cid"}}'))
    await logs.put("g", "t", (60_000, "plain GET /index.html took 7 ms"))
    return logs


async def test_fields_filter_sort_and_limit(filled: LogsHouse) -> None:
    rows = await query(filled, "fields level, ms | filter level = 'error' | sort ms desc")
    assert rows == [{"level": "error", "ms": "30"}, {"level": "error", "ms": "10"}]
    assert await query(filled, "fields ms | sort ms asc | limit 2") == [{}, {"ms": "10"}]
    assert await query(filled, "fields user.name as who, ms * 2 as twice | filter ms > 10 and ms < 30") == [
        {"who": "bob", "twice": "41"}
    ]


async def test_newest_first_with_time_and_message_when_nothing_else_is_said(filled: LogsHouse) -> None:
    rows = await query(filled, "filter @logStream = 's' | limit 1")
    assert rows == [
        {
            "@timestamp": "2026-01-01 00:00:02.000",
            "@message": '{"level": "error", "ms": 30, "user": {"name": "cid"}}',
        }
    ]


async def test_statistics_by_groups_and_bins(filled: LogsHouse) -> None:
    assert await query(filled, "stats count(*) as n, avg(ms), max(ms) by level | sort level") == [
        {"n": "1"},
        {"level": "error", "n": "2", "avg(ms)": "20", "max(ms)": "30"},
        {"level": "info", "n": "1", "avg(ms)": "20.5", "max(ms)": "20.5"},
    ]
    assert await query(filled, "stats count(*) by bin(1m) as minute | sort minute") == [
        {"minute": "2026-01-01 00:00:00.000", "count(*)": "3"},
        {"minute": "2026-01-01 00:01:00.000", "count(*)": "1"},
    ]
    assert await query(
        filled, "stats pct(ms, 50) as p, count_distinct(level) as d, sum(ms) as s, latest(ms) as l"
    ) == [{"p": "20.5", "d": "2", "s": "60.5", "l": "30"}]


async def test_parse_like_in_functions_and_dedup(filled: LogsHouse) -> None:
    rows = await query(
        filled,
        'filter @message like /GET|PUT/ | parse @message "* /*.html took * ms" as a, page, took | display page, took',
    )
    assert rows == [{"page": "index", "took": "7"}]
    assert await query(filled, "filter level in ['info', 'x'] | fields toupper(level) as l") == [
        {"l": "INFO"}
    ]
    assert len(await query(filled, "filter ispresent(level) | dedup level | display level")) == 2
    assert await query(filled, "filter @message like /(?i)get/ | fields strlen(@message) > 5 as long") == [
        {"long": "1"}
    ]
    assert await query(filled, 'filter not (level like "err" or ms > 1) | stats count(*) as n') == [
        {"n": "1"}
    ]


async def test_fields_of_lambda_reports(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (0, "START RequestId: r1 Version: 1"), (1, REPORT.format("r1", "12.34")))
    assert await query(logs, 'filter @type = "REPORT" | fields @requestId, @duration, @maxMemoryUsed') == [
        {"@requestId": "r1", "@duration": "12.34", "@maxMemoryUsed": "40000000"}
    ]


async def test_figures_and_pages_of_a_result(filled: LogsHouse) -> None:
    query_id = await start(filled, "fields ms | filter level = 'error'")
    answer = await complete(filled, query_id, maxItems=1)
    assert answer["statistics"]["recordsMatched"] == 2 and answer["statistics"]["recordsScanned"] == 4
    rest = await filled.call("GetQueryResults", queryId=query_id, nextToken=answer["nextToken"])
    assert len(answer["results"]) == len(rest["results"]) == 1


async def test_queries_are_described_and_stopped(filled: LogsHouse) -> None:
    query_id = await start(filled, "fields @message")
    assert (await filled.call("StopQuery", queryId=query_id))["success"] is True
    now_s = filled.now_ms // 1000
    (described,) = (await filled.call("DescribeQueries", logGroupName="g"))["queries"]
    assert described == {
        "queryLanguage": "CWLI",
        "queryId": query_id,
        "queryString": f'SOURCE "g" START={now_s - 3600}000 END={now_s + 3600}999 | fields @message',
        "status": "Cancelled",
        "createTime": filled.now_ms,
        "logGroupName": "g",
    }
    assert (await filled.call("DescribeQueries", status="Complete"))["queries"] == []
    assert (await filled.fails("StopQuery", queryId=query_id))[0] == "InvalidParameterException"


async def test_a_query_that_waits_is_run_after_a_restart(filled: LogsHouse) -> None:
    await filled.state.chores.close()
    query_id = await start(filled, "stats count(*) as n")
    assert (await filled.call("GetQueryResults", queryId=query_id))["status"] == "Scheduled"
    await filled.state.start()
    answer = await complete(filled, query_id)
    assert answer["results"] == [[{"field": "n", "value": "4"}]]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("fields", "MalformedQueryException"),
        ("filter a =", "MalformedQueryException"),
        ("fields a | | limit 1", "MalformedQueryException"),
        ("limit many", "MalformedQueryException"),
        ("nonsense", "MalformedQueryException"),
        ("fields " + "(" * 3000, "MalformedQueryException"),
        ("fields " + "+".join("a" * 2000), "MalformedQueryException"),
        ("pattern @message", "NotImplemented"),
        ("fields jsonParse(a)", "NotImplemented"),
        ("filter a like /(b|c)/", "NotImplemented"),
        ("parse @message /(?<a>x)/", "NotImplemented"),
        ("stats values(a)", "NotImplemented"),
    ],
)
async def test_what_is_not_understood_is_named(logs: LogsHouse, text: str, code: str) -> None:
    await logs.make("g")
    window = {"startTime": 0, "endTime": 1, "logGroupName": "g"}
    assert (await logs.fails("StartQuery", queryString=text, **window))[0] == code


async def test_the_place_of_a_mistake(logs: LogsHouse) -> None:
    await logs.make("g")
    error = await logs.house.fails(
        "logs",
        "StartQuery",
        {"logGroupName": "g", "startTime": 0, "endTime": 1, "queryString": "fields a | nonsense"},
    )
    assert error.message == "unexpected symbol found nonsense at line 1 and position 12"
    assert error.fields["queryCompileError"]["location"] == {"startCharOffset": 11, "endCharOffset": 19}
