"""`fogbank logs`: a function's log events, and new ones as they come."""

from __future__ import annotations

import argparse
import re
import time
from datetime import UTC, datetime
from typing import Any

from fogbank.cli.client import aws, endpoint
from fogbank.cli.output import BLUE, DIM, RED, colour, complain, say
from fogbank.core.clock import RealClock
from fogbank.core.errors import ConfigError

UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
POLL_S = 0.5
LATE_MS = 2000  # events may be written a little after their time


def age_ms(text: str) -> int:
    """`10m` in milliseconds."""
    found = re.fullmatch(r"(\d+)([smhd])", text)
    if found is None:
        raise ConfigError(f"--since {text}: say a number and s, m, h or d, such as 10m")
    return int(found[1]) * UNITS_MS[found[2]]


def run(options: argparse.Namespace) -> int:
    from botocore.exceptions import BotoCoreError, ClientError

    client = aws("logs", endpoint(options.endpoint), options.region)
    group = options.function if options.function.startswith("/") else f"/aws/lambda/{options.function}"
    start_ms = RealClock().now_ms() - age_ms(options.since)
    seen: dict[str, int] = {}
    try:
        while True:
            for event in _events(client, group, start_ms, options.filter):
                if event["eventId"] in seen:
                    continue
                seen[event["eventId"]] = event["timestamp"]
                _show(event, options.json)
            if not options.follow:
                return 0
            newest_ms = max(seen.values(), default=start_ms)
            start_ms = max(start_ms, newest_ms - LATE_MS)
            seen = {key: when for key, when in seen.items() if when >= start_ms}
            time.sleep(POLL_S)
    except (ClientError, BotoCoreError) as error:
        complain(str(error))
        return 1


def _events(client: Any, group: str, start_ms: int, pattern: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=start_ms, **({"filterPattern": pattern} if pattern else {})
    )
    return [event for page in pages for event in page["events"]]


def _show(event: dict[str, Any], as_json: bool) -> None:
    if as_json:
        import orjson

        say(orjson.dumps(event).decode())
        return
    when = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    text = event["message"].rstrip("\n")
    shade = DIM if re.match(r"(START|END|REPORT|INIT_START) ", text) else RED if "ERROR" in text else ""
    say(f"{colour(when, BLUE)} {colour(text, shade) if shade else text}")
