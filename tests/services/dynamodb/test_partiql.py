"""PartiQL: statements, what they read and write, batches and transactions of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.partiql.parser import parse
from tests.services.dynamodb.spoken import Dynamo, av, item, plain

VALIDATION = "ValidationException"


async def execute(db: Dynamo, statement: str, *parameters: Any, **more: Any) -> list[dict[str, Any]]:
    if parameters:
        more["Parameters"] = [av(each) for each in parameters]
    found = await db.call("ExecuteStatement", Statement=statement, **more)
    return [plain(each) for each in found["Items"]]


async def refused(db: Dynamo, statement: str, *parameters: Any) -> tuple[str, str]:
    more = {"Parameters": [av(each) for each in parameters]} if parameters else {}
    return await db.fails("ExecuteStatement", Statement=statement, **more)


@pytest.fixture
async def music(db: Dynamo) -> Dynamo:
    await db.create("Music", "artist:S year:N", gsi={"by-genre": "genre:S year:N"})
    for artist in ("abba", "blur"):
        for year in range(1970, 1975):
            await db.put(
                "Music", {"artist": artist, "year": year, "genre": f"g{year % 2}", "m": {"l": [1, year]}}
            )
    return db


@pytest.mark.parametrize(
    ("where", "years"),
    [
        ("artist = 'abba'", [1970, 1971, 1972, 1973, 1974]),
        ("artist = 'abba' AND \"year\" > 1972", [1973, 1974]),
        ("artist = 'abba' AND year BETWEEN 1971 AND 1972", [1971, 1972]),
        ("artist = 'abba' AND year = 1971", [1971]),
        ("artist = 'abba' AND NOT year = 1971 AND m.l[1] <> 1972", [1970, 1973, 1974]),
        ("artist = 'abba' AND year IN [1970, 1974, 2000]", [1970, 1974]),
        ("artist = 'abba' AND (year = 1970 OR genre = 'g1')", [1970, 1971, 1973]),
        ("artist = 'abba' AND nothing IS MISSING AND size(m.l) = 2", [1970, 1971, 1972, 1973, 1974]),
        ("artist = 'abba' AND nothing IS NOT MISSING", []),
        ("artist = 'abba' AND begins_with(genre, 'g1')", [1971, 1973]),
        ("artist = 'abba' AND contains(m.l, 1973)", [1973]),
        ("artist = 'abba' ORDER BY year DESC", [1974, 1973, 1972, 1971, 1970]),
        ("artist IN ['abba', 'blur'] AND year = 1970", [1970, 1970]),
        ("year = 1970", [1970, 1970]),
    ],
)
async def test_select(music: Dynamo, where: str, years: list[int]) -> None:
    for more in ({}, {"Limit": 2}):
        found: list[Any] = []
        token: dict[str, Any] = {}
        while True:
            page = await music.call(
                "ExecuteStatement", Statement=f'SELECT * FROM "Music" WHERE {where}', **more, **token
            )
            found += [plain(each)["year"] for each in page["Items"]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert found == years


async def test_a_partition_is_read_and_not_the_table(music: Dynamo) -> None:
    found = await music.call(
        "ExecuteStatement",
        Statement="SELECT year FROM Music WHERE artist = ? AND genre = 'g0'",
        Parameters=[av("abba")],
        Limit=5,
        ReturnConsumedCapacity="TOTAL",
    )
    assert [plain(each) for each in found["Items"]] == [{"year": n} for n in (1970, 1972, 1974)]
    assert found["ConsumedCapacity"] == {"TableName": "Music", "CapacityUnits": 0.5}
    by_genre = await execute(
        music, 'SELECT artist, m.l[0] FROM "Music"."by-genre" WHERE genre = \'g1\' AND year < 1972'
    )
    assert sorted(by_genre, key=repr) == [{"artist": "abba", "l[0]": 1}, {"artist": "blur", "l[0]": 1}]


async def test_insert(music: Dynamo) -> None:
    insert = "INSERT INTO Music VALUE {'artist': 'cher', 'year': ?, 's': <<'a', 'b'>>, 'l': [1, null, {'x': -1.50}], 't': true}"
    assert await execute(music, insert, 1999) == []
    assert await music.get("Music", {"artist": "cher", "year": 1999}) == {
        "artist": "cher",
        "year": 1999,
        "s": {"a", "b"},
        "l": [1, None, {"x": plain({"n": {"N": "-1.5"}})["n"]}],
        "t": True,
    }
    assert await refused(music, insert, 1999) == (
        "DuplicateItemException",
        "Duplicate primary key exists in table",
    )


async def test_update(music: Dynamo) -> None:
    where = "WHERE artist = 'abba' AND year = 1970"
    key = {"artist": "abba", "year": 1970}
    assert await execute(music, f"UPDATE Music SET n = 1 SET s = <<1, 2>> REMOVE genre {where}") == []
    found = await execute(
        music,
        f"UPDATE Music SET n = n + 4, s = set_add(s, <<3>>), m.l = list_append(m.l, ['x']) {where} RETURNING MODIFIED NEW *",
    )
    assert found == [{"n": 5, "s": {1, 2, 3}, "m": {"l": [1, 1970, "x"]}}]
    assert await execute(music, f"UPDATE Music SET s = set_delete(s, <<1>>) {where} RETURNING ALL OLD *") == [
        key | {"n": 5, "s": {1, 2, 3}, "m": {"l": [1, 1970, "x"]}}
    ]
    failed = ("ConditionalCheckFailedException", "The conditional request failed")
    assert await refused(music, f"UPDATE Music SET n = 9 {where} AND n = 4") == failed
    assert await refused(music, "UPDATE Music SET n = 9 WHERE artist = 'none' AND year = 1") == failed
    assert await refused(music, "UPDATE Music SET n = 9 WHERE artist = 'abba'") == (
        VALIDATION,
        "Where clause does not contain a mandatory equality on all key attributes",
    )


async def test_delete(music: Dynamo) -> None:
    where = "WHERE artist = 'abba' AND year = 1970"
    failed = ("ConditionalCheckFailedException", "The conditional request failed")
    assert await refused(music, f"DELETE FROM Music {where} AND genre = 'other'") == failed
    (gone,) = await execute(music, f"DELETE FROM Music {where} RETURNING ALL OLD *")
    assert gone["genre"] == "g0"
    assert await execute(music, f"DELETE FROM Music {where} RETURNING ALL OLD *") == []


async def test_batches_answer_for_each_statement(music: Dynamo) -> None:
    select = "SELECT * FROM Music WHERE artist = 'abba' AND year = ?"
    found = await music.call(
        "BatchExecuteStatement",
        Statements=[{"Statement": select, "Parameters": [av(year)]} for year in (1970, 1)]
        + [
            {"Statement": "SELECT * FROM Music WHERE artist = 'abba'"},
            {"Statement": "SELECT * FROM None WHERE a = 1"},
        ],
    )
    first, second, third, fourth = found["Responses"]
    assert plain(first["Item"])["year"] == 1970 and second == {"TableName": "Music"}
    assert third["Error"]["Code"] == "ValidationError" and fourth["Error"]["Code"] == "ResourceNotFound"
    insert = "INSERT INTO Music VALUE {'artist': 'new', 'year': 1}"
    written = await music.call(
        "BatchExecuteStatement", Statements=[{"Statement": insert}, {"Statement": insert}]
    )
    assert written["Responses"] == [
        {"TableName": "Music"},
        {
            "TableName": "Music",
            "Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"},
        },
    ]


async def test_transactions(music: Dynamo) -> None:
    insert = {"Statement": "INSERT INTO Music VALUE {'artist': 'new', 'year': ?}", "Parameters": [av(1)]}
    exists = {"Statement": "EXISTS(SELECT * FROM Music WHERE artist = 'abba' AND year = 1970 AND genre = ?)"}
    request: dict[str, Any] = {
        "TransactStatements": [insert, exists | {"Parameters": [av("g0")]}],
        "ClientRequestToken": "token",
    }
    assert await music.call("ExecuteTransaction", **request) == {"Responses": [{}, {}]}
    assert await music.call("ExecuteTransaction", **request) == {"Responses": [{}, {}]}, (
        "the token makes it one"
    )
    other = [
        {"Statement": "INSERT INTO Music VALUE {'artist': 'new', 'year': 2}"},
        exists | {"Parameters": [av("no")]},
    ]
    error = await music.house.fails("dynamodb", "ExecuteTransaction", {"TransactStatements": other})
    assert [each["Code"] for each in error.fields["CancellationReasons"]] == [
        "None",
        "ConditionalCheckFailed",
    ]
    assert await music.get("Music", {"artist": "new", "year": 2}) is None
    select = "SELECT year FROM Music WHERE artist = 'new' AND year = {}"
    found = await music.call(
        "ExecuteTransaction", TransactStatements=[{"Statement": select.format(n)} for n in (1, 2)]
    )
    assert found == {"Responses": [{"Item": item({"year": 1})}, {}]}


@pytest.mark.parametrize(
    "statement",
    ["", "SELECT", "SELECT * FROM", "DROP TABLE x", "SELECT * FROM t WHERE", "SELECT * FROM t WHERE a", "INSERT INTO t VALUE 1",
     "UPDATE t WHERE a = 1", "DELETE FROM t x", "SELECT * FROM t x", "SELECT * FROM t WHERE a = 'open", "SELECT * FROM t WHERE a = ~"],
)  # fmt: skip
async def test_what_is_no_statement(db: Dynamo, statement: str) -> None:
    with pytest.raises(AwsError) as caught:
        parse(statement, [])
    assert caught.value.message.startswith("Statement wasn't well formed, can't be processed: ")


def test_parameters_must_match() -> None:
    for statement, parameters in (("SELECT * FROM t WHERE a = ?", []), ("SELECT * FROM t", [av(1)])):
        with pytest.raises(AwsError, match="Number of parameters in request and statement don't match"):
            parse(statement, parameters)


async def test_order_by_needs_a_partition(music: Dynamo) -> None:
    code, message = await refused(music, "SELECT * FROM Music ORDER BY year")
    assert code == VALIDATION and "ORDER BY" in message
    code, message = await refused(music, "SELECT * FROM Music WHERE artist = 'abba' ORDER BY genre")
    assert message == "Variable reference genre in ORDER BY clause must be part of the primary key"


WORDS = st.lists(
    st.sampled_from(
        ["SELECT", "*", "FROM", "t", "WHERE", "a", "=", "'x'", "?", "AND", "(", ")", "IN", "[", "]", "INSERT", "INTO", "VALUE",
         "{", "}", ":", ",", "UPDATE", "SET", "<<", ">>", "-", "1", "IS", "MISSING", "NOT", "RETURNING", "ALL", "OLD", "DELETE"]
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=300)
@given(WORDS)
def test_any_text_is_parsed_or_refused(words: list[str]) -> None:
    try:
        parse(" ".join(words), [{"S": "x"}])
    except AwsError as error:
        assert error.code == VALIDATION


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE Music WHERE artist = 'a'",
            "Statement wasn't well formed, can't be processed: Expected data manipulation",
        ),
        (
            "SELECT artist WHERE",
            "Statement wasn't well formed, can't be processed: Expected FROM after SELECT list",
        ),
        ("SELECT * FROM Music WHERE", "Statement wasn't well formed, can't be processed: Unexpected term"),
        (
            "SELECT * FROM Music WHERE artist =",
            "Statement wasn't well formed, can't be processed: Missing right-hand side expression of infix operator",
        ),
        ("DELETE Music", "Statement wasn't well formed, can't be processed: Expected FROM after DELETE"),
        (
            "UPDATE Music SET n 1 WHERE artist = 'a'",
            "Statement wasn't well formed, can't be processed: Expected '='",
        ),
        ("DROP TABLE x", "Statement wasn't well formed, can't be processed: Expected data manipulation"),
        (
            "UPDATE Music SET n = 1",
            "Where clause does not contain a mandatory equality on all key attributes",
        ),
        ("SELECT * FROM my-music", "Unexpected from source"),
        ("SELECT * FROM 'Music'", "Unexpected from source"),
        (
            "DELETE FROM my-music WHERE artist = 'a'",
            "Statement wasn't well formed, can't be processed: Unexpected token after expression",
        ),
        ("DELETE FROM Music", "Where clause does not contain a mandatory equality on all key attributes"),
        ('SELECT * FROM Music."none"', "The table does not have the specified index"),
        (
            "SELECT * FROM Music WHERE artist < true",
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        ("EXISTS (SELECT * FROM Music WHERE artist = 'abba')", "EXISTS is only supported in transactions"),
    ],
)
async def test_statements_that_are_refused(music: Dynamo, statement: str, message: str) -> None:
    assert await refused(music, statement) == (VALIDATION, message)


async def test_global_indexes_are_not_read_consistently(music: Dynamo) -> None:
    found = await music.fails(
        "ExecuteStatement", Statement='SELECT * FROM Music."by-genre"', ConsistentRead=True
    )
    assert found == (VALIDATION, "Strongly consistent read is not supported on Global Secondary Indexes")


async def test_columns_that_an_index_lacks(db: Dynamo) -> None:
    await db.create(
        "three",
        "a:S b:N",
        gsi={"glob": "g:S"},
        lsi={"loc": "a:S c:N"},
        projection={"ProjectionType": "KEYS_ONLY"},
    )
    await db.put("three", {"a": "x", "b": 1, "c": 2, "g": "y", "more": "z"})
    assert await execute(db, "SELECT more FROM three.loc WHERE a = 'x'") == [{"more": "z"}]
    assert await execute(db, "SELECT b FROM three.glob WHERE g = 'y'") == [{"b": 1}]
    code, message = await refused(db, "SELECT more FROM three.glob WHERE g = 'y'")
    assert (code, message.endswith("Global secondary index glob does not project [more]")) == (
        VALIDATION,
        True,
    )


async def test_returning_in_batches_and_transactions(music: Dynamo) -> None:
    key = "artist = 'abba' AND year = 1970"
    statements = [
        {"Statement": f"UPDATE Music SET n = 1 WHERE {key} RETURNING MODIFIED NEW *"},
        {"Statement": f"DELETE FROM Music WHERE {key} RETURNING ALL OLD *"},
    ]
    found = await music.call("BatchExecuteStatement", Statements=statements)
    first, second = found["Responses"]
    assert plain(first["Item"]) == {"n": 1}
    assert plain(second["Item"])["year"] == 1970
    code, _ = await music.fails("ExecuteTransaction", TransactStatements=statements[:1])
    assert code == VALIDATION


async def test_batches_read_whole_keys(music: Dynamo) -> None:
    for statement in (
        "SELECT * FROM Music",
        "SELECT * FROM Music WHERE artist = 'abba'",
        "SELECT * FROM Music.\"by-genre\" WHERE artist = 'abba' AND year = 1970",
    ):
        found = await music.call("BatchExecuteStatement", Statements=[{"Statement": statement}])
        assert found["Responses"][0]["Error"] == {
            "Code": "ValidationError",
            "Message": "Select statements within BatchExecuteStatement must specify the primary key in the where clause.",
        }


async def test_a_repeated_transaction_costs_its_reading(music: Dynamo) -> None:
    statements = [{"Statement": "INSERT INTO Music VALUE {'artist': 'cher', 'year': 1998}"}]
    params: dict[str, Any] = {"TransactStatements": statements, "ClientRequestToken": "once"}
    spent = (await music.call("ExecuteTransaction", ReturnConsumedCapacity="TOTAL", **params))[
        "ConsumedCapacity"
    ]
    assert spent[0]["WriteCapacityUnits"] == 2
    spent = (await music.call("ExecuteTransaction", ReturnConsumedCapacity="TOTAL", **params))[
        "ConsumedCapacity"
    ]
    assert spent[0]["ReadCapacityUnits"] == 2
