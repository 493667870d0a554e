"""DeleteObject and DeleteObjects. What is not there is deleted, too."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.model.permissions import Need
from fogbank.services.s3.conditions import matches
from fogbank.services.s3.limits import DELETE_KEYS_MAX
from fogbank.services.s3.lookup import FoundBucket, FoundObject, bucket_of, check_version, find_object
from fogbank.services.s3.service import SERVICE, malformed_xml, precondition_failed
from fogbank.services.s3.state import S3, retried
from fogbank.store.api import Transaction

_REFUSED = frozenset({"MFA", "RequestPayer", "BypassGovernanceRetention"})


@SERVICE.operation(hot=True, refuses=_REFUSED | {"IfMatchLastModifiedTime", "IfMatchSize"})
async def delete_object(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    version_id: str | None = None,
    expected_bucket_owner: str | None = None,
    if_match: str | None = None,
) -> dict[str, Any]:
    async def attempt() -> None:
        found = await bucket_of(ctx, bucket, expected_bucket_owner)
        transaction = Transaction()
        _delete(ctx, await _found(ctx, found, key, version_id, if_match), transaction)
        if transaction.operations:
            await ctx.state.store.commit(transaction)

    await retried(attempt)
    return {} if version_id is None else {"VersionId": version_id}


@SERVICE.operation(refuses=_REFUSED)
async def delete_objects(
    ctx: Call[S3],
    *,
    bucket: str,
    delete: dict[str, Any],
    expected_bucket_owner: str | None = None,
    checksum_algorithm: str | None = None,
) -> dict[str, Any]:
    """Up to 1,000 keys in one transaction; an answer for each. The protocol has checked the body's checksum."""
    wanted = delete["Objects"]
    if not 1 <= len(wanted) <= DELETE_KEYS_MAX:
        raise malformed_xml()

    denied = await _denied(ctx, bucket, wanted) if ctx.calls.enforces else {}

    async def attempt() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        found = await bucket_of(ctx, bucket, expected_bucket_owner)
        transaction, deleted, errors, seen = Transaction(), [], [], set[str]()
        for number, each in enumerate(wanted):
            key, version_id = each["Key"], each.get("VersionId")
            named = {"Key": key} | ({} if version_id is None else {"VersionId": version_id})
            if number in denied:
                errors.append(named | {"Code": "AccessDenied", "Message": denied[number]})
                continue
            try:
                held = await _found(ctx, found, key, version_id, each.get("ETag"))
            except AwsError as error:
                errors.append(named | {"Code": error.code, "Message": error.message})
                continue
            if key not in seen:
                _delete(ctx, held, transaction)
                seen.add(key)
            deleted.append(named)
        if transaction.operations:
            await ctx.state.store.commit(transaction)
        return deleted, errors

    deleted, errors = await retried(attempt)
    output: dict[str, Any] = {} if delete.get("Quiet") else {"Deleted": deleted}
    return output | ({"Errors": errors} if errors else {})


async def _denied(ctx: Call[S3], bucket: str, wanted: list[dict[str, Any]]) -> dict[int, str]:
    """Which of the objects the caller may not delete, by their place in the request: the operation itself needs no permission."""
    denied: dict[int, str] = {}
    for number, each in enumerate(wanted):
        action = "s3:DeleteObjectVersion" if each.get("VersionId") else "s3:DeleteObject"
        resource = f"arn:{ctx.partition}:s3:::{bucket}/{each['Key']}"
        refusal = await ctx.calls.refusal(ctx.caller, Need(action, resource))
        if refusal is not None:
            denied[number] = (
                f'User: {ctx.principal.arn} is not authorized to perform: {action} on resource: "{resource}" {refusal}'
            )
    return denied


async def _found(
    ctx: Call[S3], bucket: FoundBucket, key: str, version_id: str | None, if_match: str | None
) -> FoundObject:
    check_version(key, version_id)
    found = await find_object(ctx, bucket, key)
    if if_match is not None and (found.held is None or not matches(if_match, found.held)):
        raise precondition_failed("If-Match")
    return found


def _delete(ctx: Call[S3], found: FoundObject, transaction: Transaction) -> None:
    if found.held is not None:
        transaction.delete(found.key, expect=found.version)
        ctx.state.collector.release(transaction, found.held)
