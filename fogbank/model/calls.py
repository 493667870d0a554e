"""The calls port: the one way to an operation, with or without HTTP.

The edge, the event-source loops, Step Functions' `aws-sdk:*` tasks and API Gateway's `AWS` integrations all come through
`Calls.call`: find → validate → refuse → authorise → run. Services reach each other's internals by `Calls.internal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from fogbank.core.errors import AwsError, NotSupported
from fogbank.model.call import Call, Caller
from fogbank.model.service import Operation, Output, Service
from fogbank.model.wording import wording_of


class Authorizer(Protocol):
    """Decides whether a caller may do what it asks. The place where IAM evaluation lives."""

    async def authorize(self, caller: Caller, operation: Operation, params: dict[str, Any]) -> None:
        """Return, or raise the AccessDenied error that the service's protocol family uses."""


@dataclass(slots=True)
class _Mounted:
    service: Service[Any]
    state: Any


class Calls:
    """Every service of this fogbank, mounted with its state."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._mounted: dict[str, _Mounted] = {}
        self._authorizer = authorizer

    def mount(self, service: Service[Any], state: Any) -> None:
        self._mounted[service.name] = _Mounted(service, state)

    @property
    def services(self) -> dict[str, Service[Any]]:
        return {name: mounted.service for name, mounted in self._mounted.items()}

    def find(self, service: str, operation: str) -> Operation:
        """An implemented operation by botocore's names; NotSupported when fogbank lacks it."""
        mounted = self._mounted.get(service)
        found = mounted.service.operations.get(operation) if mounted else None
        if found is None:
            raise NotSupported(f"{service} {operation}")
        return found

    async def call(self, service: str, operation: str, params: dict[str, Any], caller: Caller) -> Output:
        """Call by name, as the edge would. Raises AwsError."""
        return await self.run(self.find(service, operation), params, caller)

    async def run(self, operation: Operation, params: dict[str, Any], caller: Caller) -> Output:
        """Validate, refuse, authorise and run one operation. Raises AwsError."""
        if operation.validate is not None and (problems := operation.validate(params)):
            raise AwsError(wording_of(operation.service.model).code, validation_message(problems))
        if operation.refuses and (sent := operation.refuses & params.keys()):
            raise NotSupported(f"{operation.service.name} {operation.name} with {', '.join(sorted(sent))}")
        await self._authorizer.authorize(caller, operation, params)
        state = self._mounted[operation.service.name].state
        ctx = Call(caller, caller.account, caller.region, caller.request_id, state, self)
        return await operation.function(ctx, **operation.bind(params)) or {}

    async def internal(self, service: str, name: str, caller: Caller, **arguments: Any) -> Any:
        """Call an internal function of a service: no validation, no authorisation, never reachable by clients."""
        mounted = self._mounted.get(service)
        if mounted is None:
            raise NotSupported(service)
        ctx = Call(caller, caller.account, caller.region, caller.request_id, mounted.state, self)
        return await mounted.service.internals[name](ctx, **arguments)


def validation_message(problems: list[str]) -> str:
    """AWS's wording over a list of violated constraints."""
    count = len(problems)
    return f"{count} validation error{'s' if count != 1 else ''} detected: {'; '.join(problems)}"
