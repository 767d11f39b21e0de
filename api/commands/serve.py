"""`relight serve`: everything one machine needs, in one command."""

import typer

from api import logs
from api.database import kept_database
from api.settings import Settings
from dispatch.store.transaction import open_engine


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("serve")(serve)


def serve() -> None:
    """Run the database (unless RELIGHT_DATABASE_URL names one), the web server and a worker.

    With RELIGHT_GATEWAY=true the JT/T 808 gateway as well.
    """
    from api import processes  # noqa: PLC0415 (web and worker take seconds to import)

    settings = Settings()
    logs.configure(settings.field.log)
    with kept_database(settings.database, "relight serve") as url:
        engine = open_engine(url, connections=2, patience_s=60)
        processes.prepare(engine, settings)
        engine.dispose()
        gateway = ("gateway",) if settings.gateway.gateway else ()
        with processes.beside(url, "worker", *gateway):
            processes.serve_web(url, settings)
