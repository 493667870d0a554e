"""`fogbank status`: what a running fogbank is doing."""

from __future__ import annotations

import argparse

from fogbank.cli.client import endpoint, fetch
from fogbank.cli.output import BOLD, colour, say, say_json, table


def run(options: argparse.Namespace) -> int:
    url = endpoint(options.endpoint)
    status = fetch(url, "GET", "/_fogbank/status")
    if options.json:
        say_json(status)
        return 0
    say(
        f"{colour('fogbank', BOLD)} {status['version']} at {url}, pid {status['pid']}, up {status['uptime_s']:.0f} s"
    )
    say(f"data      {status['data']}")
    say(f"auth      {status['auth']}")
    say(f"isolation {', '.join(f'{k}: {v}' for k, v in status['isolation'].items())}")
    say(f"services  {', '.join(status['services'])}")
    rows = status["environments"]
    say(f"{len(rows)} environments")
    if rows:
        heads = tuple(rows[0])
        table([heads, *(tuple(str(row.get(head, "")) for head in heads) for row in rows[:50])])
    return 0
