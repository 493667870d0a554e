"""The permissions that Step Functions' operations need."""

from __future__ import annotations

from collections.abc import Iterable

from fogbank.model.call import Caller
from fogbank.model.permissions import Need, Params, Permissions, pass_role
from fogbank.services.stepfunctions.service import SERVICE

_PRINCIPAL = "states.amazonaws.com"


def _routed(caller: Caller, params: Params) -> str | None:
    """The machine whose versions an alias leads to."""
    routes = params.get("routingConfiguration")
    try:
        return str(routes[0]["stateMachineVersionArn"]).rpartition(":")[0]  # type: ignore[index]
    except (LookupError, TypeError):
        return None


def _test_state(caller: Caller, params: Params) -> Iterable[Need]:
    """Also to see what a connection adds to an HTTP task."""
    yield Need("states:TestState", "*")
    if isinstance(role := params.get("roleArn"), str):
        yield pass_role(role, _PRINCIPAL)
    if params.get("revealSecrets"):
        yield Need("states:RevealSecrets", "*")


SERVICE.needs(
    Permissions(
        "states",
        {
            "stateMachine:{name}": "CreateStateMachine",
            "{stateMachineArn}": """
                DeleteStateMachine DescribeStateMachine ListStateMachineAliases ListStateMachineVersions PublishStateMachineVersion
                StartExecution StartSyncExecution UpdateStateMachine""",
            "{stateMachineArn} | {mapRunArn} | *": "ListExecutions",
            "{stateMachineVersionArn}": "DeleteStateMachineVersion",
            "{routed}:{name} | *": "CreateStateMachineAlias",
            "{stateMachineAliasArn}": "DeleteStateMachineAlias DescribeStateMachineAlias UpdateStateMachineAlias",
            "{executionArn}": """
                DescribeExecution DescribeStateMachineForExecution GetExecutionHistory ListMapRuns RedriveExecution StopExecution""",
            "{mapRunArn}": "DescribeMapRun UpdateMapRun",
            "activity:{name}": "CreateActivity",
            "{activityArn}": "DeleteActivity DescribeActivity GetActivityTask",
            "{resourceArn}": "ListTagsForResource TagResource UntagResource",
            "*": """
                ListActivities ListStateMachines SendTaskFailure SendTaskHeartbeat SendTaskSuccess
                ValidateStateMachineDefinition""",
        },
        members={"routed": _routed},
        special={"TestState": _test_state},
        passes={"CreateStateMachine": "roleArn", "UpdateStateMachine": "roleArn"},
        passes_to=_PRINCIPAL,
    )
)
