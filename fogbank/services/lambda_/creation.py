"""CreateFunction: the settings of a new function, checked in AWS's order, and its first commit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.config import AuthMode
from fogbank.core.errors import AwsError, Conflict, NotSupported
from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.code_source import zip_of
from fogbank.services.lambda_.code_store import sha_of
from fogbank.services.lambda_.environment import check_variables, seal_variables
from fogbank.services.lambda_.errors import conflict, invalid_parameter
from fogbank.services.lambda_.layer_uses import resolve_layers
from fogbank.services.lambda_.names import LATEST, FunctionName, parse_name
from fogbank.services.lambda_.phases import Phase
from fogbank.services.lambda_.records import Function, Logging, Version, encode
from fogbank.services.lambda_.rendering import configuration
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
from fogbank.services.lambda_.tables import put_version
from fogbank.services.lambda_.tag_rules import check_tags
from fogbank.store.api import ABSENT, Transaction

PRINCIPAL = "lambda.amazonaws.com"


@SERVICE.operation(
    refuses={
        "AcceleratorConfig",
        "CapacityProviderConfig",
        "CodeSigningConfigArn",
        "DurableConfig",
        "PublishTo",
        "RuntimeConfig",
        "TenancyConfig",
    }
)
async def create_function(
    ctx: Call[Lambda],
    *,
    function_name: str,
    role: str,
    code: dict[str, Any],
    runtime: str | None = None,
    handler: str | None = None,
    description: str = "",
    timeout: int = 3,
    memory_size: int = 128,
    publish: bool = False,
    package_type: str = "Zip",
    environment: dict[str, Any] | None = None,
    layers: list[str] | None = None,
    tags: dict[str, str] | None = None,
    architectures: list[str] | None = None,
    ephemeral_storage: dict[str, int] | None = None,
    logging_config: dict[str, Any] | None = None,
    tracing_config: dict[str, str] | None = None,
    vpc_config: dict[str, Any] | None = None,
    dead_letter_config: dict[str, Any] | None = None,
    file_system_configs: list[Any] | None = None,
    image_config: dict[str, Any] | None = None,
    kms_key_arn: str | None = None,
    snap_start: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Create a function from a zip. It is Pending until it has settled."""
    name = _new_name(ctx, function_name)
    if package_type == "Image" or "ImageUri" in code:
        raise NotSupported("Lambda functions from container images")
    if runtime is None or handler is None:
        raise invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    check_runtime(runtime)
    check_sizes(timeout, memory_size)
    refuse_unless_empty(vpc_config, file_system_configs, image_config, kms_key_arn, snap_start)
    await check_role(ctx, role)
    check_tags(tags or {})
    variables = None if environment is None else environment.get("Variables", {})
    check_variables(variables or {})
    state = ctx.state
    draft = Version(
        version=LATEST,
        revision_id=state.ids.uuid(),
        build=state.ids.hex(16),
        phase=Phase.CREATING,
        runtime=runtime,
        handler=handler,
        role=role,
        code_sha="",
        code_bytes=0,
        unzipped_bytes=0,
        modified_ms=state.clock.now_ms(),
        description=description,
        timeout_s=timeout,
        memory_mb=memory_size,
        tmp_mb=(ephemeral_storage or {}).get("Size", 512),
        architecture=architecture_of(architectures),
        environment=None if variables is None else seal_variables(state.secrets, name, variables),
        logging=logging_of(logging_config, name.name, Logging()),
        tracing=(tracing_config or {}).get("Mode", "PassThrough"),
        dead_letter_arn=dead_letter_of(dead_letter_config, ctx.calls) or None,
    )
    await check_dead_letters(ctx, name, role, draft.dead_letter_arn)
    content = await zip_of(ctx, code, "CreateFunction")
    created = await _create(ctx, name, draft, content, layers or [], tags or {}, publish)
    return configuration(name, created, variables)


async def _create(
    ctx: Call[Lambda],
    name: FunctionName,
    draft: Version,
    content: bytes,
    layers: list[str],
    tags: dict[str, str],
    publish: bool,
) -> Version:
    """Take the code in and commit; the version that the answer shows."""
    state = ctx.state
    if await state.store.get(keys.function(name)) is not None:
        raise _exists(name)
    uses = await resolve_layers(ctx, layers)
    async with state.code.held(sha_of(content)):
        package = await state.code.take_in(content)
        check_unzipped(package.unzipped_bytes, uses)
        latest = replace(
            draft,
            code_sha=package.sha,
            code_bytes=package.zip_bytes,
            unzipped_bytes=package.unzipped_bytes,
            layers=uses,
        )
        return await _commit(ctx, name, latest, tags, publish)


async def _commit(
    ctx: Call[Lambda], name: FunctionName, latest: Version, tags: dict[str, str], publish: bool
) -> Version:
    """Write the function, and its version 1 if it is published at once; the version that the answer shows."""
    state = ctx.state
    function = Function(name.name, state.ids.hex(12), latest, 1 if publish else 0, None, tags)
    versions = [latest]
    transaction = Transaction()
    transaction.put(keys.function(name), encode(function), expect=ABSENT)
    if publish:
        versions.append(replace(latest, version="1", revision_id=state.ids.uuid()))
        put_version(transaction, name, versions[1])
    for version in versions:
        state.collector.use(transaction, name, version)
        state.settler.promise(transaction, name, version)
    try:
        await state.store.commit(transaction)
    except Conflict:
        raise _exists(name) from None
    state.changed()
    for version in versions:
        state.settler.begin(name, version)
    return versions[-1]


def _new_name(ctx: Call[Lambda], text: str) -> FunctionName:
    name = parse_name(text, ctx.account, ctx.region)
    if name.account != ctx.account:
        raise AwsError(
            "AccessDeniedException",
            f"User: {ctx.principal.arn} is not authorized to perform: lambda:CreateFunction on resource: {name.arn}",
            status=403,
        )
    if name.qualifier is not None:
        raise invalid_parameter("A function cannot be created with a qualifier in its name.")
    return name


async def check_role(ctx: Call[Lambda], role: str) -> None:
    """A role of another account cannot be passed, nor one that does not trust Lambda. Open mode takes made-up ones (see
    `platform.role_session`)."""
    found = parse_arn(role)
    enforced = ctx.state.settings.auth_mode is AuthMode.ENFORCE
    if enforced and found is not None and found.account != ctx.account:
        raise AwsError("AccessDeniedException", "Cross-account pass role is not allowed.", status=403)
    if ctx.calls.enforces and not await ctx.calls.internal(
        "sts", "service_may_assume", ctx.caller, role_arn=role, services=(PRINCIPAL,)
    ):
        raise invalid_parameter("The role defined for the function cannot be assumed by Lambda.")


def _exists(name: FunctionName) -> AwsError:
    return conflict(f"Function already exist: {name.name}")
