"""The operation registry: what does not fit the model is refused at import; settings are taken or refused by name."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

import pytest

from fogbank import services
from fogbank.app.services import BUILDERS, declared
from fogbank.core.errors import AwsError, NotSupported
from fogbank.model.call import Call, Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import root_of
from fogbank.model.service import Service
from tests.support.house import AllowAll

CALLER = Caller("000000000000", "us-east-1", root_of("000000000000"), "r-1")


def mounted(service: Service[Any], state: Any = None) -> Calls:
    calls = Calls(AllowAll())
    calls.mount(service, state)
    return calls


async def test_an_operation_is_bound_by_its_snake_case_names() -> None:
    sts: Service[str] = Service("sts")

    @sts.operation
    async def get_access_key_info(ctx: Call[str], *, access_key_id: str) -> dict[str, Any]:
        return {
            "Account": f"{access_key_id} {ctx.state} {ctx.account} {ctx.arn('iam', 'root', region=False)}"
        }

    calls = mounted(sts, "state")
    output = await calls.call("sts", "GetAccessKeyInfo", {"AccessKeyId": "A" * 20}, CALLER)
    assert output == {"Account": f"{'A' * 20} state 000000000000 arn:aws:iam::000000000000:root"}


async def test_absent_members_keep_the_parameters_default_and_required_ones_are_none() -> None:
    logs: Service[None] = Service("logs")

    @logs.operation(refuses={"kmsKeyId", "tags", "logGroupClass", "deletionProtectionEnabled"})
    async def create_log_group(ctx: Call[None], *, log_group_name: str) -> None:
        seen.append(log_group_name)

    seen: list[str] = []
    calls = mounted(logs)
    assert await calls.call("logs", "CreateLogGroup", {"logGroupName": "g"}, CALLER) == {}
    assert seen == ["g"]
    with pytest.raises(NotSupported, match="logs CreateLogGroup with kmsKeyId, tags yet"):
        await calls.call(
            "logs", "CreateLogGroup", {"logGroupName": "g", "tags": {"a": "b"}, "kmsKeyId": "k"}, CALLER
        )
    assert seen == ["g"]


def test_a_forgotten_setting_is_refused() -> None:
    logs: Service[None] = Service("logs")

    @logs.operation(refuses={"tags", "logGroupClass"})
    async def create_log_group(ctx: Call[None], *, log_group_name: str) -> None: ...

    operation = logs.operations["CreateLogGroup"]
    assert operation.undecided == {"deletionProtectionEnabled", "kmsKeyId"}
    assert operation.refuses == {"tags", "logGroupClass", "deletionProtectionEnabled", "kmsKeyId"}


@pytest.mark.parametrize("name", [each.name for each in pkgutil.iter_modules(services.__path__)])
def test_every_setting_is_decided(name: str) -> None:
    declared: Service[Any] = import_module(f"fogbank.services.{name}").SERVICE
    forgotten = {each.name: sorted(each.undecided) for each in declared.operations.values() if each.undecided}
    assert forgotten == {}, "take these settings, or name them in refuses="


def test_names_the_model_lacks_fail_at_import() -> None:
    sts: Service[None] = Service("sts")
    with pytest.raises(TypeError, match="no such operation"):

        @sts.operation
        async def get_everything(ctx: Call[None]) -> None: ...

    with pytest.raises(TypeError, match="not a keyword-only input member"):

        @sts.operation
        async def get_access_key_info(ctx: Call[None], *, key: str) -> None: ...

    with pytest.raises(TypeError, match="refuses what it takes or the model lacks"):

        @sts.operation(refuses={"Nonsense"})
        async def get_caller_identity(ctx: Call[None]) -> None: ...


async def test_what_fogbank_lacks_is_named() -> None:
    calls = mounted(Service("sts"))
    with pytest.raises(NotSupported, match="fogbank does not support sts AssumeRoleWithSAML yet") as caught:
        await calls.call("sts", "AssumeRoleWithSAML", {}, CALLER)
    assert caught.value.status == 501
    with pytest.raises(NotSupported, match="braket CancelJob"):
        await calls.call("braket", "CancelJob", {}, CALLER)


def test_errors_take_code_and_status_from_the_model() -> None:
    error = Service[None]("lambda").error("ResourceNotFoundException", "gone", Type="User")
    assert (error.code, error.status, error.fields) == ("ResourceNotFoundException", 404, {"Type": "User"})
    iam_error = Service[None]("iam").error("NoSuchEntityException", "gone")
    assert (iam_error.code, iam_error.status) == ("NoSuchEntity", 404)
    with pytest.raises(TypeError, match="has no error Nonsense"):
        Service[None]("lambda").error("Nonsense", "")


async def test_internals_are_reachable_by_services_only() -> None:
    logs: Service[None] = Service("logs")

    @logs.internal
    async def deliver(ctx: Call[None], *, count: int) -> int:
        return count + 1

    calls = mounted(logs)
    assert await calls.internal("logs", "deliver", CALLER, count=1) == 2
    with pytest.raises(AwsError):
        await calls.call("logs", "deliver", {"count": 1}, CALLER)
    with pytest.raises(NotSupported):
        await calls.internal("cloudwatch", "deliver", CALLER)


@pytest.mark.parametrize("name", BUILDERS)
def test_every_operation_declares_its_action_and_resource(name: str) -> None:
    service = declared(name)
    permissions = service.permissions
    assert permissions is not None, f"fogbank/services/{name}/needs.py is missing"
    for operation in service.operations.values():
        assert permissions.rule(operation) is not None, (
            f"{name} {operation.name}: say in fogbank/services/{name}/needs.py which resource its IAM permission is on ('*' if on none)"
        )
