"""Which base path mappings name an API: an API or a stage that is mapped cannot be deleted."""

from __future__ import annotations

from fogbank.core.errors import AwsError
from fogbank.gateway.records import Wire, read, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.limits import DOMAIN_NAMES_MAX, MAPPINGS_PER_DOMAIN_MAX
from fogbank.services.apigateway.service import bad_request
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import Key, Transaction


def _use(api_id: str, host: str, base_path: str) -> Key:
    return (*keys.LIVE, "api-mapping", api_id, host, base_path)


def note(tx: Transaction, host: str, mapping: Wire) -> None:
    tx.put(_use(mapping["restApiId"], host, mapping["basePath"]), b"{}")


def forget(tx: Transaction, host: str, mapping: Wire) -> None:
    tx.delete(_use(mapping["restApiId"], host, mapping["basePath"]))


async def check_unmapped(ctx: Call[ApiGateway], api_id: str, stage_name: str | None) -> None:
    """BadRequestException while a domain name leads to the API (or to that stage of it)."""
    store = ctx.state.store
    if "apigatewayv2" in ctx.calls.services and await ctx.calls.internal(
        "apigatewayv2", "is_mapped", ctx.caller, api_id=api_id, stage=stage_name
    ):
        raise _mapped(stage_name)
    limit = DOMAIN_NAMES_MAX * MAPPINGS_PER_DOMAIN_MAX
    for use in await scan(store, (*keys.LIVE, "api-mapping", api_id), limit=limit):
        host, base_path = str(use.key[-2]), str(use.key[-1])
        mapping = await read(store, keys.mapping(host, base_path))
        if stage_name is None or (mapping is not None and mapping.wire.get("stage") == stage_name):
            raise _mapped(stage_name)


def _mapped(stage_name: str | None) -> AwsError:
    noun = "API" if stage_name is None else "stage"
    return bad_request(f"Please remove all base path mappings related to the {noun} in your account.")
