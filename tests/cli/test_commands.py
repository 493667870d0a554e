"""The commands against a real server, as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.core.config import Settings
from fogbank.testing import Fogbank
from tests.e2e.test_restart import create

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def server() -> Iterator[Fogbank]:
    with Fogbank(Settings(port=0)) as found:
        create(found.client("lambda", account="123456789012", region="eu-west-1"))
        yield found


def run(server: Fogbank | None, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "AWS_ACCESS_KEY_ID": "123456789012",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "eu-west-1",
        "FOGBANK_URL": server.url if server else "http://127.0.0.1:9",
    }
    return subprocess.run(
        [BIN / "fogbank", *words], capture_output=True, text=True, input=stdin, env=environment, timeout=60
    )


def test_invoke_prints_the_answer_and_the_log_tail(server: Fogbank) -> None:
    done = run(server, "invoke", "f", '{"a": 1}')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"event": {"a": 1}, "greeting": "s3cret-greeting"}
    assert "START RequestId" in done.stderr
    assert "handling {'a': 1}" in done.stderr


def test_invoke_reads_standard_input_and_files(server: Fogbank, tmp_path: Path) -> None:
    assert json.loads(run(server, "invoke", "f", "-", stdin='{"b": 2}').stdout)["event"] == {"b": 2}
    (tmp_path / "event.json").write_text('{"c": 3}')
    assert json.loads(run(server, "invoke", "f", f"@{tmp_path}/event.json").stdout)["event"] == {"c": 3}
    missing = run(server, "invoke", "f", "@/nowhere")
    assert missing.returncode == 1
    assert "cannot be read" in missing.stderr


def test_invoke_says_what_the_service_says(server: Fogbank) -> None:
    done = run(server, "invoke", "nobody")
    assert done.returncode == 1
    assert "ResourceNotFoundException" in done.stderr
    assert "Traceback" not in done.stderr


def test_invoke_event_is_accepted(server: Fogbank) -> None:
    done = run(server, "invoke", "f", "--event")
    assert done.returncode == 0
    assert done.stdout.startswith("accepted ")


def test_logs_prints_events_of_a_function(server: Fogbank) -> None:
    run(server, "invoke", "f", '{"find": "me"}')
    server.flush()
    done = run(server, "logs", "f", "--filter", "handling")
    assert done.returncode == 0, done.stderr
    assert "handling {'find': 'me'}" in done.stdout
    as_json = run(server, "logs", "/aws/lambda/f", "--filter", "handling", "--json")
    assert "handling" in json.loads(as_json.stdout.splitlines()[0])["message"]
    assert "such as 10m" in run(server, "logs", "f", "--since", "soon").stderr


def test_status_counts_environments(server: Fogbank) -> None:
    status = json.loads(run(server, "status", "--json").stdout)
    assert set(status["services"]) >= {"lambda", "logs", "cloudwatch", "iam", "sts"}
    assert status["auth"] == "open"
    assert "environments" in run(server, "status").stdout


def test_env_can_be_evaluated_and_serves_the_aws_cli(server: Fogbank) -> None:
    script = f'eval "$({BIN}/fogbank env)"; {BIN}/aws lambda list-functions --query "Functions[].FunctionName" --output text'
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "FOGBANK_URL": server.url,
            "AWS_ACCESS_KEY_ID": "123456789012",
            "AWS_REGION": "eu-west-1",
        },
    )
    assert done.stdout.split() == ["f"], done.stderr


def test_env_never_prints_a_secret_that_is_set() -> None:
    done = run(None, "env", "--json")
    assert "AWS_SECRET_ACCESS_KEY" not in json.loads(done.stdout)


def test_doctor_says_what_the_machine_offers() -> None:
    findings = json.loads(run(None, "doctor", "--json").stdout)
    names = {finding["what"] for finding in findings}
    assert {"fogbank's Python", "PostgreSQL store"} <= names
    assert run(None, "doctor").returncode == 0


@pytest.mark.parametrize(
    "words", [("status",), ("invoke", "f"), ("logs", "f"), ("stop",), ("reset", "--yes")]
)
def test_nobody_there_is_said_without_a_traceback(words: tuple[str, ...]) -> None:
    done = run(None, *words)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


@pytest.mark.parametrize(
    "words",
    [("--port", "65536"), ("--port", "-1"), ("--environment-idle", "-1"), ("--environment-idle", "nan")],
)
def test_start_refuses_numbers_out_of_range(words: tuple[str, str]) -> None:
    done = run(None, "start", "--memory", *words)
    assert done.returncode == 2
    assert f"argument {words[0]}" in done.stderr


def test_reset_wants_a_yes_and_then_empties() -> None:
    with Fogbank(Settings(port=0)) as server:
        client = server.client("iam", account="123456789012")
        client.create_user(UserName="ann")
        assert run(server, "reset").returncode == 2
        assert client.list_users()["Users"]
        assert run(server, "reset", "--yes").returncode == 0
        assert client.list_users()["Users"] == []
