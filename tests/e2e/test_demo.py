"""`relight demo`, as somebody new starts it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from api.cli import build
from dispatch.drill.county.parameters import FEWEST_CUSTOMERS
from tests.conftest import ROOT


def a_free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_a_county_of_too_few_customers_is_refused_before_it_is_made():
    asked = ["demo", "--customers", str(FEWEST_CUSTOMERS - 1)]
    refused = CliRunner().invoke(build(), asked, standalone_mode=False)
    assert f"greater than or equal to {FEWEST_CUSTOMERS}" in str(refused.exception)


def test_the_demonstration_offers_text_messages_where_asked_to(server_folder: Path):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RELIGHT_")}
    demo = [sys.executable, "-c", "from api.cli import main; main()", "demo", "--no-storm"]
    asked = ["--customers", "2000", "--port", str(a_free_port()), "--stop-after", "0.01"]
    shown = subprocess.run(
        [*demo, *asked, "--home", str(server_folder / "demo")],
        cwd=ROOT,
        env=kept | {"RELIGHT_PUBLIC_MESSAGES": "on"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr[-2000:]
    assert "/map as nobody" in shown.stdout
    assert "the demonstration is over" in shown.stdout
