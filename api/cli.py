"""The command `relight`: every module of `api.commands` registers its own part."""

import importlib
import pkgutil
import signal
import sys
from types import FrameType
from typing import Any

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

import api.commands
from api.expected import expected_of
from api.memory import undisturbed
from dispatch.errors import DispatchError
from dispatch.store.backup import BackupError
from dispatch.store.binaries import PostgresMissing
from dispatch.store.cluster import ClusterError

EXPECTED = (BackupError, ClusterError, DispatchError, PostgresMissing)


def build() -> typer.Typer:
    """Make the command line out of the modules that are there."""
    app = typer.Typer(
        name="relight",
        help="Outage and fault-repair dispatch with GIS for electricity distribution companies.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    for found in pkgutil.iter_modules(api.commands.__path__):
        importlib.import_module(f"api.commands.{found.name}").register(app)
    return app


def main() -> None:
    """Run it: what the operator can mend is said in one sentence, without a stack."""
    leaving = Leaving()
    signal.signal(signal.SIGTERM, leaving)
    try:
        _run()
    except BaseException:
        if leaving.code is not None:  # whatever else went wrong on the way out comes of that
            sys.exit(leaving.code)
        raise


class Leaving:
    """Told to end: every `with` block, the cluster's too, is left."""

    code: int | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Take the signal."""
        self.code = 128 + number
        sys.exit(self.code)


def _run() -> None:
    try:
        with undisturbed():
            command = build()
        command()
    except EXPECTED as refusal:
        sys.exit(f"relight: {refusal}")
    except OperationalError as lost:
        sys.exit(f"relight: the database does not answer: {lost.orig}")
    except ValidationError as invalid:
        sys.exit(f"relight: {settings_complaint(invalid)}")
    except OSError as refused:
        if refused.filename is None:  # no file of the operator's: a fault of ours, with its stack
            raise
        sys.exit(f"relight: {refused.filename}: {refused.strerror}")


def settings_complaint(invalid: ValidationError) -> str:
    """Each setting that cannot be meant, with its value (an address may hold a password)."""
    return "; ".join(_setting(dict(error)) for error in invalid.errors(include_url=False))


def _setting(error: dict[str, Any]) -> str:
    name = str(error["loc"][0]).upper() if error["loc"] else ""
    value = "***" if name == "DATABASE_URL" else repr(error["input"])
    return f"RELIGHT_{name} is {value}; expected {expected_of(error)}"
