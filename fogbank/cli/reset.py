"""`fogbank reset`: delete everything a running fogbank holds."""

from __future__ import annotations

import argparse
import sys

from fogbank.cli.client import endpoint, fetch
from fogbank.cli.output import complain, say


def run(options: argparse.Namespace) -> int:
    url = endpoint(options.endpoint)
    if not options.yes:
        if not sys.stdin.isatty():
            complain("reset deletes everything; say --yes")
            return 2
        if input(f"Delete everything that {url} holds? [y/N] ").strip().lower() not in {"y", "yes"}:
            return 1
    fetch(url, "POST", "/_fogbank/reset", {})
    say("empty again")
    return 0
