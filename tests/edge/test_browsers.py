"""Web pages may not drive a developer's fogbank; those of this machine may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.config import AuthMode
from fogbank.edge.hosts import HostKind, Hosts, host_name
from tests.edge.platform import mount, platform, request, who_am_i
from tests.edge.test_pipeline import header

OWN_PAGES = [
    {"origin": "http://localhost:3000"},
    {"origin": "http://127.0.0.1:8080"},
    {"origin": "http://[::1]:8080"},
    {"origin": "https://app.localhost"},
    {"origin": "http://localhost:4566"},
    {"origin": "http://s3.localhost.localstack.cloud:4566", "host": "s3.localhost.localstack.cloud:4566"},
    {"sec_fetch_site": "same-origin"},
    {"sec_fetch_site": "same-site"},
    {"sec_fetch_site": "none"},
    {"referer": "http://localhost:3000/page"},
]
STRANGE_PAGES = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "file://"},
    {"origin": "http://localhost.evil.example"},
    {"origin": "http://127.0.0.1.evil.example"},
    {"origin": "http://localhost@evil.example"},
    {"origin": "http://evil.example#localhost"},
    {"origin": "http://evil.localstack.cloud"},
    {"origin": "http://[bad"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "anything"},
    {"referer": "https://evil.example/page"},
    {"origin": "https://evil.example", "sec_fetch_site": "same-origin"},
]


@pytest.mark.parametrize("headers", OWN_PAGES)
async def test_pages_of_this_machine(headers: dict[str, str]) -> None:
    house = platform()
    response = await house.pipeline.handle(who_am_i(**headers))
    assert response.status == 200
    assert header(response, "access-control-allow-origin") == headers.get("origin")


@pytest.mark.parametrize("headers", STRANGE_PAGES)
@pytest.mark.parametrize("target", ["/", "/_fogbank/health", "/?Action=GetCallerIdentity&Version=2011-06-15"])
async def test_other_pages(headers: dict[str, str], target: str) -> None:
    house = platform()
    response = await house.pipeline.handle(request("GET", target, **headers))
    assert response.status == 403
    assert b"open mode" in response.body  # type: ignore[operator]
    assert header(response, "access-control-allow-origin") is None
    assert house.callers == []


async def test_a_preflight() -> None:
    asked = {"access_control_request_method": "POST", "access_control_request_headers": "x-amz-target"}
    house = platform()
    response = await house.pipeline.handle(request("OPTIONS", "/", origin="http://localhost:3000", **asked))
    assert response.status == 200
    assert header(response, "access-control-allow-origin") == "http://localhost:3000"
    assert header(response, "access-control-allow-headers") == "x-amz-target"
    assert "DELETE" in (header(response, "access-control-allow-methods") or "")
    assert (
        await house.pipeline.handle(request("OPTIONS", "/", origin="http://evil.example", **asked))
    ).status == 403


async def test_where_signatures_guard_any_page_may_try_as_on_aws() -> None:
    house = platform(AuthMode.ENFORCE)
    response = await house.pipeline.handle(who_am_i(origin="https://app.example"))
    assert response.status == 403
    assert b"MissingAuthenticationToken" in response.body  # type: ignore[operator]
    assert header(response, "access-control-allow-origin") == "*"


async def test_function_urls_answer_pages_for_themselves() -> None:
    house = platform(kinds={HostKind.LAMBDA_URL: mount})
    response = await house.pipeline.handle(
        request("GET", "/p", host="abc.lambda-url.us-east-1.localhost", origin="https://app.example")
    )
    assert response.status == 200


OWN_HOSTS = [
    "localhost",
    "localhost:4566",
    "LOCALHOST.",
    "127.0.0.1:4566",
    "192.168.1.7",
    "[::1]:4566",
    "logs.us-east-1.amazonaws.com",
    "dynamodb.cn-north-1.amazonaws.com.cn",
    "s3.localhost.localstack.cloud:4566",
    "host.docker.internal:4566",
]


@pytest.mark.parametrize("host", OWN_HOSTS)
async def test_hosts_that_are_ours(host: str) -> None:
    assert (await platform().pipeline.handle(who_am_i(host=host))).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4566",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "evilamazonaws.com",
        "",
        "a b",
        "1.2.3",
    ],
)
async def test_names_that_others_can_make_resolve_here(host: str) -> None:
    house = platform()
    response = await house.pipeline.handle(who_am_i(host=host))
    assert (response.status, house.callers) == (403, [])
    assert b"DNS rebinding" in response.body  # type: ignore[operator]
    assert (await platform(guarded=False).pipeline.handle(who_am_i(host=host))).status == 200


@given(st.text(max_size=30))
def test_no_host_makes_it_fail(text: str) -> None:
    hosts = Hosts(("h",), guarded=True)
    found = hosts.look_up(text)
    assert hosts.look_up(text) is found
    assert hosts.is_own(host_name(text)) is (found.kind is not HostKind.STRANGE)
