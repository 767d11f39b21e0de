"""`relight gateway`: terminals in vehicles, over JT/T 808."""

import typer

from api import logs
from api.database import joined_database
from api.settings import Settings


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("gateway")(gateway)


def gateway() -> None:
    """Take positions from JT/T 808 terminals and show them their orders, until stopped."""
    from api import processes  # noqa: PLC0415 (the web takes seconds to import)

    settings = Settings()
    logs.configure(settings.field.log)
    processes.serve_terminals(joined_database(settings.database), settings)
