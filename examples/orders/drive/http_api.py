"""The HTTP API: who is let in, what a customer sees, an order that goes straight into the workflow."""

from __future__ import annotations

import json
import time
from typing import Any

from deploy.functions import TOKEN
from deploy.http_api import ORIGIN

from drive.report import must
from drive.session import Drive
from drive.workflow import GOOD, confirm, finished


def show(drive: Drive) -> None:
    print(f"\nThe HTTP API {drive.api_url(drive.app.http_api)}")
    show_authorizer(drive)
    show_preflight(drive)
    show_start(drive)


def call(drive: Drive, method: str, path: str, token: str | None, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = drive.api_url(drive.app.http_api) + path
    answer = drive.http.request(method, url, json=body, headers=headers, retries=False)
    return answer.status, answer.json()


def show_authorizer(drive: Drive) -> None:
    path = f"/customers/ada-{drive.mark}"
    for what, token, wanted in [("no token", None, 401), ("wrong token", "open", 403), ("token", TOKEN, 200)]:
        began = time.perf_counter()
        status, body = call(drive, "GET", path, token)
        took_ms = (time.perf_counter() - began) * 1000
        print(f"  {what:14} {status}  {took_ms:5.1f} ms  {body}")
        must(status == wanted, f"{what}: answered {status} {body}")
    must(body["orders"] == 8, f"the view says {body}")


def show_preflight(drive: Drive) -> None:
    """The browser's question before a page of the shop may call: answered by the gateway alone."""
    answer = drive.http.request(
        "OPTIONS",
        f"{drive.api_url(drive.app.http_api)}/customers/ada",
        headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"},
        retries=False,
    )
    allowed = answer.headers.get("access-control-allow-origin")
    print(f"  preflight      {answer.status}  pages of {allowed} may call")
    must(allowed == ORIGIN, f"the preflight answered {answer.status} {dict(answer.headers)}")


def show_start(drive: Drive) -> None:
    """The worker that charges this order is the one that was there before the kill."""
    name = f"{drive.mark}-direct"
    status, body = call(drive, "POST", f"/orders/{name}/workflow", TOKEN, GOOD)
    must(status == 200, f"starting an order through the HTTP API answered {status} {body}")
    confirm(drive, name)
    output = json.loads(finished(drive, body["executionArn"], "SUCCEEDED")["output"])
    print(f"  started        {status}  {body['executionArn']}")
    print(f"  succeeded      {output['receipt']}, {len(output['parcels'])} parcels")
