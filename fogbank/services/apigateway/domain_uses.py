"""Which base path mappings name an API: an API or a stage that is mapped cannot be deleted."""

from __future__ import annotations

from fogbank.services.apigateway import keys
from fogbank.services.apigateway.limits import DOMAIN_NAMES_MAX, MAPPINGS_PER_DOMAIN_MAX
from fogbank.services.apigateway.records import Wire, read, scan
from fogbank.services.apigateway.service import bad_request
from fogbank.store.api import Key, Store, Transaction


def _use(api_id: str, host: str, base_path: str) -> Key:
    return (*keys.LIVE, "api-mapping", api_id, host, base_path)


def note(tx: Transaction, host: str, mapping: Wire) -> None:
    tx.put(_use(mapping["restApiId"], host, mapping["basePath"]), b"{}")


def forget(tx: Transaction, host: str, mapping: Wire) -> None:
    tx.delete(_use(mapping["restApiId"], host, mapping["basePath"]))


async def check_unmapped(store: Store, api_id: str, stage_name: str | None) -> None:
    """BadRequestException while a domain name leads to the API (or to that stage of it)."""
    limit = DOMAIN_NAMES_MAX * MAPPINGS_PER_DOMAIN_MAX
    for use in await scan(store, (*keys.LIVE, "api-mapping", api_id), limit=limit):
        host, base_path = str(use.key[-2]), str(use.key[-1])
        mapping = await read(store, keys.mapping(host, base_path))
        if stage_name is None or (mapping is not None and mapping.wire.get("stage") == stage_name):
            raise bad_request(
                "Please remove all base path mappings related to the "
                f"{'API' if stage_name is None else 'stage'} in your account."
            )
