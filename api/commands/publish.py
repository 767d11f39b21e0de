"""`relight publish`: the public picture as files for a web server of the company's own."""

import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api import logs
from api.commands.token import reached_engine
from api.public_files import lay_out
from api.settings import Settings
from dispatch.errors import NotFound
from dispatch.store import public
from dispatch.store.transaction import reading

out = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("publish")(publish)


def publish(
    folder: Annotated[Path, typer.Argument(help="its `current` is what the web server hands out")],
    every: Annotated[
        int, typer.Option(min=0, max=3600, help="again after so many seconds; 0: once")
    ] = 0,
) -> None:
    """Write the public map's files into FOLDER, a whole set at once, never half of one."""
    settings = Settings()
    logs.configure(settings.field.log)
    ending = threading.Event()
    if every:
        signal.signal(signal.SIGINT, lambda *_: ending.set())
        signal.signal(signal.SIGTERM, lambda *_: ending.set())
    with reached_engine("relight publish") as engine:
        while True:
            with reading(engine) as connection:
                found = public.find_set(connection)
            if found is None:
                raise NotFound(
                    "picture of the public map; set RELIGHT_PUBLIC_MAP=on and start a worker"
                )
            laid = lay_out(found, folder, now=datetime.now(UTC))
            out.print(f"{laid}: the picture of {found.written_at:%Y-%m-%d %H:%M:%S} UTC")
            if not every or ending.wait(every):
                return
