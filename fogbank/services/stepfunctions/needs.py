"""The permissions that Step Functions' operations need."""

from __future__ import annotations

from fogbank.model.call import Caller
from fogbank.model.permissions import Params, Permissions
from fogbank.services.stepfunctions.service import SERVICE


def _routed(caller: Caller, params: Params) -> str | None:
    """The machine whose versions an alias leads to."""
    routes = params.get("routingConfiguration")
    try:
        return str(routes[0]["stateMachineVersionArn"]).rpartition(":")[0]  # type: ignore[index]
    except (LookupError, TypeError):
        return None


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
                ListActivities ListStateMachines SendTaskFailure SendTaskHeartbeat SendTaskSuccess TestState
                ValidateStateMachineDefinition""",
        },
        members={"routed": _routed},
        passes={"CreateStateMachine": "roleArn", "UpdateStateMachine": "roleArn", "TestState": "roleArn"},
        passes_to="states.amazonaws.com",
    )
)
