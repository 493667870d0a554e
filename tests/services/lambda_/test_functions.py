"""Creating, looking at, changing and deleting functions."""

from __future__ import annotations

import base64
import hashlib
import os

import pytest

from fogbank.core.config import AuthMode, Settings
from fogbank.model.principal import root_of
from tests.services.lambda_.fakes import ARN, ROLE, LambdaHouse, creation, functions, pack
from tests.support.waiting import until


async def test_a_new_function_is_pending_and_becomes_active(house: LambdaHouse) -> None:
    created = await house.do("CreateFunction", **creation())
    assert created["State"] == "Pending" and created["StateReasonCode"] == "Creating"
    assert "LastUpdateStatus" not in created
    assert created["FunctionArn"] == ARN
    assert (
        created["CodeSha256"]
        == base64.b64encode(hashlib.sha256(creation()["Code"]["ZipFile"]).digest()).decode()
    )
    active = await house.settled()
    assert active["State"] == "Active" and active["LastUpdateStatus"] == "Successful"
    assert active["RevisionId"] != created["RevisionId"]


async def test_what_was_set_is_shown(house: LambdaHouse) -> None:
    shown = await house.create(
        Description="says so",
        Timeout=7,
        MemorySize=512,
        Environment={"Variables": {"GREETING": "hello"}},
        EphemeralStorage={"Size": 1024},
        TracingConfig={"Mode": "Active"},
        LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"},
        Tags={"team": "a"},
    )
    assert shown["Environment"] == {"Variables": {"GREETING": "hello"}}
    assert (shown["Timeout"], shown["MemorySize"], shown["EphemeralStorage"]) == (7, 512, {"Size": 1024})
    assert shown["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "WARN",
        "LogGroup": "/aws/lambda/f",
    }
    assert (await house.do("GetFunction", FunctionName="f"))["Tags"] == {"team": "a"}
    await house.invoke()
    config = house.pool.invoked[0][0]
    assert config.environment == {"GREETING": "hello"}
    assert (config.timeout_ms, config.memory_mb, config.tmp_mb, config.tracing) == (7000, 512, 1024, True)
    assert (config.log_format, config.application_log_level) == ("JSON", "INFO")


async def test_variables_are_sealed_in_the_store(house: LambdaHouse) -> None:
    await house.create(Environment={"Variables": {"SECRET": "open-sesame"}})
    record = await house.store.get(("lambda", "000000000000", "us-east-1", "function", "f"))
    assert record is not None and b"open-sesame" not in record.value and b"SECRET" not in record.value


async def test_names_in_every_form(house: LambdaHouse) -> None:
    await house.create()
    for form in ("f", "000000000000:function:f", "function:f", ARN):
        shown = await house.do("GetFunctionConfiguration", FunctionName=form)
        assert shown["FunctionArn"] == ARN
    shown = await house.do("GetFunctionConfiguration", FunctionName=ARN, Qualifier="$LATEST")
    assert shown["FunctionArn"] == ARN + ":$LATEST"
    assert await house.refuses("GetFunction", FunctionName="f:one", Qualifier="two") == (
        "InvalidParameterValueException",
        "The derived qualifier from the function name does not match the specified qualifier.",
    )
    assert await house.refuses(
        "GetFunction", FunctionName="arn:aws:lambda:eu-west-1:000000000000:function:f"
    ) == (
        "ResourceNotFoundException",
        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    )


async def test_accounts_and_regions_are_apart(house: LambdaHouse) -> None:
    await house.create()
    elsewhere = await house.fails("lambda", "GetFunction", {"FunctionName": "f"}, region="eu-west-1")
    assert elsewhere.code == "ResourceNotFoundException"
    other = await house.fails("lambda", "GetFunction", {"FunctionName": "f"}, account="111111111111")
    assert other.message.endswith(":111111111111:function:f")
    assert (await house.call("lambda", "ListFunctions", {}, account="111111111111"))["Functions"] == []


