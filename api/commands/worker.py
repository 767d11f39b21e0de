"""`relight worker`: one process of background work; any number may run."""

import os

import typer

from api import logs
from api.database import joined_database
from api.settings import Settings


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("worker")(worker)


def worker() -> None:
    """Group reports, send crews and let the clocks run, until stopped."""
    from api import processes  # noqa: PLC0415 (web and worker take seconds to import)

    settings = Settings()
    os.nice(settings.worker.niceness)  # a caller waits for the answer, nobody for the grouping
    logs.configure(settings.field.log)
    processes.work(joined_database(settings.database), settings)
