"""Replays of what AWS's API Gateway answered to its control plane, through boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.recordings import Matcher, error_of, recorded
from tests.support.wire import Wire

COMMON = "apigateway/test_apigateway_common.snapshot.json"
CANARY = "apigateway/test_apigateway_canary.snapshot.json"
LAMBDA = "apigateway/test_apigateway_lambda.snapshot.json"
BASIC = "apigateway/test_apigateway_basic.snapshot.json"
S3 = "apigateway/test_apigateway_s3.snapshot.json"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
LAMBDA_URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


@pytest.fixture
def client(wire: Wire, account: str) -> Any:
    """A client in an account of the test's own."""
    return wire.client("apigateway", account)


@pytest.fixture
def same(account: str) -> Matcher:
    return Matcher(account)


def new_api(client: Any, **more: Any) -> tuple[str, str]:
    """(API id, root resource id)."""
    api = client.create_rest_api(name="test", **more)
    return api["id"], api["rootResourceId"]


def mock_method(client: Any, api: str, resource: str, method: str = "GET") -> None:
    where = {"restApiId": api, "resourceId": resource, "httpMethod": method}
    client.put_method(**where, authorizationType="NONE")
    client.put_method_response(**where, statusCode="200")
    template = {"application/json": '{"statusCode": 200}'}
    client.put_integration(**where, type="MOCK", requestTemplates=template)
    client.put_integration_response(
        **where, statusCode="200", selectionPattern="", responseTemplates={"application/json": "{}"}
    )


@pytest.fixture
def deployable(client: Any) -> str:
    api, root = new_api(client)
    mock_method(client, api, root)
    return api


def update(op: str, path: str, value: str | None = None, source: str | None = None) -> dict[str, Any]:
    patch = {"op": op, "path": path, "value": value, "from": source}
    return {name: given for name, given in patch.items() if given is not None}


# --- stages and canaries ---------------------------------------------------------------------------------------------


