"""The commands of the AWS CLI that `transcribe.py` records. Each runs in a shell of its own, all in one folder."""

from __future__ import annotations

import sys

RUNTIME = f"python3.{sys.version_info[1]}"
ROLE = "arn:aws:iam::000000000000:role/greeter"
STATES = "arn:aws:states:us-east-1:000000000000"

CLI = [
    ("A function, from nothing to its logs", [
        "cat > index.py <<'END'\nimport os\ndef handler(event, context):\n    print('greeting', event['name'])\n"
        "    return {'greeting': f\"{os.environ['WORD']}, {event['name']}\"}\nEND",
        "python3 -m zipfile -c f.zip index.py",
        "aws iam create-role --role-name greeter --query Role.Arn --output text --assume-role-policy-document "
        "'{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}'",
        f"aws lambda create-function --function-name greeter --runtime {RUNTIME} --handler index.handler "
        "--role arn:aws:iam::000000000000:role/greeter --zip-file fileb://f.zip --environment 'Variables={WORD=Hello}' "
        "--query '[FunctionArn,State,StateReasonCode]' --output text",
        "aws lambda wait function-active-v2 --function-name greeter",
        "aws lambda invoke --function-name greeter --payload '{\"name\":\"fog\"}' out.json",
        "cat out.json",
        "aws lambda invoke --function-name greeter --payload '{}' out.json",
        "cat out.json",
        "sleep 0.3; aws logs filter-log-events --log-group-name /aws/lambda/greeter --filter-pattern greeting --query 'events[].message' --output text",
    ]),
    ("Versions, an alias with weights, a limit", [
        "aws lambda publish-version --function-name greeter --query Version --output text",
        "aws lambda update-function-configuration --function-name greeter --environment 'Variables={WORD=Ahoy}' --query LastUpdateStatus --output text",
        "aws lambda wait function-updated-v2 --function-name greeter",
        "aws lambda publish-version --function-name greeter --query Version --output text",
        "aws lambda create-alias --function-name greeter --name live --function-version 1 --routing-config 'AdditionalVersionWeights={2=0.5}'",
        "for i in 1 2 3 4 5 6; do aws lambda invoke --function-name greeter:live --payload '{\"name\":\"x\"}' out.json --query ExecutedVersion --output text; done | sort | uniq -c | wc -l",
        "aws lambda put-function-concurrency --function-name greeter --reserved-concurrent-executions 0",
        "aws lambda invoke --function-name greeter out.json",
    ]),
    ("A state machine, from its definition to its history", [
        "aws lambda delete-function-concurrency --function-name greeter",
        "cat > greet.asl.json <<'END'\n"
        '{\n  "QueryLanguage": "JSONata",\n  "StartAt": "Known",\n  "States": {\n'
        '    "Known": {\n      "Type": "Choice",\n'
        '      "Choices": [{"Condition": "{% $exists($states.input.name) %}", "Next": "Greet"}],\n'
        '      "Default": "Nobody"\n    },\n'
        '    "Greet": {\n      "Type": "Task",\n      "Resource": "arn:aws:states:::lambda:invoke",\n'
        '      "Arguments": {"FunctionName": "greeter:live", "Payload": {"name": "{% $uppercase($states.input.name) %}"}},\n'
        '      "Output": "{% $states.result.Payload.greeting %}",\n      "End": true\n    },\n'
        '    "Nobody": {"Type": "Fail", "Error": "Nobody", "Cause": "whom to greet?"}\n  }\n}\nEND',
        f"aws stepfunctions create-state-machine --name greet --role-arn {ROLE} --definition file://greet.asl.json",
        f"aws stepfunctions start-execution --state-machine-arn {STATES}:stateMachine:greet --name one --input '{{\"name\":\"fog\"}}'",
        "until aws stepfunctions describe-execution --query '[status,output]' --output text "
        f"--execution-arn {STATES}:execution:greet:one | grep -v RUNNING; do sleep 0.2; done",
        "aws stepfunctions get-execution-history --query 'events[].[id,previousEventId,type]' --output text "
        f"--execution-arn {STATES}:execution:greet:one",
        f"aws stepfunctions start-execution --state-machine-arn {STATES}:stateMachine:greet --name two --query startDate --output text",
        "until aws stepfunctions describe-execution --query '[status,error,cause]' --output text "
        f"--execution-arn {STATES}:execution:greet:two | grep -v RUNNING; do sleep 0.2; done",
        "sed -i 's/Nobody\\\",$/Somebody\\\",/; s/\"Default\": \"Nobody\"/\"Default\": \"Somebody\"/' greet.asl.json",
        f"aws stepfunctions update-state-machine --state-machine-arn {STATES}:stateMachine:greet --definition file://greet.asl.json",
        f"fogbank graph {STATES}:stateMachine:greet --execution {STATES}:execution:greet:one -o greet.svg --endpoint $AWS_ENDPOINT_URL",
    ]),
    ("A REST API behind a key, with a throttle", [
        "aws apigateway create-rest-api --name hello --query '[id,rootResourceId]' --output text | tee ids",
        "cut -f1 ids > api; cut -f2 ids > root",
        "aws apigateway put-method --rest-api-id $(cat api) --resource-id $(cat root) --http-method GET --authorization-type NONE --api-key-required",
        "aws apigateway put-integration --rest-api-id $(cat api) --resource-id $(cat root) --http-method GET --type MOCK "
        "--request-templates '{\"application/json\":\"{\\\"statusCode\\\": 200}\"}' --query '[type,passthroughBehavior,timeoutInMillis]' --output text",
        "aws apigateway put-method-response --rest-api-id $(cat api) --resource-id $(cat root) --http-method GET --status-code 200",
        "cat > reply.json <<'END'\n"
        '{"application/json": "{\\"hello\\": \\"$input.params(\'name\')\\", \\"stage\\": \\"$context.stage\\"}"}\nEND',
        "aws apigateway put-integration-response --rest-api-id $(cat api) --resource-id $(cat root) --http-method GET --status-code 200 "
        "--response-templates file://reply.json",
        "aws apigateway create-deployment --rest-api-id $(cat api) --stage-name prod --query description",
        "curl -si $AWS_ENDPOINT_URL/_aws/execute-api/$(cat api)/prod/?name=fog | grep -v -i -e ^date -e ^x-amz",
        "aws apigateway create-usage-plan --name trial --api-stages apiId=$(cat api),stage=prod --throttle rateLimit=0.1,burstLimit=1 --query id --output text > plan",
        "aws apigateway create-api-key --name ada --enabled --value a-key-of-twenty-characters --query id --output text > key",
        "aws apigateway create-usage-plan-key --usage-plan-id $(cat plan) --key-id $(cat key) --key-type API_KEY --query '[type,name]' --output text",
        "curl -s -w ' %{http_code}\\n' -H 'x-api-key: a-key-of-twenty-characters' $AWS_ENDPOINT_URL/_aws/execute-api/$(cat api)/prod/?name=fog",
        "curl -s -w ' %{http_code}\\n' -H 'x-api-key: a-key-of-twenty-characters' $AWS_ENDPOINT_URL/_aws/execute-api/$(cat api)/prod/?name=fog",
    ]),
    ("An HTTP API in one command", [
        "aws apigatewayv2 create-api --name greet --protocol-type HTTP --target arn:aws:lambda:us-east-1:000000000000:function:echo "
        "--cors-configuration AllowOrigins=https://shop.example --query ApiId --output text | tee api2",
        "cat > index.py <<'END'\ndef handler(event, context):\n"
        "    return {'route': event['routeKey'], 'path': event['rawPath'], 'query': event.get('queryStringParameters')}\nEND\n"
        "python3 -m zipfile -c echo.zip index.py",
        f"aws lambda create-function --function-name echo --runtime {RUNTIME} --handler index.handler --role {ROLE} --zip-file fileb://echo.zip --query State --output text",
        "aws lambda wait function-active-v2 --function-name echo",
        "curl -si -H 'Origin: https://shop.example' \"$AWS_ENDPOINT_URL/_aws/execute-api/$(cat api2)/a/b?c=d\" | grep -v -i -e ^date -e ^apigw",
        "curl -s --connect-to ::${AWS_ENDPOINT_URL#http://} http://$(cat api2).execute-api.us-east-1.amazonaws.com/by/host",
    ]),
    ("A table, its stream, a queue, and a function that both call", [
        "aws dynamodb create-table --table-name orders --billing-mode PAY_PER_REQUEST "
        "--key-schema AttributeName=customer,KeyType=HASH AttributeName=id,KeyType=RANGE "
        "--attribute-definitions AttributeName=customer,AttributeType=S AttributeName=id,AttributeType=N "
        "--stream-specification StreamEnabled=true,StreamViewType=NEW_IMAGE --query 'TableDescription.[TableStatus,LatestStreamArn]' --output text",
        "aws dynamodb wait table-exists --table-name orders",
        "for i in 1 2 3; do aws dynamodb put-item --table-name orders --item \"{\\\"customer\\\":{\\\"S\\\":\\\"ada\\\"},\\\"id\\\":{\\\"N\\\":\\\"$i\\\"}}\"; done",
        "aws dynamodb put-item --table-name orders --item '{\"customer\":{\"S\":\"ada\"},\"id\":{\"N\":\"3\"}}' --condition-expression 'attribute_not_exists(id)'",
        "aws dynamodb query --table-name orders --key-condition-expression 'customer = :c AND id > :i' "
        "--expression-attribute-values '{\":c\":{\"S\":\"ada\"},\":i\":{\"N\":\"1\"}}' --no-scan-index-forward --query '[Count,Items[].id.N]' --output text",
        "# Version 1 of the CLI sends SQS's calls to AWS whatever AWS_ENDPOINT_URL says; version 2 needs no --endpoint-url.",
        "aws sqs --endpoint-url $AWS_ENDPOINT_URL create-queue --queue-name news --query QueueUrl --output text | tee queue",
        "aws sqs --endpoint-url $AWS_ENDPOINT_URL send-message --queue-url $(cat queue) --message-body 'fog is coming' --query MD5OfMessageBody --output text",
        "aws sqs --endpoint-url $AWS_ENDPOINT_URL receive-message --queue-url $(cat queue) --visibility-timeout 0 --attribute-names ApproximateReceiveCount --query 'Messages[].[Body,Attributes]'",
        "cat > index.py <<'END'\ndef handler(event, context):\n    for record in event['Records']:\n"
        "        print('seen', record['eventSource'], record.get('body') or record['dynamodb']['Keys'])\nEND\npython3 -m zipfile -c seer.zip index.py",
        f"aws lambda create-function --function-name seer --runtime {RUNTIME} --handler index.handler --role {ROLE} --zip-file fileb://seer.zip --query State --output text",
        "aws lambda wait function-active-v2 --function-name seer",
        "aws lambda create-event-source-mapping --function-name seer --event-source-arn arn:aws:sqs:us-east-1:000000000000:news --query '[State,BatchSize]' --output text",
        "aws lambda create-event-source-mapping --function-name seer --starting-position TRIM_HORIZON --bisect-batch-on-function-error "
        "--event-source-arn $(aws dynamodb describe-table --table-name orders --query Table.LatestStreamArn --output text) --query '[State,BatchSize,BisectBatchOnFunctionError]' --output text",
        "until [ $(aws logs filter-log-events --log-group-name /aws/lambda/seer --filter-pattern seen --query 'length(events)' 2>/dev/null || echo 0) = 4 ]; do sleep 0.2; done",
        "aws logs filter-log-events --log-group-name /aws/lambda/seer --filter-pattern seen --query 'events[].[message]' --output text | grep seen",
    ]),
    ("What fogbank does not have yet says so", [
        "aws lambda put-provisioned-concurrency-config --function-name greeter --qualifier live --provisioned-concurrent-executions 1",
        "aws apigateway get-sdk --rest-api-id $(cat api) --stage-name prod --sdk-type java sdk.zip",
    ]),
]  # fmt: skip
