"""Which usage plans name a stage: kept beside the plans, so that a stage or an API that goes takes itself out of them."""

from __future__ import annotations

from fogbank.gateway.records import Wire, pack, read
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.keys import Place
from fogbank.services.apigateway.limits import USAGE_PLANS_MAX
from fogbank.store.api import Store, Transaction


def attach(tx: Transaction, plan_id: str, stage: Wire) -> None:
    """Note that a plan names this ApiStage."""
    tx.put(keys.stage_users(stage["apiId"], stage["stage"], plan_id), b"{}")


def release(tx: Transaction, plan_id: str, stage: Wire) -> None:
    tx.delete(keys.stage_users(stage["apiId"], stage["stage"], plan_id))


async def detach(store: Store, tx: Transaction, place: Place, api_id: str, stage_name: str | None) -> None:
    """Take a stage, or all of an API's, out of the usage plans that name it."""
    prefix = keys.stage_users(api_id) if stage_name is None else keys.stage_users(api_id, stage_name)
    users = await store.scan(prefix, limit=USAGE_PLANS_MAX * 10)
    for plan_id in sorted({str(user.key[-1]) for user in users}):
        plan = await read(store, keys.owned(place, "plan", plan_id))
        if plan is None:
            continue
        kept = [
            each
            for each in plan.wire.get("apiStages", ())
            if each["apiId"] != api_id or (stage_name is not None and each["stage"] != stage_name)
        ]
        tx.put(plan.key, pack(plan.wire | {"apiStages": kept}), expect=plan.version)
    tx.delete_prefix(prefix)
