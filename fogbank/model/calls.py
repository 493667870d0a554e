"""The calls port: the one way to an operation, with or without HTTP.

The edge, the event-source loops, Step Functions' `aws-sdk:*` tasks and API Gateway's `AWS` integrations all come through
`Calls.call`: find → validate → refuse → authorise → run. Services reach each other's internals by `Calls.internal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from fogbank.core.encoded import resolved
from fogbank.core.errors import AwsError, NotSupported
from fogbank.model.call import Call, Caller
from fogbank.model.mounted import Mounted
from fogbank.model.permissions import Need
from fogbank.model.service import Operation, Output, Service
from fogbank.model.wording import wording_of


class Authorizer(Protocol):
    """Decides whether a caller may do what it asks. The place where IAM evaluation lives."""

    enforces: bool  # whether anybody is ever refused

    async def authorize(self, caller: Caller, operation: Operation, params: dict[str, Any]) -> None:
        """Return, or raise the AccessDenied error that the service's protocol family uses."""

    async def refusal(self, caller: Caller, need: Need, policies: Sequence[Any] = ()) -> str | None:
        """Why `caller` may not do what is no operation (`execute-api:Invoke`), in the words that AWS's refusals end in; None: it may.
        `policies` are the resource's (`policies.Policy`)."""


class Calls:
    """Every service of this fogbank, mounted with its state, or asleep until it is called."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._mounted: dict[str, Mounted] = {}
        self._authorizer = authorizer
        self.enforces = authorizer.enforces

    def mount(self, service: Service[Any], state: Any) -> None:
        """A service whose state is built and started by the caller."""
        self._mounted[service.name] = Mounted(service.name, lambda: service, state=state)

    def mount_asleep(self, name: str, declare: Callable[[], Service[Any]], build: Callable[[], Any]) -> None:
        """A service that is declared (imported), built and started when it is first called."""
        self._mounted[name] = Mounted(name, declare, build)

    async def wake(self, service: str) -> Any:
        """A service's state, built and started now if it was asleep."""
        return await self._mounted[service].wake()

    def awake(self) -> list[Any]:
        """The states of all services that are not asleep, in the order in which they were mounted."""
        return [mounted.state for mounted in self._mounted.values() if mounted.state is not None]

    @property
    def services(self) -> Mapping[str, Mounted]:
        return self._mounted

    def find(self, service: str, operation: str) -> Operation:
        """An implemented operation by botocore's names; NotSupported when fogbank lacks it."""
        mounted = self._mounted.get(service)
        found = mounted.operations.get(operation) if mounted else None
        if found is None:
            raise NotSupported(f"{service} {operation}")
        return found

    async def call(self, service: str, operation: str, params: dict[str, Any], caller: Caller) -> Output:
        """Call by name, as the edge would. Raises AwsError."""
        found = self.find(service, operation)
        if not found.service.encodes:
            return await self.run(found, params, caller)
        try:
            output: Output = resolved(await self.run(found, params, caller))
        except AwsError as error:
            error.fields = resolved(error.fields)
            raise
        return output

    async def run(self, operation: Operation, params: dict[str, Any], caller: Caller) -> Output:
        """Validate, refuse, authorise and run one operation. Raises AwsError."""
        if operation.validate is not None and (problems := operation.validate(params)):
            raise AwsError(wording_of(operation.service.model).code, validation_message(problems))
        if operation.refuses and (sent := operation.refuses & params.keys()):
            raise NotSupported(f"{operation.service.name} {operation.name} with {', '.join(sorted(sent))}")
        if self.enforces:
            await self._authorizer.authorize(caller, operation, params)
        mounted = self._mounted[operation.service.name]
        state = mounted.state if mounted.state is not None else await mounted.wake()
        ctx = Call(caller, caller.account, caller.region, caller.request_id, state, self)
        return await operation.function(ctx, **operation.bind(params)) or {}

    async def refusal(self, caller: Caller, need: Need, policies: Sequence[Any] = ()) -> str | None:
        """See `Authorizer.refusal`."""
        return await self._authorizer.refusal(caller, need, policies)

    async def internal(self, service: str, name: str, caller: Caller, **arguments: Any) -> Any:
        """Call an internal function of a service: no validation, no authorisation, never reachable by clients."""
        mounted = self._mounted.get(service)
        if mounted is None:
            raise NotSupported(service)
        state = mounted.state if mounted.state is not None else await mounted.wake()
        ctx = Call(caller, caller.account, caller.region, caller.request_id, state, self)
        return await mounted.service.internals[name](ctx, **arguments)


def validation_message(problems: list[str]) -> str:
    """AWS's wording over a list of violated constraints."""
    count = len(problems)
    return f"{count} validation error{'s' if count != 1 else ''} detected: {'; '.join(problems)}"
