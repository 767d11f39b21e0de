"""Keeps one test run's private cluster: `python -m tests.cluster_keeper FOLDER`.

Started by the first test that needs a database; ends when the test run lets go of `run.lock`,
which the kernel does for it even when it is killed. It makes the migrated template database,
writes `ready` (or `failed` with the reason) and removes the folder at the end.
"""

import fcntl
import shutil
import sys
import traceback
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from dispatch.store.cluster import Layout, cluster
from dispatch.store.migrate import upgrade

TEMPLATE = "template_relight"
SETTINGS = {
    "fsync": "off",  # a test's data need not survive the machine
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "autovacuum": "off",
}


def _make_template(home: Path, url: str) -> None:
    admin = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    template = create_engine(Layout(home).url(TEMPLATE), poolclass=NullPool)
    upgrade(template)


def _tell(home: Path, name: str, content: str) -> None:
    growing = home / f"{name}.new"
    growing.write_text(content, "utf-8")
    growing.rename(home / name)
    print(name, flush=True)


def main(home: Path) -> None:
    try:
        with cluster(home, program="the test run", lasting=True, settings=SETTINGS) as url:
            _make_template(home, url)
            _tell(home, "ready", url)
            with (home / "run.lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
    except Exception:
        if not (home / "ready").exists():
            _tell(home, "failed", traceback.format_exc())
        raise
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
