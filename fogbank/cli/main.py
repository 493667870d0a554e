"""The parser: what `fogbank --help` says is the reference (docs/cli.md is checked against it)."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from importlib import import_module

from fogbank import __version__
from fogbank.core.config import DEFAULT_PORT, Settings
from fogbank.core.errors import ConfigError, StoreError

Command = Callable[[argparse.Namespace], int]
PORT_MAX = 65535


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="fogbank", description="AWS's serverless stack as one program that you own."
    )
    parser.add_argument("--version", action="version", version=f"fogbank {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_start(commands)
    _add_observing(commands)
    _add_acting(commands)
    return parser


def _add_start(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    start = commands.add_parser("start", help="run fogbank in the foreground until Ctrl-C or SIGTERM")
    start.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: %(default)s); beyond loopback, signatures are enforced",
    )
    start.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help="port to listen on, 0 for any free one (default: %(default)s)",
    )
    where = start.add_mutually_exclusive_group()
    where.add_argument(
        "--data-dir", metavar="DIR", help="where everything is kept (default: ~/.local/share/fogbank)"
    )
    where.add_argument(
        "--memory", action="store_true", help="keep everything in memory; it is gone at the end"
    )
    start.add_argument(
        "--store", metavar="URL", help="postgresql://… to keep records, logs and queues in PostgreSQL"
    )
    start.add_argument(
        "--auth",
        choices=["open", "enforce"],
        help="check signatures and permissions (default: open on loopback, else enforce)",
    )
    start.add_argument(
        "--bind",
        action="append",
        default=[],
        metavar="HOST[:INSIDE[:ro]]",
        help="mount a host folder into every function environment; may be repeated",
    )
    start.add_argument(
        "--function-network",
        choices=["host", "none", "outbound"],
        help="what functions reach beside fogbank (default: host on loopback, else none)",
    )
    start.add_argument(
        "--isolation",
        choices=["auto", "plain"],
        default="auto",
        help="plain: run functions as plain processes, without sandbox (default: %(default)s)",
    )
    start.add_argument(
        "--api-throttle",
        type=_throttle,
        default=(Settings().api_rate_limit, Settings().api_burst_limit),
        metavar="RATE:BURST",
        help="requests a second, and at once, to all APIs of an account in a region (default: 100000:50000; AWS's accounts begin with 10000:5000)",
    )
    start.add_argument(
        "--cognito-issuer",
        metavar="URL",
        help="issuer of user pools' tokens, with {region} and {pool} in it (default: AWS's own)",
    )
    start.add_argument(
        "--dynamodb-throughput",
        action="store_true",
        help="enforce the provisioned throughput of DynamoDB tables and indexes",
    )
    start.add_argument(
        "--environment-idle",
        type=_seconds,
        default=600.0,
        metavar="SECONDS",
        help="end environments idle this long (default: %(default)s)",
    )
    start.add_argument(
        "--log-level",
        choices=["debug", "info", "warning", "error"],
        default="info",
        help="how much fogbank says on stderr (default: %(default)s)",
    )


def _throttle(text: str) -> tuple[float, int]:
    """`RATE:BURST`."""
    rate, _, burst = text.partition(":")
    if not (rate.isascii() and rate.isdigit() and burst.isascii() and burst.isdigit()):
        raise argparse.ArgumentTypeError(f"{text} is no RATE:BURST")
    return float(rate), int(burst)


def _port(text: str) -> int:
    """A TCP port; the system's own calls would take 70000 for 4464."""
    if not (text.isascii() and text.isdigit() and int(text) <= PORT_MAX):
        raise argparse.ArgumentTypeError(f"{text} is not a port: 0 to {PORT_MAX}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return seconds


def _endpoint(parser: argparse.ArgumentParser, *, json: bool = True) -> None:
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        help=f"the fogbank to talk to (default: $FOGBANK_URL or $AWS_ENDPOINT_URL, else http://127.0.0.1:{DEFAULT_PORT})",
    )
    if json:
        parser.add_argument("--json", action="store_true", help="print JSON")


def _add_observing(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    status = commands.add_parser("status", help="what a running fogbank is doing")
    _endpoint(status)
    logs = commands.add_parser("logs", help="print a function's log events")
    logs.add_argument("function", help="function name, or a log group name that starts with /")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as new events come")
    logs.add_argument(
        "--since", default="10m", metavar="AGE", help="how far back: 30s, 10m, 2h, 1d (default: %(default)s)"
    )
    logs.add_argument("--filter", default="", metavar="PATTERN", help="a CloudWatch Logs filter pattern")
    logs.add_argument("--region", help="AWS region (default: $AWS_REGION, else us-east-1)")
    _endpoint(logs)
    graph = commands.add_parser("graph", help="draw a state machine, or an execution of it, as SVG")
    graph.add_argument("arn", metavar="ARN", help="a state machine's ARN, or an execution's")
    graph.add_argument("--execution", metavar="ARN", help="colour the states by how this execution went")
    graph.add_argument("-o", "--output", metavar="FILE", help="where to write it (default: standard output)")
    _endpoint(graph, json=False)
    doctor = commands.add_parser("doctor", help="what this machine offers, and what follows")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    runtimes = commands.add_parser("runtimes", help="which runtimes this machine can run")
    runtimes.add_argument(
        "--ensure",
        action="append",
        default=[],
        metavar="python3.N",
        help="install the packages a Python older than 3.10 needs, by its own pip; may be repeated",
    )
    runtimes.add_argument(
        "--pythons", action="store_true", help="list the Pythons found, also those whose packages are missing"
    )
    runtimes.add_argument("--json", action="store_true", help="print JSON")
    environment = commands.add_parser("env", help='print exports for a shell: eval "$(fogbank env)"')
    _endpoint(environment)
    ca = commands.add_parser(
        "ca", help="print the certificate of the local CA that fogbank's TLS is signed by"
    )
    ca.add_argument("--data-dir", metavar="DIR", help="the data directory (default: ~/.local/share/fogbank)")


def _add_acting(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    invoke = commands.add_parser("invoke", help="invoke a function and print its answer and log tail")
    invoke.add_argument("function", help="function name or ARN, with or without a qualifier")
    invoke.add_argument(
        "payload", nargs="?", default="{}", help="JSON, @FILE, or - for standard input (default: %(default)s)"
    )
    invoke.add_argument("--event", action="store_true", help="hand it over and do not wait for the answer")
    invoke.add_argument("--region", help="AWS region (default: $AWS_REGION, else us-east-1)")
    _endpoint(invoke)
    stop = commands.add_parser("stop", help="end a running fogbank on this machine cleanly")
    _endpoint(stop, json=False)
    reset = commands.add_parser("reset", help="delete everything a running fogbank holds")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    _endpoint(reset, json=False)


def main(arguments: list[str] | None = None) -> int:
    """Parse and run; the exit status. Each command is the function `run` of its own module."""
    options = build_parser().parse_args(arguments)
    command: Command = import_module(f"fogbank.cli.{options.command}").run
    try:
        return command(options)
    except (ConfigError, StoreError) as error:  # a store may be found full only when services start on it
        from fogbank.cli.output import complain

        complain(str(error))
        return 1
    except BrokenPipeError:  # the reader has seen enough (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
