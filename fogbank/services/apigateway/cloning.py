"""CreateRestApi with `cloneFrom`: the parts of another API under new ids."""

from __future__ import annotations

from fogbank.gateway.records import Wire, pack
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import new_id
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.service import bad_request
from fogbank.services.apigateway.snapshot import draft_snapshot
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import Transaction


async def cloned_parts(ctx: Call[ApiGateway], source_id: str, api: Wire, tx: Transaction) -> None:
    """Add copies of everything but stages, deployments and documentation to `tx`; settings that `api` lacks too."""
    source = await draft_snapshot(ctx.state.store, place_of(ctx), source_id)
    if source is None:
        raise bad_request("Invalid API identifier specified")
    tx.check(keys.api(place_of(ctx), source_id), await _version(ctx, source_id))
    api_id = api["id"]
    new_ids = {source["api"]["rootResourceId"]: api["rootResourceId"]}
    for noun, items in (("validator", source["requestValidators"]), ("authorizer", source["authorizers"])):
        for item in items:
            new_ids[item["id"]] = new_id(ctx)
            copy = item | {"id": new_ids[item["id"]]}
            tx.put(keys.part(api_id, noun, copy["id"]), pack(copy))
    for model in source["models"]:
        tx.put(keys.part(api_id, "model", model["name"]), pack(model | {"id": new_id(ctx)}))
    for kind, response in source["gatewayResponses"].items():
        tx.put(keys.part(api_id, "gatewayresponse", kind), pack(response))
    for resource in source["resources"]:
        new_ids.setdefault(resource["id"], new_id(ctx))
    for resource in source["resources"]:
        put_resource(tx, api_id, _renamed(resource, new_ids))


async def _version(ctx: Call[ApiGateway], api_id: str) -> int:
    record = await ctx.state.store.get(keys.api(place_of(ctx), api_id))
    if record is None:
        raise bad_request("Invalid API identifier specified")
    return record.version


def _renamed(resource: Wire, new_ids: dict[str, str]) -> Wire:
    copy = resource | {"id": new_ids[resource["id"]]}
    if "parentId" in copy:
        copy["parentId"] = new_ids[copy["parentId"]]
    for method in copy.get("resourceMethods", {}).values():
        for member in ("authorizerId", "requestValidatorId"):
            if member in method:
                method[member] = new_ids.get(method[member], method[member])
        integration = method.get("methodIntegration", {})
        if integration.get("cacheNamespace") in new_ids:
            integration["cacheNamespace"] = new_ids[integration["cacheNamespace"]]
    return copy


def put_resource(tx: Transaction, api_id: str, resource: Wire) -> None:
    """A resource, and its place among the children of its parent."""
    tx.put(keys.part(api_id, "resource", resource["id"]), pack(resource))
    if "parentId" in resource:
        tx.put(
            keys.part(api_id, "child", resource["parentId"], resource["pathPart"]),
            pack({"id": resource["id"]}),
        )
