"""The one role of the app: its functions, its state machine and its API act as it."""

from __future__ import annotations

import json
from typing import Any

NAME = "orders"
SERVICES = ["lambda.amazonaws.com", "states.amazonaws.com", "apigateway.amazonaws.com"]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}],
}
MANAGED = [
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole",
]
OWN = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Scan",
                "dynamodb:UpdateItem",
                "execute-api:ManageConnections",
                "lambda:InvokeFunction",
                "sqs:SendMessage",
                "states:StartExecution",
            ],
            "Resource": [
                "arn:aws:dynamodb:*:*:table/orders*",
                "arn:aws:execute-api:*:*:*/live/*/@connections/*",
                "arn:aws:lambda:*:*:function:orders-*",
                "arn:aws:sqs:*:*:orders-*",
                "arn:aws:states:*:*:stateMachine:orders-*",
            ],
        },
        {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"},
    ],
}


def put_role(iam: Any) -> str:
    """The role's ARN, made when it is not there; its policies brought up to date."""
    trust = json.dumps(TRUST)
    try:
        arn: str = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        arn = iam.get_role(RoleName=NAME)["Role"]["Arn"]
        iam.update_assume_role_policy(RoleName=NAME, PolicyDocument=trust)
    for policy in MANAGED:
        iam.attach_role_policy(RoleName=NAME, PolicyArn=policy)
    iam.put_role_policy(RoleName=NAME, PolicyName="own", PolicyDocument=json.dumps(OWN))
    return arn
