"""Which permission an operation needs: its action's name in IAM, and the resource that a request speaks of. Declared as a table by each
service, asked by whoever decides (`fogbank.auth`). Pure.

    PERMISSIONS = Permissions(
        "lambda",
        {"function:{FunctionName}": "GetFunction DeleteFunction", "*": "ListFunctions"},
        actions={"Invoke": "InvokeFunction"},
    )

A resource is what follows the account in its ARN, with members of the request in braces, or a whole ARN. Of several, divided by ` | `, the first
counts whose first member is there; `*` is no resource in particular. Where the first member is an ARN itself, that ARN stands in the place of
all before it. `members` reads members that name their resource in another way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from fogbank.core.arn import parse_arn, partition_of
from fogbank.model.call import Caller

if TYPE_CHECKING:
    from fogbank.model.service import Operation

Params = Mapping[str, Any]
Resource = Callable[[Caller, Params], str]
Read = Callable[[Caller, Params], str | None]
ANY = "*"
_MEMBER = re.compile(r"\{(\w+)\}")
_BASES_CACHED_MAX = 4096  # accounts and regions; ours


class Need(NamedTuple):
    """One permission: to do `action` (`lambda:InvokeFunction`) to `resource` (an ARN, or `*`). `keys` are condition keys of its own."""

    action: str
    resource: str
    keys: Mapping[str, Sequence[str]] = {}


Needs = Callable[[Caller, Params], Iterable[Need]]


@dataclass(frozen=True, slots=True)
class Permissions:
    """One service's table. `resources` maps a resource to the operations on it, by name."""

    prefix: str
    resources: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)  # operation → its action, where that is another
    members: Mapping[str, Read] = field(default_factory=dict)
    #: Operation → what it needs, where that is more than one permission or depends on the request.
    special: Mapping[str, Needs] = field(default_factory=dict)
    #: Operation → the member that is a role, which the service will act as: the caller needs iam:PassRole for it.
    passes: Mapping[str, str] = field(default_factory=dict)
    #: The roles among the parameters of any operation, where a table of members would not do.
    passed: Callable[[Params], Iterable[str]] | None = None
    passes_to: str = ""  # the service's principal
    free: frozenset[str] = frozenset()  # operations that need no permission
    is_global: bool = False  # no region in its ARNs
    by_path: bool = False  # actions are HTTP methods, on resources that are the path of the request
    #: Condition keys that are members of the request: key → member.
    keys: Mapping[str, str] = field(default_factory=dict)
    #: The service has internals `resource_policies(resource)`, and `true_arn(resource)` for names whose ARN is not known from the request.
    has_policies: bool = False
    policies_deny: bool = True  # False: its resource policies hold no Deny, so they need not be asked where the identity is allowed
    has_true_arns: bool = False
    refuses_sessions: bool = False  # to sessions of GetSessionToken that proved no MFA
    folds_actions: bool = False  # its refusals write actions in lower case

    def rule(self, operation: Operation) -> Needs | None:
        """What an operation needs, compiled; None when the table does not name it."""
        name = operation.name
        if name in self.free:
            return lambda caller, params: ()
        if (special := self.special.get(name)) is not None:
            return special
        resource = self._resource(operation)
        if resource is None:
            return None
        action = f"{self.prefix}:{operation.model.method if self.by_path else self.actions.get(name, name)}"
        member, find = self.passes.get(name), self.passed
        if member is None and find is None:
            return lambda caller, params: (Need(action, resource(caller, params)),)

        def with_roles(caller: Caller, params: Params) -> Iterable[Need]:
            yield Need(action, resource(caller, params))
            if member is not None and isinstance(role := params.get(member), str):
                yield pass_role(_role_arn(role, caller), self.passes_to)
            for role in find(params) if find is not None else ():
                yield pass_role(role, self.passes_to)

        return with_roles

    def named(self) -> dict[str, str]:
        """Operation → its resource, as the table says."""
        return {name: resource for resource, names in self.resources.items() for name in names.split()}

    def _resource(self, operation: Operation) -> Resource | None:
        if self.by_path:
            return lambda caller, params: _path_arn(self.prefix, operation, caller, params)
        text = self.named().get(operation.name)
        return (
            None if text is None else resource_rule(text, self.prefix, self.members, is_global=self.is_global)
        )


