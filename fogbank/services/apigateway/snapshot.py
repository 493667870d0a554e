"""What the data plane reads: deployments' snapshots, stages, keys, usage plans, domain names. It writes none of them.

A deployment's snapshot is everything that answers requests, in AWS's wire shapes:

    {"api": RestApi, "resources": [Resource, …], "models": [Model, …], "requestValidators": [RequestValidator, …],
     "authorizers": [Authorizer, …], "gatewayResponses": {responseType: GatewayResponse}}

Resources carry `resourceMethods` with whole Methods (`methodIntegration`, `methodResponses`), as GetResources answers
them with `embed=methods`. `gatewayResponses` holds only those that were set. Models include the default ones.

News: `store.watch_records(keys.LIVE, …)` calls back after every change of what is read here, and after nothing else;
narrower: `keys.stages(api_id)`, `keys.snapshots(api_id)`. A snapshot never changes once it is there.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from fogbank.gateway.records import Wire, held, pack, read, scan
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.keys import Place
from fogbank.services.apigateway.limits import (
    BURST_LIMIT_DEFAULT,
    MAPPINGS_PER_DOMAIN_MAX,
    MODELS_PER_API_MAX,
    PLANS_PER_KEY_MAX,
    RATE_LIMIT_DEFAULT,
    RESOURCES_PER_API_MAX,
    SNAPSHOT_CHUNK_BYTES,
)
from fogbank.store.api import Key, Store, Transaction
from fogbank.store.secrets import Secrets

CERTIFICATE_SECRET = "apigateway client certificate"
CHUNKS_MAX = 1024


async def find_api(store: Store, api_id: str) -> Place | None:
    """Whose API it is. Ids are unique over accounts and regions."""
    found = await read(store, keys.api_index(api_id))
    return None if found is None else Place(found.wire["account"], found.wire["region"])


async def load_stage(store: Store, api_id: str, stage_name: str) -> Wire | None:
    """The Stage; `cacheEpoch` beside AWS's members counts the flushes of its cache, `authorizerEpoch` those of its
    authorizers' cache. Both are 0 when there was none."""
    stage, epoch = await store.get_many(
        [keys.stage(api_id, stage_name), keys.cache_epoch(api_id, stage_name)]
    )
    if stage is None:
        return None
    flushes = {} if epoch is None else held(epoch).wire
    return held(stage).wire | {
        "cacheEpoch": flushes.get("cache", 0),
        "authorizerEpoch": flushes.get("authorizers", 0),
    }


async def load_snapshot(store: Store, api_id: str, deployment_id: str) -> Wire | None:
    """What that deployment froze; None when there is no such deployment."""
    chunks = await store.scan(keys.snapshot(api_id, deployment_id), limit=CHUNKS_MAX)
    if not chunks:
        return None
    content: Wire = orjson.loads(b"".join(chunk.value for chunk in chunks))
    return content


def put_snapshot(tx: Transaction, api_id: str, deployment_id: str, content: Wire) -> None:
    """Store a snapshot under its deployment."""
    raw = pack(content)
    for number, at in enumerate(range(0, len(raw), SNAPSHOT_CHUNK_BYTES)):
        key = (*keys.snapshot(api_id, deployment_id), number)
        tx.put(key, raw[at : at + SNAPSHOT_CHUNK_BYTES])


async def draft_snapshot(store: Store, place: Place, api_id: str) -> Wire | None:
    """The same of what is being edited: what a deployment would freeze now, and what TestInvokeMethod runs."""
    api = await read(store, keys.api(place, api_id))
    if api is None:
        return None

    async def all_of(noun: str, limit: int) -> list[Wire]:
        return [found.wire for found in await scan(store, keys.part(api_id, noun), limit=limit)]

    responses = await all_of("gatewayresponse", 100)
    return {
        "api": api.wire,
        "resources": await all_of("resource", RESOURCES_PER_API_MAX),
        "models": await all_of("model", MODELS_PER_API_MAX),
        "requestValidators": await all_of("validator", 1000),
        "authorizers": await all_of("authorizer", 1000),
        "gatewayResponses": {response["responseType"]: response for response in responses},
    }