def test_create_update_stages(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(COMMON, "TestStages::test_create_update_stages")
    api = deployable
    deployment = client.create_deployment(restApiId=api)["id"]
    client.create_documentation_part(restApiId=api, location={"type": "API"}, properties='{"foo": "bar"}')
    client.create_documentation_version(restApiId=api, documentationVersion="v123")
    stage = {"restApiId": api, "stageName": "s1"}
    created = client.create_stage(
        **stage, deploymentId=deployment, description="my stage", documentationVersion="v123"
    )
    same.matches(was["create-stage"], created)

    def refused(path: str) -> Any:
        return error_of(client.update_stage, **stage, patchOperations=[update("replace", path, "v")])

    same.matches(was["error-update-doc-version"], refused("/documentation_version"))
    same.matches(was["error-update-tags"], refused("/tags/tag1"))
    patches = [
        update("replace", "/description", "stage new"),
        update("replace", "/variables/var1", "test"),
        update("replace", "/variables/var2", "test2"),
        update("replace", "/*/*/throttling/burstLimit", "123"),
        update("replace", "/*/*/caching/enabled", "true"),
        update("replace", "/tracingEnabled", "true"),
        update("replace", "/test/GET/throttling/burstLimit", "124"),
    ]
    same.matches(was["update-stage"], client.update_stage(**stage, patchOperations=patches))
    same.matches(was["get-stage"], client.get_stage(**stage))
    override = [update("replace", "/*/*/throttling/burstLimit", "100")]
    same.matches(was["update-stage-override"], client.update_stage(**stage, patchOperations=override))


def test_update_stage_remove_wildcard(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(COMMON, "TestStages::test_update_stage_remove_wildcard")
    api = deployable
    deployment = client.create_deployment(restApiId=api)["id"]
    client.create_documentation_version(restApiId=api, documentationVersion="v123")
    stage = {"restApiId": api, "stageName": "s1"}
    created = client.create_stage(
        **stage, deploymentId=deployment, description="my stage", documentationVersion="v123"
    )
    same.matches(was["create-stage"], created)
    same.matches(was["get-stage"], client.get_stage(**stage))
    remove = [update("remove", "/*/*")]
    same.matches(was["delete-error"], error_of(client.update_stage, **stage, patchOperations=remove))
    cached = [update("replace", "/*/*/caching/enabled", "true")]
    same.matches(was["update-stage"], client.update_stage(**stage, patchOperations=cached))
    same.matches(was["update-stage-reset"], client.update_stage(**stage, patchOperations=remove))
    same.matches(was["get-stage-after-reset"], client.get_stage(**stage))


def test_stage_with_canary(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(CANARY, "TestStageCrudCanary::test_create_update_stages")
    first = client.create_deployment(restApiId=deployable)
    second = client.create_deployment(restApiId=deployable)
    same.matches(was["create-deployment-1"], first)
    same.matches(was["create-deployment-2"], second)
    stage = {"restApiId": deployable, "stageName": "dev"}
    created = client.create_stage(
        **stage,
        deploymentId=first["id"],
        description="dev stage",
        variables={"testVar": "default"},
        canarySettings={
            "deploymentId": second["id"],
            "percentTraffic": 50,
            "stageVariableOverrides": {"testVar": "canary"},
        },
    )
    same.matches(was["create-stage"], created)
    same.matches(was["get-stage"], client.get_stage(**stage))
    patches = [update("replace", "/canarySettings/stageVariableOverrides/testVar", "updated")]
    answer = client.update_stage(**stage, patchOperations=patches)
    same.matches(was["update-stage-canary-settings-overrides"], answer)
    answer = client.update_stage(**stage, patchOperations=[update("remove", "/canarySettings")])
    same.matches(was["update-stage-remove-canary-settings"], answer)
    same.matches(was["get-stage-after-remove"], client.get_stage(**stage))


def test_canary_deployment(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(CANARY, "TestStageCrudCanary::test_create_canary_deployment")
    api = deployable
    first = client.create_deployment(restApiId=api)
    same.matches(was["create-deployment"], first)

    def create(name: str, deployment: str, percent: int, value: str) -> Any:
        return client.create_stage(
            restApiId=api,
            stageName=name,
            deploymentId=first["id"],
            description="dev stage",
            variables={"testVar": "default"},
            canarySettings={
                "deploymentId": deployment,
                "percentTraffic": percent,
                "stageVariableOverrides": {"testVar": value},
            },
        )

    same.matches(was["create-stage"], create("dev1", first["id"], 40, "canary1"))
    canary = client.create_deployment(
        restApiId=api,
        stageName="dev1",
        canarySettings={"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary2"}},
    )
    same.matches(was["create-canary-deployment"], canary)
    same.matches(was["get-stage-1"], client.get_stage(restApiId=api, stageName="dev1"))
    same.matches(was["create-stage-2"], create("dev2", canary["id"], 60, "canary-overridden"))
    same.matches(was["bad-canary-deployment-id"], error_of(create, "dev3", "deploy", 0, "x"))


def test_canary_deployment_of_a_stage(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(CANARY, "TestStageCrudCanary::test_create_canary_deployment_with_stage")
    first = client.create_deployment(restApiId=deployable)
    same.matches(was["create-deployment"], first)
    stage = {"restApiId": deployable, "stageName": "dev"}
    created = client.create_stage(
        **stage, deploymentId=first["id"], description="dev stage", variables={"testVar": "default"}
    )
    same.matches(was["create-stage"], created)
    canary = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}}
    same.matches(was["create-canary-deployment"], client.create_deployment(**stage, canarySettings=canary))
    same.matches(was["get-stage"], client.get_stage(**stage))


def test_canary_by_stage_update(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(CANARY, "TestStageCrudCanary::test_create_canary_deployment_by_stage_update")
    first = client.create_deployment(restApiId=deployable)
    second = client.create_deployment(restApiId=deployable)
    same.matches(was["create-deployment"], first)
    same.matches(was["create-deployment-2"], second)
    stage = {"restApiId": deployable, "stageName": "dev"}
    created = client.create_stage(
        **stage, deploymentId=first["id"], description="dev stage", variables={"testVar": "default"}
    )
    same.matches(was["create-stage"], created)

    def patched(*patches: dict[str, Any]) -> Any:
        return client.update_stage(**stage, patchOperations=list(patches))

    answer = patched(update("replace", "/canarySettings/deploymentId", second["id"]))
    same.matches(was["update-stage-with-deployment"], answer)
    same.matches(was["remove-stage-canary"], patched(update("remove", "/canarySettings")))
    answer = patched(update("replace", "/canarySettings/percentTraffic", "50"))
    same.matches(was["update-stage-with-percent"], answer)
    same.matches(was["get-stage"], client.get_stage(**stage))


def test_canary_deployment_validation(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(CANARY, "TestStageCrudCanary::test_create_canary_deployment_validation")
    canary = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}}

    def refused(**stage: str) -> Any:
        return error_of(client.create_deployment, restApiId=deployable, canarySettings=canary, **stage)

    same.matches(was["create-canary-deployment-no-stage"], refused())
    same.matches(was["create-canary-deployment-empty-stage"], refused(stageName=""))
    same.matches(was["create-canary-deployment-non-existing-stage"], refused(stageName="non-existing"))


def test_canary_patches_validation(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(CANARY, "TestStageCrudCanary::test_update_stage_canary_deployment_validation")
    stage = {"restApiId": deployable, "stageName": "dev"}
    client.create_deployment(**stage)
    same.matches(was["get-stage"], client.get_stage(**stage))
    canary = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}}
    client.create_deployment(**stage, canarySettings=canary)

    def refused(*patch: str) -> Any:
        return error_of(client.update_stage, **stage, patchOperations=[update(*patch)])

    answer = refused("remove", "/canarySettings/stageVariableOverrides")
    same.matches(was["update-stage-canary-settings-remove-overrides"], answer)
    same.matches(was["update-stage-canary-settings-bad-path"], refused("remove", "/canarySettings/badPath"))
    same.matches(
        was["update-stage-canary-settings-bad-path-2"], refused("replace", "/canarySettings", "test")
    )
    answer = refused("replace", "/canarySettings/badPath", "badPath")
    same.matches(was["update-stage-canary-settings-replace-bad-path"], answer)
    stage["stageName"] = "dev2"
    other = client.create_deployment(**stage)["id"]
    answer = refused("add", "/canarySettings/deploymentId", other)
    same.matches(was["update-stage-add-deployment"], answer)
    answer = refused("replace", "/canarySettings/deploymentId", "deploy")
    same.matches(was["update-stage-no-deployment"], answer)


def test_promote_a_canary(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(CANARY, "TestStageCrudCanary::test_update_stage_with_copy_ops")
    stage = {"restApiId": deployable, "stageName": "dev"}
    variables = {"testVar": "test", "testVar2": "test2"}
    same.matches(was["deployment-1"], client.create_deployment(**stage, variables=variables))
    canary_id, overrides = "/canarySettings/deploymentId", "/canarySettings/stageVariableOverrides"
    back = [
        update("copy", overrides, source="/variables"),
        update("copy", canary_id, source="/deploymentId"),
    ]
    same.matches(was["copy-with-bad-statement"], error_of(client.update_stage, **stage, patchOperations=back))
    promote = [
        update("copy", "/variables", source=overrides),
        update("copy", "/deploymentId", source=canary_id),
    ]
    same.matches(was["copy-with-no-replace"], error_of(client.update_stage, **stage, patchOperations=promote))
    promote.insert(0, update("replace", "/canarySettings/percentTraffic", "0.0"))
    same.matches(was["update-stage-with-copy"], client.update_stage(**stage, patchOperations=promote))
    canary = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "override"}}
    same.matches(was["deployment-canary"], client.create_deployment(**stage, canarySettings=canary))
    same.matches(was["get-stage"], client.get_stage(**stage))
    same.matches(was["update-stage-with-copy-2"], client.update_stage(**stage, patchOperations=promote))


