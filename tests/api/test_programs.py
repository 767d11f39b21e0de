"""The programs as an operator runs them: one command serves, tokens open doors, a stop is clean."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import IO

import httpx
import psycopg
import pytest
from click.testing import Result
from sqlalchemy import Engine, make_url
from typer.testing import CliRunner

from api.callers import Role
from api.cli import build
from api.commands.token import checked
from dispatch.errors import InvalidInput, NotFound
from dispatch.store.cluster import Layout
from dispatch.store.events import CHANNEL
from tests.api.conftest import settle
from tests.conftest import a_database

PROGRAM = [sys.executable, "-c", "from api.cli import main; main()"]
PATIENCE_S = 120.0


def relight(url: str, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(build(), arguments, input=typed, env={"RELIGHT_DATABASE_URL": url})


@pytest.fixture
def served(database: Engine, database_url: str) -> Iterator[tuple[str, str]]:
    settle(database)
    environment = {
        **os.environ,
        "RELIGHT_DATABASE_URL": database_url,
        "RELIGHT_PORT": "0",
        "RELIGHT_LOG": "text",
    }
    program = subprocess.Popen(
        [*PROGRAM, "serve"], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert program.stderr is not None
    said: list[str] = []
    try:
        yield _address(program.stderr, said), database_url
        program.send_signal(signal.SIGTERM)
        said.extend(program.stderr)
        program.wait(PATIENCE_S)
    finally:
        program.kill()
        program.wait()
    assert "Traceback" not in "".join(said)


def _address(stderr: IO[str], said: list[str]) -> str:
    for line in stderr:
        said.append(line)
        if "running on http://" in line:
            return "http://" + line.split("running on http://")[1].split()[0]
    raise AssertionError("".join(said))


def test_one_command_takes_reports_and_sends_crews(served: tuple[str, str]):
    address, url = served
    made = relight(url, "token", "create", "agent", "--label", "desk")
    secret = made.stdout.strip()
    assert secret.startswith("rl_"), made.output
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as listening:
        listening.execute(f"LISTEN {CHANNEL}".encode())
        answer = httpx.post(
            f"{address}/api/v1/tickets",
            json={"id": "A1", "channel": "phone", "account": "T1-0"},
            headers={"Authorization": f"Bearer {secret}"},
        )
        assert answer.status_code == 201, answer.text
        with closing(listening.notifies(timeout=PATIENCE_S)) as notices:
            kinds = (told["kind"] for notice in notices for told in json.loads(notice.payload))
            assert "order.assigned" in kinds


def test_whichever_command_comes_first_makes_the_tables_and_finds_the_rules(test_cluster: Layout):
    with a_database(test_cluster, template="template0") as url:
        made = relight(url, "token", "create", "integration", "--label", "ivr")
        assert made.stdout.startswith("rl_"), made.output
        listed = relight(url, "rules", "list").stdout
        assert "as published" in listed and "in force" in listed


def test_a_file_that_cannot_be_written_is_named_without_a_stack(database_url: str):
    answer = subprocess.run(
        [*PROGRAM, "learn", "--links", "--csv", "/proc/away/links.csv"],
        env={**os.environ, "RELIGHT_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stderr.endswith("relight: /proc/away/links.csv: No such file or directory\n")
    assert "Traceback" not in answer.stderr


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
    assert relight(database_url, "token", "revoke", "van 1").exit_code != 0


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
    added = relight(database_url, "user", "add", "li", "agent", typed="a long password\n")
    assert added.exit_code == 0, added.output
    short = relight(database_url, "user", "add", "wu", "agent", typed="hunter2\n")
    assert short.exit_code != 0
    assert "10 to 200 characters" in str(short.exception)
    assert "hunter2" not in str(short.exception)
    unknown = relight(database_url, "user", "disable", "lee").exception
    assert isinstance(unknown, NotFound)
    assert str(unknown) == "login is 'lee'; expected an existing user"
    assert relight(database_url, "user", "disable", "li").exit_code == 0
    assert "li (li): agent, every district disabled" in relight(database_url, "user", "list").stdout


def test_the_role_crew_needs_a_crew_and_no_other_may_have_one(database: Engine, database_url: str):
    settle(database)
    for arguments, words in (
        (("user", "add", "li", "crew"), "--crew is ''; expected the id of the crew"),
        (("user", "add", "li", "agent", "--crew", "C1"), "--crew is 'C1'; expected none, since"),
    ):
        refused = relight(database_url, *arguments, typed="a long password\n")
        assert words in str(refused.exception)