async def test_a_function_of_another_account_is_refused_where_permissions_count() -> None:
    async with functions(Settings(auth=AuthMode.ENFORCE)) as house:
        await house.create()
        caller = house.caller("111111111111")
        stranger = type(caller)(caller.account, caller.region, root_of("111111111111"), caller.request_id)
        with pytest.raises(Exception, match="is not authorized to perform: lambda:InvokeFunction"):
            await house.calls.call("lambda", "Invoke", {"FunctionName": ARN, "Payload": b"{}"}, stranger)
        refused = await house.refuses(
            "CreateFunction", **creation("g") | {"Role": "arn:aws:iam::111111111111:role/r"}
        )
        assert refused == ("AccessDeniedException", "Cross-account pass role is not allowed.")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Runtime": None}, "Runtime and Handler are mandatory parameters for functions created with deployment packages."),
        ({"Code": {"ZipFile": b"no zip"}}, "Could not unzip uploaded file. Please check your file, then try to upload again."),
        ({"Code": {"ZipFile": b""}}, "Uploaded file must be a non-empty zip"),
        ({"Code": {}}, "Please provide a source for function code."),
        ({"Code": {"ZipFile": b"x", "S3Key": "k"}}, "Please do not provide other FunctionCode parameters when providing a ZipFile."),
    ],
)  # fmt: skip
async def test_what_cannot_be_created(house: LambdaHouse, change: dict[str, object], message: str) -> None:
    params = {name: value for name, value in (creation() | change).items() if value is not None}
    assert await house.refuses("CreateFunction", **params) == ("InvalidParameterValueException", message)
    assert (await house.do("ListFunctions"))["Functions"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"VpcConfig": {"SubnetIds": ["subnet-0a"], "SecurityGroupIds": ["sg-0123456789"]}},
        {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"}},
        {
            "FileSystemConfigs": [
                {
                    "Arn": "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0",
                    "LocalMountPath": "/mnt/x",
                }
            ]
        },
        {"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"},
        {"SnapStart": {"ApplyOn": "PublishedVersions"}},
        {"PackageType": "Image", "Code": {"ImageUri": "repository/image"}},
        {"Code": {"S3Bucket": "bucket", "S3Key": "key"}},
        {
            "CodeSigningConfigArn": "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-12345678901234567"
        },
    ],
)
async def test_what_is_not_supported_is_named(house: LambdaHouse, change: dict[str, object]) -> None:
    error = await house.fails("lambda", "CreateFunction", creation() | change)
    assert (error.code, error.status) == ("NotImplemented", 501)
    assert "fogbank does not support" in error.message


async def test_empty_settings_that_clients_send_are_nothing(house: LambdaHouse) -> None:
    await house.create(
        VpcConfig={"SubnetIds": [], "SecurityGroupIds": []},
        DeadLetterConfig={"TargetArn": ""},
        KMSKeyArn="",
        SnapStart={"ApplyOn": "None"},
        FileSystemConfigs=[],
    )


async def test_variables_that_lambda_keeps_for_itself_and_too_many(house: LambdaHouse) -> None:
    code, message = await house.refuses(
        "CreateFunction", **creation() | {"Environment": {"Variables": {"AWS_REGION": "x", "OK_": "y"}}}
    )
    assert code == "InvalidParameterValueException"
    assert message.endswith("Reserved keys used in this request: AWS_REGION")
    code, message = await house.refuses(
        "CreateFunction", **creation() | {"Environment": {"Variables": {"BIG": "x" * 4096}}}
    )
    assert "exceeded the 4KB limit. String measured: {" in message


async def test_unknown_and_outdated_runtimes(house: LambdaHouse) -> None:
    _, message = await house.refuses("CreateFunction", **creation() | {"Runtime": "cobol60"})
    assert message.startswith(
        "Value cobol60 at 'runtime' failed to satisfy constraint: Member must satisfy enum"
    )
    assert message.endswith("or be a valid ARN")
    _, message = await house.refuses("CreateFunction", **creation() | {"Runtime": "python2.7"})
    assert message.startswith("The runtime parameter of python2.7 is no longer supported")


