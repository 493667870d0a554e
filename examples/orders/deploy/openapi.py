"""The REST API as an OpenAPI document with API Gateway's extensions: routes, models, validation, integrations."""

from __future__ import annotations

from typing import Any

ORDER = {
    "type": "object",
    "required": ["customer", "items"],
    "additionalProperties": False,
    "properties": {
        "customer": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"},
        "items": {
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": {
                "type": "object",
                "required": ["article", "count"],
                "additionalProperties": False,
                "properties": {
                    "article": {"type": "string", "pattern": "^[a-z]{1,20}$"},
                    "count": {"type": "integer", "minimum": 1, "maximum": 100},
                },
            },
        },
    },
}
# Names need no escaping: the model lets no others pass.
PUT_ITEM = """#set($order = $input.path('$'))
{"TableName": "orders", "Item": {
  "id": {"S": "$input.params('id')"},
  "customer": {"S": "$order.customer"},
  "items": {"L": [#foreach($item in $order.items)
    {"M": {"article": {"S": "$item.article"}, "count": {"N": "$item.count"}}}#if($foreach.hasNext),#end
  #end]}
}}"""
START_EXECUTION = """{"stateMachineArn": "%s", "name": "$input.params('id')",
"input": "$util.escapeJavaScript($input.json('$'))"}"""


def document(region: str, role: str, catalogue: str, machine: str) -> dict[str, Any]:
    """The API; `catalogue` is a function's ARN, `machine` a state machine's."""

    def uri(service: str, rest: str) -> str:
        return f"arn:aws:apigateway:{region}:{service}:{rest}"

    return {
        "openapi": "3.0.1",
        "info": {"title": "orders", "version": "1"},
        "paths": {
            "/catalogue": {
                "get": {
                    "security": [{"key": []}],
                    "responses": {"200": {"description": "what is sold"}},
                    "x-amazon-apigateway-integration": {
                        "type": "aws_proxy",
                        "httpMethod": "POST",
                        "uri": uri("lambda", f"path/2015-03-31/functions/{catalogue}/invocations"),
                    },
                }
            },
            "/release": {
                "get": {
                    "responses": {"200": {"description": "which release answers"}},
                    "x-amazon-apigateway-integration": {
                        "type": "mock",
                        "requestTemplates": {"application/json": '{"statusCode": 200}'},
                        "responses": {"default": _reply("200", '{"release": "$stageVariables.release"}')},
                    },
                }
            },
            "/orders/{id}": {
                "put": _taking_an_order(
                    uri("dynamodb", "action/PutItem"), role, PUT_ITEM, '{"placed": "$input.params(\'id\')"}'
                )
            },
            "/orders/{id}/workflow": {
                "post": _taking_an_order(
                    uri("states", "action/StartExecution"),
                    role,
                    START_EXECUTION % machine,
                    '{"execution": "$input.path(\'$.executionArn\')"}',
                )
            },
        },
        "components": {
            "schemas": {"Order": ORDER},
            "securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        },
        "x-amazon-apigateway-request-validators": {
            "all": {"validateRequestBody": True, "validateRequestParameters": True}
        },
        # By default the answer is only "Invalid request body"; the customer may know what is wrong with it.
        "x-amazon-apigateway-gateway-responses": {
            "BAD_REQUEST_BODY": {
                "responseTemplates": {
                    "application/json": '{"message": $context.error.messageString, '
                    '"why": "$context.error.validationErrorString"}'
                }
            }
        },
    }


def _taking_an_order(uri: str, role: str, template: str, reply: str) -> dict[str, Any]:
    """A method with a key that validates an order and hands it to a service of AWS."""
    return {
        "security": [{"key": []}],
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
        },
        "responses": {"200": {"description": "taken"}, "400": {"description": "refused"}},
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-integration": {
            "type": "aws",
            "httpMethod": "POST",
            "uri": uri,
            "credentials": role,
            "passthroughBehavior": "never",
            "requestTemplates": {"application/json": template},
            "responses": {"default": _reply("200", reply), "4\\d{2}": _reply("400", "$input.json('$')")},
        },
    }


def _reply(status: str, template: str) -> dict[str, Any]:
    return {"statusCode": status, "responseTemplates": {"application/json": template}}
