"""Published versions: publish one, list them."""

from __future__ import annotations

from typing import Any

from fogbank.model.call import Call
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.errors import conflict, invalid_parameter
from fogbank.services.lambda_.functions import rendered, versions_of
from fogbank.services.lambda_.names import LATEST, FunctionName, parse_name
from fogbank.services.lambda_.pages import decode_marker, encode_marker, page_size
from fogbank.services.lambda_.phases import FAILED, Phase, state_of
from fogbank.services.lambda_.records import Version
from fogbank.services.lambda_.rendering import listed
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import find_function, find_version, put_function, put_version, retried
from fogbank.services.lambda_.updates import check_changeable, publication
from fogbank.store.api import Transaction

_LISTING = "versions"


@SERVICE.operation(refuses={"PublishTo"})
async def publish_version(
    ctx: Call[Lambda],
    *,
    function_name: str,
    code_sha256: str | None = None,
    description: str | None = None,
    revision_id: str | None = None,
) -> dict[str, Any]:
    """Publish `$LATEST`; when nothing changed since the last version, that one is the answer."""
    name = parse_name(function_name, ctx.account, ctx.region)
    await check_access(ctx, name, "lambda:PublishVersion")
    name = name.with_qualifier(None)
    version = await retried(lambda: _publish(ctx, name, code_sha256, description, revision_id))
    return rendered(ctx, name.with_qualifier(version.version), version)


async def _publish(
    ctx: Call[Lambda],
    name: FunctionName,
    code_sha256: str | None,
    description: str | None,
    revision_id: str | None,
) -> Version:
    state = ctx.state
    function, stored = await find_function(state.store, name)
    latest = function.latest
    check_changeable(name, latest, revision_id)
    if latest.phase in FAILED:
        raise conflict(
            "The operation cannot be performed at this time. The function is currently in the following state: "
            f"{state_of(latest.phase)}"
        )
    if code_sha256 is not None and code_sha256 != latest.code_sha256:
        raise invalid_parameter(
            f"CodeSHA256 ({code_sha256}) is different from current CodeSHA256 in $LATEST ({latest.code_sha256}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    if function.published:
        last = await find_version(state.store, name, function, str(function.published))
        if last is not None and last.build == latest.build:
            return last
    function, version = publication(ctx, function, Phase.ACTIVE, description)
    transaction = Transaction()
    put_function(transaction, name, function, stored)
    put_version(transaction, name, version)
    state.collector.use(transaction, name, version)
    await state.store.commit(transaction)
    state.changed()
    return version


@SERVICE.operation
async def list_versions_by_function(
    ctx: Call[Lambda], *, function_name: str, marker: str | None = None, max_items: int | None = None
) -> dict[str, Any]:
    """`$LATEST` and the published versions, in order."""
    name = parse_name(function_name, ctx.account, ctx.region)
    await check_access(ctx, name, "lambda:ListVersionsByFunction")
    name = name.with_qualifier(None)
    function, _ = await find_function(ctx.state.store, name)
    limit = page_size(max_items)
    position = decode_marker(_LISTING, marker)
    versions = [function.latest] if position is None else []
    async for version in versions_of(ctx, name, position or 0):
        versions.append(version)
        if len(versions) > limit:
            break
    answer: dict[str, Any] = {
        "Versions": [
            listed(rendered(ctx, name.with_qualifier(version.version), version))
            for version in versions[:limit]
        ]
    }
    if len(versions) > limit:
        last = versions[limit - 1].version
        answer["NextMarker"] = encode_marker(_LISTING, 0 if last == LATEST else int(last))
    return answer
