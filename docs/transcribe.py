"""Writes docs/transcripts.md: real sessions of the AWS CLI and boto3 against a fogbank started for them.

    python docs/transcribe.py      # make transcripts

Nothing in that page was typed by hand: each command below runs, and what it prints is what stands there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from transcript_sessions import CLI

from fogbank.core.config import Settings
from fogbank.testing import Fogbank

DOCS = Path(__file__).parent
BIN = Path(sys.executable).parent

LIMIT_S = 60  # of one command

BOTO3 = """
import json
import boto3

lambda_ = boto3.client("lambda")
lambda_.delete_function_concurrency(FunctionName="greeter")
answer = lambda_.invoke(FunctionName="greeter", InvocationType="Event", Payload=b'{"name": "later"}')
print(answer["StatusCode"])
try:
    lambda_.update_function_configuration(FunctionName="greeter", Timeout=901)
except lambda_.exceptions.ClientError as error:
    print(error)
cloudwatch = boto3.client("cloudwatch")
cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Sold", "Values": [1, 2, 3], "Counts": [2, 1, 1]}])
found = cloudwatch.list_metrics(Namespace="Shop")["Metrics"]
print(json.dumps(found))
print(boto3.client("sts").get_caller_identity()["Arn"])
"""


def run(script: str, folder: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
    )
    return done.stdout.strip("\n")


def main() -> None:
    parts = [
        "# Transcripts",
        "",
        "Recorded by `docs/transcribe.py` from real runs of the AWS CLI and boto3.",
        "",
    ]
    with Fogbank(Settings(port=0)) as server, tempfile.TemporaryDirectory() as folder:
        environment = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": folder,
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "000000000000",
            "AWS_SECRET_ACCESS_KEY": "fogbank",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_PAGER": "",
        }
        for title, commands in CLI:
            parts += [f"## {title}", "", "```console"]
            for command in commands:
                output = run(command, folder, environment).replace(folder, "~")
                parts += [f"$ {command}", *([output] if output else [])]
            parts += ["```", ""]
        parts += ["## boto3", "", "```python", BOTO3.strip(), "```", "", "```"]
        (Path(folder) / "session.py").write_text(BOTO3)
        parts += [run(f"{sys.executable} session.py", folder, environment), "```"]
    text = "\n".join(line.rstrip() for line in "\n".join(parts).split("\n")) + "\n"
    (DOCS / "transcripts.md").write_text(text)


if __name__ == "__main__":
    main()
