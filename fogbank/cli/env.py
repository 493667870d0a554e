"""`fogbank env`: exports that point AWS clients at a running fogbank."""

from __future__ import annotations

import argparse
import os
import shlex

from fogbank.cli.client import endpoint
from fogbank.cli.output import say, say_json
from fogbank.core.config import DEFAULT_ACCOUNT, DEFAULT_REGION


def run(options: argparse.Namespace) -> int:
    url = endpoint(options.endpoint)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    values = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID", DEFAULT_ACCOUNT),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    if "AWS_SECRET_ACCESS_KEY" not in os.environ:  # one that is set is never printed
        values["AWS_SECRET_ACCESS_KEY"] = "fogbank"
    if options.json:
        say_json(values)
        return 0
    for name, value in values.items():
        say(f"export {name}={shlex.quote(value)}")
    return 0
