"""`fogbank invoke`: one invocation, its answer on stdout, its log tail on stderr."""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path
from typing import Any

import orjson

from fogbank.cli.client import aws, endpoint
from fogbank.cli.output import DIM, RED, colour, complain, say, say_json
from fogbank.core.errors import ConfigError


def payload_of(text: str) -> bytes:
    """The payload argument: JSON, @FILE or - for standard input."""
    if text == "-":
        return sys.stdin.buffer.read()
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_bytes()
        except OSError as error:
            raise ConfigError(f"{text[1:]} cannot be read: {error.strerror}") from error
    return text.encode()


def run(options: argparse.Namespace) -> int:
    from botocore.exceptions import BotoCoreError, ClientError

    client = aws("lambda", endpoint(options.endpoint), options.region)
    payload = payload_of(options.payload)
    try:
        if options.event:
            answer = client.invoke(FunctionName=options.function, InvocationType="Event", Payload=payload)
            say(f"accepted {answer['ResponseMetadata']['RequestId']}")
            return 0
        answer = client.invoke(FunctionName=options.function, LogType="Tail", Payload=payload)
    except (ClientError, BotoCoreError) as error:
        complain(str(error))
        return 1
    return _show(answer, options.json)


def _show(answer: dict[str, Any], as_json: bool) -> int:
    body = answer["Payload"].read()
    tail = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
    failed = answer.get("FunctionError")
    if as_json:
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            value = body.decode("utf-8", "replace")
        say_json({"payload": value, "log": tail, "error": failed, "version": answer.get("ExecutedVersion")})
        return 1 if failed else 0
    print(colour(tail.rstrip(), DIM, sys.stderr), file=sys.stderr)
    if failed:
        print(colour(f"FunctionError: {failed}", RED, sys.stderr), file=sys.stderr)
    say(body.decode("utf-8", "replace"))
    return 1 if failed else 0
