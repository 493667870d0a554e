"""Which web ACL guards a stage: set by a WAF, shown by GetStage. See `execution/web_acls.py`."""

from __future__ import annotations

from fogbank.core.errors import AwsError
from fogbank.gateway.records import pack
from fogbank.model.call import Call
from fogbank.services.apigateway.records import retried
from fogbank.services.apigateway.service import SERVICE
from fogbank.services.apigateway.stages import stage_of
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import Transaction


@SERVICE.internal
@retried
async def associate_web_acl(ctx: Call[ApiGateway], *, api_id: str, stage: str, arn: str | None) -> None:
    """Put a stage under a web ACL, or (None) under none. Raises WAFNonexistentItemException for one that nobody registered."""
    gateway = ctx.state.execution
    if arn is not None and (gateway is None or arn not in gateway.web_acls):
        raise AwsError("WAFNonexistentItemException", f"There is no web ACL {arn}")
    _, found = await stage_of(ctx, api_id, stage)
    wire = {name: value for name, value in found.wire.items() if name != "webAclArn"}
    if arn is not None:
        wire["webAclArn"] = arn
    await ctx.state.store.commit(Transaction().put(found.key, pack(wire), expect=found.version))
