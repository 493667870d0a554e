"""Function URLs with AWS_IAM over the wire: signed as botocore signs, checked as AWS checks."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fogbank.core.config import AuthMode, Settings
from fogbank.testing.server import Fogbank
from tests.support.waiting import until_blocking

CODE = "def handler(event, context):\n    return event['requestContext']\n"


@pytest.fixture(scope="module")
def enforced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fogbank, Credentials]]:
    folder: Path = tmp_path_factory.mktemp("data")
    with Fogbank(Settings(data_dir=folder, auth=AuthMode.ENFORCE)) as running:
        key = json.loads((folder / "keys" / "root.json").read_text())
        yield running, Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def send(server: Fogbank, url: str, credentials: Credentials | None) -> Any:
    request = AWSRequest("POST", url + "a/b?c=d%2Fe", data=b"text", headers={"Content-Type": "text/plain"})
    if credentials is not None:
        SigV4Auth(credentials, "lambda", "us-east-1").add_auth(request)
    headers = dict(request.headers) | {"Host": url.split("://")[1].rstrip("/")}
    return urllib3.request("POST", server.url + "/a/b?c=d%2Fe", body=b"text", headers=headers, retries=False)


def test_signatures_are_verified(enforced: tuple[Fogbank, Credentials]) -> None:
    server, root = enforced
    keys = {"aws_access_key_id": root.access_key, "aws_secret_access_key": root.secret_key}
    client = server.client("lambda", **keys)
    account = server.client("sts", **keys).get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    role = server.client("iam", **keys).create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"][
        "Arn"
    ]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", CODE)
    client.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": content.getvalue()},
    )
    until_blocking(lambda: client.get_function(FunctionName="f")["Configuration"]["State"] == "Active")
    url = client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")["FunctionUrl"]
    answer = send(server, url, root)
    assert answer.status == 200, answer.data
    context = answer.json()
    assert context["authorizer"]["iam"]["accessKey"] == root.access_key
    assert context["accountId"] == account
    assert send(server, url, None).status == 403
    forged = send(server, url, Credentials(root.access_key, "not the secret"))
    assert forged.status == 403 and "Signature" in forged.headers["x-amzn-errortype"]
    assert send(server, url, Credentials("AKIASTRANGER00000000", "x")).status == 403
