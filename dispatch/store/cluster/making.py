"""How a cluster is made, and the settings that its server starts with."""

import os
import shutil
import subprocess

from dispatch.store import binaries
from dispatch.store.cluster.account import Account, as_user
from dispatch.store.cluster.folder import (
    PORT,
    USER,
    ClusterFolderUnusable,
    ClusterStartFailed,
    Layout,
)

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def prepare(layout: Layout, account: Account | None) -> None:
    """Make the folders, and the data within them the first time.

    Raises
    ------
    ClusterFolderUnusable, ClusterStartFailed
        A folder belongs to somebody else, or PostgreSQL could not make its data.
    """
    for folder in (layout.log, layout.socket):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if account is not None and found.st_uid == 0 and not folder.is_symlink():
            os.chown(folder, account.uid, account.gid)
        elif folder.is_symlink() or found.st_uid != (account.uid if account else os.geteuid()):
            raise ClusterFolderUnusable(f"{folder} belongs to somebody else")
        folder.chmod(0o700)
    if not layout.data.exists():
        _initialise(layout, account)


def _initialise(layout: Layout, account: Account | None) -> None:
    """Make the data folder under another name and move it in place, so that it is whole or not."""
    growing = layout.home / "data.new"
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir(mode=0o700)
    if account is not None:
        os.chown(growing, account.uid, account.gid)
    made = subprocess.run(  # noqa: S603 (found binary, no shell)
        [
            binaries.choose_server().program("initdb"),
            f"--pgdata={growing}",
            f"--username={USER}",
            "--encoding=UTF8",
            "--locale=C",
            "--lc-ctype=C.UTF-8",  # with ctype C, pg_trgm drops every Chinese character
            "--auth-local=trust",  # the socket's folder and mode admit the server's account only
            "--auth-host=reject",
            "--data-checksums",
            "--no-instructions",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=growing,
        env=ENVIRONMENT,
        **as_user(account),
    )
    if made.returncode:
        raise ClusterStartFailed(f"initdb in {growing} failed:\n{made.stdout}{made.stderr}")
    growing.rename(layout.data)


def defaults(layout: Layout) -> dict[str, str]:
    """Server settings by this machine's memory; the socket is the only way in."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    socket = str(layout.socket).replace('"', '""')
    return {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{socket}"',
        "unix_socket_permissions": "0700",
        "shared_buffers": f"{min(max(memory_mb // 8, 128), 2048)}MB",
        "effective_cache_size": f"{max(memory_mb // 2, 256)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{min(max(memory_mb // 32, 64), 512)}MB",
        "max_connections": "100",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",  # solid-state disks
        "jit": "off",  # our queries are short
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_directory": str(layout.log),
        "log_filename": "postgresql-%a.log",  # a week, then over again
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_line_prefix": "%m [%p] %d ",
    }
