"""Deploys the orders app to an AWS endpoint with plain boto3. Nothing here knows of fogbank: it would run on AWS."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import boto3

HERE = Path(__file__).parent
RUNTIME = f"python3.{sys.version_info[1]}"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def pack(folder: Path, *names: str) -> bytes:
    """A zip of files in `folder` (all of them when none is named), the same bytes for the same files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        files = [folder / name for name in names] or sorted(p for p in folder.rglob("*.py"))
        for path in files:
            info = zipfile.ZipInfo(str(path.relative_to(folder)), (2026, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, path.read_bytes())
    return content.getvalue()


def role_arn(iam: Any) -> str:
    """The functions' role, made when it is not there."""
    try:
        arn: str = iam.get_role(RoleName="orders")["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        arn = iam.create_role(RoleName="orders", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.attach_role_policy(
            RoleName="orders", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        )
    return arn


def put_function(client: Any, name: str, role: str, layer: str, environment: dict[str, str]) -> str:
    """Create the function or bring it up to date, publish a version, point `live` at it; the alias ARN."""
    module = name.removeprefix("orders-")
    code = pack(HERE / "functions", f"{module}.py")
    configuration = {
        "Runtime": RUNTIME,
        "Handler": f"{module}.handler",
        "Layers": [layer],
        "Timeout": 10,
        "MemorySize": 256,
        "Environment": {"Variables": environment},
    }
    try:
        client.create_function(FunctionName=name, Role=role, Code={"ZipFile": code}, **configuration)
    except client.exceptions.ResourceConflictException:
        client.update_function_code(FunctionName=name, ZipFile=code)
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        client.update_function_configuration(FunctionName=name, **configuration)
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    version = client.publish_version(FunctionName=name)["Version"]
    try:
        alias = client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    except client.exceptions.ResourceConflictException:
        alias = client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return str(alias["AliasArn"])


def deploy(session: boto3.Session, endpoint_url: str | None) -> dict[str, str]:
    """Deploy everything; alias ARNs by function name."""
    client = session.client("lambda", endpoint_url=endpoint_url)
    role = role_arn(session.client("iam", endpoint_url=endpoint_url))
    layer = client.publish_layer_version(
        LayerName="orders-pricing", Content={"ZipFile": pack(HERE / "layer")}, CompatibleRuntimes=[RUNTIME]
    )["LayerVersionArn"]
    fulfil = put_function(client, "orders-fulfil", role, layer, {})
    place = put_function(client, "orders-place", role, layer, {"FULFIL": fulfil})
    return {"orders-fulfil": fulfil, "orders-place": place}
