"""What policies may know a caller by: the names that a Principal can hold, and the condition keys that say who calls and how."""

from __future__ import annotations

from fogbank.model.call import Caller
from fogbank.model.principal import Principal, PrincipalType

_SESSIONS = frozenset({PrincipalType.ASSUMED_ROLE, PrincipalType.FEDERATED_USER})


def principals_of(principal: Principal) -> tuple[str, ...]:
    """The names that a statement's Principal may know a caller by: itself, its role, its account; a service by its name."""
    if principal.type is PrincipalType.ANONYMOUS:
        return ()
    if principal.type is PrincipalType.SERVICE:
        return (principal.arn, *_general(principal.arn))
    role = (principal.issuer_arn,) if principal.issuer_arn else ()
    return (principal.arn, *role, principal.account)


def _general(service: str) -> tuple[str, ...]:
    """`logs.eu-west-1.amazonaws.com` is `logs.amazonaws.com` too."""
    name, _, rest = service.partition(".")
    region, _, suffix = rest.partition(".")
    return (f"{name}.{suffix}",) if suffix.startswith("amazonaws.") and region else ()


def keys_of(caller: Caller, now_ms: int) -> dict[str, list[str]]:
    """The condition keys of a call, in lower case, but for those of its parameters and its resource."""
    who = caller.principal
    is_service = who.type is PrincipalType.SERVICE
    keys = {
        "aws:principalaccount": [who.account],
        "aws:principaltype": [who.type.value],
        "aws:principalisawsservice": [str(is_service).lower()],
        "aws:viaawsservice": ["false"],
        "aws:sourceip": [caller.source_ip],
        "aws:useragent": [caller.user_agent],
        # What one service asks of another goes over no wire here; on AWS it is TLS, or the common Deny would stop all of it.
        "aws:securetransport": [str(caller.secure or caller.request is None).lower()],
        "aws:requestedregion": [caller.region],
        "aws:currenttime": [str(now_ms / 1000)],
        "aws:epochtime": [str(now_ms // 1000)],
    }
    if is_service:
        keys["aws:principalservicename"] = [who.arn]
        keys["aws:principalservicenameslist"] = [who.arn, *_general(who.arn)]
        keys["aws:sourceaccount"] = [who.account]
        if caller.source_arn:
            keys["aws:sourcearn"] = [caller.source_arn]
    else:
        keys["aws:principalarn"] = [who.issuer_arn or who.arn]
        keys["aws:userid"] = [who.user_id]
    if who.type is PrincipalType.USER:
        keys["aws:username"] = [who.arn.rpartition("/")[2]]
    if who.access_key_id.startswith("ASIA"):
        keys["aws:multifactorauthpresent"] = [str(who.mfa).lower()]
    if who.type in _SESSIONS or who.access_key_id.startswith("ASIA"):
        keys["aws:tokenissuetime"] = [str((who.issued_ms or now_ms) / 1000)]
    if who.source_identity:
        keys["aws:sourceidentity"] = [who.source_identity]
    for name, value in who.tags:
        keys[f"aws:principaltag/{name.lower()}"] = [value]
    return keys
