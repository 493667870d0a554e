"""The place of AWS WAF: before anything else that guards a stage, its web ACL may refuse a request.

fogbank has no WAF. This is where one would stand: it registers a `WebAcl` for each of its ACLs' ARNs in `Gateway.web_acls`, and
associates stages with it by the internal call `associate_web_acl`. While none is registered, no stage can be associated.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fogbank.core.http import Request
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault
from fogbank.services.apigateway.execution.methods import Step

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage

#: Whether a request may pass.
WebAcl = Callable[[Request], Awaitable[bool]]


def web_acl_step(stage: Stage) -> Step | None:
    """The check of a stage that is associated with a web ACL."""
    arn: str | None = stage.wire.get("webAclArn")
    if arn is None:
        return None
    acls = stage.gateway.web_acls

    async def check(x: Exchange) -> None:
        acl = acls.get(arn)
        if acl is None or not await acl(x.request):  # one that has gone lets nobody pass
            raise Fault("WAF_FILTERED", detail=f"Request was blocked by web ACL {arn}")

    return check
