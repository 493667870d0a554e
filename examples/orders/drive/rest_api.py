"""The REST API: what its keys, validation, cache, throttle, quota and canary do to calls."""

from __future__ import annotations

import time
from typing import Any

from deploy.rest_api import CANARY_PERCENT

from drive.report import must
from drive.session import Drive

SHOP, TRIAL = "orders-shop", "orders-trial"
ORDER = {"customer": "ada", "items": [{"article": "tea", "count": 2}]}
CANARY_CALLS = 200


def show(drive: Drive) -> None:
    print(f"\nThe REST API {drive.api_url(drive.app.rest_api.id)}")
    show_refusals(drive)
    show_cache(drive)
    show_limits(drive)
    show_canary(drive)


def line(what: str, status: int, body: dict[str, Any], more: str = "") -> None:
    print(f"  {what:14} {status}  {more or body.get('message', body)}")


def show_refusals(drive: Drive) -> None:
    status, body = drive.call("GET", "/catalogue")
    line("no key", status, body)
    must(status == 403, f"a call without a key answered {status} {body}")
    wrong = {"customer": "ada", "items": [{"article": "tea", "count": 0}]}
    status, body = drive.call("PUT", f"/orders/{drive.mark}-wrong", wrong, key=SHOP)
    line("invalid order", status, body, f"{body.get('message')}: {body.get('why')}")
    must(status == 400, f"an invalid order answered {status} {body}")


def show_cache(drive: Drive) -> None:
    answers = []
    for what in ("first call", "cached call"):
        began = time.perf_counter()
        status, body = drive.call("GET", "/catalogue", key=SHOP)
        took_ms = (time.perf_counter() - began) * 1000
        must(status == 200, f"the catalogue answered {status} {body}")
        answers.append(body["served_by"])
        line(what, status, body, f"{took_ms:5.1f} ms, by invocation {body['served_by']}")
    must(answers[0] == answers[1], "the second call was not answered from the cache")


def show_limits(drive: Drive) -> None:
    """The trial plan lets 2 calls through at once, then one in 100 s; what is left of today's quota we say ourselves."""
    for what, left, status, message in [
        ("trial call", 1, 200, None),
        ("over quota", None, 429, "Limit Exceeded"),
        ("trial call", 10, 200, None),
        ("throttled", None, 429, "Too Many Requests"),
    ]:
        if left is not None:
            leave_of_quota(drive, left)
        answered, body = drive.call("GET", "/catalogue", key=TRIAL)
        line(what, answered, body, f"with a quota of {left}" if left is not None else "")
        must((answered, body.get("message")) == (status, message), f"{what}: answered {answered} {body}")


def leave_of_quota(drive: Drive, calls: int) -> None:
    api = drive.app.rest_api
    drive.client("apigateway").update_usage(
        usagePlanId=api.plan_ids[TRIAL],
        keyId=api.key_ids[TRIAL],
        patchOperations=[{"op": "replace", "path": "/remaining", "value": str(calls)}],
    )


def show_canary(drive: Drive) -> None:
    shares = {"one": 0, "two": 0}
    began = time.perf_counter()
    for _ in range(CANARY_CALLS):
        status, body = drive.call("GET", "/release")
        must(status == 200, f"the release answered {status} {body}")
        shares[body["release"]] += 1
    took_s = time.perf_counter() - began
    print(
        f"  canary         release two answered {shares['two']} of {CANARY_CALLS} calls "
        f"({CANARY_PERCENT}% wanted), {CANARY_CALLS / took_s:.0f} calls/s"
    )
    share = shares["two"] / CANARY_CALLS * 100
    must(CANARY_PERCENT / 3 < share < CANARY_PERCENT * 2, f"the canary had {share:.0f}% of the calls")
