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

from fogbank.core.config import Settings
from fogbank.testing import Fogbank

DOCS = Path(__file__).parent
BIN = Path(sys.executable).parent
RUNTIME = f"python3.{sys.version_info[1]}"

CLI = [
    ("A function, from nothing to its logs", [
        "cat > index.py <<'END'\nimport os\ndef handler(event, context):\n    print('greeting', event['name'])\n"
        "    return {'greeting': f\"{os.environ['WORD']}, {event['name']}\"}\nEND",
        "python3 -m zipfile -c f.zip index.py",
        "aws iam create-role --role-name greeter --query Role.Arn --output text --assume-role-policy-document "
        "'{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}'",
        f"aws lambda create-function --function-name greeter --runtime {RUNTIME} --handler index.handler "
        "--role arn:aws:iam::000000000000:role/greeter --zip-file fileb://f.zip --environment 'Variables={WORD=Hello}' "
        "--query '[FunctionArn,State,StateReasonCode]' --output text",
        "aws lambda wait function-active-v2 --function-name greeter",
        "aws lambda invoke --function-name greeter --payload '{\"name\":\"fog\"}' out.json",
        "cat out.json",
        "aws lambda invoke --function-name greeter --payload '{}' out.json",
        "cat out.json",
        "sleep 0.3; aws logs filter-log-events --log-group-name /aws/lambda/greeter --filter-pattern greeting --query 'events[].message' --output text",
    ]),
    ("Versions, an alias with weights, a limit", [
        "aws lambda publish-version --function-name greeter --query Version --output text",
        "aws lambda update-function-configuration --function-name greeter --environment 'Variables={WORD=Ahoy}' --query LastUpdateStatus --output text",
        "aws lambda wait function-updated-v2 --function-name greeter",
        "aws lambda publish-version --function-name greeter --query Version --output text",
        "aws lambda create-alias --function-name greeter --name live --function-version 1 --routing-config 'AdditionalVersionWeights={2=0.5}'",
        "for i in 1 2 3 4 5 6; do aws lambda invoke --function-name greeter:live --payload '{\"name\":\"x\"}' out.json --query ExecutedVersion --output text; done | sort | uniq -c | wc -l",
        "aws lambda put-function-concurrency --function-name greeter --reserved-concurrent-executions 0",
        "aws lambda invoke --function-name greeter out.json",
    ]),
    ("What fogbank does not have yet says so", [
        "aws lambda create-function-url-config --function-name greeter --auth-type NONE",
        "aws lambda create-function --function-name s3 --runtime python3.12 --handler i.h --role arn:aws:iam::000000000000:role/r --code S3Bucket=b,S3Key=k",
    ]),
]  # fmt: skip

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
