"""The policy simulator: what policies would decide, with the evaluation that decides in enforced mode."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.model.call import Call
from fogbank.model.principal import Principal, PrincipalType, root_of
from fogbank.policies.documents import PolicyError, policy_of
from fogbank.services.iam.effective import effective_of_group, effective_policies
from fogbank.services.iam.errors import no_such_entity
from fogbank.services.iam.inline_policies import checked_document
from fogbank.services.iam.pages import slice_of
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.simulation_scene import ALLOWED, EXPLICIT, IMPLICIT, Scene, Source
from fogbank.services.iam.state import Iam

Wire = dict[str, Any]
ANY = "*"
_STRICTNESS = (ALLOWED, IMPLICIT, EXPLICIT)


@SERVICE.operation(refuses={"OrderedOrganizationPolicyInputList", "ResourceHandlingOption"})
async def simulate_custom_policy(
    ctx: Call[Iam],
    *,
    policy_input_list: list[str],
    action_names: list[str],
    permissions_boundary_policy_input_list: list[str] | None = None,
    resource_arns: list[str] | None = None,
    resource_policy: str | None = None,
    resource_owner: str | None = None,
    caller_arn: str | None = None,
    context_entries: list[Wire] | None = None,
    max_items: int | None = None,
    marker: str | None = None,
) -> Wire:
    scene = Scene(
        _inputs("PolicyInputList", policy_input_list),
        _inputs("PermissionsBoundaryPolicyInputList", permissions_boundary_policy_input_list),
        _resource_policy(resource_policy, caller_arn),
        resource_owner or ctx.account,
        _caller(caller_arn, ctx.account),
        _context(context_entries),
    )
    return _simulated(scene, action_names, resource_arns, marker, max_items)


@SERVICE.operation(refuses={"PolicyExclusionList", "ResourceHandlingOption"})
async def simulate_principal_policy(
    ctx: Call[Iam],
    *,
    policy_source_arn: str,
    action_names: list[str],
    policy_input_list: list[str] | None = None,
    permissions_boundary_policy_input_list: list[str] | None = None,
    resource_arns: list[str] | None = None,
    resource_policy: str | None = None,
    resource_owner: str | None = None,
    caller_arn: str | None = None,
    context_entries: list[Wire] | None = None,
    max_items: int | None = None,
    marker: str | None = None,
) -> Wire:
    found = await _effective(ctx, policy_source_arn)
    boundaries = _inputs("PermissionsBoundaryPolicyInputList", permissions_boundary_policy_input_list)
    if not boundaries and found["Boundary"] is not None:
        boundaries = [_source("PermissionsBoundary", found["Boundary"])]
    own = [_source(name, text) for name, text in found["Policies"].items()]
    caller_arn = caller_arn or policy_source_arn
    scene = Scene(
        [*own, *_inputs("PolicyInputList", policy_input_list)],
        boundaries,
        _resource_policy(resource_policy, caller_arn),
        resource_owner or ctx.account,
        _caller(caller_arn, ctx.account),
        _context(context_entries),
    )
    return _simulated(scene, action_names, resource_arns, marker, max_items)


async def _effective(ctx: Call[Iam], arn: str) -> Wire:
    """The policies of a user, group or role of the caller's account. NoSuchEntity."""
    parts = parse_arn(arn)
    found: Wire | None = None
    if parts is not None and parts.account == ctx.account:
        find = effective_of_group if parts.resource.startswith("group/") else effective_policies
        found = await find(ctx, arn=arn)
    if found is None:
        raise no_such_entity(f"The entity {arn} cannot be found.")  # a guess: AWS's words are not known
    return found


def _simulated(
    scene: Scene, actions: list[str], resources: list[str] | None, marker: str | None, max_items: int | None
) -> Wire:
    for action in actions:
        prefix, colon, name = action.partition(":")
        if not (prefix and colon and name) or ANY in action:
            raise _invalid(f"Invalid action: {action}")
    results = [_result(scene, action, resources or [ANY]) for action in actions]
    shown, more = slice_of(results, listing="simulation", marker=marker, max_items=max_items)
    return {"EvaluationResults": shown, **more}


def _result(scene: Scene, action: str, resources: list[str]) -> Wire:
    """One action. Over several resources the strictest decision is the action's; each has its own beside it."""
    each = [scene.result(action, resource) for resource in resources]
    decision = max((one["decision"] for one in each), key=_STRICTNESS.index)
    matched: list[Wire] = []
    for one in each:
        if one["decision"] == decision:
            matched += [statement for statement in one["matched"] if statement not in matched]
    result: Wire = {
        "EvalActionName": action,
        "EvalResourceName": resources[0] if len(resources) == 1 else ANY,
        "EvalDecision": decision,
        "MatchedStatements": matched,
        "MissingContextValues": list(dict.fromkeys(key for one in each for key in one["missing"])),
        # As the recorded answers have it; fogbank has no organizations, so none refuses anything.
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": True},
    }
    if "boundary" in each[0]:
        allowed = all(one["boundary"] for one in each)
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    if resources != [ANY]:
        result["EvalDecisionDetails"] = {}
        result["ResourceSpecificResults"] = [
            _specific(resource, one) for resource, one in zip(resources, each, strict=True)
        ]
    return result


def _specific(resource: str, one: Wire) -> Wire:
    shown: Wire = {
        "EvalResourceName": resource,
        "EvalResourceDecision": one["decision"],
        "MatchedStatements": one["matched"],
        "MissingContextValues": one["missing"],
    }
    if "boundary" in one:
        shown["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": one["boundary"]}
    return shown


def _inputs(member: str, texts: list[str] | None) -> list[Source]:
    for text in texts or []:
        checked_document(text)
    return [_source(f"{member}.{number}", text) for number, text in enumerate(texts or [], 1)]


def _source(name: str, text: str) -> Source:
    return Source(name.removeprefix("/"), text, policy_of(text))


def _resource_policy(text: str | None, caller_arn: str | None) -> Source | None:
    if text is None:
        return None
    if caller_arn is None:
        raise _invalid("CallerArn is required when ResourcePolicy is given.")
    try:
        return _source("ResourcePolicy", text)
    except PolicyError as error:
        raise _invalid(f"Invalid ResourcePolicy: {error}") from None


def _caller(arn: str | None, account: str) -> Principal:
    """Whom a resource policy is asked about."""
    parts = parse_arn(arn) if arn is not None else None
    if arn is None or parts is None:
        return root_of(account)
    return Principal(PrincipalType.USER, parts.account, arn, "")


def _context(entries: list[Wire] | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in entries or []:
        found[str(entry.get("ContextKeyName", "")).lower()] = list(entry.get("ContextKeyValues") or [])
    return found


def _invalid(message: str) -> Exception:
    return SERVICE.error("InvalidInputException", message)
