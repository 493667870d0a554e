"""The one way of a request: order, callers, errors, mounts."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from fogbank.core.config import AuthMode
from fogbank.core.http import Response
from fogbank.model.principal import KeyFound, Principal, PrincipalType, root_of
from tests.auth.signing import ACCESS_KEY, SECRET, changed, sign
from tests.edge.platform import HostKind, delete_group, mount, platform, request, who_am_i

SETTINGS = "https://lambda.eu-west-1.amazonaws.com/2016-08-19/account-settings"


def header(response: Response, name: str) -> str | None:
    return next((value for key, value in response.headers if key.lower() == name), None)


async def test_the_caller_as_operations_see_it() -> None:
    house = platform()
    signed = sign(
        "GET", SETTINGS, b"", key="123456789012", region="eu-west-1", headers={"User-Agent": "Boto3"}
    )
    response = await house.pipeline.handle(changed(signed, peer="10.0.0.9", secure=True))
    assert response.status == 200
    (caller,) = house.callers
    assert (caller.account, caller.region, caller.host) == (
        "123456789012",
        "eu-west-1",
        "lambda.eu-west-1.amazonaws.com",
    )
    assert (caller.source_ip, caller.user_agent, caller.secure) == ("10.0.0.9", "Boto3", True)
    assert caller.principal == root_of("123456789012", access_key_id="123456789012", open_mode=True)
    assert header(response, "x-amzn-requestid") == caller.request_id


async def test_every_request_has_an_id_of_its_own() -> None:
    house = platform()
    for _ in range(3):
        await house.pipeline.handle(who_am_i())
    assert len({caller.request_id for caller in house.callers}) == 3


async def test_errors_of_operations_in_their_protocol() -> None:
    response = await platform().pipeline.handle(delete_group("g"))
    assert response.status == 400
    body = json.loads(response.body)  # type: ignore[arg-type]
    assert body == {
        "__type": "ResourceNotFoundException",
        "message": "The specified log group does not exist.",
    }


async def test_bugs_answer_500_with_the_request_id_and_without_the_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = await platform().pipeline.handle(delete_group("bug"))
    assert response.status == 500
    assert b"InternalFailure" in response.body  # type: ignore[operator]
    assert b"secret" not in response.body  # type: ignore[operator]
    request_id = header(response, "x-amzn-requestid")
    assert request_id is not None
    assert request_id in caplog.text
    assert "secret detail" in caplog.text


async def test_a_store_that_cannot_write_answers_503_and_says_why_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = await platform().pipeline.handle(delete_group("full"))
    assert response.status == 503
    assert b"ServiceUnavailable" in response.body  # type: ignore[operator]
    assert b"no space left" in response.body  # type: ignore[operator]
    assert "no space left" in caplog.text
    assert "Traceback" not in caplog.text


async def test_validation_and_what_is_not_there() -> None:
    house = platform()
    invalid = await house.pipeline.handle(delete_group(""))
    assert invalid.status == 400
    assert house.callers == []
    known = await house.pipeline.handle(
        request(
            "POST",
            "/",
            b"{}",
            content_type="application/x-amz-json-1.1",
            x_amz_target="Logs_20140328.ListTagsLogGroup",
        )
    )
    assert (known.status, b"NotImplemented" in known.body) == (501, True)  # type: ignore[operator]
    unknown = await house.pipeline.handle(request("GET", "/nowhere"))
    assert unknown.status == 404


async def test_enforced_mode_asks_who_it_is_before_it_reads_the_body() -> None:
    house = platform(AuthMode.ENFORCE)
    response = await house.pipeline.handle(
        request(
            "POST",
            "/",
            b"{garbage",
            content_type="application/x-amz-json-1.1",
            x_amz_target="Logs_20140328.DeleteLogGroup",
        )
    )
    assert b"MissingAuthenticationTokenException" in response.body  # type: ignore[operator]


async def test_enforced_mode_end_to_end() -> None:
    house = platform(AuthMode.ENFORCE)
    user = Principal(
        PrincipalType.USER, "123456789012", "arn:aws:iam::123456789012:user/u", "AIDA", ACCESS_KEY
    )
    house.keys.known[ACCESS_KEY] = KeyFound(SECRET, user)
    denied = await house.pipeline.handle(sign("GET", SETTINGS, b"", region="eu-west-1"))
    assert (denied.status, header(denied, "x-amzn-errortype")) == (403, "AccessDeniedException")
    house.keys.known[ACCESS_KEY] = KeyFound(SECRET, root_of("123456789012", access_key_id=ACCESS_KEY))
    assert (await house.pipeline.handle(sign("GET", SETTINGS, b"", region="eu-west-1"))).status == 200
    forged = await house.pipeline.handle(sign("GET", SETTINGS, b"", secret="guess"))
    assert (forged.status, header(forged, "x-amzn-errortype")) == (403, "InvalidSignatureException")
    assert len(house.callers) == 1


async def test_mounts_by_path() -> None:
    house = platform()
    assert (
        await house.pipeline.handle(request("GET", "/_aws/code/x?y=1"))
    ).body == b"AWS localhost /_aws/code/x"
    bug = await house.pipeline.handle(request("GET", "/_aws/code/bug"))
    assert (bug.status, header(bug, "x-amzn-errortype")) == (500, "InternalFailure")
    assert (await house.pipeline.handle(request("GET", "/_aws/other"))).status == 404


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("abc.execute-api.us-east-1.amazonaws.com", HostKind.EXECUTE_API),
        ("abc.execute-api.localhost:4566", HostKind.EXECUTE_API),
        ("ABC.execute-api.us-east-1.localhost.localstack.cloud", HostKind.EXECUTE_API),
        ("abc.lambda-url.us-east-1.on.aws", HostKind.LAMBDA_URL),
        ("abc.lambda-url.us-east-1.localhost:4566", HostKind.LAMBDA_URL),
    ],
)
async def test_hosts(host: str, kind: HostKind) -> None:
    served = platform(kinds={kind: mount})
    assert (
        await served.pipeline.handle(request("GET", "/p", host=host))
    ).body == f"{kind.name} abc /p".encode()
    response = await platform().pipeline.handle(request("GET", "/p", host=host))
    assert response.status == 403
    if kind is HostKind.EXECUTE_API:
        assert response.body == b'{"message":"Forbidden"}'
        assert header(response, "x-amzn-errortype") == "ForbiddenException"
    else:  # recorded: a function URL that is not there
        assert json.loads(response.body)["Message"].startswith("Forbidden. For troubleshooting Function URL")  # type: ignore[arg-type]
        assert header(response, "x-amzn-errortype") == "AccessDeniedException"


async def test_functions_reach_every_kind_of_host_by_any_name() -> None:
    house = platform(kinds={HostKind.LAMBDA_URL: mount})
    inside = changed(request("GET", "/p", host="abc.lambda-url.us-east-1.localhost"), origin="an environment")
    assert (await house.pipeline.handle(inside)).body == b"LAMBDA_URL abc /p"
    assert (
        await house.pipeline.handle(changed(who_am_i(host="platform"), origin="an environment"))
    ).status == 200


async def test_health_is_for_anyone_and_status_for_this_machine() -> None:
    house = platform()
    health = await house.pipeline.handle(request("GET", "/_fogbank/health", peer="10.0.0.9"))
    assert json.loads(health.body) == {"status": "ok", "services": ["lambda", "logs", "sts"]}  # type: ignore[arg-type]
    assert (await house.pipeline.handle(request("GET", "/_fogbank/status"))).status == 200
    assert (await house.pipeline.handle(request("GET", "/_fogbank/status", peer="10.0.0.9"))).status == 403
    assert (await house.pipeline.handle(request("DELETE", "/_fogbank/health"))).status == 405
    assert (await house.pipeline.handle(request("GET", "/_fogbank/nothing"))).status == 404


async def test_the_clock_moves_ahead_only() -> None:
    house = platform()
    clock = json.loads((await house.pipeline.handle(request("GET", "/_fogbank/clock"))).body)  # type: ignore[arg-type]
    assert clock == {"now_ms": 1_767_225_600_000, "offset_ms": 0}
    await house.pipeline.handle(request("POST", "/_fogbank/clock", b'{"advance_ms": 1500}'))
    for bad in (b"", b"[]", b"{}", b'{"advance_ms": -1}', b'{"advance_ms": 1.5}', b'{"advance_ms": true}'):
        response = await house.pipeline.handle(request("POST", "/_fogbank/clock", bad))
        assert (response.status, b"advance_ms" in response.body) == (400, True)  # type: ignore[operator]
    assert house.log == ["advance 1500"]


@pytest.mark.parametrize("path", ["reset", "clock"])
async def test_what_changes_the_server_is_guarded(path: str) -> None:
    body = b'{"advance_ms": 1}'
    house = platform()
    assert (
        await house.pipeline.handle(request("POST", f"/_fogbank/{path}", body, peer="::ffff:127.0.0.1"))
    ).status == 200
    assert (
        await house.pipeline.handle(request("POST", f"/_fogbank/{path}", body, peer="10.0.0.9"))
    ).status == 403
    inside = changed(request("POST", f"/_fogbank/{path}", body), origin="an environment")
    assert (await house.pipeline.handle(inside)).status == 403
    assert (await house.pipeline.handle(request("GET", "/_fogbank/reset"))).status == 405
    assert len(house.log) == 1


async def test_in_enforced_mode_root_must_sign_it() -> None:
    house = platform(AuthMode.ENFORCE)
    assert (await house.pipeline.handle(request("POST", "/_fogbank/reset"))).status == 403
    signed = sign("POST", "http://localhost:4566/_fogbank/reset", b"", service="fogbank")
    user = Principal(
        PrincipalType.USER, "123456789012", "arn:aws:iam::123456789012:user/u", "AIDA", ACCESS_KEY
    )
    for principal in (user, root_of("123456789012", open_mode=True)):
        house.keys.known[ACCESS_KEY] = KeyFound(SECRET, principal)
        assert (await house.pipeline.handle(signed)).status == 403
    assert house.log == []
    house.keys.known[ACCESS_KEY] = KeyFound(SECRET, root_of("000000000000", access_key_id=ACCESS_KEY))
    assert (await house.pipeline.handle(signed)).status == 200
    assert house.log == ["reset"]


async def test_the_access_log_is_for_debugging(caplog: pytest.LogCaptureFixture) -> None:
    house = platform()
    caplog.set_level(logging.INFO)
    await house.pipeline.handle(who_am_i())
    assert caplog.text == ""
    caplog.set_level(logging.DEBUG, logger="fogbank.access")
    await house.pipeline.handle(who_am_i())
    assert "POST / 200" in caplog.text


@pytest.mark.parametrize("mode", AuthMode)
async def test_secrets_stay_out_of_the_log(mode: AuthMode, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG, logger="fogbank")
    house = platform(mode)
    house.keys.known[ACCESS_KEY] = KeyFound(SECRET, root_of("000000000000", access_key_id=ACCESS_KEY))
    signed = sign("GET", SETTINGS, b"", token="the-session-token")
    await house.pipeline.handle(signed)
    await house.pipeline.handle(sign("GET", SETTINGS, b"", secret="guess"))
    signature = (signed.headers.get("authorization") or "").rpartition("=")[2]
    for secret in (SECRET, signature, "the-session-token"):
        assert secret not in caplog.text