def test_canary_traffic(client: Any, same: Matcher, deployable: str) -> None:
    """The control plane's part of the scenario."""
    was = recorded(CANARY, "TestCanaryDeployments::test_invoking_canary_deployment")
    stage = {"restApiId": deployable, "stageName": "dev"}
    variables = {"testVar": "default", "defaultVar": "default"}
    same.matches(was["create-deployment-1"], client.create_deployment(**stage, variables=variables))
    canary = {"percentTraffic": 0, "stageVariableOverrides": {"testVar": "canary", "noStageVar": "canary"}}
    same.matches(was["create-deployment-2"], client.create_deployment(**stage, canarySettings=canary))
    all_traffic = [update("replace", "/canarySettings/percentTraffic", "100.0")]
    same.matches(was["update-stage"], client.update_stage(**stage, patchOperations=all_traffic))


# --- deployments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_hand", [True, False])
def test_create_delete_deployments(client: Any, same: Matcher, deployable: str, by_hand: bool) -> None:
    was = recorded(COMMON, f"TestDeployments::test_create_delete_deployments[{by_hand}]")
    api = deployable

    def deploy() -> str:
        made: str = client.create_deployment(restApiId=api, **({} if by_hand else {"stageName": "s1"}))["id"]
        if by_hand:
            client.create_stage(restApiId=api, stageName="s1", deploymentId=made)
        return made

    deployment = deploy()
    same.matches(was["get-deployment"], client.get_deployment(restApiId=api, deploymentId=deployment))
    same.matches(was["get-stages"], client.get_stages(restApiId=api))
    for number in range(3):
        refused = error_of(client.delete_deployment, restApiId=api, deploymentId=deployment)
        same.matches(was[f"delete-deployment-error-{number}"], refused)
        client.delete_stage(restApiId=api, stageName="s1")
        client.delete_deployment(restApiId=api, deploymentId=deployment)
        deployment = deploy()
        same.matches(was[f"get-deployments-{number}"], client.get_deployments(restApiId=api))
        same.matches(was[f"get-stages-{number}"], client.get_stages(restApiId=api))


