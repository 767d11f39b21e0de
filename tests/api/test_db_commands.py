"""`relight db`, as an operator types it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

RELIGHT = Path(sys.executable).with_name("relight")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(server_folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RELIGHT_")}
    return kept | {"RELIGHT_HOME": str(server_folder / "home")}


@pytest.fixture
def relight(environment: dict[str, str]) -> Run:
    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [RELIGHT, "db", *arguments],
            cwd=ROOT,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_from_nothing_to_a_backup_and_back(relight, tmp_path):
    file = str(tmp_path / "b.dump")
    assert "not made yet" in relight("status").stdout
    assert relight("init").returncode == 0
    assert "NOT SOUND" not in relight("check").stdout
    assert relight("backup", file).returncode == 0
    refused = relight("restore", file)
    assert refused.returncode == 1 and "--yes" in refused.stderr
    assert relight("restore", file, "--yes").returncode == 0


def test_a_kept_cluster_is_joined_and_not_kept_twice(relight, environment):
    with subprocess.Popen(
        [RELIGHT, "db", "start"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as keeper:
        assert keeper.stdout is not None
        assert "runs in" in keeper.stdout.readline()
        assert relight("check").returncode == 0
        second = relight("start")
        keeper.send_signal(signal.SIGTERM)
    assert second.returncode == 1
    assert f"in use by relight db start (pid {keeper.pid})" in second.stderr
    assert "stopped" in relight("status").stdout


def test_an_unsound_database_ends_with_one(relight):
    answer = relight("check")
    assert answer.returncode == 1
    assert "relight db upgrade" in answer.stdout


def test_a_wrong_setting_is_named_without_a_stack(relight):
    answer = relight("status", RELIGHT_DATABASE_URL="mysql://db")
    assert answer.returncode == 1
    named = "relight: RELIGHT_DATABASE_URL is ***; expected an address such as postgresql://"
    assert answer.stderr.startswith(named)


def test_a_server_that_is_away_is_named_without_a_stack(relight):
    answer = relight("status", RELIGHT_DATABASE_URL="postgresql://me@127.0.0.1:1/db")
    assert answer.returncode == 1
    assert answer.stderr.startswith("relight: the database does not answer: ")
