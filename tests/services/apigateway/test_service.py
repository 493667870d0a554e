"""Every operation and every setting of botocore's model is implemented, or refused by name."""

from __future__ import annotations

import pytest

from fogbank.services.apigateway import SERVICE
from tests.services.apigateway.conftest import Gateway

#: Not implemented on purpose. The test operations are the data plane's.
REFUSED = {
    "CreateDomainNameAccessAssociation",
    "DeleteDomainNameAccessAssociation",
    "GetDomainNameAccessAssociations",
    "RejectDomainNameAccessAssociation",
    "GetSdk",
    "GetSdkType",
    "GetSdkTypes",
}
DATA_PLANE = {"TestInvokeMethod", "TestInvokeAuthorizer"}


def test_every_operation_is_implemented_or_refused_by_name() -> None:
    missing = set(SERVICE.model.operations) - set(SERVICE.operations) - DATA_PLANE
    assert missing == REFUSED


def test_every_setting_is_decided() -> None:
    assert {name: op.undecided for name, op in SERVICE.operations.items() if op.undecided} == {}


@pytest.mark.parametrize("operation", sorted(REFUSED))
async def test_what_is_not_supported_says_so(gateway: Gateway, operation: str) -> None:
    code, message = await gateway.fails(operation)
    assert code == "NotImplemented"
    assert operation in message


async def test_a_refused_setting_is_named(gateway: Gateway) -> None:
    code, message = await gateway.fails("CreateRestApi", name="a", securityPolicy="TLS_1_2")
    assert (code, "securityPolicy" in message) == ("NotImplemented", True)
