"""Every operation says which permission it needs, and the tables speak of what is there."""

from __future__ import annotations

import pytest

from fogbank.app.services import BUILDERS, declared
from fogbank.model.call import Caller
from fogbank.model.permissions import Need, resource_rule
from fogbank.model.principal import root_of

CALLER = Caller("111122223333", "eu-west-1", root_of("111122223333"), "id")


@pytest.mark.parametrize("name", BUILDERS)
def test_a_table_names_each_operation_once_and_none_that_the_model_lacks(name: str) -> None:
    service = declared(name)
    permissions = service.permissions
    assert permissions is not None
    names = [each for several in permissions.resources.values() for each in several.split()]
    names += [*permissions.special, *permissions.free]
    assert len(names) == len(set(names))
    named = {*names, *permissions.actions, *permissions.passes}
    assert named <= set(service.model.operations), named - set(service.model.operations)


@pytest.mark.parametrize("name", BUILDERS)
def test_members_in_a_table_are_members_of_the_operations(name: str) -> None:
    """A misspelled member would make every request be about `*`."""
    service = declared(name)
    permissions = service.permissions
    assert permissions is not None
    for operation, resource in permissions.named().items():
        model = service.model.operations[operation].input
        members = set(model.members if model else ()) | set(permissions.members)
        first = [
            option.partition("{")[2].partition("}")[0] for option in resource.split("|") if "{" in option
        ]
        assert not first or any(each in members for each in first), (operation, resource)
    for operation, member in permissions.passes.items():
        model = service.model.operations[operation].input
        assert model is not None and member in model.members


@pytest.mark.parametrize(
    ("text", "params", "resource"),
    [
        ("*", {}, "*"),
        ("table/{TableName}", {"TableName": "t"}, "arn:aws:thing:eu-west-1:111122223333:table/t"),
        ("table/{TableName}", {}, "*"),
        ("table/{TableName}", {"TableName": 7}, "arn:aws:thing:eu-west-1:111122223333:table/7"),
        (
            "table/{TableName}",
            {"TableName": "arn:aws:thing:us-east-1:4:table/u"},
            "arn:aws:thing:us-east-1:4:table/u",
        ),
        ("layer:{L}:{V}", {"L": "arn:aws:thing:r:4:layer:l", "V": 3}, "arn:aws:thing:r:4:layer:l:3"),
        ("a/{A}:x:{B}", {"A": "1"}, "arn:aws:thing:eu-west-1:111122223333:a/1:x:"),
        ("a/{A} | b/{B} | *", {"B": "2"}, "arn:aws:thing:eu-west-1:111122223333:b/2"),
        ("arn:aws:s3:::{Bucket}/{Key}", {"Bucket": "b", "Key": "k/l"}, "arn:aws:s3:::b/k/l"),
    ],
)
def test_resources(text: str, params: dict[str, object], resource: str) -> None:
    assert resource_rule(text, "thing", {})(CALLER, params) == resource


@pytest.mark.parametrize(
    ("service", "operation", "params", "needs"),
    [
        ("lambda", "Invoke", {"FunctionName": "f"}, ["lambda:InvokeFunction arn:aws:lambda:eu-west-1:111122223333:function:f"]),
        ("lambda", "Invoke", {"FunctionName": "444455556666:function:f", "Qualifier": "live"},
         ["lambda:InvokeFunction arn:aws:lambda:eu-west-1:444455556666:function:f:live"]),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": "arn:aws:iam::111122223333:role/r"},
         ["lambda:CreateFunction arn:aws:lambda:eu-west-1:111122223333:function:f", "iam:PassRole arn:aws:iam::111122223333:role/r"]),
        ("sqs", "SendMessageBatch", {"QueueUrl": "http://localhost:4566/444455556666/q"},
         ["sqs:SendMessage arn:aws:sqs:eu-west-1:444455556666:q"]),
        ("s3", "CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "/c/x%20y?versionId=1"},
         ["s3:GetObjectVersion arn:aws:s3:::c/x y", "s3:PutObject arn:aws:s3:::b/k"]),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, ["s3:ListBucket arn:aws:s3:::b"]),
        ("s3", "GetObjectTagging", {"Bucket": "b", "Key": "k", "VersionId": "1"}, ["s3:GetObjectVersionTagging arn:aws:s3:::b/k"]),
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"},
         ["dynamodb:Query arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i"]),
        ("dynamodb", "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "u"}}]},
         ["dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/t",
          "dynamodb:ConditionCheckItem arn:aws:dynamodb:eu-west-1:111122223333:table/u"]),
        ("dynamodb", "BatchGetItem", {"RequestItems": {"t": {}}}, ["dynamodb:BatchGetItem arn:aws:dynamodb:eu-west-1:111122223333:table/t"]),
        ("dynamodb", "ExecuteStatement", {"Statement": 'SELECT * FROM "t"."i"'},
         ["dynamodb:PartiQLSelect arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i"]),
        ("dynamodb", "ExecuteTransaction", {"TransactStatements": [{"Statement": "DELETE FROM t WHERE a='1'"}]},
         ["dynamodb:PartiQLDelete arn:aws:dynamodb:eu-west-1:111122223333:table/t"]),
        ("dynamodb", "ExecuteStatement", {"Statement": "nonsense"}, ["dynamodb:PartiQLSelect *"]),
        ("logs", "StartQuery", {"logGroupNames": ["a", "b"]},
         ["logs:StartQuery arn:aws:logs:eu-west-1:111122223333:log-group:a:log-stream:",
          "logs:StartQuery arn:aws:logs:eu-west-1:111122223333:log-group:b:log-stream:"]),
        ("stepfunctions", "StartExecution", {"stateMachineArn": "arn:aws:states:eu-west-1:111122223333:stateMachine:m"},
         ["states:StartExecution arn:aws:states:eu-west-1:111122223333:stateMachine:m"]),
        ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::1:role/r", "Tags": [{"Key": "a", "Value": "b"}]},
         ["sts:AssumeRole arn:aws:iam::1:role/r", "sts:TagSession arn:aws:iam::1:role/r"]),
        ("sts", "GetCallerIdentity", {}, []),
        ("iam", "CreateRole", {"RoleName": "r", "Path": "/p/"}, ["iam:CreateRole arn:aws:iam::111122223333:role/p/r"]),
        ("apigateway", "PutMethod", {"restApiId": "a", "resourceId": "r", "httpMethod": "GET"},
         ["apigateway:PUT arn:aws:apigateway:eu-west-1::/restapis/a/resources/r/methods/GET"]),
        ("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": "c"},
         ["execute-api:ManageConnections arn:aws:execute-api:eu-west-1:111122223333:*/*/POST/@connections/c"]),
    ],
)  # fmt: skip
def test_what_requests_need(
    service: str, operation: str, params: dict[str, object], needs: list[str]
) -> None:
    found = declared(service)
    assert found.permissions is not None
    rule = found.permissions.rule(found.operations[operation])
    assert rule is not None
    asked: list[Need] = list(rule(CALLER, params))
    assert [f"{need.action} {need.resource}" for need in asked] == needs
