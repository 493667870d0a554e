"""Routing, parsing, validating and serialising, one core, no sockets: CPU time beside `json.loads` + `json.dumps` of
the same bytes.

python benchmarks/protocol.py [--strict]
"""

from __future__ import annotations

import json
import sys
from typing import Any

import cbor2
from common import Report, per_call_us

from fogbank.core.http import Headers, Request
from fogbank.model.service import Operation, Service
from fogbank.model.validation import compile_validator
from fogbank.protocol import Router

ITEM = {
    "pk": {"S": "customer#4711"},
    "sk": {"S": "order#2026-01-01T12:00:00Z"},
    "total": {"N": "129.95"},
    "paid": {"BOOL": True},
    "tags": {"SS": ["new", "gift"]},
    "lines": {
        "L": [
            {"M": {"sku": {"S": "A-1"}, "count": {"N": "2"}}},
            {"M": {"sku": {"S": "B-7"}, "count": {"N": "1"}}},
        ]
    },
}
PUT = {"TableName": "orders", "Item": ITEM, "ReturnValues": "ALL_OLD", "ReturnConsumedCapacity": "TOTAL"}
PUT_OUTPUT = {"Attributes": ITEM, "ConsumedCapacity": {"TableName": "orders", "CapacityUnits": 1.0}}
EVENTS = {
    "logGroupName": "/aws/lambda/f",
    "logStreamName": "2026/01/01/[$LATEST]0123456789abcdef",
    "logEvents": [
        {"timestamp": 1767225600000 + number, "message": f"line {number} of a log"} for number in range(100)
    ],
}
METRICS = {
    "Namespace": "Shop",
    "MetricData": [
        {
            "MetricName": f"m{number}",
            "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
            "Value": 1.5,
            "Unit": "Count",
        }
        for number in range(20)
    ],
}


async def nothing(ctx: Any) -> None:
    return None


def implemented(name: str) -> Service[Any]:
    """A service whose every operation may be parsed."""
    service: Service[Any] = Service(name)
    for model in service.model.operations.values():
        service.operations[model.name] = Operation(service, model, nothing, (), frozenset(), frozenset())
    return service


def request(method: str, path: str, body: bytes, scope: str, **headers: str) -> Request:
    items = [
        ("host", "localhost:4566"),
        (
            "authorization",
            f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/{scope}/aws4_request, SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
        ),
        ("x-amz-date", "20260101T120000Z"),
        ("user-agent", "Boto3/1.40 md/Botocore#1.40 lang/python#3.12"),
        ("content-length", str(len(body))),
        *((name.replace("_", "-"), value) for name, value in headers.items()),
    ]
    return Request(method, path, path, "", Headers(items), body, "127.0.0.1")


def measure(
    report: Report,
    router: Router,
    name: str,
    asked: Request,
    output: dict[str, Any],
    limits: tuple[float | None, float | None],
) -> None:
    """One operation: routing, then parse + serialise."""
    routed = router.route(asked)
    answer = routed.serialize(output, "r-1").body
    assert isinstance(answer, bytes)
    sent = json.dumps(routed.parse(asked), default=repr).encode()
    received = json.dumps(output, default=repr)
    reference = per_call_us(lambda: (json.loads(sent), json.dumps(json.loads(received))))
    of = "json.loads + dumps"
    report.figure(
        f"{name}: route",
        per_call_us(lambda: router.route(asked)),
        "µs",
        reference=reference,
        of=of,
        target=limits[0],
    )
    work = per_call_us(lambda: (routed.parse(asked), routed.serialize(output, "r-1")))
    report.figure(f"{name}: parse + serialise", work, "µs", reference=reference, of=of, target=limits[1])
    model = routed.model
    assert model is not None and model.input is not None
    params, validate = routed.parse(asked), compile_validator(model.input)
    if validate is not None:
        report.figure(
            f"{name}: validate", per_call_us(lambda: validate(params)), "µs", reference=reference, of=of
        )


def main() -> int:
    report = Report()
    router = Router(
        {name: implemented(name) for name in ("lambda", "logs", "cloudwatch", "iam", "sts", "dynamodb")}
    )
    invoke = request("POST", "/2015-03-31/functions/hello/invocations", b'{"name":"x"}', "lambda")
    answer = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": b'{"ok":"x"}'}
    measure(report, router, "Lambda Invoke", invoke, answer, (3, 5))
    put = request("POST", "/", json.dumps(PUT).encode(), "dynamodb", x_amz_target="DynamoDB_20120810.PutItem")
    measure(report, router, "DynamoDB PutItem", put, PUT_OUTPUT, (2, 25))
    events = request(
        "POST", "/", json.dumps(EVENTS).encode(), "logs", x_amz_target="Logs_20140328.PutLogEvents"
    )
    measure(report, router, "PutLogEvents of 100", events, {"nextSequenceToken": "1"}, (2, None))
    path = "/service/GraniteServiceVersion20100801/operation/PutMetricData"
    metrics = request("POST", path, cbor2.dumps(METRICS), "monitoring", smithy_protocol="rpc-v2-cbor")
    measure(report, router, "PutMetricData of 20, cbor", metrics, {}, (2, None))
    form = b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fr&RoleSessionName=s"
    content = "application/x-www-form-urlencoded; charset=utf-8"
    assume = request("POST", "/", form, "sts", content_type=content)
    credentials = {
        "AccessKeyId": "ASIA",
        "SecretAccessKey": "s" * 40,
        "SessionToken": "t" * 300,
        "Expiration": 1767225600000,
    }
    measure(report, router, "AssumeRole, query", assume, {"Credentials": credentials}, (None, None))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
