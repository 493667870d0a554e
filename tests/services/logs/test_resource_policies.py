from __future__ import annotations

import json

from tests.services.logs.conftest import LogsHouse

DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "r"}, "Action": "logs:PutLogEvents", "Resource": "*"}
        ],
    }
)


async def test_policies_are_put_listed_and_deleted(logs: LogsHouse) -> None:
    for name in ("b", "a"):
        put = await logs.call("PutResourcePolicy", policyName=name, policyDocument=DOCUMENT)
        assert put["resourcePolicy"]["policyDocument"] == DOCUMENT
    first = await logs.call("DescribeResourcePolicies", limit=1)
    assert [policy["policyName"] for policy in first["resourcePolicies"]] == ["a"]
    rest = await logs.call("DescribeResourcePolicies", nextToken=first["nextToken"])
    assert [policy["policyName"] for policy in rest["resourcePolicies"]] == ["b"]
    await logs.call("DeleteResourcePolicy", policyName="a")
    assert (await logs.fails("DeleteResourcePolicy", policyName="a"))[0] == "ResourceNotFoundException"


async def test_documents_must_be_policies_and_ten_are_the_most(logs: LogsHouse) -> None:
    for document in ("{", "{}", '{"Statement": [{"Effect": "Allow"}]}', "[1]"):
        error = await logs.fails("PutResourcePolicy", policyName="p", policyDocument=document)
        assert error[0] == "InvalidParameterException"
    for number in range(10):
        await logs.call("PutResourcePolicy", policyName=f"p{number}", policyDocument=DOCUMENT)
    await logs.call("PutResourcePolicy", policyName="p3", policyDocument=DOCUMENT)
    error = await logs.fails("PutResourcePolicy", policyName="more", policyDocument=DOCUMENT)
    assert error == ("LimitExceededException", "Resource limit exceeded.")
