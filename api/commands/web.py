"""`relight web`: one web process; any number may run, on any number of machines."""

import typer

from api import logs
from api.database import joined_database
from api.settings import Settings


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("web")(web)


def web() -> None:
    """Answer requests until stopped; the database has to be there (`relight db start`)."""
    from api import processes  # noqa: PLC0415 (web and worker take seconds to import)

    settings = Settings()
    logs.configure(settings.field.log)
    processes.serve_web(joined_database(settings.database), settings)
