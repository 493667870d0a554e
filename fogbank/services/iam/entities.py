"""Users, groups and roles alike: finding one by name, and the realm of a call."""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

from fogbank.core.limits import IAM_GROUPS_MAX, IAM_ROLES_MAX, IAM_USERS_MAX
from fogbank.model.call import Call
from fogbank.model.principal import PrincipalType
from fogbank.services.iam.errors import not_found, validation_error
from fogbank.services.iam.records import Group, Role, User
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, Realm, Table, fold
from fogbank.store.api import Key, Transaction

Entity = User | Group | Role
E = TypeVar("E", User, Group, Role)


class EntityKind(Enum):
    """What policies can be attached to. The value is IAM's word in ARNs and messages."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"

    @property
    def title(self) -> str:
        return self.value.capitalize()

    @property
    def quota(self) -> tuple[str, int]:
        """The name of the account's quota and its default."""
        return {
            EntityKind.USER: ("UsersPerAccount", IAM_USERS_MAX),
            EntityKind.GROUP: ("GroupsPerAccount", IAM_GROUPS_MAX),
            EntityKind.ROLE: ("RolesPerAccount", IAM_ROLES_MAX),
        }[self]


def realm_of(ctx: Call[Iam]) -> Realm:
    return Realm(ctx.partition, ctx.account)


def table_of(state: Iam, kind: EntityKind) -> Table[Any]:
    match kind:
        case EntityKind.USER:
            return state.users
        case EntityKind.GROUP:
            return state.groups
        case EntityKind.ROLE:
            return state.roles


async def find(ctx: Call[Iam], kind: EntityKind, name: str) -> Found[Any]:
    """The entity of that name; NoSuchEntity when there is none."""
    found = await table_of(ctx.state, kind).get(realm_of(ctx), fold(name))
    if found is None:
        raise not_found(kind.value, name)
    return found


async def find_user(ctx: Call[Iam], name: str) -> Found[User]:
    return await find(ctx, EntityKind.USER, name)


async def find_group(ctx: Call[Iam], name: str) -> Found[Group]:
    return await find(ctx, EntityKind.GROUP, name)


async def find_role(ctx: Call[Iam], name: str) -> Found[Role]:
    return await find(ctx, EntityKind.ROLE, name)


async def find_named_user_or_caller(ctx: Call[Iam], name: str | None) -> Found[User]:
    """The named user, or the calling one where `UserName` may be left out."""
    if name is not None:
        return await find_user(ctx, name)
    if ctx.principal.type is PrincipalType.USER:
        return await find_user(ctx, ctx.principal.arn.rpartition("/")[2])
    raise validation_error("Must specify userName when calling with non-User credentials")


# --- unique ids: who an id belongs to, so that principals and memberships survive renaming -----------------------------


def id_key(realm: Realm, unique_id: str) -> Key:
    return ("iam", *realm, "unique-id", unique_id)


def put_id(
    tx: Transaction, realm: Realm, kind: EntityKind, entity: Entity, *, expect: int | None = None
) -> None:
    tx.put(id_key(realm, entity.id), f"{kind.value}:{fold(entity.name)}".encode(), expect=expect)


async def find_by_ids(ctx: Call[Iam], realm: Realm, kind: EntityKind, ids: list[str]) -> list[Found[Any]]:
    """The entities that still exist, in the order of their ids."""
    named = await ctx.state.store.get_many([id_key(realm, each) for each in ids])
    names = [(each.value.decode().partition(":")[2],) for each in named if each is not None]
    found = await table_of(ctx.state, kind).get_many(realm, names)
    return [each for each in found if each is not None]
