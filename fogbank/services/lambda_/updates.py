"""UpdateFunctionCode and UpdateFunctionConfiguration: what changes `$LATEST`, which settles anew after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.code_source import zip_of
from fogbank.services.lambda_.code_store import Package, sha_of
from fogbank.services.lambda_.creation import check_role
from fogbank.services.lambda_.environment import check_variables, seal_variables
from fogbank.services.lambda_.errors import conflict, invalid_parameter, stale_revision
from fogbank.services.lambda_.functions import rendered
from fogbank.services.lambda_.layer_uses import resolve_layers
from fogbank.services.lambda_.names import FunctionName, parse_name
from fogbank.services.lambda_.phases import TRANSITIONS, UNSETTLED, Change, Phase, state_of
from fogbank.services.lambda_.records import Function, Version
from fogbank.services.lambda_.role_permissions import check_dead_letters
from fogbank.services.lambda_.runtimes import check_runtime
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.settings import (
    architecture_of,
    check_sizes,
    check_unzipped,
    dead_letter_of,
    logging_of,
    refuse_unless_empty,
)
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import find_function, put_function, put_version, retried
from fogbank.store.api import Transaction

REVISION_TELLERS = "GetFunction/GetAlias"


@SERVICE.operation(refuses={"PublishTo"})
async def update_function_code(
    ctx: Call[Lambda],
    *,
    function_name: str,
    zip_file: bytes | None = None,
    s3_bucket: str | None = None,
    s3_key: str | None = None,
    s3_object_version: str | None = None,
    s3_object_storage_mode: str | None = None,
    image_uri: str | None = None,
    source_kms_key_arn: str | None = None,
    architectures: list[str] | None = None,
    publish: bool = False,
    dry_run: bool = False,
    revision_id: str | None = None,
) -> dict[str, Any]:
    """Replace the code, or with DryRun only check that one could."""
    name = await _name(ctx, function_name, "lambda:UpdateFunctionCode")
    if image_uri is not None:
        raise NotSupported("Lambda functions from container images")
    code = {
        "ZipFile": zip_file,
        "S3Bucket": s3_bucket,
        "S3Key": s3_key,
        "S3ObjectVersion": s3_object_version,
        "S3ObjectStorageMode": s3_object_storage_mode,
        "SourceKMSKeyArn": source_kms_key_arn,
    }
    sent = {member: value for member, value in code.items() if value is not None}
    content = await zip_of(ctx, sent, "UpdateFunctionCode")
    state = ctx.state
    function, _ = await find_function(state.store, name)
    check_changeable(name, function.latest, revision_id)
    async with state.code.held(sha_of(content)):
        package = await state.code.take_in(content)

        def change(latest: Version) -> Version:
            check_unzipped(package.unzipped_bytes, latest.layers)
            return replace(
                latest,
                code_sha=package.sha,
                code_bytes=package.zip_bytes,
                unzipped_bytes=package.unzipped_bytes,
                architecture=architecture_of(architectures, latest.architecture),
            )

        if dry_run:
            version = await _dry_run(ctx, name, package, change)
        else:
            version = await retried(lambda: change_latest(ctx, name, revision_id, change, publish=publish))
    return rendered(ctx, name.with_qualifier(version.version if publish else None), version)


async def _dry_run(
    ctx: Call[Lambda], name: FunctionName, package: Package, change: Callable[[Version], Version]
) -> Version:
    """What the configuration would be. The package was taken in for the check only."""
    state = ctx.state
    transaction = Transaction()
    state.collector.release(transaction, package.sha, f"{name.arn}:dry-run")
    await state.store.commit(transaction)
    function, _ = await find_function(state.store, name)
    return change(function.latest)


@SERVICE.operation(refuses={"AcceleratorConfig", "CapacityProviderConfig", "DurableConfig", "RuntimeConfig"})
async def update_function_configuration(
    ctx: Call[Lambda],
    *,
    function_name: str,
    role: str | None = None,
    handler: str | None = None,
    description: str | None = None,
    timeout: int | None = None,
    memory_size: int | None = None,
    environment: dict[str, Any] | None = None,
    runtime: str | None = None,
    layers: list[str] | None = None,
    ephemeral_storage: dict[str, int] | None = None,
    logging_config: dict[str, Any] | None = None,
    tracing_config: dict[str, str] | None = None,
    revision_id: str | None = None,
    vpc_config: dict[str, Any] | None = None,
    dead_letter_config: dict[str, Any] | None = None,
    file_system_configs: list[Any] | None = None,
    image_config: dict[str, Any] | None = None,
    kms_key_arn: str | None = None,
    snap_start: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Change settings; what is not given stays."""
    name = await _name(ctx, function_name, "lambda:UpdateFunctionConfiguration")
    function, _ = await find_function(ctx.state.store, name)
    check_changeable(name, function.latest, revision_id)
    if runtime is not None:
        check_runtime(runtime)
    check_sizes(timeout, memory_size)
    refuse_unless_empty(vpc_config, file_system_configs, image_config, kms_key_arn, snap_start)
    given: dict[str, Any] = {
        "handler": handler,
        "description": description,
        "timeout_s": timeout,
        "memory_mb": memory_size,
        "runtime": runtime,
        "role": role,
    }
    if role is not None:
        await check_role(ctx, role)
    if environment is not None:
        variables = environment.get("Variables", {})
        check_variables(variables)
        given["environment"] = seal_variables(ctx.state.secrets, name, variables)
    if layers is not None:
        given["layers"] = await resolve_layers(ctx, layers)
    if ephemeral_storage is not None:
        given["tmp_mb"] = ephemeral_storage["Size"]
    if tracing_config is not None:
        given["tracing"] = tracing_config.get("Mode", "PassThrough")
    dead_letter_arn = dead_letter_of(dead_letter_config, ctx.calls)
    if dead_letter_arn is not None:
        await check_dead_letters(ctx, name, role or function.latest.role, dead_letter_arn)
        given["dead_letter_arn"] = dead_letter_arn
    given = {member: value for member, value in given.items() if value is not None}

    def change(latest: Version) -> Version:
        changed = replace(latest, logging=logging_of(logging_config, name.name, latest.logging), **given)
        check_unzipped(changed.unzipped_bytes, changed.layers)
        return replace(changed, dead_letter_arn=changed.dead_letter_arn or None)

    version = await retried(lambda: change_latest(ctx, name, revision_id, change))
    return rendered(ctx, name, version)


