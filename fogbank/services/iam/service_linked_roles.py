"""Roles that belong to an AWS service: made for it, named by it, changed and deleted only through here.

Which services have one, and what it is called, is in `service_linked_roles.json`.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.iam import shapes
from fogbank.services.iam.aws_policies import service_linked_roles
from fogbank.services.iam.entities import find_role, realm_of
from fogbank.services.iam.errors import invalid_input, no_such_entity
from fogbank.services.iam.records import DeletionTask, Role
from fogbank.services.iam.roles import SERVICE_PATH, add_role, remove_role
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import fold, retried
from fogbank.store.api import Transaction

Wire = dict[str, Any]
_SERVICE_PRINCIPAL = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return orjson.dumps({"Version": "2012-10-17", "Statement": [statement]}).decode()


def _name(service: str, suffix: str | None) -> str:
    linked = service_linked_roles().get(service)
    if linked is None:
        if not _SERVICE_PRINCIPAL.fullmatch(service):
            raise invalid_input(f"Invalid service principal {service}")
        raise NotSupported(f"service-linked roles for {service}")
    if suffix is None:
        return str(linked["Role"])
    if not linked.get("Suffix"):
        raise invalid_input(f"Custom suffix is not allowed for {service}")
    return f"{linked['Role']}_{suffix}"


@SERVICE.operation
@retried
async def create_service_linked_role(
    ctx: Call[Iam], *, aws_service_name: str, description: str | None = None, custom_suffix: str | None = None
) -> Wire:
    name = _name(aws_service_name, custom_suffix)
    linked = service_linked_roles()[aws_service_name]
    realm = realm_of(ctx)
    if await ctx.state.roles.get(realm, fold(name)):
        raise invalid_input(
            f"Service role name {name} has been taken in this account, please try a different suffix."
        )
    path = f"{SERVICE_PATH}{aws_service_name}/"
    policy = f"arn:{ctx.partition}:iam::aws:policy{SERVICE_PATH}{linked['Policy']}"
    role = Role(
        name=name,
        path=path,
        id=ctx.state.ids.unique("AROA"),
        arn=realm.arn(f"role{path}{name}"),
        created_ms=ctx.state.now_ms(),
        trust=_trust(aws_service_name),
        description=linked.get("Description") if description is None else description,
        attached=(policy,),
        linked_to=aws_service_name,
    )
    await add_role(ctx, role)
    return {"Role": shapes.role_as_created(role, role.trust)}


@SERVICE.operation
@retried
async def delete_service_linked_role(ctx: Call[Iam], *, role_name: str) -> Wire:
    """Deletion is AWS's to permit; as no service here uses such a role, it is done at once."""
    found = await find_role(ctx, role_name)
    role = found.record
    if role.linked_to is None:
        raise invalid_input(f"Role {role_name} is not a service linked role.")
    task_id = f"task{role.path}{role.name}/{ctx.state.ids.uuid()}"
    task = DeletionTask(task_id, "SUCCEEDED", ctx.state.now_ms())
    tx = Transaction()
    # Kept by the role's name: a later deletion of the like-named role takes its place.
    ctx.state.deletion_tasks.put(tx, realm_of(ctx), fold(role.name), record=task, expect=None)
    await remove_role(ctx, tx, found)
    return {"DeletionTaskId": task_id}


@SERVICE.operation
async def get_service_linked_role_deletion_status(ctx: Call[Iam], *, deletion_task_id: str) -> Wire:
    role_name = deletion_task_id.rpartition("/")[0].rpartition("/")[2]
    found = await ctx.state.deletion_tasks.get(realm_of(ctx), fold(role_name))
    if found is None or found.record.id != deletion_task_id:
        raise no_such_entity(f"Deletion task {deletion_task_id} cannot be found.")
    return {"Status": found.record.status}
