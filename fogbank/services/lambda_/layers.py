"""Layers: publish versions, look at them, list and delete them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from fogbank.core.arn import partition_of
from fogbank.core.clock import iso8601
from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.code_source import zip_of
from fogbank.services.lambda_.code_store import sha_of
from fogbank.services.lambda_.errors import access_denied, invalid_parameter, not_found, validation
from fogbank.services.lambda_.pages import decode_marker, encode_marker, page_size
from fogbank.services.lambda_.policy import allows_account
from fogbank.services.lambda_.records import (
    Layer,
    LayerVersion,
    decode_layer,
    decode_layer_version,
    decode_policy,
    encode,
)
from fogbank.services.lambda_.runtimes import runtimes_known
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import retried
from fogbank.store.api import ABSENT, Transaction

LAYER_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:"
    r"(?P<name>[a-zA-Z0-9-_]+)(:(?P<version>\d{1,18}))?"
)
_SCAN_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class LayerName:
    """A layer, in whoever's account."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:{partition_of(self.region)}:lambda:{self.region}:{self.account}:layer:{self.name}"

    def version_arn(self, number: int) -> str:
        return f"{self.arn}:{number}"


def parse_layer(ctx: Call[Lambda], text: str) -> LayerName:
    """The layer that a name or an ARN names."""
    found = LAYER_ARN.fullmatch(text)
    if found is None:
        return LayerName(ctx.account, ctx.region, text)
    if found["region"] != ctx.region:
        raise not_found("The resource you requested does not exist.")
    return LayerName(found["account"], found["region"], found["name"])


@SERVICE.operation
async def publish_layer_version(
    ctx: Call[Lambda],
    *,
    layer_name: str,
    content: dict[str, Any],
    description: str = "",
    compatible_runtimes: list[str] | None = None,
    compatible_architectures: list[str] | None = None,
    license_info: str | None = None,
) -> dict[str, Any]:
    """Take a zip in as the next version of a layer, which begins with it where it is new."""
    name = parse_layer(ctx, layer_name)
    _check_owner(ctx, name, "PublishLayerVersion")
    if unknown := [runtime for runtime in compatible_runtimes or () if runtime not in runtimes_known()]:
        constraint = f"Member must satisfy enum value set: [{', '.join(runtimes_known())}]"
        raise validation(
            f"[{', '.join(unknown)}]", "compatibleRuntimes", f"Member must satisfy constraint: [{constraint}]"
        )
    packed = await zip_of(ctx, content, "PublishLayerVersion")
    state = ctx.state
    async with state.code.held(sha_of(packed)):
        package = await state.code.take_in(packed)
        if names := state.code.extensions(package.sha):
            raise NotSupported(f"Lambda extensions in layers (extensions/{names[0]})")

        async def attempt() -> LayerVersion:
            key = keys.layer(name.account, name.region, name.name)
            record = await state.store.get(key)
            number = (decode_layer(record.value).published if record is not None else 0) + 1
            version = LayerVersion(
                number,
                package.sha,
                package.zip_bytes,
                package.unzipped_bytes,
                state.clock.now_ms(),
                description,
                license_info,
                None if compatible_runtimes is None else tuple(compatible_runtimes),
                None if compatible_architectures is None else tuple(compatible_architectures),
            )
            transaction = Transaction()
            expect = record.version if record is not None else ABSENT
            transaction.put(key, encode(Layer(number)), expect=expect)
            transaction.put(_key(name, number), encode(version), expect=ABSENT)
            transaction.put(keys.code_use(package.sha, name.version_arn(number)), b"")
            await state.store.commit(transaction)
            return version

        version = await retried(attempt)
    return _detailed(ctx, name, version)


@SERVICE.operation
async def get_layer_version(ctx: Call[Lambda], *, layer_name: str, version_number: int) -> dict[str, Any]:
    """One version, with a link to its zip."""
    name = parse_layer(ctx, layer_name)
    version = await find_layer_version(ctx, name, version_number)
    if version is None:
        raise not_found("The resource you requested does not exist.")
    await check_layer_access(ctx, name, version_number)
    return _detailed(ctx, name, version)


@SERVICE.operation
async def get_layer_version_by_arn(ctx: Call[Lambda], *, arn: str) -> dict[str, Any]:
    """The same, by the version's ARN."""
    found = LAYER_ARN.fullmatch(arn)
    if found is None or found["version"] is None:
        raise invalid_parameter(f"Layer version {arn} does not exist.")
    return await get_layer_version(
        ctx, layer_name=arn.rpartition(":")[0], version_number=int(found["version"])
    )


@SERVICE.operation
async def delete_layer_version(ctx: Call[Lambda], *, layer_name: str, version_number: int) -> dict[str, Any]:
    """Delete a version. Functions that use it keep it; its number is not given out again."""
    name = parse_layer(ctx, layer_name)
    _check_owner(ctx, name, "DeleteLayerVersion")
    version = await find_layer_version(ctx, name, version_number)
    if version is not None:
        transaction = Transaction().delete(_key(name, version_number))
        transaction.delete(keys.layer_policy(name.account, name.region, name.name, version_number))
        ctx.state.collector.release(transaction, version.code_sha, name.version_arn(version_number))
        await ctx.state.store.commit(transaction)
    return {}


