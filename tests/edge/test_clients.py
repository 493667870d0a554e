"""Unmodified boto3 against a real server: TLS and plain on one port, signatures enforced."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.core.clock import RealClock
from fogbank.core.config import AuthMode
from fogbank.edge.tls import LocalTls
from fogbank.model.principal import KeyFound, Principal, PrincipalType, root_of
from tests.auth.signing import ACCESS_KEY, SECRET
from tests.edge.platform import Platform, platform
from tests.support.wire import Served


class Running(Served):
    """The platform's pipeline on one port, TLS and plain."""

    def __init__(self, house: Platform, folder: Path) -> None:
        self.house = house
        super().__init__(house.pipeline.handle, tls=LocalTls(folder, "127.0.0.1", RealClock()))

    def client(self, service: str, key: str = ACCESS_KEY, secret: str = SECRET, **more: Any) -> Any:
        return super().client(service, key, secret, region="eu-west-1", **more)


@pytest.fixture(params=AuthMode)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    house = platform(request.param, wall=RealClock())
    house.keys.known[ACCESS_KEY] = KeyFound(SECRET, root_of("123456789012", access_key_id=ACCESS_KEY))
    with Running(house, tmp_path) as server:
        yield server


def test_both_schemes_on_one_port(running: Running) -> None:
    for scheme in ("http", "https", "http"):
        client = running.client("sts", scheme=scheme)
        for _ in range(2):
            answer = client.get_caller_identity()
            assert answer["Account"] == "123456789012"
            assert len(answer["ResponseMetadata"]["RequestId"]) == 36
        client.close()
    assert [caller.secure for caller in running.house.callers] == [False, False, True, True, False, False]


def test_every_protocol_is_verified(running: Running) -> None:
    assert running.client("lambda").get_account_settings()["AccountUsage"] == {"FunctionCount": 7}
    logs = running.client("logs")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName="g")
    codes = []
    for service, call in [("sts", "get_caller_identity"), ("lambda", "get_account_settings")]:
        with pytest.raises(ClientError) as caught:
            getattr(running.client(service, secret="wrong"), call)()
        codes.append(
            (
                caught.value.response["Error"]["Code"],
                caught.value.response["ResponseMetadata"]["HTTPStatusCode"],
            )
        )
    assert codes == [("SignatureDoesNotMatch", 403), ("InvalidSignatureException", 403)]


def test_a_presigned_url(running: Running) -> None:

    url = running.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    with urllib.request.urlopen(url) as answer:
        assert b"<Account>123456789012</Account>" in answer.read()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601"))
    assert caught.value.code == 403
    caught.value.close()


def test_a_user_without_permission(tmp_path: Path) -> None:
    house = platform(AuthMode.ENFORCE, wall=RealClock())
    user = Principal(
        PrincipalType.USER, "123456789012", "arn:aws:iam::123456789012:user/u", "AIDA", ACCESS_KEY
    )
    house.keys.known[ACCESS_KEY] = KeyFound(SECRET, user)
    with Running(house, tmp_path) as running:
        assert running.client("sts").get_caller_identity()["Arn"] == user.arn
        with pytest.raises(
            ClientError, match="not authorized to perform: lambda:GetAccountSettings on resource"
        ):
            running.client("lambda").get_account_settings()
        with pytest.raises(ClientError, match="security token included in the request is invalid"):
            running.client("lambda", key="test").get_account_settings()
