"""Every operation of the models, both ways, against botocore: what its serializers send is what we parse; what we
serialize is what its parsers read."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import fogbank.services
from fogbank.model.shapes import OperationModel
from fogbank.protocol.events import event_member
from tests.protocol.clients import IMPLEMENTED, OTHERS, parsed, request_of, router, service
from tests.protocol.values import structures, to_botocore


def test_every_service_of_fogbank_is_among_them() -> None:
    packages = [module.name for module in pkgutil.iter_modules(fogbank.services.__path__) if module.ispkg]
    served = [importlib.import_module(f"fogbank.services.{name}.service").SERVICE.name for name in packages]
    assert set(served) <= set(IMPLEMENTED + OTHERS)


def has_twin(operation: OperationModel) -> bool:
    """Whether method, path and required members are another's too: S3's deprecated operations, and one that only
    its host tells apart."""
    return bool(operation.raw.get("deprecated")) or operation.name == "ListDirectoryBuckets"


EXAMPLES = dict.fromkeys(IMPLEMENTED, 4) | dict.fromkeys(OTHERS, 2)
CASES = [
    pytest.param(name, protocol, id=f"{name}-{protocol}")
    for name in IMPLEMENTED + OTHERS
    for protocol in service(name).model.protocols
]


def each(
    name: str, strategy_of: Callable[[OperationModel], Any], check: Callable[[OperationModel, Any], None]
) -> None:
    """Run `check` on generated values for every operation of a service."""
    quiet = settings(
        max_examples=EXAMPLES[name], deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    for operation in service(name).model.operations.values():
        strategy = strategy_of(operation)
        if strategy is not None:
            quiet(given(strategy)(_bound(check, operation)))()


def _bound(check: Callable[[OperationModel, Any], None], operation: OperationModel) -> Callable[[Any], None]:
    def run(value: Any) -> None:
        check(operation, value)

    return run


@pytest.mark.parametrize(("name", "protocol"), CASES)
def test_requests_of_botocore_are_parsed_to_what_was_sent(name: str, protocol: str) -> None:
    may_be_empty = protocol not in ("query", "rest-xml")  # an empty list has no form there

    def strategy(operation: OperationModel) -> Any:
        if operation.input is None or event_member(operation.input):
            return None
        return structures(operation.input, empty=may_be_empty)

    def check(operation: OperationModel, params: dict[str, Any]) -> None:
        assert operation.input is not None
        for digest in [
            member for member in params if member == "ContentMD5" or member.startswith("Checksum")
        ]:
            del params[digest]  # of a body: a made-up one is refused
        request = request_of(name, operation.name, protocol, to_botocore(params, operation.input))
        routed = router().route(request)
        assert routed.protocol == protocol
        assert routed.endpoint is not None, routed.problem
        if routed.endpoint.model.name != operation.name:
            assert has_twin(operation)
            return
        found = routed.endpoint.parse(request, routed.labels)
        payload = operation.input.payload
        if payload and payload not in params and found.get(payload) == {}:
            del found[payload]  # botocore sends an empty document for a payload that is absent
        if "ContentLength" in operation.input.members:
            found.pop(
                "ContentLength", None
            )  # HTTP's own header: the client sets it, whatever the member says
            params.pop("ContentLength", None)
        assert found == params

    each(name, strategy, check)


@pytest.mark.parametrize(("name", "protocol"), CASES)
def test_responses_are_read_by_botocore_as_what_was_meant(name: str, protocol: str) -> None:
    endpoints = {
        operation.name: request_of(name, operation.name, protocol, _labels(operation))
        for operation in service(name).model.operations.values()
        if not has_twin(operation)
    }

    def strategy(operation: OperationModel) -> Any:
        if operation.output is None or event_member(operation.output) or operation.name not in endpoints:
            return None
        if operation.name == "GetBucketLocation":
            return None  # a bare element, which botocore's client reads by hand: tests/services/s3 ask it
        return structures(operation.output)

    def check(operation: OperationModel, output: dict[str, Any]) -> None:
        assert operation.output is not None
        for member_name, member in operation.output.members.items():
            if member.trait("location") == "statusCode":
                output = output | {member_name: 200}
        routed = router().route(endpoints[operation.name])
        assert routed.endpoint is not None
        response = routed.serialize(output, "req-1")
        found = parsed(name, operation.name, protocol, response)
        assert found.pop("ResponseMetadata")["RequestId"] == "req-1"
        output.pop("HttpStatus", None)  # a patch of ours to S3's model: what botocore does not read
        assert _comparable(found) == _comparable(to_botocore(output, operation.output))

    each(name, strategy, check)


def _labels(operation: OperationModel) -> dict[str, Any]:
    """The least params that botocore can build a request from: labels, and what tells twins apart."""
    if operation.input is None:
        return {}
    found: dict[str, Any] = {}
    for name, member in operation.input.members.items():
        location = member.trait("location")
        if location == "uri" or (name in operation.input.required and location in ("querystring", "header")):
            match member.type:
                case "list":
                    found[name] = ["x"]
                case "integer" | "long":
                    found[name] = 1
                case "boolean":
                    found[name] = True
                case _:
                    found[name] = "x"
    return found


def _comparable(value: Any) -> Any:
    """Streams read; empty maps and lists left out, because XML and headers do not tell them from absent ones."""
    if hasattr(value, "read"):
        return value.read()
    if isinstance(value, dict):
        held = {key: _comparable(item) for key, item in value.items()}
        return {key: item for key, item in held.items() if item not in ({}, [], b"")}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"  # botocore's json parser leaves the protocol's words
    return value