def test_create_update_deployments(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(COMMON, "TestDeployments::test_create_update_deployments")
    api = deployable
    first = client.create_deployment(restApiId=api)["id"]
    client.create_stage(restApiId=api, stageName="s1", deploymentId=first)

    def get(deployment: str) -> Any:
        return client.get_deployment(restApiId=api, deploymentId=deployment)

    same.matches(was["get-deployment-1"], get(first))
    same.matches(was["get-stages"], client.get_stages(restApiId=api))
    refused = error_of(client.delete_deployment, restApiId=api, deploymentId=first)
    same.matches(was["delete-deployment-error"], refused)
    second = client.create_deployment(restApiId=api, stageName="s1")["id"]
    same.matches(was["get-deployment-1-after-update"], get(first))
    same.matches(was["get-deployment-2"], get(second))
    same.matches(was["get-stages-after-update"], client.get_stages(restApiId=api))
    same.matches(was["delete-deployment-1"], client.delete_deployment(restApiId=api, deploymentId=first))
    refused = error_of(client.delete_deployment, restApiId=api, deploymentId=second)
    same.matches(was["delete-deployment-2-error"], refused)


def test_update_deployment(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(BASIC, "TestAPIGateway::test_update_rest_api_deployment")
    deployment = client.create_deployment(restApiId=deployable, description="my deployment")["id"]
    answer = client.update_deployment(
        restApiId=deployable,
        deploymentId=deployment,
        patchOperations=[update("replace", "/description", "new-description")],
    )
    same.matches(was["after-update"], answer)


# --- usage plans and keys --------------------------------------------------------------------------------------------


def test_usage_plan_crud(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(COMMON, "TestUsagePlans::test_usage_plan_crud")
    api = deployable
    client.create_deployment(restApiId=api, stageName="dev")
    created = client.create_usage_plan(
        name="plan", description="this is my usage plan", apiStages=[{"apiId": api, "stage": "dev"}]
    )
    same.matches(was["create-usage-plan"], created)
    plan = created["id"]
    same.matches(was["get-usage-plan"], client.get_usage_plan(usagePlanId=plan))
    same.matches(was["get-usage-plans"], client.get_usage_plans())
    patches = [
        update("replace", "/throttle/burstLimit", "100"),
        update("replace", "/throttle/rateLimit", "200"),
        update("replace", "/quota/limit", "5000"),
        update("replace", "/quota/period", "MONTH"),
    ]
    same.matches(
        was["update-usage-plan"], client.update_usage_plan(usagePlanId=plan, patchOperations=patches)
    )

    def refused(usage_plan: str, *patch: str) -> Any:
        return error_of(client.update_usage_plan, usagePlanId=usage_plan, patchOperations=[update(*patch)])

    same.matches(was["update-wrong-id"], refused("wrong", "replace", "/throttle/rateLimit", "200"))
    same.matches(was["update-wrong-api-stages-no-value"], refused(plan, "add", "/apiStages"))
    answer = refused(plan, "add", "/apiStages", f"{api}b:dev")
    same.matches(was["update-wrong-api-stages-wrong-api"], answer)
    answer = refused(plan, "add", "/apiStages", f"{api}:fakestagename")
    same.matches(was["update-wrong-api-stages-wrong-stage"], answer)
    same.matches(was["update-wrong-api-stages-wrong-value"], refused(plan, "add", "/apiStages", "wrong"))
    same.matches(was["get-usage-plan-after-update"], client.get_usage_plan(usagePlanId=plan))
    same.matches(was["get-usage-plans-after-update"], client.get_usage_plans())


def test_api_keys(client: Any, same: Matcher, deployable: str) -> None:
    was = recorded(COMMON, "TestUsagePlans::test_api_key_required_for_methods")
    client.create_deployment(restApiId=deployable, stageName="dev")
    plan = client.create_usage_plan(
        name="test-plan-1",
        description="Test Usage Plan for API key",
        quota={"limit": 10, "period": "DAY", "offset": 0},
        throttle={"rateLimit": 2, "burstLimit": 1},
        apiStages=[{"apiId": deployable, "stage": "dev"}],
        tags={"tag_key": "tag_value"},
    )
    same.matches(was["create-usage-plan"], plan)
    key = client.create_api_key(name="testApiKey-1", enabled=True)
    same.matches(was["create-api-key"], key)
    answer = client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    same.matches(was["create-usage-plan-key"], answer)
    answer = client.update_api_key(apiKey=key["id"], patchOperations=[update("replace", "/enabled", "false")])
    same.matches(was["update-api-key-disabled"], answer)


# --- documentation, models, methods, integrations ----------------------------------------------------------------------


def test_documentation(client: Any, same: Matcher) -> None:
    was = recorded(COMMON, "TestDocumentations::test_documentation_parts_and_versions")
    api, _ = new_api(client)
    created = client.create_documentation_part(
        restApiId=api, location={"type": "API"}, properties=json.dumps({"foo": "bar"})
    )
    same.matches(was["create-part-response"], created)
    same.matches(was["get-parts-response"], client.get_documentation_parts(restApiId=api))
    version = {"restApiId": api, "documentationVersion": "v123"}
    same.matches(was["create-version-response"], client.create_documentation_version(**version))
    patches = [update("replace", "/description", "doc version new")]
    answer = client.update_documentation_version(**version, patchOperations=patches)
    same.matches(was["update-version-response"], answer)
    same.matches(was["get-version-response"], client.get_documentation_version(**version))


def test_models_that_refer_to_each_other(client: Any, same: Matcher) -> None:
    was = recorded(COMMON, "TestApiGatewayCommon::test_api_gateway_request_validator_with_ref_models")
    api, _ = new_api(client)
    single = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "testSchema",
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    }
    many = {
        "type": "array",
        "items": {"$ref": f"https://apigateway.amazonaws.com/restapis/{api}/models/testSchema"},
    }
    for name, schema in (("testSchema", single), ("testSchemaList", many)):
        client.create_model(
            restApiId=api, name=name, contentType="application/json", schema=json.dumps(schema)
        )
    same.matches(was["get-models-with-ref"], client.get_models(restApiId=api))


def test_methods_with_validator(client: Any, same: Matcher) -> None:
    was = recorded(COMMON, "TestApiGatewayCommon::test_api_gateway_request_validator")
    api, root = new_api(client)
    resource = client.create_resource(restApiId=api, parentId=root, pathPart="{test}")["id"]
    validator = client.create_request_validator(
        restApiId=api, name="test-validator", validateRequestParameters=True, validateRequestBody=True
    )["id"]
    client.create_model(
        restApiId=api, name="testSchema", contentType="application/json", schema='{"type": "object"}'
    )
    where = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    client.put_method(
        **where,
        authorizationType="NONE",
        requestValidatorId=validator,
        requestModels={"application/json": "testSchema"},
        requestParameters={
            "method.request.path.test": True,
            "method.request.querystring.qs1": True,
            "method.request.header.x-header-param": True,
        },
    )
    client.put_integration(**where, integrationHttpMethod="POST", type="AWS_PROXY", uri=LAMBDA_URI)
    client.put_method_response(**where, statusCode="200")
    client.put_integration_response(**where, statusCode="200")
    deployed = client.create_deployment(restApiId=api, stageName="local")
    same.matches(was["deploy-1"], deployed)

    def swap(add: str, remove: str) -> Any:
        patches = [
            update("add", f"/requestParameters/method.request.path.{add}", "true"),
            update("remove", f"/requestParameters/method.request.path.{remove}"),
        ]
        return client.update_method(**where, patchOperations=patches)

    same.bound["fn_name:1"], same.account = "f", "000000000000"
    same.matches(was["change-request-path-names"], swap("issuer", "test"))
    same.matches(was["revert-request-path-names"], swap("test", "issuer"))
    patches = [
        update("replace", "/validateRequestParameters", "false"),
        update("replace", "/validateRequestBody", "false"),
    ]
    answer = client.update_request_validator(
        restApiId=api, requestValidatorId=validator, patchOperations=patches
    )
    same.matches(was["disable-request-validator"], answer)


def test_method_with_authorizer(client: Any, same: Matcher) -> None:
    was = recorded(BASIC, "TestAPIGateway::test_apigateway_with_custom_authorization_method")
    api, root = new_api(client)
    authorizer = client.create_authorizer(
        restApiId=api,
        name="lambda_authorizer",
        type="TOKEN",
        authorizerUri=LAMBDA_URI,
        identitySource="method.request.header.Auth",
    )
    same.matches(was["authorizer"], authorizer)
    method = client.put_method(
        restApiId=api,
        resourceId=root,
        httpMethod="GET",
        authorizationType="CUSTOM",
        authorizerId=authorizer["id"],
        apiKeyRequired=True,
    )
    same.matches(was["put-method-response"], method)


def test_lambda_integration(client: Any, same: Matcher) -> None:
    was = recorded(LAMBDA, "test_lambda_aws_integration")
    api, root = new_api(client)
    where = {"restApiId": api, "resourceId": root, "httpMethod": "POST"}
    same.matches(was["put-method"], client.put_method(**where, authorizationType="NONE"))
    role = "arn:aws:iam::000000000000:role/r"
    integration = client.put_integration(
        **where, type="AWS", integrationHttpMethod="POST", uri=LAMBDA_URI, credentials=role
    )
    same.matches(was["put-integration"], integration)
    same.matches(was["put-integration-response"], client.put_integration_response(**where, statusCode="200"))
    same.matches(was["put-method-response"], client.put_method_response(**where, statusCode="200"))


def test_lambda_integration_with_request_template(client: Any, same: Matcher) -> None:
    was = recorded(LAMBDA, "test_lambda_aws_integration_with_request_template")
    api, root = new_api(client)
    where = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    parameters = {"method.request.querystring.param1": False}
    answer = client.put_method(**where, authorizationType="NONE", requestParameters=parameters)
    same.matches(was["put-method"], answer)
    same.matches(was["put-method-response"], client.put_method_response(**where, statusCode="200"))
    template = {"application/json": '{"param1": "$input.params(\'param1\')"}'}
    integration = client.put_integration(
        **where,
        type="AWS",
        integrationHttpMethod="POST",
        uri=LAMBDA_URI,
        credentials="arn:aws:iam::000000000000:role/r",
        requestTemplates=template,
    )
    same.matches(was["put-integration"], integration)
    answer = client.put_integration_response(**where, statusCode="200", selectionPattern="")
    same.matches(was["put-integration-response"], answer)
    same.matches(was["delete-integration"], client.delete_integration(**where))
    same.matches(was["get-integration-after-delete"], error_of(client.get_integration, **where))


def test_proxy_integration_uris(client: Any, same: Matcher) -> None:
    was = recorded(LAMBDA, "test_put_integration_aws_proxy_uri")
    api, root = new_api(client)
    where = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    client.put_method(**where, authorizationType="NONE")
    base = "arn:aws:apigateway:us-east-1"
    for name, uri in {
        "put-integration-lambda-uri": FUNCTION,
        "put-integration-wrong-arn": "https://lambda.us-east-1.amazonaws.com",
        "put-integration-wrong-type": f"{base}:lambda:test/2015-03-31/functions/{FUNCTION}/invocations",
        "put-integration-wrong-firehose": f"{base}:firehose:path/my-stream",
        "put-integration-bad-lambda-arn": f"{base}:lambda:path/random/value",
    }.items():
        refused = error_of(
            client.put_integration, **where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri
        )
        same.matches(was[name], refused)


def test_integration_with_request_template_and_binary_response(client: Any, same: Matcher) -> None:
    was = recorded(
        S3,
        "TestApiGatewayS3BinarySupport::test_apigw_s3_binary_support_response_convert_to_binary_with_request_template",
    )
    api, root = new_api(client)
    resource = client.create_resource(restApiId=api, parentId=root, pathPart="{object_path+}")["id"]
    where = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
    client.put_method(
        **where,
        authorizationType="NONE",
        requestParameters={
            "method.request.path.object_path": True,
            "method.request.header.Content-Type": False,
            "method.request.header.response-content-type": False,
        },
    )
    client.put_method_response(
        **where, statusCode="200", responseParameters={"method.response.header.ETag": False}
    )
    integration = client.put_integration(
        **where,
        type="AWS",
        integrationHttpMethod="ANY",
        uri="arn:aws:apigateway:us-east-1:s3:path/bucket/{object_path}",
        credentials="arn:aws:iam::000000000000:role/r",
        requestParameters={
            "integration.request.path.object_path": "method.request.path.object_path",
            "integration.request.header.Content-Type": "method.request.header.Content-Type",
            "integration.request.querystring.response-content-type": "method.request.header.response-content-type",
        },
    )
    same.matches(was["put-integration"], integration)
    client.put_integration_response(
        **where,
        statusCode="200",
        responseParameters={"method.response.header.ETag": "integration.response.header.ETag"},
        responseTemplates={"application/json": '{"data": "$input.body"}'},
        contentHandling="CONVERT_TO_TEXT",
    )
    answer = client.get_integration_response(**where, statusCode="200")
    same.matches(was["get-integration-response"], answer)
    answer = client.update_integration_response(
        **where,
        statusCode="200",
        patchOperations=[update("replace", "/contentHandling", "CONVERT_TO_BINARY")],
    )
    same.matches(
        was["get-integration-response-update"], client.get_integration_response(**where, statusCode="200")
    )
