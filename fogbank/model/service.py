"""Services and their operations, declared once.

    logs: Service[Logs] = Service("logs")

    @logs.operation(refuses={"kmsKeyId"})
    async def create_log_group(ctx: Call[Logs], *, log_group_name: str, tags: dict[str, str] | None = None) -> dict: …

The decorator checks the function against botocore's model when it is imported: its name is an operation's and its
parameters are input members. What is neither a parameter nor named in `refuses` is refused all the same, so that no setting
can be accepted and forgotten, and a botocore that is newer than fogbank adds refusals instead of breaking the start. The
tests hold such `undecided` members at none for the botocore we develop with. A refused member that a caller sends answers 501
`NotImplemented` naming it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar, overload

from botocore import xform_name

from fogbank.core.errors import AwsError
from fogbank.model.call import Call, S
from fogbank.model.permissions import Permissions
from fogbank.model.shapes import OperationModel, ServiceModel, model_of
from fogbank.model.validation import Validator, compile_validator

Output = dict[str, Any]
Function = Callable[..., Awaitable[Output | None]]
F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


@dataclass(eq=False, slots=True)
class Operation:
    """One implemented operation."""

    service: Service[Any]
    model: OperationModel
    function: Function = field(repr=False)
    arguments: tuple[tuple[str, str], ...]  # (wire member, parameter)
    required: frozenset[str]  # parameters without a default
    refuses: frozenset[str]  # wire members
    validate: Validator | None = field(repr=False, default=None)
    undecided: frozenset[str] = frozenset()  # refused, but named by nobody: newer in botocore than in fogbank
    hot: bool = False  # skip the model validator: the function checks by itself, on a path where it counts

    @property
    def name(self) -> str:
        return self.model.name

    def bind(self, params: dict[str, Any]) -> dict[str, Any]:
        """Wire members to keyword arguments; parameters without a default get None when the member is absent."""
        bound = {python: params[wire] for wire, python in self.arguments if wire in params}
        for python in self.required:
            bound.setdefault(python, None)
        return bound


class Service(Generic[S]):
    """A service: its model and the operations that fogbank implements.

    `encodes`: its answers hold `core.encoded.Encoded` parts, which the edge writes as they are.
    """

    def __init__(self, name: str, *, encodes: bool = False) -> None:
        self.name = name
        self.encodes = encodes
        self.operations: dict[str, Operation] = {}
        self.internals: dict[str, Callable[..., Awaitable[Any]]] = {}
        self.permissions: Permissions | None = None

    @cached_property
    def model(self) -> ServiceModel:
        return model_of(self.name)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {xform_name(name): name for name in self.model.operations}

    @overload
    def operation(self, function: F) -> F: ...

    @overload
    def operation(self, *, refuses: Iterable[str] = (), hot: bool = False) -> Callable[[F], F]: ...

    def operation(self, function: F | None = None, *, refuses: Iterable[str] = (), hot: bool = False) -> Any:
        """Declare an operation; see the module's docstring. Raises TypeError at import when it does not fit the model."""
        if function is not None:
            self._declare(function, frozenset(), hot)
            return function

        def decorate(function: F) -> F:
            self._declare(function, frozenset(refuses), hot)
            return function

        return decorate

    def needs(self, permissions: Permissions) -> None:
        """Declare which permission each operation needs."""
        self.permissions = permissions

    def internal(self, function: F) -> F:
        """Declare a function that other services reach by `ctx.calls.internal(…)`, and no client can."""
        self.internals[function.__name__] = function
        return function

    def _declare(self, function: Callable[..., Awaitable[Any]], refuses: frozenset[str], hot: bool) -> None:
        where = f"{self.name}.{function.__name__}"
        name = self._names.get(function.__name__)
        if name is None:
            raise TypeError(f"{where}: the model has no such operation")
        model = self.model.operations[name]
        members = model.input.members if model.input else {}
        wire_names = {xform_name(member): member for member in members}
        parameters = list(inspect.signature(function).parameters.values())[1:]
        arguments: list[tuple[str, str]] = []
        required: set[str] = set()
        for parameter in parameters:
            wire = wire_names.get(parameter.name.rstrip("_"))
            if wire is None or parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                raise TypeError(f"{where}: {parameter.name} is not a keyword-only input member")
            arguments.append((wire, parameter.name))
            if parameter.default is inspect.Parameter.empty:
                required.add(parameter.name)
        taken = {wire for wire, _ in arguments}
        undecided = frozenset(members) - taken - refuses
        if unknown := refuses - set(members) | refuses & taken:
            raise TypeError(
                f"{where}: refuses what it takes or the model lacks: {', '.join(sorted(unknown))}"
            )
        self.operations[name] = Operation(
            self,
            model,
            function,
            tuple(arguments),
            frozenset(required),
            refuses | undecided,
            compile_validator(model.input) if model.input and not hot else None,
            undecided,
            hot,
        )

    def error(self, code: str, message: str, **fields: Any) -> AwsError:
        """A modelled error of this service by shape name; `fields` are further members by wire name."""
        raw = self.model.raw["shapes"].get(code)
        if raw is None:
            raise TypeError(f"{self.name} has no error {code}")
        shape = self.model.shape(code)
        return AwsError(shape.error_code, message, status=shape.error_status, fields=fields)


def call_of(ctx: Call[Any], state: S) -> Call[S]:
    """The same call in the hands of another service's state."""
    return Call(ctx.caller, ctx.account, ctx.region, ctx.request_id, state, ctx.calls)
