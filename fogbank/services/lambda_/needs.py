"""The permissions that Lambda's operations need."""

from __future__ import annotations

from functools import lru_cache

from fogbank.core.errors import AwsError
from fogbank.core.limits import METADATA_CACHED_MAX
from fogbank.model.call import Caller
from fogbank.model.permissions import Params, Permissions
from fogbank.services.lambda_.names import parse_name
from fogbank.services.lambda_.service import SERVICE


def _function(caller: Caller, params: Params) -> str | None:
    """The ARN, whatever form the name has; None for what is no name."""
    name, qualifier = params.get("FunctionName"), params.get("Qualifier")
    if not isinstance(name, str) or not (qualifier is None or isinstance(qualifier, str)):
        return None
    return _arn(name, caller.account, caller.region, qualifier)


@lru_cache(maxsize=METADATA_CACHED_MAX)
def _arn(name: str, account: str, region: str, qualifier: str | None) -> str | None:
    try:
        return parse_name(name, account, region, qualifier).qualified_arn
    except AwsError:
        return None


SERVICE.needs(
    Permissions(
        "lambda",
        {
            "{FunctionName}": """
                AddPermission CreateAlias CreateFunction CreateFunctionUrlConfig DeleteAlias DeleteFunction DeleteFunctionConcurrency
                DeleteFunctionEventInvokeConfig DeleteFunctionUrlConfig DeleteProvisionedConcurrencyConfig GetAlias GetFunction
                GetFunctionCodeSigningConfig GetFunctionConcurrency GetFunctionConfiguration GetFunctionEventInvokeConfig
                GetFunctionRecursionConfig GetFunctionUrlConfig GetPolicy GetProvisionedConcurrencyConfig GetRuntimeManagementConfig
                Invoke InvokeAsync InvokeWithResponseStream ListAliases ListFunctionEventInvokeConfigs ListFunctionUrlConfigs
                ListProvisionedConcurrencyConfigs ListVersionsByFunction PublishVersion PutFunctionConcurrency
                PutFunctionEventInvokeConfig PutFunctionRecursionConfig PutProvisionedConcurrencyConfig PutRuntimeManagementConfig
                RemovePermission UpdateAlias UpdateFunctionCode UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig
                UpdateFunctionUrlConfig""",
            "layer:{LayerName}": "ListLayerVersions PublishLayerVersion",
            "layer:{LayerName}:{VersionNumber}": """
                AddLayerVersionPermission DeleteLayerVersion GetLayerVersion GetLayerVersionPolicy RemoveLayerVersionPermission""",
            "{Arn}": "GetLayerVersionByArn",
            "event-source-mapping:{UUID}": "DeleteEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping",
            "{Resource}": "ListTags TagResource UntagResource",
            "*": "CreateEventSourceMapping GetAccountSettings ListEventSourceMappings ListFunctions ListLayers",
        },
        actions={
            "Invoke": "InvokeFunction",
            "InvokeWithResponseStream": "InvokeFunction",
            "InvokeAsync": "InvokeFunction",
            "GetLayerVersionByArn": "GetLayerVersion",
        },
        members={"FunctionName": _function},
        passes={"CreateFunction": "Role", "UpdateFunctionConfiguration": "Role"},
        passes_to="lambda.amazonaws.com",
        keys={
            "lambda:functionarn": "FunctionName",
            "lambda:functionurlauthtype": "AuthType",
            "lambda:principal": "Principal",
            "lambda:layer": "Layers",
        },
        has_policies=True,
        policies_deny=False,
    )
)