def method_settings(stage: Wire, resource_path: str, http_method: str) -> Wire:
    """The MethodSetting that holds for a method: its own, else the stage's `*/*`; {} when neither is set.

    A method's own setting begins as a copy of the stage's when it is first set, so nothing is merged here."""
    settings: dict[str, Wire] = stage.get("methodSettings") or {}
    for spelled in setting_paths(resource_path):
        if (own := settings.get(f"{spelled}/{http_method}")) is not None:
            return own
    return settings.get("*/*", {})


def setting_paths(resource_path: str) -> tuple[str, ...]:
    """How `methodSettings` may spell a resource's path: AWS keeps what the patch path said.

    `~1pets~1{id}` as in the AWS CLI's examples, `pets/{id}` as Terraform sends it, and what lies between."""
    plain = resource_path.strip("/")
    escaped = plain.replace("/", "~1")
    return (f"~1{escaped}", plain, escaped, f"/{plain}")


def value_key(place: Place, value: str) -> Key:
    """Where it is noted which API key has that value. Values are not spelled out in keys."""
    return keys.owned(place, "value", hashlib.sha256(value.encode()).digest())


async def find_api_key(store: Store, place: Place, value: str) -> Wire | None:
    """The ApiKey whose value a caller sent."""
    named = await read(store, value_key(place, value))
    if named is None:
        return None
    found = await read(store, keys.owned(place, "key", named.wire["id"]))
    return None if found is None else found.wire


async def plans_of_key(store: Store, place: Place, key_id: str) -> list[Wire]:
    """The UsagePlans that a key belongs to."""
    found = await store.scan(keys.owned(place, "key-plan", key_id), limit=PLANS_PER_KEY_MAX)
    plans = await store.get_many([keys.owned(place, "plan", record.key[-1]) for record in found])
    return [held(plan).wire for plan in plans if plan is not None]


async def load_account(store: Store, place: Place) -> Wire:
    """The Account: its throttle settings and the role that writes logs."""
    found = await read(store, keys.owned(place, "account"))
    return default_account() | (found.wire if found is not None else {})


def default_account() -> Wire:
    return {
        "throttleSettings": {"burstLimit": BURST_LIMIT_DEFAULT, "rateLimit": RATE_LIMIT_DEFAULT},
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    }


async def find_domain(store: Store, host: str) -> tuple[Place, Wire] | None:
    """Whose custom domain name a Host is, and the DomainName; wildcard names (`*.example.com`) are found too."""
    _, _, parent = host.partition(".")
    exact, wild = await store.get_many([keys.domain(host), keys.domain(f"*.{parent}")])
    record = exact or wild
    if record is None:
        return None
    found: dict[str, Any] = held(record).wire
    return Place(found["account"], found["region"]), found["domainName"]


async def load_mappings(store: Store, domain_name: str) -> list[Wire]:
    """The BasePathMappings of a domain name (its `domainName`, not the Host)."""
    return [
        found.wire for found in await scan(store, keys.mappings(domain_name), limit=MAPPINGS_PER_DOMAIN_MAX)
    ]


async def load_client_certificate(
    store: Store, secrets: Secrets, place: Place, certificate_id: str
) -> tuple[bytes, bytes] | None:
    """(certificate, private key) in PEM that a stage presents to its HTTP backends."""
    found = await read(store, keys.owned(place, "certificate", certificate_id))
    if found is None:
        return None
    key = secrets.open(CERTIFICATE_SECRET, bytes.fromhex(found.wire["sealedKey"]))
    return None if key is None else (found.wire["pemEncodedCertificate"].encode(), key)


async def load_vpc_link(store: Store, place: Place, link_id: str) -> Wire | None:
    found = await read(store, keys.owned(place, "vpclink", link_id))
    return None if found is None else found.wire
