"""Every operation and every setting of botocore's model is implemented, or refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from fogbank.services import apigatewaymanagementapi
from fogbank.services.apigatewayv2 import SERVICE
from tests.services.apigatewayv2.conftest import HttpApis

#: Portals and their products, and routing rules.
REFUSED_NOUNS = ("Portal", "Product", "RoutingRule")


def test_every_operation_is_implemented_or_refused_by_name() -> None:
    missing = set(SERVICE.model.operations) - set(SERVICE.operations)
    assert missing == {
        name for name in SERVICE.model.operations if any(noun in name for noun in REFUSED_NOUNS)
    }
    management = apigatewaymanagementapi.SERVICE
    assert set(management.model.operations) == set(management.operations)


def test_every_setting_is_decided() -> None:
    assert {name: op.undecided for name, op in SERVICE.operations.items() if op.undecided} == {}


def test_the_page_names_every_setting() -> None:
    page = (Path(__file__).parents[3] / "docs/services/apigatewayv2.md").read_text()
    table = page.partition("## Every setting")[2].partition("## How it differs")[0]
    missing = set()
    for name, operation in SERVICE.model.operations.items():
        if not name.startswith(("Create", "Update")) or name not in SERVICE.operations:
            continue
        assert operation.input is not None
        for member, shape in operation.input.members.items():
            if shape.trait("location") == "uri" or f"`{member}`" in table:
                continue
            missing.add(f"{name}.{member}")
    # Named by what is in them, or by the noun itself.
    assert missing == {
        "CreateDomainName.DomainNameConfigurations",
        "UpdateDomainName.DomainNameConfigurations",
    }


def refused(call: object, **members: object) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**members)  # type: ignore[operator]
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


def test_what_is_not_supported_says_so(apis: HttpApis) -> None:
    code, message = refused(apis.client.list_portals)
    assert (code, "ListPortals" in message) == ("NotImplemented", True)
    socket = apis.client.create_api(
        Name="w", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a"
    )["ApiId"]
    code, message = refused(apis.client.create_stage, ApiId=socket, StageName="s", ClientCertificateId="c")
    assert (code, "ClientCertificateId" in message) == ("NotImplemented", True)
