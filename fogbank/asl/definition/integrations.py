"""The service integrations of AWS that are optimized: those that have an ARN of their own, with their patterns."""

from __future__ import annotations

from typing import Final

from fogbank.asl.resources import Pattern, TaskKind, TaskResource

_R, _S, _S2, _C = Pattern.REQUEST_RESPONSE, Pattern.SYNC, Pattern.SYNC_2, Pattern.CALLBACK
_REQUEST: Final = frozenset((_R,))
_RUN: Final = frozenset((_R, _S))
_BACK: Final = frozenset((_R, _C))
_ALL: Final = frozenset((_R, _S, _C))

_ACTIONS: Final[dict[str, dict[str, frozenset[Pattern]]]] = {
    "apigateway": {"invoke": _BACK},
    "athena": {
        "startQueryExecution": _RUN,
        "stopQueryExecution": _REQUEST,
        "getQueryExecution": _REQUEST,
        "getQueryResults": _REQUEST,
    },
    "batch": {"submitJob": _RUN},
    "bedrock": {"invokeModel": _BACK, "createModelCustomizationJob": _RUN},
    "codebuild": {
        "startBuild": _RUN,
        "stopBuild": _REQUEST,
        "batchDeleteBuilds": _REQUEST,
        "batchGetReports": _REQUEST,
        "startBuildBatch": _RUN,
        "stopBuildBatch": _REQUEST,
        "retryBuildBatch": _RUN,
        "deleteBuildBatch": _REQUEST,
    },
    "databrew": {"startJobRun": _RUN},
    "dynamodb": dict.fromkeys(("getItem", "putItem", "updateItem", "deleteItem"), _REQUEST),
    "ecs": {"runTask": _ALL},
    "eks": {
        "call": _REQUEST,
        "runJob": _RUN,
        **dict.fromkeys(("createCluster", "deleteCluster", "createNodegroup", "deleteNodegroup"), _RUN),
        **dict.fromkeys(("createFargateProfile", "deleteFargateProfile"), _RUN),
    },
    "elasticmapreduce": {
        **dict.fromkeys(("createCluster", "terminateCluster", "addStep"), _RUN),
        **dict.fromkeys(
            (
                "cancelStep",
                "setClusterTerminationProtection",
                "modifyInstanceFleetByName",
                "modifyInstanceGroupByName",
            ),
            _REQUEST,
        ),
    },
    "events": {"putEvents": _BACK},
    "glue": {"startJobRun": _RUN},
    "http": {"invoke": _REQUEST},
    "lambda": {"invoke": _BACK},
    "mediaconvert": {"createJob": _RUN},
    "sagemaker": {
        **dict.fromkeys(("createTrainingJob", "createTransformJob", "createHyperParameterTuningJob"), _RUN),
        **dict.fromkeys(("createLabelingJob", "createProcessingJob"), _RUN),
        **dict.fromkeys(
            ("createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint"), _REQUEST
        ),
    },
    "sns": {"publish": _BACK},
    "sqs": {"sendMessage": _BACK},
    "states": {"startExecution": frozenset((_R, _S, _S2, _C))},
}


def is_known(resource: TaskResource) -> bool:
    """Whether AWS has the integration. Of `aws-sdk` only the pattern is judged: `.sync` does not exist there."""
    if resource.kind is TaskKind.SDK:
        return resource.pattern in _BACK
    return resource.pattern in _ACTIONS.get(resource.service, {}).get(resource.action, ())
