"""The programs as an operator runs them: one command serves, tokens open doors, a stop is clean."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from api.callers import Role
from api.commands.token import checked
from dispatch.errors import InvalidInput, NotFound
from tests.api.conftest import settle

PROGRAM = [sys.executable, "-c", "from api.cli import main; main()"]
PATIENCE_S = 60.0


def relight(url: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        env={**os.environ, "RELIGHT_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        **more,
    )


@pytest.fixture
def served(database: Engine, database_url: str, tmp_path: Path) -> Iterator[tuple[str, str]]:
    settle(database)
    log = tmp_path / "serve.log"
    environment = {
        **os.environ,
        "RELIGHT_DATABASE_URL": database_url,
        "RELIGHT_PORT": "0",
        "RELIGHT_LOG": "text",
    }
    with log.open("w") as written:
        program = subprocess.Popen([*PROGRAM, "serve"], env=environment, stderr=written)
    try:
        yield _address(log, program), database_url
        program.send_signal(signal.SIGTERM)
        program.wait(PATIENCE_S)
    finally:
        program.kill()
        program.wait()
    assert "Traceback" not in log.read_text("utf-8")


def _address(log: Path, program: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and program.poll() is None:
        for line in log.read_text("utf-8").splitlines():
            if "running on http://" in line:
                return "http://" + line.split("running on http://")[1].split()[0]
    raise AssertionError(log.read_text("utf-8"))


def test_one_command_takes_reports_and_sends_crews(served: tuple[str, str], database: Engine):
    address, url = served
    made = relight(url, "token", "create", "agent", "--label", "desk")
    secret = made.stdout.strip()
    assert secret.startswith("rl_"), made.stderr
    answer = httpx.post(
        f"{address}/api/v1/tickets",
        json={"id": "A1", "channel": "phone", "account": "T1-0"},
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 201, answer.text
    end = time.monotonic() + PATIENCE_S
    status = None
    while status != "assigned" and time.monotonic() < end:
        with database.connect() as c:
            status = c.scalar(text("SELECT status FROM trouble_order"))
    assert status == "assigned"


def test_tokens_are_listed_without_their_secrets_and_revoked_by_label(
    database: Engine, database_url: str
):
    settle(database)
    secret = relight(
        database_url, "token", "create", "crew", "--label", "van 1", "--crew", "C1"
    ).stdout.strip()
    listed = relight(database_url, "token", "list").stdout
    assert "van 1: crew" in listed and secret not in listed
    assert "revoked 1" in relight(database_url, "token", "revoke", "van 1").stdout
    assert relight(database_url, "token", "revoke", "van 1").returncode != 0


@pytest.mark.parametrize(
    ("role", "districts", "crew"),
    [
        (Role.CREW, None, None),
        (Role.AGENT, None, "C1"),
        (Role.AGENT, ["atlantis"], None),
        (Role.CREW, None, "nobody"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(
    database: Engine, role: Role, districts: list[str] | None, crew: str | None
):
    settle(database)
    with pytest.raises((InvalidInput, NotFound)):
        checked(database, role, districts, crew)


def test_people_are_added_listed_and_shut_out(database: Engine, database_url: str):
    settle(database)
    added = relight(database_url, "user", "add", "li", "agent", input="a long password\n")
    assert added.returncode == 0, added.stderr
    short = relight(database_url, "user", "add", "wu", "agent", input="hunter2\n")
    assert short.returncode != 0
    assert "10 to 200 characters" in short.stderr and "hunter2" not in short.stderr
    assert relight(database_url, "user", "disable", "li").returncode == 0
    assert "li (li): agent, every district disabled" in relight(database_url, "user", "list").stdout
