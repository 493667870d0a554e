"""`fogbank graph`: a state machine as SVG, coloured by an execution."""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import quote

from fogbank.cli.client import endpoint, fetch_bytes
from fogbank.cli.output import say
from fogbank.core.errors import ConfigError


def run(options: argparse.Namespace) -> int:
    arn = options.execution or options.arn
    drawing = fetch_bytes(
        endpoint(options.endpoint), "GET", f"/_fogbank/console/states/{quote(arn, safe='')}/diagram.svg"
    )
    if options.output is None:
        say(drawing.decode())
        return 0
    try:
        Path(options.output).write_bytes(drawing)
    except OSError as error:
        raise ConfigError(f"{options.output} cannot be written: {error.strerror}") from error
    say(f"{options.output}: {len(drawing)} bytes")
    return 0