async def test_a_runtime_that_is_not_installed_fails_the_function_until_it_is(house: LambdaHouse) -> None:
    house.pool.missing.add("java21")
    await house.create(Runtime="java21")
    shown = await house.settled()
    assert (shown["State"], shown["StateReasonCode"]) == ("Failed", "InvalidRuntime")
    assert "install one" in shown["StateReason"]
    code, message = await house.refuses("Invoke", FunctionName="f")
    assert code == "ResourceConflictException" and message.endswith("state: Failed")
    house.pool.missing.clear()
    assert (await house.invoke(event=1))["Payload"] == b"1"
    assert (await house.settled())["State"] == "Active"


async def test_an_existing_name_is_a_conflict(house: LambdaHouse) -> None:
    await house.create()
    assert await house.refuses("CreateFunction", **creation()) == (
        "ResourceConflictException",
        "Function already exist: f",
    )


async def test_lists_in_pages(house: LambdaHouse) -> None:
    for name in ("a", "b", "c"):
        await house.create(name)
    await house.do("PublishVersion", FunctionName="b")
    page = await house.do("ListFunctions", MaxItems=2)
    assert [found["FunctionName"] for found in page["Functions"]] == ["a", "b"]
    assert "State" not in page["Functions"][0]
    rest = await house.do("ListFunctions", Marker=page["NextMarker"])
    assert [found["FunctionName"] for found in rest["Functions"]] == ["c"] and "NextMarker" not in rest
    arns, marker = [], None
    while True:
        more = {"Marker": marker} if marker else {}
        page = await house.do("ListFunctions", FunctionVersion="ALL", MaxItems=1, **more)
        arns += [found["FunctionArn"].rpartition("function:")[2] for found in page["Functions"]]
        if (marker := page.get("NextMarker")) is None:
            break
    assert arns == ["a:$LATEST", "b:$LATEST", "b:1", "c:$LATEST"]
    code, _ = await house.refuses("ListFunctions", Marker="forged")
    assert code == "InvalidParameterValueException"


async def test_an_update_goes_through_in_progress_and_bars_others(house: LambdaHouse) -> None:
    await house.create()
    updated = await house.do("UpdateFunctionConfiguration", FunctionName="f", MemorySize=256)
    assert (updated["State"], updated["LastUpdateStatus"]) == ("Active", "InProgress")
    code, message = await house.refuses("UpdateFunctionConfiguration", FunctionName="f", MemorySize=512)
    assert code == "ResourceConflictException"
    assert message.endswith(f"An update is in progress for resource: {ARN}")
    settled = await house.settled()
    assert settled["LastUpdateStatus"] == "Successful" and settled["MemorySize"] == 256


async def test_revisions_guard_updates(house: LambdaHouse) -> None:
    await house.create()
    revision = (await house.settled())["RevisionId"]
    code, message = await house.refuses(
        "UpdateFunctionConfiguration", FunctionName="f", Timeout=5, RevisionId="other"
    )
    assert code == "PreconditionFailedException"
    assert message == (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    )
    await house.do("UpdateFunctionConfiguration", FunctionName="f", Timeout=5, RevisionId=revision)


async def test_new_code_runs_and_old_environments_are_retired(house: LambdaHouse) -> None:
    await house.create()
    await house.invoke()
    first = house.pool.invoked[-1][0]
    await house.do("UpdateFunctionCode", FunctionName="f", ZipFile=pack({"index.py": "# other"}))
    await house.settled()
    await until(lambda: house.pool.retired == [first.key])
    await house.invoke()
    second = house.pool.invoked[-1][0]
    assert first.key != second.key and first.code != second.code
    assert (second.code / "index.py").read_text() == "# other"
    assert house.pool.retired == [first.key]


async def test_a_dry_run_changes_nothing(house: LambdaHouse) -> None:
    created = await house.create()
    before = await house.settled()
    dry = await house.do(
        "UpdateFunctionCode", FunctionName="f", ZipFile=pack({"index.py": "# other"}), DryRun=True
    )
    assert dry["CodeSha256"] != created["CodeSha256"]
    assert await house.settled() == before


