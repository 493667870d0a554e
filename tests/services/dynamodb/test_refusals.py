"""What requests about items are refused for, in the words and in the order of DynamoDB."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.dynamodb.spoken import Dynamo, av, item

VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "
EMPTY_KEY = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string "
    "value. Key: pk"
)
MISMATCH = "The provided key element does not match the schema"


# --- expressions: all is read first, then the problems are told in an order ------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names", "message"),
    [
        ("#a = :v AND", None, 'Syntax error; token: "<EOF>", near: "AND"'),
        ("((foo(a)))", None, "The expression has redundant parentheses;"),
        ("((a)) = :v", None, "The expression has redundant parentheses;"),
        ("name = :v AND foo(a)", None, "Invalid function name; function: foo"),
        (
            "name = :v AND attribute_exists(a) = :v",
            None,
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        (
            "size(a) AND b = :v",
            None,
            "The function is not allowed to be used this way in an expression; function: size",
        ),
        ("#a = :v AND name = :v", None, "Attribute name is a reserved keyword; reserved keyword: name"),
        (
            "a = :w AND #a = :v",
            None,
            "An expression attribute name used in the document path is not defined; attribute name: #a",
        ),
        (
            "contains(a) AND b = :w",
            None,
            "An expression attribute value used in expression is not defined; attribute value: :w",
        ),
        (
            "contains(a, :v, :v)",
            None,
            "Incorrect number of operands for operator or function; operator or function: contains, "
            "number of operands: 3",
        ),
        (
            "size(:v) > :v",
            None,
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "attribute_type(a, b)",
            None,
            "Incorrect operand type for operator or function; operator or function: attribute_type, "
            "operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}",
        ),
    ],
)
async def test_conditions(table: Dynamo, text: str, names: dict[str, str] | None, message: str) -> None:
    found = await table.fails(
        "DeleteItem",
        TableName="ttt",
        Key=item({"pk": "a"}),
        ConditionExpression=text,
        ExpressionAttributeValues=item({":v": 1}),
    )
    assert found == (VALIDATION, f"Invalid ConditionExpression: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET name = foo(:v)", "Attribute name is a reserved keyword; reserved keyword: name"),
        ("SET a = foo(:v) SET b = :v", "Invalid function name; function: foo"),
        (
            "SET a = #x SET b = :v",
            'The "SET" section can only be used once in an update expression;',
        ),
        (
            "SET a = :v, a = :w",
            "An expression attribute value used in expression is not defined; attribute value: :w",
        ),
        (
            "SET a.b = :v, a[0] = :v, c = :v, c = :v",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [c], path two: [c]",
        ),
        ("SET a = ((:v + :v))", "The expression has redundant parentheses;"),
    ],
)
async def test_updates(table: Dynamo, text: str, message: str) -> None:
    found = await table.fails(
        "UpdateItem",
        TableName="ttt",
        Key=item({"pk": "a"}),
        UpdateExpression=text,
        ExpressionAttributeValues=item({":v": 1}),
    )
    assert found == (VALIDATION, f"Invalid UpdateExpression: {message}")


async def test_operands_in_brackets(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "a", "n": 1})
    values = item({":v": 1, ":w": 0})
    for text in (
        "(n) = :v",
        "n = (:v)",
        "(n) BETWEEN (:w) AND :v",
        "(n) IN (:w, (:v))",
        "((n) = :v AND n > :w)",
    ):
        found = await table.call(
            "Scan",
            TableName="ttt",
            FilterExpression=f"{text} AND n > :w",
            ExpressionAttributeValues=values,
        )
        assert found["Count"] == 1, text


KEY_PATH = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {}"


async def test_no_expression_looks_into_a_key(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", gsi={"byg": "g:S"})
    values = item({":v": 1})
    for operation, params in (
        ("GetItem", {"Key": item({"pk": "a"}), "ProjectionExpression": "pk.x"}),
        (
            "DeleteItem",
            {
                "Key": item({"pk": "a"}),
                "ConditionExpression": "pk[0] = :v",
                "ExpressionAttributeValues": values,
            },
        ),
        ("Scan", {"FilterExpression": "pk.x = :v", "ExpressionAttributeValues": values}),
        ("Scan", {"ProjectionExpression": "pk.x"}),
    ):
        assert await db.fails(operation, TableName="ttt", **params) == (
            VALIDATION,
            KEY_PATH.format("Key: pk"),
        )
    found = await db.fails(
        "UpdateItem",
        TableName="ttt",
        Key=item({"pk": "a"}),
        UpdateExpression="SET g.x = :v",
        ExpressionAttributeValues=values,
    )
    assert found == (VALIDATION, KEY_PATH.format("IndexKey: g"))


# --- parameters ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        ("ab", ["Member must have length greater than or equal to 3"]),
        ("abc;", ["Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"]),
        (
            "a;",
            [
                "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
                "Member must have length greater than or equal to 3",
            ],
        ),
        ("a" * 256, ["Member must have length less than or equal to 255"]),
    ],
)
async def test_names_of_tables(db: Dynamo, name: str, problems: list[str]) -> None:
    told = "; ".join(
        f"Value '{name}' at 'tableName' failed to satisfy constraint: {problem}" for problem in problems
    )
    errors = "error" if len(problems) == 1 else "errors"
    expected = (VALIDATION, f"{len(problems)} validation {errors} detected: {told}")
    assert await db.fails("GetItem", TableName=name, Key=item({"pk": "a"})) == expected
    assert await db.fails("DescribeTable", TableName=name) == expected


async def test_a_request_is_looked_at_before_its_table(db: Dynamo) -> None:
    key = item({"pk": "a"})
    for operation, params, message in (
        (
            "PutItem",
            {"Item": key, "ConditionExpression": "a ="},
            'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "="',
        ),
        (
            "PutItem",
            {"Item": {"pk": {"N": "x"}}},
            "The parameter cannot be converted to a numeric value: x",
        ),
        (
            "UpdateItem",
            {"Key": key, "UpdateExpression": "REMOVE name"},
            "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: name",
        ),
        (
            "DeleteItem",
            {"Key": key, "Expected": {"x": {}}},
            f"{INVALID}Value must be provided when Exists is null for Attribute: x",
        ),
        (
            "GetItem",
            {"Key": key, "ExpressionAttributeNames": {"#a": "b"}},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        ("Scan", {"FilterExpression": ""}, "Invalid FilterExpression: The expression can not be empty;"),
    ):
        assert await db.fails(operation, TableName="none", **params) == (VALIDATION, message)
    for operation, params in (
        ("PutItem", {"Item": {}}),
        ("GetItem", {"Key": {}}),
        ("DeleteItem", {"Key": {}}),
    ):
        found = await db.fails(operation, TableName="none", **params)
        assert found == ("ResourceNotFoundException", "Requested resource not found")
    writes = [{"Delete": {"TableName": "none", "Key": key, "ConditionExpression": "a ="}}]
    code, message = await db.fails("TransactWriteItems", TransactItems=writes)
    assert (code, message.partition(":")[0]) == (VALIDATION, "Invalid ConditionExpression")
    del writes[0]["Delete"]["ConditionExpression"]
    found = await db.fails("TransactWriteItems", TransactItems=writes)
    assert found == ("ResourceNotFoundException", "Requested resource not found")
    found = await db.fails("TransactGetItems", TransactItems=[{"Get": {"TableName": "none", "Key": key}}])
    assert found == ("ResourceNotFoundException", "Requested resource not found")
    found = await db.fails("BatchGetItem", RequestItems={"none": {"Keys": [key]}})
    assert found == ("ResourceNotFoundException", "Requested resource not found")


async def test_expressions_beside_legacy_parameters(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:N")
    await db.put("ttt", {"pk": "a", "sk": 1, "x": 1})
    keys = {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [av("a")]}}
    found = await db.call(
        "Query",
        TableName="ttt",
        KeyConditions=keys,
        FilterExpression="x = :x",
        ProjectionExpression="sk",
        ExpressionAttributeValues=item({":x": 1}),
    )
    assert (found["Count"], found["ScannedCount"]) == (1, 1)
    mixed = (
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
        "{KeyConditions} Expression parameters: {KeyConditionExpression}"
    )
    assert await db.fails(
        "Query",
        TableName="ttt",
        KeyConditions=keys,
        KeyConditionExpression="pk = :x",
        ExpressionAttributeValues=item({":x": "a"}),
    ) == (VALIDATION, mixed)
    # Names alone are no expression.
    assert await db.fails(
        "Query", TableName="ttt", KeyConditions=keys, ExpressionAttributeNames={"#a": "x"}
    ) == (VALIDATION, "ExpressionAttributeNames can only be specified when using expressions")


async def test_batches_that_ask_for_nothing(table: Dynamo) -> None:
    for operation in ("BatchGetItem", "BatchWriteItem"):
        assert await table.fails(operation, RequestItems={}) == (
            VALIDATION,
            f"The requestItems parameter is required for {operation}",
        )
    assert await table.fails("BatchWriteItem", RequestItems={"ttt": [{}]}) == (
        VALIDATION,
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    )


async def test_a_batch_of_reads_projects_in_one_way(table: Dynamo) -> None:
    await table.create("two", "pk:S")
    keys = [item({"pk": "a"})]
    requests = {
        "ttt": {"Keys": keys, "ProjectionExpression": "pk"},
        "two": {"Keys": keys, "AttributesToGet": ["pk"]},
    }
    code, message = await table.fails("BatchGetItem", RequestItems=requests)
    assert (code, message.partition(": ")[0]) == (
        VALIDATION,
        "Can not use both expression and non-expression parameters in the same request",
    )


@pytest.mark.parametrize("text", [" 1", "1 ", "1 2", ".", "+", "1e", "--1", "0x1"])
async def test_what_is_no_number(table: Dynamo, text: str) -> None:
    found = await table.fails("PutItem", TableName="ttt", Item={"pk": av("a"), "n": {"N": text}})
    assert found == (VALIDATION, f"The parameter cannot be converted to a numeric value: {text}")


@pytest.mark.parametrize(("text", "kept"), [("+5", "5"), (".5", "0.5"), ("5.", "5"), ("1.e5", "100000")])
async def test_how_numbers_may_be_written(table: Dynamo, text: str, kept: str) -> None:
    await table.call("PutItem", TableName="ttt", Item={"pk": av("a"), "n": {"N": text}})
    found = await table.call("GetItem", TableName="ttt", Key=item({"pk": "a"}))
    assert found["Item"]["n"] == {"N": kept}


# --- legacy parameters -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            {"ComparisonOperator": "EQ"},
            f"{INVALID}Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: x",
        ),
        (
            {"ComparisonOperator": "IN", "AttributeValueList": [av(1), av("a")]},
            f"{INVALID}AttributeValues inside AttributeValueList must be of same type",
        ),
        (
            {"ComparisonOperator": "IN", "AttributeValueList": [av({"a"})]},
            f"{INVALID}ComparisonOperator IN is not valid for SS AttributeValue type",
        ),
        (
            {"ComparisonOperator": "BETWEEN", "AttributeValueList": [av(2), av(1)]},
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
        ),
    ],
)
async def test_expected(table: Dynamo, condition: dict[str, Any], message: str) -> None:
    found = await table.fails("PutItem", TableName="ttt", Item=item({"pk": "a"}), Expected={"x": condition})
    assert found == (VALIDATION, message)


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({}, f"{INVALID}Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "ADD", "Value": av("x")}, f"{INVALID}ADD action is not supported for the type S"),
        (
            {"Action": "DELETE", "Value": av("x")},
            f"{INVALID}DELETE action with value is not supported for the type S",
        ),
        ({"Action": "ADD", "Value": av(1)}, "Type mismatch for attribute to update"),
        ({"Action": "DELETE", "Value": av({"a"})}, "Type mismatch for attribute to update"),
    ],
)
async def test_attribute_updates(table: Dynamo, update: dict[str, Any], message: str) -> None:
    await table.put("ttt", {"pk": "a", "s": "text"})
    found = await table.fails(
        "UpdateItem", TableName="ttt", Key=item({"pk": "a"}), AttributeUpdates={"s": update}
    )
    assert found == (VALIDATION, message)


async def test_attribute_updates_add_to_lists(table: Dynamo) -> None:
    for values in ([1], [2, 3]):
        await table.call(
            "UpdateItem",
            TableName="ttt",
            Key=item({"pk": "a"}),
            AttributeUpdates={"l": {"Action": "ADD", "Value": av(values)}},
        )
    assert await table.get("ttt", {"pk": "a"}) == {"pk": "a", "l": [1, 2, 3]}


async def test_elements_behind_the_end_of_a_list_come_in_their_order(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "a", "l": [0]})
    text = "SET l[9] = :nine, l[5] = :five"
    found = await table.update("ttt", {"pk": "a"}, text, {":nine": 9, ":five": 5})
    assert found["l"] == [0, 5, 9]


# --- queries ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pk = :a AND sk = :n AND x = :n", "Conditions can be of length 1 or 2 only"),
        ("pk > :a AND x = :n", "Query key condition not supported"),
        ("pk.x = :a AND sk = :n", "KeyConditionExpressions cannot have conditions on nested attributes"),
        ("pk = :a AND size(sk) = :n", "KeyConditionExpressions cannot contain nested operations"),
        (
            "pk = :a AND sk = x AND :n = x",
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
        ),
        (
            "pk = :a AND :n = :n",
            "Invalid condition in KeyConditionExpression: No key attribute specified",
        ),
        (
            "pk = :a AND :n BETWEEN :n AND :n",
            "Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand",
        ),
        (
            "pk = :a AND begins_with(:a, sk) AND sk = :n",
            "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first "
            "operand",
        ),
    ],
)
async def test_key_conditions(db: Dynamo, text: str, message: str) -> None:
    await db.create("ttt", "pk:S sk:N")
    found = await db.fails(
        "Query",
        TableName="ttt",
        KeyConditionExpression=text,
        ExpressionAttributeValues=item({":a": "a", ":n": 1}),
    )
    assert found == (VALIDATION, message)


@pytest.mark.parametrize(
    ("start", "of_query", "of_scan"),
    [
        ({"pk": "a"}, "", f": {MISMATCH}"),
        ({"pk": "a", "x": 1}, "", f": {MISMATCH}"),
        ({"pk": "a", "sk": "x"}, MISMATCH, f": {MISMATCH}"),
        ({"pk": "", "sk": 1}, f": {EMPTY_KEY}", f": {EMPTY_KEY}"),
    ],
)
async def test_starting_keys(db: Dynamo, start: dict[str, Any], of_query: str, of_scan: str) -> None:
    await db.create("ttt", "pk:S sk:N")
    params = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": item({":a": "a"})}
    found = await db.fails("Query", TableName="ttt", ExclusiveStartKey=item(start), **params)
    told = of_query if of_query == MISMATCH else f"The provided starting key is invalid{of_query}"
    assert found == (VALIDATION, told)
    found = await db.fails("Scan", TableName="ttt", ExclusiveStartKey=item(start))
    assert found == (VALIDATION, f"The provided starting key is invalid{of_scan}")


async def test_a_starting_key_elsewhere(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:N")
    for text, start, message in (
        (
            "pk = :a",
            {"pk": "b", "sk": 1},
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            "pk = :a AND sk > :n",
            {"pk": "b", "sk": 0},
            "The provided starting key does not match the range key predicate",
        ),
        (
            "pk = :a AND sk > :n",
            {"pk": "b", "sk": 2},
            "The query can return at most one row and cannot be restarted",
        ),
    ):
        values = {":a": "a", ":n": 1} if ":n" in text else {":a": "a"}
        found = await db.fails(
            "Query",
            TableName="ttt",
            KeyConditionExpression=text,
            ExpressionAttributeValues=item(values),
            ExclusiveStartKey=item(start),
        )
        assert found == (VALIDATION, message)


async def test_a_legacy_filter_is_called_by_its_name(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:N")
    is_a = {"ComparisonOperator": "EQ", "AttributeValueList": [av("a")]}
    found = await db.fails("Query", TableName="ttt", KeyConditions={"pk": is_a}, QueryFilter={"pk": is_a})
    assert found == (
        VALIDATION,
        "QueryFilter can only contain non-primary key attributes: Primary key attribute: pk",
    )


# --- transactions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        {"Put": {"Item": item({"pk": ""})}},
        {"Delete": {"Key": item({"pk": ""})}},
        {"ConditionCheck": {"Key": item({"pk": ""}), "ConditionExpression": "attribute_exists(pk)"}},
    ],
)
async def test_an_empty_key_refuses_the_whole_transaction(table: Dynamo, write: dict[str, Any]) -> None:
    ((kind, request),) = write.items()
    items = [{kind: request | {"TableName": "ttt"}}]
    assert await table.fails("TransactWriteItems", TransactItems=items) == (VALIDATION, EMPTY_KEY)


async def test_what_is_wrong_with_a_value_refuses_the_whole_transaction(table: Dynamo) -> None:
    for values, message in (
        ({"pk": av("a"), "s": {"SS": []}}, f"{INVALID}An string set  may not be empty"),
        ({"pk": av("a"), "s": av("x" * 420_000)}, "Item size has exceeded the maximum allowed size"),
    ):
        items = [{"Put": {"TableName": "ttt", "Item": values}}]
        assert await table.fails("TransactWriteItems", TransactItems=items) == (VALIDATION, message)


async def test_a_key_of_the_wrong_type_cancels_a_transaction_of_reads(table: Dynamo) -> None:
    gets = [{"Get": {"TableName": "ttt", "Key": item(key)}} for key in ({"pk": "a"}, {"pk": 1})]
    error = await table.house.fails("dynamodb", "TransactGetItems", {"TransactItems": gets})
    assert error.code == "TransactionCanceledException"
    assert error.fields["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ValidationError", "Message": MISMATCH},
    ]
    gets[1]["Get"]["Key"] = item({"pk": ""})
    assert await table.fails("TransactGetItems", TransactItems=gets) == (VALIDATION, EMPTY_KEY)


async def test_indexes_cost_no_more_in_a_transaction(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", gsi={"byg": "g:S"})
    items = [{"Put": {"TableName": "ttt", "Item": item({"pk": "a", "g": "b", "v": "x" * 3000})}}]
    params = {"TransactItems": items, "ReturnConsumedCapacity": "INDEXES", "ClientRequestToken": "once"}
    (spent,) = (await db.call("TransactWriteItems", **params))["ConsumedCapacity"]
    assert (spent["Table"]["CapacityUnits"], spent["GlobalSecondaryIndexes"]["byg"]["CapacityUnits"]) == (
        6,
        3,
    )
    assert (spent["CapacityUnits"], spent["WriteCapacityUnits"]) == (9, 9)
    # The same again costs what reading the items costs.
    (spent,) = (await db.call("TransactWriteItems", **params))["ConsumedCapacity"]
    assert (spent["CapacityUnits"], spent["ReadCapacityUnits"]) == (2, 2)


async def test_a_repeated_deletion_costs_what_was_deleted(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "a", "v": "x" * 9000})
    items = [{"Delete": {"TableName": "ttt", "Key": item({"pk": "a"})}}]
    params = {"TransactItems": items, "ReturnConsumedCapacity": "TOTAL", "ClientRequestToken": "once"}
    (spent,) = (await table.call("TransactWriteItems", **params))["ConsumedCapacity"]
    assert spent["WriteCapacityUnits"] == 18
    (spent,) = (await table.call("TransactWriteItems", **params))["ConsumedCapacity"]
    assert spent["ReadCapacityUnits"] == 6


async def test_values_that_are_nested_too_deeply(table: Dynamo) -> None:
    deep: Any = "x"
    for _ in range(33):
        deep = {"m": deep}
    for params in (
        {"ConditionExpression": "a = :v", "ExpressionAttributeValues": item({":v": deep})},
        {"UpdateExpression": "SET a = :v", "ExpressionAttributeValues": item({":v": deep})},
        {"AttributeUpdates": {"a": {"Action": "PUT", "Value": av(deep)}}},
    ):
        found = await table.fails("UpdateItem", TableName="ttt", Key=item({"pk": "a"}), **params)
        assert found == (VALIDATION, "Nesting Levels have exceeded supported limits")


@pytest.mark.parametrize("text", ["pk = :a AND sk > :e", "pk = :a AND begins_with(sk, :e)"])
async def test_no_key_condition_takes_an_empty_value(db: Dynamo, text: str) -> None:
    await db.create("ttt", "pk:S sk:S")
    found = await db.fails(
        "Query",
        TableName="ttt",
        KeyConditionExpression=text,
        ExpressionAttributeValues=item({":a": "a", ":e": ""}),
    )
    assert found == (VALIDATION, EMPTY_KEY.replace("Key: pk", "Key: sk"))
