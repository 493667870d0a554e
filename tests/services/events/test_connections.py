"""Connections: what is kept, what is shown, what is secret, and how tokens are got and renewed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.core.errors import AwsError
from tests.services.events.conftest import API_KEY, BASIC, EventsHouse, oauth
from tests.support.endpoint import Answer, Asked, Endpoint, endpoint
from tests.support.waiting import until

SECRETS = ("pass-word", "key-value", "client-secret", "hidden", "tok-")


class TokenServer:
    """Gives `tok-1`, `tok-2`…, as long as it is told to."""

    def __init__(self, lifetime_s: int | None = 3600) -> None:
        self.given = 0
        self.lifetime_s = lifetime_s
        self.refuses = False

    def __call__(self, asked: Asked) -> Answer:
        if self.refuses:
            return Answer(403, {"error": "hidden"})
        self.given += 1
        token: dict[str, Any] = {"access_token": f"tok-{self.given}", "token_type": "bearer"}
        return Answer(200, token if self.lifetime_s is None else token | {"expires_in": self.lifetime_s})


@pytest.mark.parametrize(
    ("auth", "kind", "shown"),
    [
        (BASIC, "BASIC", {"BasicAuthParameters": {"Username": "u"}}),
        (API_KEY, "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key"}}),
    ],
)
async def test_one_with_a_key_is_authorized_at_once(
    events: EventsHouse, auth: Any, kind: str, shown: Any
) -> None:
    made = await events.connection(auth=auth, Description="d")
    assert made["ConnectionState"] == "AUTHORIZED" and made["CreationTime"] == events.now_ms
    prefix = "arn:aws:events:us-east-1:000000000000:connection/c/"
    assert made["ConnectionArn"].startswith(prefix)
    found = await events.described()
    assert found == {
        "Name": "c",
        "ConnectionArn": made["ConnectionArn"],
        "ConnectionState": "AUTHORIZED",
        "AuthorizationType": kind,
        "AuthParameters": shown,
        "Description": "d",
        "SecretArn": found["SecretArn"],
        "CreationTime": events.now_ms,
        "LastModifiedTime": events.now_ms,
        "LastAuthorizedTime": events.now_ms,
    }
    assert "secret:events!connection/c/" in found["SecretArn"]


async def test_what_is_secret_is_neither_shown_nor_lies_open_in_the_store(
    events: EventsHouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    items = [
        {"Key": "open", "Value": "seen"},
        {"Key": "secret", "Value": "hidden", "IsValueSecret": True},
    ]
    http = dict.fromkeys(("HeaderParameters", "QueryStringParameters", "BodyParameters"), items)
    async with endpoint(TokenServer()) as server:
        await events.connection("a", {**BASIC, "InvocationHttpParameters": http})
        await events.connection("b", {**API_KEY, "InvocationHttpParameters": http})
        await events.connection("o", {**oauth(server.url, **http), "InvocationHttpParameters": http})
        await events.reaches("AUTHORIZED", "o")
    answers = [await events.described(name) for name in "abo"]
    assert answers[2]["AuthParameters"]["InvocationHttpParameters"]["HeaderParameters"] == [
        {"Key": "open", "Value": "seen", "IsValueSecret": False},
        {"Key": "secret", "IsValueSecret": True},
    ]
    stored = b"".join(record.value for record in await events.house.store.scan(("events",), limit=100))
    everywhere = json.dumps(answers) + stored.decode() + caplog.text
    assert "seen" in everywhere
    assert [secret for secret in SECRETS if secret in everywhere] == []


async def test_what_each_type_adds_to_a_request(events: EventsHouse) -> None:
    http = {
        "HeaderParameters": [{"Key": "h", "Value": "1"}],
        "QueryStringParameters": [{"Key": "q", "Value": "2"}],
        "BodyParameters": [{"Key": "b", "Value": "3", "IsValueSecret": True}],
    }
    basic = await events.connection("a", {**BASIC, "InvocationHttpParameters": http})
    found = await events.additions(basic["ConnectionArn"])
    assert found.headers == [("Authorization", "Basic dTpwYXNzLXdvcmQ="), ("h", "1")]
    assert (found.query, found.body, found.stamp) == ([("q", "2")], [("b", "3")], "")
    key = await events.connection("b", API_KEY)
    assert (await events.additions(key["ConnectionArn"])).headers == [("X-Key", "key-value")]
    assert "key-value" not in repr(await events.additions(key["ConnectionArn"]))


async def test_client_credentials_are_sent_as_a_form_and_the_connections_own_win(events: EventsHouse) -> None:
    http = {
        "HeaderParameters": [{"Key": "X-Tenant", "Value": "t"}],
        "QueryStringParameters": [{"Key": "q", "Value": "a b"}],
        "BodyParameters": [{"Key": "scope", "Value": "all"}, {"Key": "grant_type", "Value": "other"}],
    }
    async with endpoint(TokenServer()) as server:
        made = await events.connection(auth=oauth(server.url, **http))
        assert made["ConnectionState"] == "AUTHORIZING" and "LastAuthorizedTime" not in made
        await events.reaches("AUTHORIZED")
        (asked,) = server.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/token", [("q", "a b")])
    assert asked.headers["x-tenant"] == "t"
    assert asked.form == {
        "grant_type": "other",
        "client_id": "client",
        "client_secret": "client-secret",
        "scope": "all",
    }
    assert (await events.additions(made["ConnectionArn"])).headers == [("Authorization", "Bearer tok-1")]


async def test_client_credentials_as_json_and_by_get(events: EventsHouse) -> None:
    kind = [{"Key": "content-type", "Value": "application/json"}]
    async with endpoint(TokenServer()) as server:
        await events.connection("json", oauth(server.url, "PUT", HeaderParameters=kind))
        await events.connection("get", oauth(server.url, "GET"))
        await events.reaches("AUTHORIZED", "json")
        await events.reaches("AUTHORIZED", "get")
        by_method = {asked.method: asked for asked in server.asked}
    assert by_method["PUT"].json["client_id"] == "client"
    assert by_method["GET"].headers["authorization"] == "Basic Y2xpZW50OmNsaWVudC1zZWNyZXQ="
    assert by_method["GET"].query == [("grant_type", "client_credentials")] and by_method["GET"].body == b""


async def authorized(events: EventsHouse, server: Endpoint) -> str:
    arn: str = (await events.connection(auth=oauth(server.url)))["ConnectionArn"]
    await events.reaches("AUTHORIZED")
    return arn


@pytest.mark.every_store
async def test_a_token_is_kept_and_renewed_when_it_ends_soon_or_was_refused(events: EventsHouse) -> None:
    async with endpoint(TokenServer(lifetime_s=3600)) as server:
        arn = await authorized(events, server)
        first = await events.additions(arn)
        assert await events.additions(arn) == first
        second = await events.additions(arn, refused=first.stamp)
        assert second.headers == [("Authorization", "Bearer tok-2")]
        # Who was refused with the first token while another renewed it gets the second.
        assert await events.additions(arn, refused=first.stamp) == second
        await events.clock.advance_ms(3_540_000)
        assert (await events.additions(arn)).headers == [("Authorization", "Bearer tok-3")]


async def test_without_a_token_a_connection_is_not_authorized_until_an_update(events: EventsHouse) -> None:
    tokens = TokenServer()
    tokens.refuses = True
    async with endpoint(tokens) as server:
        arn = (await events.connection(auth=oauth(server.url)))["ConnectionArn"]
        found = await events.reaches("DEAUTHORIZED")
        assert "403" in found["StateReason"] and "hidden" not in found["StateReason"]
        with pytest.raises(AwsError) as caught:
            await events.additions(arn)
        assert caught.value.code == "InvalidConnectionState"
        tokens.refuses = False
        assert (await events.call("UpdateConnection", Name="c"))["ConnectionState"] == "AUTHORIZING"
        assert "StateReason" not in await events.reaches("AUTHORIZED")
        stamp = (await events.additions(arn)).stamp
        tokens.refuses = True
        with pytest.raises(AwsError) as caught:
            await events.additions(arn, refused=stamp)
        assert caught.value.code == "InvalidConnectionState"
        assert (await events.described())["ConnectionState"] == "DEAUTHORIZED"


@pytest.mark.parametrize("body", [b"no json", {"token": "x"}, {"access_token": ""}, {"access_token": 1}, []])
async def test_answers_that_hold_no_token(events: EventsHouse, body: Any) -> None:
    async with endpoint(lambda _: Answer(200, body)) as server:
        await events.connection(auth=oauth(server.url))
        await events.reaches("DEAUTHORIZED")


async def test_an_endpoint_that_is_not_there(events: EventsHouse) -> None:
    async with endpoint() as server:
        url = server.url
    await events.connection(auth=oauth(url))
    assert "does not answer" in (await events.reaches("DEAUTHORIZED"))["StateReason"]


async def test_a_token_that_is_being_got(events: EventsHouse) -> None:
    tokens = TokenServer()
    async with endpoint(tokens) as server:
        made = await events.connection(auth=oauth(server.url))
        with pytest.raises(AwsError) as caught:
            await events.additions(made["ConnectionArn"])
        assert caught.value.code == "AuthInProgress"
        await events.reaches("AUTHORIZED")


async def test_updates_change_what_they_give(events: EventsHouse) -> None:
    http = {"QueryStringParameters": [{"Key": "q", "Value": "1"}]}
    arn = (await events.connection(auth={**BASIC, "InvocationHttpParameters": http}))["ConnectionArn"]
    await events.clock.advance_ms(1000)
    changed = {"BasicAuthParameters": {"Password": "other"}}
    answer = await events.call("UpdateConnection", Name="c", AuthParameters=changed, Description="new")
    assert answer["LastModifiedTime"] == answer["LastAuthorizedTime"] == answer["CreationTime"] + 1000
    found = await events.additions(arn)
    assert found.headers == [("Authorization", "Basic dTpvdGhlcg==")] and found.query == [("q", "1")]
    await events.call("UpdateConnection", Name="c", AuthorizationType="API_KEY", AuthParameters=API_KEY)
    described = await events.described()
    assert (described["AuthorizationType"], described["Description"]) == ("API_KEY", "new")
    assert described["AuthParameters"] == {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key"}}


async def test_deauthorizing_forgets_and_an_update_begins_anew(events: EventsHouse) -> None:
    arn = (await events.connection())["ConnectionArn"]
    assert (await events.call("DeauthorizeConnection", Name="c"))["ConnectionState"] == "DEAUTHORIZING"
    found = await events.reaches("DEAUTHORIZED")
    assert found["AuthParameters"] == {} and "SecretArn" not in found and "LastAuthorizedTime" not in found
    assert (await events.call("UpdateConnection", Name="c"))["ConnectionState"] == "DEAUTHORIZED"
    code, message = await events.fails(
        "UpdateConnection", Name="c", AuthParameters={"BasicAuthParameters": {"Password": "p"}}
    )
    assert code == "ValidationException" and "Username" in message
    await events.call("UpdateConnection", Name="c", AuthParameters=BASIC)
    assert (await events.additions(arn)).headers[0][0] == "Authorization"


@pytest.mark.every_store
async def test_deleting(events: EventsHouse) -> None:
    arn = (await events.connection())["ConnectionArn"]
    assert (await events.call("DeleteConnection", Name="c"))["ConnectionState"] == "DELETING"

    async def gone() -> bool:
        return not (await events.call("ListConnections"))["Connections"]

    await until(gone)
    for operation in ("Describe", "Update", "Delete", "Deauthorize"):
        code, message = await events.fails(f"{operation}Connection", Name="c")
        assert code == "ResourceNotFoundException"
        assert message.endswith("the connection(s). Connection 'c' does not exist.")
    assert (await events.connection())["ConnectionArn"] != arn
    with pytest.raises(AwsError) as caught:
        await events.additions(arn)
    assert caught.value.code == "ResourceNotFound"


async def test_lists(events: EventsHouse) -> None:
    for name in ("ab", "abc", "abd", "b"):
        await events.connection(name)
    await events.call("DeauthorizeConnection", Name="b")
    await events.reaches("DEAUTHORIZED", "b")

    async def names(**more: Any) -> tuple[list[str], str | None]:
        answer = await events.call("ListConnections", **more)
        assert not any("AuthParameters" in each for each in answer["Connections"])
        return [each["Name"] for each in answer["Connections"]], answer.get("NextToken")

    assert await names() == (["ab", "abc", "abd", "b"], None)
    assert await names(NamePrefix="abc") == (["abc"], None)
    assert await names(ConnectionState="DEAUTHORIZED") == (["b"], None)
    page, token = await names(NamePrefix="ab", Limit=1)
    assert page == ["ab"] and token is not None
    assert await names(NamePrefix="ab", Limit=2, NextToken=token) == (["abc", "abd"], None)
    assert (await events.fails("ListConnections", NextToken="x"))[0] == "ValidationException"


@pytest.mark.parametrize(
    ("kind", "auth", "part"),
    [
        ("BASIC", API_KEY, "ApiKeyAuthParameters cannot be specified"),
        ("BASIC", {}, "BasicAuthParameters.Username is required"),
        ("OAUTH_CLIENT_CREDENTIALS", oauth("http://example.com"), "must be an HTTPS URL"),
        ("OAUTH_CLIENT_CREDENTIALS", oauth("ftp://localhost"), "must be an HTTPS URL"),
        (
            "BASIC",
            {**BASIC, "InvocationHttpParameters": {"BodyParameters": [{"Value": "v"}]}},
            "must have a Key",
        ),
        (
            "BASIC",
            {
                **BASIC,
                "InvocationHttpParameters": {"BodyParameters": [{"Key": "k", "Value": "v" * 66_000}]},
            },
            "exceed the maximum size",
        ),
    ],
)
async def test_what_is_refused(events: EventsHouse, kind: str, auth: Any, part: str) -> None:
    code, message = await events.fails(
        "CreateConnection", Name="c", AuthorizationType=kind, AuthParameters=auth
    )
    assert code == "ValidationException" and part in message


async def test_names_are_given_once(events: EventsHouse) -> None:
    await events.connection()
    code, message = await events.fails(
        "CreateConnection", Name="c", AuthorizationType="BASIC", AuthParameters=BASIC
    )
    assert (code, message) == ("ResourceAlreadyExistsException", "Connection c already exists.")


_RESOURCE = {
    "ResourceParameters": {
        "ResourceConfigurationArn": f"arn:aws:vpc-lattice:us-east-1:000000000000:resourceconfiguration/rcfg-{'0' * 17}"
    }
}


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"InvocationConnectivityParameters": _RESOURCE}, "InvocationConnectivityParameters"),
        ({"KmsKeyIdentifier": "alias/k"}, "KmsKeyIdentifier"),
        (
            {"AuthParameters": {**BASIC, "ConnectivityParameters": _RESOURCE}},
            "AuthParameters.ConnectivityParameters",
        ),
    ],
)
async def test_what_fogbank_lacks_is_refused_by_name(
    events: EventsHouse, more: dict[str, Any], named: str
) -> None:
    given = {"Name": "c", "AuthorizationType": "BASIC", "AuthParameters": BASIC} | more
    code, message = await events.fails("CreateConnection", **given)
    assert (code, message) == (
        "NotImplemented",
        f"fogbank does not support events CreateConnection with {named} yet",
    )