async def change_latest(
    ctx: Call[Lambda],
    name: FunctionName,
    revision_id: str | None,
    change: Callable[[Version], Version],
    *,
    publish: bool = False,
) -> Version:
    """Change `$LATEST` once, and publish it if asked to; the version that the answer shows. Raises Conflict."""
    state = ctx.state
    function, stored = await find_function(state.store, name)
    before = function.latest
    check_changeable(name, before, revision_id)
    latest = replace(
        change(before),
        phase=TRANSITIONS[before.phase, Change.UPDATED],
        failure=None,
        failure_code=None,
        revision_id=state.ids.uuid(),
        build=state.ids.hex(16),
        modified_ms=state.clock.now_ms(),
    )
    function = replace(function, latest=latest)
    transaction = Transaction()
    state.collector.replace(transaction, name, before, latest)
    unsettled = [latest]
    if publish:
        function, published = publication(ctx, function, Phase.CREATING)
        put_version(transaction, name, published)
        state.collector.use(transaction, name, published)
        unsettled.append(published)
    put_function(transaction, name, function, stored)
    for version in unsettled:
        state.settler.promise(transaction, name, version)
    await state.store.commit(transaction)
    state.changed()
    for version in unsettled:
        state.settler.begin(name, version)
    return unsettled[-1]


def publication(
    ctx: Call[Lambda], function: Function, phase: Phase, description: str | None = None
) -> tuple[Function, Version]:
    """`$LATEST` as the next published version, and the function that has it."""
    number = function.published + 1
    version = replace(
        function.latest,
        version=str(number),
        revision_id=ctx.state.ids.uuid(),
        phase=phase,
        description=function.latest.description if description is None else description,
    )
    return replace(function, published=number), version


def check_changeable(name: FunctionName, latest: Version, revision_id: str | None) -> None:
    """Refuse while the last change is under way, and for a caller who looked at an older revision."""
    if latest.phase is Phase.CREATING:
        raise conflict(
            "The operation cannot be performed at this time. The function is currently in the following state: "
            f"{state_of(latest.phase)}"
        )
    if latest.phase in UNSETTLED:
        raise conflict(
            f"The operation cannot be performed at this time. An update is in progress for resource: {name.arn}"
        )
    if revision_id is not None and revision_id != latest.revision_id:
        raise stale_revision(REVISION_TELLERS)


async def _name(ctx: Call[Lambda], function_name: str, action: str) -> FunctionName:
    name = parse_name(function_name, ctx.account, ctx.region)
    await check_access(ctx, name, action)
    if name.qualifier is not None:
        raise invalid_parameter(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
            "operation. Please specify either a function name or an unqualified function ARN."
        )
    return name
