"""`fogbank start`: run the server in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from pathlib import Path

import uvloop

from fogbank.app import App
from fogbank.cli.output import DIM, GREEN, colour, say
from fogbank.core.config import AuthMode, Settings

# Requests make few cycles; Python's own thresholds (700, 10, 10) would look for them some twenty times a millisecond.
GC_YOUNG, GC_MIDDLE, GC_OLD = 20_000, 20, 20


def default_data_dir() -> Path:
    """$XDG_DATA_HOME/fogbank, else ~/.local/share/fogbank."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "fogbank"


def settings_of(options: argparse.Namespace) -> Settings:
    """The start options as Settings."""
    data_dir = Path(options.data_dir) if options.data_dir else default_data_dir()
    return Settings(
        host=options.host,
        port=options.port,
        data_dir=None if options.memory else data_dir,
        store_url=options.store,
        auth=AuthMode(options.auth) if options.auth else None,
        binds=tuple(options.bind),
        function_network=options.function_network,
        environment_idle_s=options.environment_idle,
        isolation=options.isolation,
        dynamodb_throughput=options.dynamodb_throughput,
        cognito_issuer=options.cognito_issuer,
        api_rate_limit=options.api_throttle[0],
        api_burst_limit=options.api_throttle[1],
    )


def run(options: argparse.Namespace) -> int:
    logging.basicConfig(
        stream=sys.stderr,
        level=options.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    uvloop.run(serve(settings_of(options)))
    return 0


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then end cleanly."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    app = App(settings)
    await app.start()
    # What stands now (modules, service models) stays: the collector need not walk it again and again under load.
    gc.freeze()
    gc.set_threshold(GC_YOUNG, GC_MIDDLE, GC_OLD)
    try:
        for line in app.banner():
            say(colour(line, DIM))
        say(f"{colour('fogbank', GREEN)} answers at {app.url}")
        await ended.wait()
    finally:
        await app.close()
