"""Another name or path for what IAM keeps by its name: users, groups and server certificates."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from fogbank.model.call import Call
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.errors import already_exists
from fogbank.services.iam.records import Group, ServerCertificate, User
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, Table, fold
from fogbank.store.api import ABSENT, Transaction

R = TypeVar("R", User, Group, ServerCertificate)


async def renamed(
    ctx: Call[Iam],
    table: Table[R],
    found: Found[R],
    name: str | None,
    path: str | None,
    *,
    kind: str,
    title: str,
) -> tuple[Transaction, R]:
    """The transaction that does it, and the record as it will be. None leaves what is there; `kind` is the word in ARNs, `title`
    that of EntityAlreadyExists."""
    realm = realm_of(ctx)
    name, path = name or found.record.name, path or found.record.path
    record = replace(found.record, name=name, path=path, arn=realm.arn(f"{kind}{path}{name}"))
    tx = Transaction()
    if fold(name) == fold(found.record.name):
        return found.put(tx, record), record
    if await table.get(realm, fold(name)):
        raise already_exists(f"{title} with name {name} already exists.")
    table.put(tx, realm, fold(name), record=record, expect=ABSENT)
    return found.delete(tx), record
