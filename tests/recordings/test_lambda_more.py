"""Lambda answers what AWS answered: accounts, runtimes, packages from S3, what environments are like. Real functions.

Left out visibly, by xfail: Java runtimes (none is here), arm64, the raw memory of process 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.recordings.test_lambda import ECHO, FILE, Scenario, pack
from tests.support.recordings import error_of, recorded

_accounts = count(420_000_000_000)


@pytest.fixture(scope="module")
def server() -> Iterator[Fogbank]:
    with Fogbank(Settings()) as running:
        yield running


@pytest.fixture
def fn(server: Fogbank) -> Scenario:
    return Scenario(server, str(next(_accounts)))


OTHERS = [
    ("test_get_function", [("get_function", {})]),
    ("test_get_function_configuration", [("get_function_configuration", {})]),
    ("test_list_versions_by_function", [("list_versions_by_function", {})]),
    (
        "test_function_concurrency",
        [
            ("put_function_concurrency", {"ReservedConcurrentExecutions": 1}),
            ("delete_function_concurrency", {}),
        ],
    ),
    (
        "test_function_alias",
        [
            ("create_alias", {"FunctionVersion": "$LATEST", "Name": "live"}),
            ("get_alias", {"Name": "live"}),
            ("update_alias", {"Name": "live", "Description": "more"}),
            ("list_aliases", {}),
            ("delete_alias", {"Name": "live"}),
        ],
    ),
    ("test_function_invocation", [("invoke", {})]),
    ("test_publish_version", [("publish_version", {})]),
    ("test_delete_function", [("delete_function", {})]),
]


@pytest.mark.parametrize(("scenario", "calls"), OTHERS)
def test_another_account(fn: Scenario, scenario: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    """What the scenarios did under a statement for `lambda:*`; without it, each is refused."""
    recorded(FILE, f"TestLambdaMultiAccounts::{scenario}")
    arn = fn.made(ECHO)["FunctionArn"]
    account = str(next(_accounts))
    other = fn.server.client("lambda", account=account)
    for operation, more in calls[:1]:
        denied = error_of(getattr(other, operation), FunctionName=arn, **more)
        assert denied["Error"]["Code"] == "AccessDeniedException"
    fn.client.add_permission(FunctionName="fn", StatementId="s", Principal=account, Action="lambda:*")
    for operation, more in calls:
        getattr(other, operation)(FunctionName=arn, **more)


def test_another_account_tags(fn: Scenario) -> None:
    recorded(FILE, "TestLambdaMultiAccounts::test_function_tags")
    arn = fn.made(ECHO)["FunctionArn"]
    account = str(next(_accounts))
    other = fn.server.client("lambda", account=account)
    fn.client.add_permission(FunctionName="fn", StatementId="s", Principal=account, Action="lambda:*")
    other.tag_resource(Resource=arn, Tags={"foo": "bar"})
    assert other.list_tags(Resource=arn)["Tags"] == {"foo": "bar"}
    other.untag_resource(Resource=arn, TagKeys=["lorem"])


@pytest.mark.parametrize("scenario", ["test_get_lambda_layer", "test_cross_account_access"])
def test_another_account_layers(fn: Scenario, scenario: str) -> None:
    recorded(FILE, f"TestLambdaMultiAccounts::{scenario}")
    content = {"ZipFile": pack("python/a.py", "")}
    layer = fn.client.publish_layer_version(LayerName="shared", Content=content)["LayerArn"]
    account = str(next(_accounts))
    other = fn.server.client("lambda", account=account)
    error_of(other.get_layer_version, LayerName=layer, VersionNumber=1)
    grant = {"StatementId": "s", "Principal": account, "Action": "lambda:GetLayerVersion"}
    fn.client.add_layer_version_permission(LayerName=layer, VersionNumber=1, **grant)
    other.get_layer_version(LayerName=layer, VersionNumber=1)
    other.get_layer_version_by_arn(Arn=f"{layer}:1")
