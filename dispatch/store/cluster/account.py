"""The system account that runs the server: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from dispatch.store.cluster.folder import ClusterFolderUnusable, Layout

SERVER_ACCOUNT = "postgres"


@dataclass(frozen=True, slots=True)
class Account:
    """The system account that runs the server."""

    name: str
    uid: int
    gid: int


def account_for(layout: Layout) -> Account | None:
    """Who runs the server: ourselves, or for root (whom PostgreSQL refuses) a system account."""
    uid = layout.data.stat().st_uid if layout.data.exists() else None
    if os.geteuid() != 0:
        if uid is not None and uid != os.geteuid():
            raise ClusterFolderUnusable(
                f"{layout.data} belongs to user {_name_of(uid)}; run as that user or as root"
            )
        return None
    try:
        entry = pwd.getpwuid(uid) if uid else pwd.getpwnam(SERVER_ACCOUNT)
    except KeyError:
        raise ClusterFolderUnusable(
            f"PostgreSQL does not run as root, and there is no system user "
            f"{uid or SERVER_ACCOUNT} to run it; install the postgresql package, or run Relight "
            "as an ordinary user"
        ) from None
    account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    _refuse_closed_folders(layout.home, account)
    return account


def _refuse_closed_folders(home: Path, account: Account) -> None:
    for folder in (*reversed(home.parents), home):
        entered = subprocess.run(  # noqa: S603 (the folder is an argument, not text)
            ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
            stderr=subprocess.DEVNULL,
            check=False,
            cwd="/",
            **as_user(account),
        )
        if entered.returncode:
            raise ClusterFolderUnusable(
                f"{folder} is closed to the system user {account.name}, who has to run the "
                "database for root; set RELIGHT_HOME to a folder it can enter, such as "
                "/var/lib/relight, or run Relight as an ordinary user"
            )


class Identity(TypedDict, total=False):
    """Who a process runs as, in the words of `subprocess`; empty for ourselves."""

    user: int
    group: int
    extra_groups: list[int]


def as_user(account: Account | None) -> Identity:
    """Arguments of `subprocess` that start a process as `account`; None: as ourselves."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
