"""Who may call: the API's resource policy, and AWS_IAM.

AWS's table for a resource policy beside other authorization: without any, or with Cognito, an explicit Allow is needed; with a
Lambda authorizer the policy is asked first and the authorizer only if it allows; with AWS_IAM, inside one account, it is enough
that one of the two allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.model.permissions import Need
from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.documents import Asked, Decision, Policy, PolicyError
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault, misconfigured
from fogbank.services.apigateway.execution.integrations.functions import caller_of
from fogbank.services.apigateway.execution.methods import Step

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Deployment, Stage

INVOKE = "execute-api:Invoke"


def method_arn(x: Exchange, stage: Stage) -> str:
    """`arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/path`."""
    place = stage.place
    path = x.arrival.path.lstrip("/")
    return (
        f"arn:{place.partition}:execute-api:{place.region}:{place.account}:{stage.api_id}/{stage.name}/"
        f"{x.request.method}/{path}"
    )


def read_policy(text: str | None) -> Policy | None:
    """The resource policy of an API. AWS hands it out with its quotes escaped, so both forms are read. Raises Fault."""
    if not text:
        return None
    for candidate in (text, text.replace('\\"', '"')):
        try:
            return Policy(orjson.loads(candidate))
        except orjson.JSONDecodeError:
            continue
        except PolicyError as error:
            raise misconfigured(f"Invalid resource policy: {error}") from None
    raise misconfigured("Invalid resource policy")


def asked_of(x: Exchange, stage: Stage) -> Asked:
    """What policies are asked about a request."""
    request = x.request
    keys: dict[str, list[str]] = {
        "aws:sourceip": [request.peer],
        "aws:securetransport": ["true" if request.secure else "false"],
        "aws:currenttime": [stage.gateway.iso_time(x.started_ms)],
        "aws:epochtime": [str(x.started_ms // 1000)],
    }
    for header, key in (("user-agent", "aws:useragent"), ("referer", "aws:referer")):
        if (value := request.headers.get(header)) is not None:
            keys[key] = [value]
    if x.arrival.vpce_id is not None:
        keys["aws:sourcevpce"] = [x.arrival.vpce_id]
    principals: tuple[str, ...] = ()
    if (who := x.principal) is not None:
        principals = tuple(name for name in (who.arn, who.issuer_arn, who.account) if name)
        keys["aws:principalarn"] = [who.issuer_arn or who.arn]
        keys["aws:principalaccount"] = [who.account]
        keys["aws:principaltype"] = [who.type.value]
        for tag, value in who.tags:
            keys[f"aws:principaltag/{tag.lower()}"] = [value]
    return Asked(INVOKE, _policy_resource(x, stage), keys, principals)


def _policy_resource(x: Exchange, stage: Stage) -> str:
    return method_arn(x, stage)


def denied(x: Exchange, stage: Stage, *, explicit: bool, because: str = "") -> Fault:
    """The answer of AWS, which hides all of the account but its last four digits."""
    who = x.principal.arn if x.principal is not None else "anonymous"
    place = stage.place
    arn = method_arn(x, stage).replace(f":{place.account}:", f":********{place.account[-4:]}:")
    message = f"User: {who} is not authorized to perform: {INVOKE} on resource: {arn}"
    if explicit:
        message += " with an explicit deny"
    return Fault("ACCESS_DENIED", message + because)


def policy_step(stage: Stage, deployment: Deployment, authorization: str) -> Step | None:
    """The resource policy's part, before any authorizer; with AWS_IAM `iam_step` asks it."""
    policy = deployment.policy
    if authorization == "AWS_IAM" or (policy is None and not stage.private):
        return None

    def check(x: Exchange) -> None:
        decision = policy.decide(asked_of(x, stage)) if policy is not None else Decision.NEITHER
        if decision is not Decision.ALLOW:
            raise denied(x, stage, explicit=decision is Decision.DENY)

    return check


def iam_step(stage: Stage, deployment: Deployment) -> Any:
    """AWS_IAM: the request is signed by somebody who may invoke."""
    gateway = stage.gateway

    async def check(x: Exchange) -> None:
        try:
            principal = await gateway.identify(x.request)
        except AwsError as error:
            raise _signature_fault(error) from None
        if principal is None:
            raise Fault("MISSING_AUTHENTICATION_TOKEN")
        x.principal = principal
        policy = deployment.policy
        if not gateway.open_mode:
            await _check_policies(x, stage, principal, policy)
            return
        decision = policy.decide(asked_of(x, stage)) if policy is not None else Decision.NEITHER
        if decision is Decision.DENY:
            raise denied(x, stage, explicit=True)
        own = principal.account == stage.place.account and may_invoke(principal)
        if principal.acts_as_root:
            own = True
        if not (own or decision is Decision.ALLOW):
            because = f" because no identity-based policy allows the {INVOKE} action"
            raise denied(x, stage, explicit=False, because=because)

    return check


async def _check_policies(x: Exchange, stage: Stage, principal: Principal, policy: Policy | None) -> None:
    """Enforced mode: the caller's policies and the API's decide together."""
    need = Need(INVOKE, method_arn(x, stage), asked_of(x, stage).keys)
    refusal = await stage.gateway.calls.refusal(
        caller_of(x, principal), need, () if policy is None else (policy,)
    )
    if refusal is not None:
        explicit = refusal.startswith("with an explicit deny")
        raise denied(x, stage, explicit=explicit, because="" if explicit else f" {refusal}")


def may_invoke(principal: Principal) -> bool:
    """Open mode evaluates no identity policies: root may, who is known as somebody else only by the API's policy."""
    return principal.type is PrincipalType.ROOT or principal.acts_as_root


def _signature_fault(error: AwsError) -> Fault:
    match error.code:
        case "ExpiredTokenException":
            return Fault("EXPIRED_TOKEN", error.message)
        case "MissingAuthenticationTokenException":
            return Fault("MISSING_AUTHENTICATION_TOKEN")
        case "IncompleteSignatureException":
            return Fault("INVALID_SIGNATURE", error.message, error=error.code)
        case _:
            return Fault("INVALID_SIGNATURE", error.message, error=error.code)