@SERVICE.operation
async def list_layer_versions(
    ctx: Call[Lambda],
    *,
    layer_name: str,
    compatible_runtime: str | None = None,
    compatible_architecture: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> dict[str, Any]:
    """The versions of a layer, the newest first."""
    _check_runtime_filter(compatible_runtime)
    name = parse_layer(ctx, layer_name)
    _check_owner(ctx, name, "ListLayerVersions")
    limit = page_size(max_items)
    before = decode_marker("layer-versions", marker)
    versions: list[LayerVersion] = []
    async for version in _newest_first(ctx, name, before):
        if _is_compatible(version, compatible_runtime, compatible_architecture):
            versions.append(version)
        if len(versions) > limit:
            break
    answer: dict[str, Any] = {"LayerVersions": [_shown(name, version) for version in versions[:limit]]}
    if len(versions) > limit:
        answer["NextMarker"] = encode_marker("layer-versions", versions[limit - 1].number)
    return answer


@SERVICE.operation
async def list_layers(
    ctx: Call[Lambda],
    *,
    compatible_runtime: str | None = None,
    compatible_architecture: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> dict[str, Any]:
    """The account's layers by name, each with its newest version that fits."""
    _check_runtime_filter(compatible_runtime)
    limit = page_size(max_items)
    position = decode_marker("layers", marker)
    after = None if position is None else keys.layer(ctx.account, ctx.region, position)
    layers: list[dict[str, Any]] = []
    while len(layers) <= limit:
        records = await ctx.state.store.scan(
            keys.layers(ctx.account, ctx.region), after=after, limit=_SCAN_AT_ONCE
        )
        for record in records:
            name = LayerName(ctx.account, ctx.region, str(record.key[-1]))
            async for version in _newest_first(ctx, name, None):
                if _is_compatible(version, compatible_runtime, compatible_architecture):
                    shown = {"LayerName": name.name, "LayerArn": name.arn}
                    layers.append(shown | {"LatestMatchingVersion": _shown(name, version)})
                    break
        if len(records) < _SCAN_AT_ONCE:
            break
        after = records[-1].key
    answer: dict[str, Any] = {"Layers": layers[:limit]}
    if len(layers) > limit:
        answer["NextMarker"] = encode_marker("layers", layers[limit - 1]["LayerName"])
    return answer


async def find_layer_version(ctx: Call[Lambda], name: LayerName, number: int) -> LayerVersion | None:
    """A version by its number; refuses numbers that can never be one."""
    if number < 1:
        raise invalid_parameter("Layer Version Cannot be less than 1.")
    record = await ctx.state.store.get(_key(name, number))
    return None if record is None else decode_layer_version(record.value)


async def check_layer_access(ctx: Call[Lambda], name: LayerName, number: int) -> None:
    """A layer of another account is for those whom its policy names."""
    if name.account == ctx.account:
        return
    key = keys.layer_policy(name.account, name.region, name.name, number)
    record = await ctx.state.store.get(key)
    if record is None or not allows_account(decode_policy(record.value), ctx.account):
        raise access_denied(ctx.principal.arn, "lambda:GetLayerVersion", name.version_arn(number))


async def _newest_first(
    ctx: Call[Lambda], name: LayerName, before: int | None
) -> AsyncIterator[LayerVersion]:
    key = None if before is None else _key(name, before)
    while True:
        records = await ctx.state.store.scan(
            keys.layer_versions(name.account, name.region, name.name),
            before=key,
            limit=_SCAN_AT_ONCE,
            reverse=True,
        )
        for record in records:
            yield decode_layer_version(record.value)
        if len(records) < _SCAN_AT_ONCE:
            return
        key = records[-1].key


def _check_runtime_filter(runtime: str | None) -> None:
    if runtime is not None and runtime not in runtimes_known():
        constraint = f"Member must satisfy enum value set: [{', '.join(runtimes_known())}]"
        raise validation(runtime, "compatibleRuntime", constraint)


def _is_compatible(version: LayerVersion, runtime: str | None, architecture: str | None) -> bool:
    return (runtime is None or runtime in (version.runtimes or ())) and (
        architecture is None or architecture in (version.architectures or ())
    )


def _check_owner(ctx: Call[Lambda], name: LayerName, action: str) -> None:
    if name.account != ctx.account:
        raise access_denied(ctx.principal.arn, f"lambda:{action}", name.arn)


def _shown(name: LayerName, version: LayerVersion) -> dict[str, Any]:
    """A version as lists show it."""
    shown: dict[str, Any] = {
        "LayerVersionArn": name.version_arn(version.number),
        "Version": version.number,
        "Description": version.description or "",
        "CreatedDate": iso8601(version.created_ms),
    }
    if version.runtimes is not None:
        shown["CompatibleRuntimes"] = list(version.runtimes)
    if version.architectures is not None:
        shown["CompatibleArchitectures"] = list(version.architectures)
    if version.license_info is not None:
        shown["LicenseInfo"] = version.license_info
    return shown


def _detailed(ctx: Call[Lambda], name: LayerName, version: LayerVersion) -> dict[str, Any]:
    """A version by itself, with its content."""
    return _shown(name, version) | {
        "LayerArn": name.arn,
        "Content": {
            "Location": ctx.state.links.make(ctx.caller, version.code_sha),
            "CodeSha256": version.code_sha256,
            "CodeSize": version.code_bytes,
        },
    }


def _key(name: LayerName, number: int) -> tuple[bytes | int | str, ...]:
    return keys.layer_version(name.account, name.region, name.name, number)
