"""The WebSocket feed: a customer watches, an order is placed, the news of it comes by itself."""

from __future__ import annotations

import json
import time

from websockets.sync.client import connect

from drive.data import ITEMS
from drive.report import must, until
from drive.session import Drive

WAIT_S = 20


def show(drive: Drive) -> None:
    url = drive.api_url(drive.app.feed).replace("http", "ws", 1)
    print(f"\nThe feed {url}")
    customer = f"zoe-{drive.mark}"
    before = watchers(drive)  # what a run that was broken off left
    with connect(url) as socket:
        mine = watchers(drive) - before
        must(len(mine) == 1, f"{len(mine)} connections were recorded")
        socket.send(json.dumps({"action": "watch", "customer": customer}))
        answer = json.loads(socket.recv(timeout=WAIT_S))
        print(f"  answer         {answer}")
        must(answer == {"watching": customer}, f"the feed answered {answer}")
        began = time.perf_counter()
        order = f"{drive.mark}-news"
        status, body = drive.call(
            "PUT", f"/orders/{order}", {"customer": customer, "items": ITEMS}, key="orders-shop"
        )
        must(status == 200, f"order {order} answered {status} {body}")
        news = json.loads(socket.recv(timeout=WAIT_S))
        took_ms = (time.perf_counter() - began) * 1000
        print(
            f"  news           {news}, {took_ms:.0f} ms after the order (the stream waits up to 1 s for more)"
        )
        must(news["order"] == order, f"the feed sent {news}")
    until("end of the connection's record", lambda: not watchers(drive) & mine)
    print("  closed         and forgotten by $disconnect")


def watchers(drive: Drive) -> set[str]:
    """The connections on record."""
    items = drive.client("dynamodb").scan(TableName="orders-feed", ConsistentRead=True)["Items"]
    return {item["connection"]["S"] for item in items}
