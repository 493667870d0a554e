"""State machines, versions, tags and activities answer what AWS answered, over boto3. The calls are inferred from the recordings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.stepfunctions import Replay, ids_of, parameter, template

Alone = Callable[[str, str], Replay]

FILE = "test_sfn_api.snapshot.json"
VERSIONS = "test_sfn_api_versioning.snapshot.json"
TAGS = "test_sfn_api_tagging.snapshot.json"
ACTIVITIES = "test_sfn_api_activities.snapshot.json"
VALIDATION = "test_sfn_api_validation.snapshot.json"
REFERENCES = "test_sfn_api_variable_references.snapshot.json"

INVALID_NAMES = {
    "\\x00activity": "\0activity",
    "activity\\x1f": "activity\x1f",
    "activity\\x7f": "activity\x7f",
    "activity\\\\name": "activity\\name",
}


def passing(comment: str = "BASE_PASS_RESULT", result: str = "argument1") -> dict[str, Any]:
    state = {"Type": "Pass", "Result": {"Arg1": result}, "End": True}
    return {"Comment": comment, "StartAt": "State_1", "States": {"State_1": state}}


class Api(Replay):
    """Short forms for what most of these scenarios do."""

    def made(self, key: str = "creation_resp_1", definition: Any = None, **more: Any) -> str:
        answer = self.machine(passing() if definition is None else definition, **more)
        self.matches(key, answer)
        return str(answer["stateMachineArn"])

    def described(self, key: str, arn: str) -> None:
        self.matches(key, self.client.describe_state_machine(stateMachineArn=arn))

    def updated(self, key: str, arn: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.update_state_machine(stateMachineArn=arn, **more)
        self.matches(key, answer)
        return answer


@pytest.fixture
def api(alone: Alone) -> Callable[..., Api]:
    def make(test: str, file: str = FILE) -> Api:
        found = alone(file, test)
        found.__class__ = Api
        assert isinstance(found, Api)
        return found

    return make


Make = Callable[..., Api]


def test_create_delete_valid_sm(api: Make) -> None:
    it = api("TestSnfApi::test_create_delete_valid_sm")
    definition = template("base/statemachines/task_seq_2")
    for state in definition["States"].values():
        state["Resource"] = it.function("id")
    arn = it.made(definition=definition)
    it.matches("deletion_resp_1", it.client.delete_state_machine(stateMachineArn=arn))


def test_create_delete_invalid_sm(api: Make) -> None:
    it = api("TestSnfApi::test_create_delete_invalid_sm")
    it.fails("invalid_definition_1", it.machine, definition=template("base/statemachines/invalid_der"))


def test_delete_nonexistent_sm(api: Make) -> None:
    it = api("TestSnfApi::test_delete_nonexistent_sm")
    arn = it.machine(passing())["stateMachineArn"] + "x"
    it.matches("deletion_resp_1", it.client.delete_state_machine(stateMachineArn=arn))


def test_create_exact_duplicate_sm(api: Make) -> None:
    it = api("TestSnfApi::test_create_exact_duplicate_sm")
    first = it.made("creation_resp_1", name="same")
    it.described("describe_resp_1", first)
    second = it.made("creation_resp_2", name="same")
    assert second == first
    it.described("describe_resp_2", second)
    it.described("describe_resp_1_2", first)


@pytest.mark.parametrize("test", ["definition_format_sm", "sm_name"])
def test_create_duplicate(api: Make, test: str) -> None:
    it = api(f"TestSnfApi::test_create_duplicate_{test}")
    it.described("describe_resp_1", it.made("creation_resp_1", name="same"))
    other = json.dumps(passing(), indent=4) if test == "definition_format_sm" else passing(result="other")
    it.fails("already_exists_1", it.machine, definition=other, name="same")


def test_list_sms(api: Make) -> None:
    it = api("TestSnfApi::test_list_sms")
    arns = [it.made(f"creation_resp_{i}", name=f"statemachine_{i}") for i in range(3)]
    listed = it.client.list_state_machines()["stateMachines"]
    it.matches("lst_resp_filter", listed)
    assert [each["stateMachineArn"] for each in listed] == arns
    for i, arn in enumerate(arns):
        it.matches(f"deletion_resp_{i}", it.client.delete_state_machine(stateMachineArn=arn))
    it.matches("lst_resp_del_filter", it.client.list_state_machines()["stateMachines"])


def test_list_sms_pagination(api: Make) -> None:
    it = api("TestSnfApi::test_list_sms_pagination")
    for i in range(13):
        it.machine(passing(), name=f"statemachine_{i}")
    one = it.client.list_state_machines(maxResults=10)
    it.matches("list-state-machines-page-1", one["stateMachines"])
    two = it.client.list_state_machines(maxResults=3, nextToken=one["nextToken"])
    it.matches("list-state-machines-page-2", two["stateMachines"])
    names = [each["name"] for each in one["stateMachines"] + two["stateMachines"]]
    assert names == sorted(f"statemachine_{i}" for i in range(13))
    check_bounds(
        it, "list-state-machines-invalid-param-", "short-nextToken", it.client.list_state_machines, 1024
    )
    assert len(it.client.list_state_machines(maxResults=0)["stateMachines"]) == 13


def check_bounds(it: Replay, prefix: str, short: str, call: Any, token_max: int, **params: Any) -> None:
    """What every list answers to a page too large and to a token too short and too long."""
    it.fails(f"{prefix}too-large", call, maxResults=1001, **params)
    it.fails(
        prefix.removesuffix("invalid-param-") + "invalid-param-" + short
        if f"{prefix}{short}" in it.was
        else prefix.replace("invalid-", "") + short,
        call,
        nextToken="",
        **params,
    )
    token = "x" * (token_max + 1)
    it.words[f"<invalid_token_{len(token)}_chars>"] = token
    it.fails(f"{prefix}long-nextToken", call, nextToken=token, **params)


@pytest.mark.parametrize("test", ["base_definition", "base_role_arn", "base_definition_and_role"])
def test_create_update_state_machine(api: Make, test: str) -> None:
    it = api(f"TestSnfApi::test_create_update_state_machine_{test}")
    roles = [f"arn:aws:iam::{it.account}:role/{n}" for n in range(3)]
    if test == "base_role_arn":
        it.words |= {f"snf_role_arn_t{n}": roles[n] for n in range(3)}
    elif test == "base_definition_and_role":
        it.words |= {"snf_role_arn_t1": roles[1], "snf_role_arn_t2": roles[2]}
    roles[0] = it.role if test != "base_role_arn" else roles[0]
    arn = it.made("creation_resp_t0", roleArn=roles[0])
    it.described("describe_resp_t0", arn)
    for n in (1, 2):
        changes: dict[str, Any] = {}
        if test != "base_role_arn":
            changes["definition"] = json.dumps(passing(result=f"AfterUpdate{n}"))
        if test != "base_definition":
            changes["roleArn"] = roles[n]
        keys = (f"update_state_machine_res_t{n}", "update_state_machine_res")
        it.updated(next(key for key in keys if key in it.was), arn, **changes)
        it.described(f"describe_resp_t{n}", arn)


def test_create_update_state_machine_base_update_none(api: Make) -> None:
    it = api("TestSnfApi::test_create_update_state_machine_base_update_none")
    arn = it.made("creation_resp_t0")
    it.described("describe_resp_t0", arn)
    it.fails("missing_required_parameter", it.client.update_state_machine, stateMachineArn=arn)
    it.fails(
        "null_required_parameter",
        it.client.update_state_machine,
        stateMachineArn=arn,
        definition=None,
        roleArn=None,
    )


def test_create_update_state_machine_same_parameters(api: Make) -> None:
    it = api("TestSnfApi::test_create_update_state_machine_same_parameters")
    other = f"arn:aws:iam::{it.account}:role/other"
    it.words |= {"snf_role_arn_t0": it.role, "snf_role_arn_t1": other}
    arn = it.made("creation_resp_t0")
    it.described("describe_resp_t0", arn)
    it.updated("update_state_machine_res_t1", arn, roleArn=other)
    it.described("describe_resp_t1", arn)
    it.updated("update_state_machine_res_t2", arn, roleArn=other, definition=json.dumps(passing()))
    it.described("describe_resp_t2", arn)


@pytest.mark.parametrize("test", ids_of(FILE, "test_cloudformation_definition_create_describe"))
def test_cloudformation_definition(api: Make, test: str) -> None:
    """What CloudFormation made on AWS is made directly here: the description is the same."""
    it = api(test)
    it.words["state_machine_name"] = name = it.name()
    it.described("describe_state_machine_response", it.machine(passing(), name=name)["stateMachineArn"])


@pytest.mark.parametrize("test", ids_of(FILE, "test_cloudformation_definition_string_create_describe"))
def test_cloudformation_definition_string(api: Make, test: str) -> None:
    test_cloudformation_definition(api, test)


def test_describe_nonexistent_sm(api: Make) -> None:
    it = api("TestSnfApi::test_describe_nonexistent_sm")
    it.words["sm_nonexistent_arn"] = arn = f"arn:aws:states:us-east-1:{it.account}:stateMachine:none"
    it.fails("describe_nonexistent_sm", it.client.describe_state_machine, stateMachineArn=arn)


def test_describe_invalid_arn_sm(api: Make) -> None:
    it = api("TestSnfApi::test_describe_invalid_arn_sm")
    it.fails("exception", it.client.describe_state_machine, stateMachineArn="not_a_valid_arn")


def test_describe_sm_arn_containing_punctuation(api: Make) -> None:
    it = api("TestSnfApi::test_describe_sm_arn_containing_punctuation")
    arn = it.machine(passing(), name="state.machine_with-punctuation")["stateMachineArn"]
    it.described("describe_resp", arn)


# --- executions, as far as the API goes -------------------------------------------------------------------------------


def test_start_execution(api: Make) -> None:
    it = api("TestSnfApi::test_start_execution")
    machine = it.made("creation_resp")
    started = it.client.start_execution(stateMachineArn=machine)
    it.matches("exec_resp", started)
    it.ended(started["executionArn"])
    it.matches("exec_list_resp", it.client.list_executions(stateMachineArn=machine))
    it.matches("exec_hist_resp", it.history(started["executionArn"]))


def test_invalid_start_execution_arn(api: Make) -> None:
    it = api("TestSnfApi::test_invalid_start_execution_arn")
    arn = it.made("creation_resp")
    wrong = arn.replace(":stateMachine:", ":stateMachine:statemachine_invalid_")
    it.client.delete_state_machine(stateMachineArn=arn)
    it.fails("start_exec_of_deleted", it.client.start_execution, stateMachineArn=wrong)


def test_invalid_start_execution_input(api: Make) -> None:
    it = api("TestSnfApi::test_invalid_start_execution_input")
    arn = it.made("creation_resp")
    start = it.client.start_execution
    it.fails("start_exec_str_inp", start, stateMachineArn=arn, input="not some json")
    it.fails("start_exec_not_json_inp", start, stateMachineArn=arn, input="{'not': 'json'")
    it.fails("start_res_empty", start, stateMachineArn=arn, input="")
    for key, text in (("num", "2"), ("str", '"some text"'), ("null", "null")):
        it.matches(f"start_res_{key}", start(stateMachineArn=arn, input=text))


def test_stop_execution(api: Make) -> None:
    it = api("TestSnfApi::test_stop_execution")
    states = {
        "State_1": {"Type": "Wait", "Seconds": 60, "Next": "State_2"},
        "State_2": {"Type": "Pass", "End": True},
    }
    machine = it.made("creation_resp", definition={"StartAt": "State_1", "States": states})
    started = it.client.start_execution(stateMachineArn=machine)
    it.matches("exec_resp", started)
    it.matches("stop_res", it.client.stop_execution(executionArn=started["executionArn"]))
    assert it.ended(started["executionArn"])["status"] == "ABORTED"
    it.matches("exec_hist_resp", it.history(started["executionArn"]))


def test_start_execution_idempotent(api: Make) -> None:
    it = api("TestSnfApi::test_start_execution_idempotent")
    states = {"State_1": {"Type": "Wait", "Seconds": 60, "End": True}}
    machine = it.made("creation_resp", definition={"StartAt": "State_1", "States": states})
    start = it.client.start_execution
    first = start(stateMachineArn=machine, name="once", input="{}")
    it.matches("exec_resp", first)
    it.matches("exec_resp_idempotent", start(stateMachineArn=machine, name="once", input="{}"))
    it.fails(
        "start_exec_already_exists", start, stateMachineArn=machine, name="once", input='{"other": true}'
    )
    it.matches("stop_res", it.client.stop_execution(executionArn=first["executionArn"]))


def test_get_execution_history_reversed(api: Make) -> None:
    it = api("TestSnfApi::test_get_execution_history_reversed")
    arn = it.start(it.machine(passing())["stateMachineArn"])
    it.ended(arn)
    for reverse in (False, True):
        it.matches(f"get_execution_history_reverseOrder[{reverse}]", it.history(arn, reverseOrder=reverse))


@pytest.mark.parametrize(
    "test", ["test_describe_execution", "test_describe_execution_arn_containing_punctuation"]
)
def test_describe_execution(api: Make, test: str) -> None:
    it = api(f"TestSnfApi::{test}")
    name = "exec.with_punctuation-1" if test.endswith("punctuation") else "plain"
    machine = (
        it.made("creation_resp") if "creation_resp" in it.was else it.machine(passing())["stateMachineArn"]
    )
    started = it.client.start_execution(stateMachineArn=machine, name=name)
    it.matches("exec_resp", started)
    it.ended(started["executionArn"])
    it.matches("describe_execution", it.client.describe_execution(executionArn=started["executionArn"]))


def test_describe_state_machine_for_execution(api: Make) -> None:
    it = api("TestSnfApi::test_describe_state_machine_for_execution")
    started = it.client.start_execution(stateMachineArn=it.made("creation_resp"))
    it.matches("exec_resp", started)
    arn = started["executionArn"]
    it.matches("describe_resp", it.client.describe_state_machine_for_execution(executionArn=arn))


@pytest.mark.parametrize(
    ("test", "operation", "member", "value"),
    [
        ("list_execution_no_such_state_machine", "list_executions", "stateMachineArn", ":stateMachine:none"),
        ("list_execution_invalid_arn", "list_executions", "stateMachineArn", "invalid_state_machine_arn"),
        (
            "describe_execution_no_such_state_machine",
            "describe_execution",
            "executionArn",
            ":execution:none:none",
        ),
        (
            "get_execution_history_no_such_execution",
            "get_execution_history",
            "executionArn",
            ":execution:m:none",
        ),
        (
            "get_execution_history_invalid_arn",
            "get_execution_history",
            "executionArn",
            "invalid_state_machine_arn",
        ),
        ("describe_execution_invalid_arn", "describe_execution", "executionArn", "invalid_state_machine_arn"),
    ],
)
def test_what_is_not_there(api: Make, test: str, operation: str, member: str, value: str) -> None:
    it = api(f"TestSnfApi::test_{test}")
    arn = f"arn:aws:states:us-east-1:{it.account}{value}" if value.startswith(":") else value
    it.words |= {"ssm_nonexistent_arn": arn, "invalid_execution_arn": arn}
    it.fails("exception", getattr(it.client, operation), **{member: arn})


def test_state_machine_status_filter(api: Make) -> None:
    it = api("TestSnfApi::test_state_machine_status_filter")
    machine = it.made("creation_resp")
    listed = it.client.list_executions
    it.matches("list_before_execution", listed(stateMachineArn=machine))
    started = it.client.start_execution(stateMachineArn=machine)
    it.matches("exec_resp", started)
    it.ended(started["executionArn"])
    it.matches("list_succeeded_when_complete", listed(stateMachineArn=machine, statusFilter="SUCCEEDED"))
    it.matches("list_running_when_complete", listed(stateMachineArn=machine, statusFilter="RUNNING"))
    it.fails("list_executions_filter_exc", listed, stateMachineArn=machine, statusFilter="succeeded")


def test_start_sync_execution(api: Make) -> None:
    it = api("TestSnfApi::test_start_sync_execution")
    arn = it.made("creation_response" if "creation_response" in it.was else "creation_resp")
    it.fails("start_sync_execution_error", it.client.start_sync_execution, stateMachineArn=arn)


@pytest.mark.parametrize(
    "test", ["test_list_executions_pagination", "test_list_executions_versions_pagination"]
)
def test_list_executions_pagination(api: Make, test: str) -> None:
    it = api(f"TestSnfApi::{test}")
    versions = "versions" in test
    key = next((key for key in ("creation_resp_1", "creation_resp") if key in it.was), None)
    arn = (
        it.made(key, publish=versions) if key else it.machine(passing(), publish=versions)["stateMachineArn"]
    )
    arn += ":1" if versions else ""
    started = [it.start(arn) for _ in range(13)]
    for each in started:
        it.ended(each)
    listed = it.client.list_executions
    one = listed(stateMachineArn=arn, maxResults=10)
    it.matches("list-executions-page-1", one)
    two = listed(stateMachineArn=arn, maxResults=3, nextToken=one["nextToken"])
    it.matches("list-execution-page-2" if versions else "list-executions-page-2", two)
    assert [each["executionArn"] for each in one["executions"] + two["executions"]] == started[::-1]
    check_bounds(it, "list-executions-invalid-param-", "short-nextToken", listed, 3096, stateMachineArn=arn)
    bare = arn.removesuffix(":1") if versions else arn
    it.matches("deletion_resp", it.client.delete_state_machine(stateMachineArn=bare))


# --- versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", ["test_create_with_publish", "test_create_express_with_publish"])
def test_create_with_publish(api: Make, test: str) -> None:
    it = api(f"TestSnfApiVersioning::{test}", VERSIONS)
    it.made(publish=True, type="EXPRESS" if "express" in test else "STANDARD")


def test_create_with_version_description_no_publish(api: Make) -> None:
    it = api("TestSnfApiVersioning::test_create_with_version_description_no_publish", VERSIONS)
    it.fails("validation_exception", it.machine, definition=passing(), versionDescription="HelloWorld!")


@pytest.mark.parametrize("words", ["no_version_description", "with_version_description"])
def test_create_publish_describe(api: Make, words: str) -> None:
    it = api(f"TestSnfApiVersioning::test_create_publish_describe_{words}", VERSIONS)
    more = {"versionDescription": "HelloWorld!"} if words.startswith("with") else {}
    arn = it.made(publish=True, **more)
    it.described("describe_resp_version", f"{arn}:1")
    it.described("describe_resp", arn)


def listed_versions(it: Api, key: str, arn: str) -> None:
    it.matches(key, it.client.list_state_machine_versions(stateMachineArn=arn))


def revision(number: int) -> str:
    return json.dumps(passing(comment=f"BASE_PASS_RESULT-R{number}"))


def test_update_state_machine(api: Make) -> None:
    it = api("TestSnfApiVersioning::test_update_state_machine", VERSIONS)
    arn = it.made()
    for number in (1, 2):
        it.updated(f"update_resp_{number}", arn, definition=revision(number), publish=True)
        listed_versions(it, f"list_versions_resp_{number}", arn)
    update = it.client.update_state_machine
    it.fails("invalid_arn_1", update, stateMachineArn=f"{arn}:2", definition=revision(3))
    it.fails("invalid_arn_2", update, stateMachineArn=f"{arn}:2", definition=revision(3), publish=True)


def test_publish_state_machine_version(api: Make) -> None:
    it = api("TestSnfApiVersioning::test_publish_state_machine_version", VERSIONS)
    arn = it.made()
    publish = it.client.publish_state_machine_version
    it.updated("update_resp_1", arn, definition=revision(1))
    it.matches("publish_v1", publish(stateMachineArn=arn))
    listed_versions(it, "list_versions_resp_1", arn)
    it.described("describe_v1", f"{arn}:1")
    second = it.updated("update_resp_2", arn, definition=revision(2))
    it.matches("publish_v2", publish(stateMachineArn=arn, description="PublishedV2Description"))
    listed_versions(it, "list_versions_resp_2", arn)
    it.described("describe_v2", f"{arn}:2")
    it.updated("update_resp_3", arn, definition=revision(3))
    it.fails("conflict_exception", publish, stateMachineArn=arn, revisionId=second["revisionId"])


def test_start_version_execution(api: Make) -> None:
    it = api("TestSnfApiVersioning::test_start_version_execution", VERSIONS)
    arn = it.made(publish=True)
    for target, started_key, listed_key in (
        (arn, "execution_resp", "exec_list_resp"),
        (f"{arn}:1", "execution_version_resp", "exec_version_list_resp"),
    ):
        started = it.client.start_execution(stateMachineArn=target)
        it.matches(started_key, started)
        it.ended(started["executionArn"])
        it.matches(listed_key, it.client.list_executions(stateMachineArn=target))


def test_list_delete_version(api: Make) -> None:
    it = api("TestSnfApiVersioning::test_list_delete_version", VERSIONS)
    arn = it.made(publish=True)
    it.described("describe_resp_version", f"{arn}:1")
    listed_versions(it, "list_versions_resp_1", arn)
    delete = it.client.delete_state_machine_version
    it.matches("delete_version_resp", delete(stateMachineVersionArn=f"{arn}:1"))
    listed_versions(it, "list_versions_resp_2", arn)
    it.matches("delete_version_resp_after_del", delete(stateMachineVersionArn=f"{arn}:1"))


def test_version_ids_between_deletions(api: Make) -> None:
    it = api("TestSnfApiVersioning::test_version_ids_between_deletions", VERSIONS)
    arn = it.made(publish=True)
    it.client.update_state_machine(stateMachineArn=arn, definition=revision(2), publish=True)
    it.client.delete_state_machine_version(stateMachineVersionArn=f"{arn}:2")
    it.matches("publish_res_v2_2", it.client.publish_state_machine_version(stateMachineArn=arn))


def test_idempotent_publish(api: Make) -> None:
    it = api("TestSnfApiVersioning::test_idempotent_publish", VERSIONS)
    arn = it.made()
    for key in ("publish_v1_1", "publish_v1_2"):
        it.matches(key, it.client.publish_state_machine_version(stateMachineArn=arn))
    listed_versions(it, "list_versions_resp", arn)


@pytest.mark.parametrize("words", ["publish", "no_publish"])
def test_empty_revision_with_publish(api: Make, words: str) -> None:
    test = f"test_empty_revision_with_publish_and_{words}_on_creation"
    it = api(f"TestSnfApiVersioning::{test}", VERSIONS)
    arn = it.made(publish=words == "publish")
    for key in ("update_resp_1", "update_resp_2"):
        it.updated(key, arn, definition=json.dumps(passing()), publish=True)


@pytest.mark.parametrize("words", ["", "_with_revision"])
def test_describe_state_machine_for_execution_of_version(api: Make, words: str) -> None:
    test = f"test_describe_state_machine_for_execution_of_version{words}"
    it = api(f"TestSnfApiVersioning::{test}", VERSIONS)
    arn = it.made(publish=not words)
    if words:
        it.updated("update_resp", arn, definition=revision(2), publish=True)
    started = it.client.start_execution(stateMachineArn=f"{arn}:1")
    it.matches("execution_resp", started)
    execution = started["executionArn"]
    it.matches("describe_resp", it.client.describe_state_machine_for_execution(executionArn=execution))


@pytest.mark.parametrize(
    ("test", "arn"), [("no_such_machine", ":stateMachine:none"), ("invalid_arn", "invalid_arn")]
)
def test_publish_of_nothing(api: Make, test: str, arn: str) -> None:
    it = api(f"TestSnfApiVersioning::test_publish_state_machine_version_{test}", VERSIONS)
    if arn.startswith(":"):
        it.words["ssm_nonexistent_arn"] = arn = f"arn:aws:states:us-east-1:{it.account}{arn}"
    it.fails("exception", it.client.publish_state_machine_version, stateMachineArn=arn)


def test_list_state_machine_versions_pagination(api: Make) -> None:
    it = api("TestSnfApiVersioning::test_list_state_machine_versions_pagination", VERSIONS)
    arn = it.made()
    for number in range(1, 14):
        it.client.update_state_machine(stateMachineArn=arn, definition=revision(number), publish=True)
    listed = it.client.list_state_machine_versions
    one = listed(stateMachineArn=arn, maxResults=10)
    it.matches("list-state-machine-versions-page-1", one)
    two = listed(stateMachineArn=arn, maxResults=3, nextToken=one["nextToken"])
    it.matches("list-state-machine-versions-page-2", two)
    check_bounds(
        it, "list-state-machine-versions-invalid-param-", "short-nextToken", listed, 1024, stateMachineArn=arn
    )
    assert len(listed(stateMachineArn=arn, maxResults=0)["stateMachineVersions"]) == 13


# --- tags -------------------------------------------------------------------------------------------------------------

TAG_LISTS: dict[str, Any] = {
    "tag_list0": [],
    "tag_list1": [{"key": "key1", "value": "value1"}],
    "tag_list2": [{"key": "key1", "value": ""}],
    "tag_list3": [{"key": "key1", "value": "value1"}, {"key": "key1", "value": "value1"}],
    "tag_list4": [{"key": "key1", "value": "value1"}, {"key": "key2", "value": "value2"}],
}
INVALID_TAG_LISTS: dict[str, Any] = {
    "None": None,
    "tag_list0": [{"key": "", "value": "value"}],
    "tag_list1": [{"key": "", "value": "value"}],
    "tag_list2": [{"key": None, "value": "value"}],
    "tag_list3": [{"key": "key1", "value": None}],
}
TAG_KEYS = {
    "tag_keys0": [],
    "tag_keys1": ["key1"],
    "tag_keys2": ["key1", "key1"],
    "tag_keys3": ["key1", "key2"],
}


@pytest.mark.parametrize(
    "test", ids_of(TAGS, "test_tag_state_machine") + ids_of(TAGS, "test_untag_state_machine")
)
def test_tags(api: Make, test: str) -> None:
    it = api(test, TAGS)
    arn = it.made()
    tags = TAG_LISTS.get(parameter(test), TAG_LISTS["tag_list1"])
    it.matches("tag_resource_resp", it.client.tag_resource(resourceArn=arn, tags=tags))
    if "untag_resource_resp" in it.was:
        keys = TAG_KEYS[parameter(test)]
        it.matches("untag_resource_resp", it.client.untag_resource(resourceArn=arn, tagKeys=keys))
    it.matches("list_resources_res", it.client.list_tags_for_resource(resourceArn=arn))


@pytest.mark.parametrize("test", ids_of(TAGS, "test_tag_invalid_state_machine"))
def test_invalid_tags(api: Make, test: str) -> None:
    it = api(test, TAGS)
    arn = it.made()
    key = next(key for key in it.was if key != "creation_resp_1")
    it.fails(key, it.client.tag_resource, resourceArn=arn, tags=INVALID_TAG_LISTS[parameter(test)])


def test_tag_state_machine_version(api: Make) -> None:
    it = api("TestSnfApiTagging::test_tag_state_machine_version", TAGS)
    arn = it.made()
    it.matches("publish_resp", it.client.publish_state_machine_version(stateMachineArn=arn))
    it.fails("error", it.client.tag_resource, resourceArn=f"{arn}:1", tags=TAG_LISTS["tag_list1"])


def test_create_with_tags(api: Make) -> None:
    it = api("TestSnfApiTagging::test_create_state_machine", TAGS)
    arn = it.made(tags=TAG_LISTS["tag_list4"])
    it.matches("list_resources_res", it.client.list_tags_for_resource(resourceArn=arn))


# --- activities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", ids_of(ACTIVITIES, "test_create_describe_delete_activity"))
def test_activity(api: Make, test: str) -> None:
    it = api(test, ACTIVITIES)
    it.words["activity_name"] = name = f"{parameter(test)}-12345678"
    it.words["activity_arn"] = arn = f"arn:aws:states:us-east-1:{it.account}:activity:{name}"
    it.matches("create_activity_response", it.client.create_activity(name=name))
    it.matches("create_activity_response_duplicate", it.client.create_activity(name=name))
    it.matches("describe_activity_response", it.client.describe_activity(activityArn=arn))
    for key in ("delete_activity_response", "delete_activity_response_2"):
        it.matches(key, it.client.delete_activity(activityArn=arn))


@pytest.mark.parametrize("test", ids_of(ACTIVITIES, "test_create_activity_invalid_name"))
def test_invalid_activity_name(api: Make, test: str) -> None:
    it = api(test, ACTIVITIES)
    name = INVALID_NAMES.get(parameter(test), parameter(test))
    it.fails("invalid_name", it.client.create_activity, name=name)


@pytest.mark.parametrize("operation", ["describe_activity", "get_activity_task"])
@pytest.mark.parametrize("kind", ["deleted", "invalid_arn"])
def test_no_activity(api: Make, operation: str, kind: str) -> None:
    test = (
        "test_describe_deleted_activity"
        if (operation, kind) == ("describe_activity", "deleted")
        else f"test_{operation}_{kind}"
    )
    it = api(f"TestSnfApiActivities::{test}", ACTIVITIES)
    call = getattr(it.client, operation)
    if kind == "invalid_arn":
        it.fails("exception", call, activityArn="no_an_activity_arn")
        return
    it.words["activity_arn"] = arn = it.client.create_activity(name="gone")["activityArn"]
    it.client.delete_activity(activityArn=arn)
    it.fails("no_such_activity", call, activityArn=arn)


def test_list_activities(api: Make) -> None:
    it = api("TestSnfApiActivities::test_list_activities", ACTIVITIES)
    for i in range(3):
        name = f"TestActivity-{i}"
        it.words[f"activity_name_{i}"] = name
        it.words[f"activity_arn_{i}"] = it.client.create_activity(name=name)["activityArn"]
    it.matches("list_activities_response", it.client.list_activities())


# --- definitions ------------------------------------------------------------------------------------------------------

CALLBACK = {
    "StartAt": "SendMessageWithWait",
    "States": {
        "SendMessageWithWait": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl.$": "$.QueueUrl", "MessageBody": {"TaskToken.$": "$$.Task.Token"}},
            "End": True,
        }
    },
}
TEXTS = {
    "EMPTY_STRING": " ",
    "NOT_A_DEF": "not a definition",
    "EMPTY_DICT": "{}",
    "ILLEGAL_WFTT": json.dumps(CALLBACK),
}


@pytest.mark.parametrize("test", ids_of(VALIDATION))
def test_validate_state_machine_definition(api: Make, test: str) -> None:
    it = api(test, VALIDATION)
    what = parameter(test)
    text = TEXTS.get(what) or json.dumps(template(f"validation/statemachines/{what.lower()}"))
    kind = "EXPRESS" if "type_express" in test else "STANDARD"
    answer = it.client.validate_state_machine_definition(definition=text, type=kind)
    it.matches("validation_response", answer)


@pytest.mark.parametrize("test", ids_of(REFERENCES))
def test_variable_references(api: Make, test: str) -> None:
    it = api(test, REFERENCES)
    it.words |= {"<partition>": "aws", "<region>": "us-east-1"}
    for answer in it.was.values():  # the recorder took this path for a time
        text = json.dumps(answer["definition"]).replace(
            '"TimestampPath": "timestamp"', '"TimestampPath": "$startAt"'
        )
        answer["definition"] = json.loads(text)
    arn = it.machine(it.meant(it.was["describe_response"]["definition"]))["stateMachineArn"]
    it.described("describe_response", arn)
    if "describe_for_execution_response" not in it.was:
        return
    execution = it.client.start_execution(stateMachineArn=arn)["executionArn"]
    answer = it.client.describe_state_machine_for_execution(executionArn=execution)
    it.matches("describe_for_execution_response", answer)