async def test_packages_that_nobody_uses_are_collected(house: LambdaHouse) -> None:
    await house.create()
    await house.create("twin")
    old = house.state.code.path(hashlib.sha256(creation()["Code"]["ZipFile"]).hexdigest())
    await house.do("UpdateFunctionCode", FunctionName="f", ZipFile=pack({"index.py": "# other"}))
    await house.settled()
    await house.clock.advance_ms(2_000_000)
    assert old.is_dir()
    await house.do("DeleteFunction", FunctionName="twin")
    assert old.is_dir()

    async def gone() -> bool:
        await house.clock.advance_ms(100_000)
        return not old.exists() and await house.state.code.read(old.name) is None

    await until(gone)


async def test_a_deleted_function_is_gone_with_all_it_had(house: LambdaHouse) -> None:
    await house.create()
    await house.do("PublishVersion", FunctionName="f")
    await house.do("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
    await house.do("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=5)
    await house.invoke()
    key = house.pool.invoked[0][0].key
    await house.do("DeleteFunction", FunctionName="f")
    assert house.pool.retired == [key]
    code, _ = await house.refuses("Invoke", FunctionName="f")
    assert code == "ResourceNotFoundException"
    limits = (await house.do("GetAccountSettings"))["AccountLimit"]
    assert limits["UnreservedConcurrentExecutions"] == 1000
    await house.create()
    assert [
        v["Version"] for v in (await house.do("ListVersionsByFunction", FunctionName="f"))["Versions"]
    ] == ["$LATEST"]
    assert (await house.do("ListAliases", FunctionName="f"))["Aliases"] == []


async def test_the_code_link_downloads_the_zip_until_it_expires(house: LambdaHouse) -> None:
    await house.create()
    location = (await house.do("GetFunction", FunctionName="f"))["Code"]["Location"]
    token = location.rpartition("/")[2]
    assert await house.state.code_download(token) == creation()["Code"]["ZipFile"]
    forged = token[:-6] + ("AAAA==" if not token.endswith("AAAA==") else "BBBB==")
    assert await house.state.code_download(forged) is None
    await house.clock.advance_ms(600_000)
    assert await house.state.code_download(token) is None


async def test_credentials_are_the_roles(house: LambdaHouse) -> None:
    await house.create()
    await house.invoke()
    config = house.pool.invoked[0][0]
    await house.state.credentials(config)
    principal = house.sessions.issued[-1]
    assert principal.arn == "arn:aws:sts::000000000000:assumed-role/runner/f@lambda_function"
    assert principal.issuer_arn == ROLE


async def test_a_killed_nodes_function_settles_after_the_next_start(house: LambdaHouse) -> None:
    """The commit was durable, and what was to follow it never ran."""
    settler = house.state.settler
    begin, settler.begin = settler.begin, lambda name, version: None  # type: ignore[method-assign]
    await house.do("CreateFunction", **creation())
    settler.begin = begin  # type: ignore[method-assign]
    assert (await house.do("GetFunctionConfiguration", FunctionName="f"))["State"] == "Pending"

    async def settled() -> bool:
        await house.clock.advance_ms(1_000)
        return bool((await house.do("GetFunctionConfiguration", FunctionName="f"))["State"] == "Active")

    await until(settled)


async def test_what_a_killed_node_took_in_for_nothing_is_swept(house: LambdaHouse) -> None:
    await house.create()
    used = hashlib.sha256(creation()["Code"]["ZipFile"]).hexdigest()
    content = pack({"index.py": "# never used"})
    await house.state.code.take_in(content)
    unused = house.state.code.path(hashlib.sha256(content).hexdigest())
    for folder in (unused, house.state.code.path(used)):
        os.utime(folder, (0, 0))
    house.state.collector.start()
    await until(lambda: not unused.exists())
    assert house.state.code.path(used).exists()


async def test_a_zip_beyond_the_request_limit(house: LambdaHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    from fogbank.services.lambda_ import code_source

    assert code_source.CODE_ZIP_BYTES_MAX == 50 * 1024 * 1024
    monkeypatch.setattr(code_source, "CODE_ZIP_BYTES_MAX", 10)
    code, message = await house.refuses("CreateFunction", **creation("large"))
    assert code == "RequestEntityTooLargeException"
    assert message == "Request must be smaller than 70167211 bytes for the CreateFunction operation"
