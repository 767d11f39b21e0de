"""`relight serve` keeps the gateway for terminals beside it where a setting asks for that."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.api.conftest import settle
from tests.api.test_programs import PATIENCE_S, PROGRAM


def gateways_of(pid: int) -> list[int]:
    """The gateways among the children of a process."""
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text("ascii").split()
    ]
    return [c for c in children if b"gateway" in Path(f"/proc/{c}/cmdline").read_bytes()]


def test_the_gateway_is_served_started_again_when_it_dies_and_stopped_with_the_rest(
    database: Engine, database_url: str
):
    settle(database)
    program = subprocess.Popen(
        [*PROGRAM, "serve"],
        env={
            **os.environ,
            "RELIGHT_DATABASE_URL": database_url,
            "RELIGHT_PORT": "0",
            "RELIGHT_GATEWAY": "true",
            "RELIGHT_GATEWAY_PORT": "0",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    said: list[str] = []

    def next_port() -> int:
        for line in program.stderr:  # type: ignore[union-attr]
            said.append(line)
            if found := re.search(r"JT/T 808 on 127\.0\.0\.1 port (\d+)", line):
                return int(found[1])
        raise AssertionError("".join(said))

    try:
        socket.create_connection(("127.0.0.1", next_port()), timeout=PATIENCE_S).close()
        (gateway,) = gateways_of(program.pid)
        os.kill(gateway, signal.SIGKILL)
        port = next_port()
        assert any("the gateway ended with -9; it is started again" in line for line in said)
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S).close()
        program.send_signal(signal.SIGTERM)
        said.extend(program.stderr)
        program.wait(PATIENCE_S)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    finally:
        program.kill()
        program.wait()