def pass_role(role_arn: str, service: str) -> Need:
    """What giving a role to a service needs."""
    return Need("iam:PassRole", role_arn, {"iam:passedtoservice": [service]})


def _role_arn(role: str, caller: Caller) -> str:
    """IAM's own operations name roles without their ARN."""
    return (
        role
        if role.startswith("arn:")
        else _base("iam", caller.region, caller.account, True) + f"role/{role}"
    )


def resource_rule(
    text: str, prefix: str, members: Mapping[str, Read], *, is_global: bool = False
) -> Resource:
    """The ARN that a table's `text` comes to for a request."""
    rules = [_option(option.strip(), prefix, members, is_global) for option in text.split("|")]
    if len(rules) == 1:
        only = rules[0]
        return lambda caller, params: only(caller, params) or ANY

    def first(caller: Caller, params: Params) -> str:
        for rule in rules:
            if (found := rule(caller, params)) is not None:
                return found
        return ANY

    return first


def _one(prefix: str, before: str, name: str, is_global: bool) -> Read:
    """A kind and a member: what most resources are, and all that are asked for often."""

    def fill(caller: Caller, params: Params) -> str | None:
        value = params.get(name)
        if type(value) is not str:
            value = str(value) if type(value) is int else ""
        if not value:
            return None
        if value[:4] == "arn:" and parse_arn(value) is not None:
            return value
        return _base(prefix, caller.region, caller.account, is_global) + before + value

    return fill


def _option(text: str, prefix: str, members: Mapping[str, Read], is_global: bool) -> Read:
    if text == ANY:
        return lambda caller, params: ANY
    pieces = _MEMBER.split(text)  # text and member in turn
    if len(pieces) == 3 and not pieces[2] and pieces[1] not in members and not text.startswith("arn:"):
        return _one(prefix, pieces[0], pieces[1], is_global)
    before, texts = pieces[0], pieces[2::2]
    reads = [members.get(name) or _member(name) for name in pieces[1::2]]
    is_whole = text.startswith("arn:")

    def fill(caller: Caller, params: Params) -> str | None:
        values = [read(caller, params) for read in reads]
        if not values:
            resource = before
        elif values[0] is None:
            return None
        else:
            resource = "".join([f"{value or ''}{text}" for value, text in zip(values, texts, strict=True)])
            if values[0].startswith("arn:") and parse_arn(values[0]) is not None:
                return resource
            resource = before + resource
        if is_whole:
            return resource
        return _base(prefix, caller.region, caller.account, is_global) + resource

    return fill


@lru_cache(maxsize=_BASES_CACHED_MAX)
def _base(prefix: str, region: str, account: str, is_global: bool) -> str:
    """What ARNs of a service begin with."""
    return f"arn:{partition_of(region)}:{prefix}:{'' if is_global else region}:{account}:"


def _member(name: str) -> Read:
    def read(caller: Caller, params: Params) -> str | None:
        value = params.get(name)
        return str(value) if isinstance(value, str | int) and value != "" else None

    return read


def _path_arn(prefix: str, operation: Operation, caller: Caller, params: Params) -> str:
    """The path of an operation with its members in it (a resource's ARN escaped, as in the request), `*` for one that is missing."""
    path = operation.model.uri.partition("?")[0]
    members = operation.model.input.members if operation.model.input else {}
    for name, member in members.items():
        if member.trait("location") == "uri":
            value = quote(str(params.get(name, ANY)), safe="*")
            path = path.replace(f"{{{member.trait('locationName', name)}}}", value)
    return f"arn:{partition_of(caller.region)}:{prefix}:{caller.region}::{path}"
