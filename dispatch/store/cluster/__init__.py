"""The private PostgreSQL cluster: a server of our own on a unix socket, in a folder of our own.

Two kernel locks say who is alive, so that no process id is ever trusted:

- `owner.lock` is held by the one program that started the cluster and will stop it. It vanishes
  with that program, however it dies. A second owner is refused.
- `server.lock` is handed down to the server and inherited by each of its processes. While anybody
  holds it the data folder is in use; once it is free nobody can be writing, so a `postmaster.pid`
  left behind is stale whatever process now bears its number.

A server that outlived its owner is adopted by the next one. Programs beside the owner `join`.
The locks need a local file system.
"""

from dispatch.store.cluster.folder import (
    DATABASE,
    USER,
    ClusterError,
    ClusterFolderUnusable,
    ClusterInUse,
    ClusterNotRunning,
    ClusterStartFailed,
    Layout,
    Owner,
    Status,
)
from dispatch.store.cluster.server import Cluster, cluster, join, reach, status

__all__ = [
    "DATABASE",
    "USER",
    "Cluster",
    "ClusterError",
    "ClusterFolderUnusable",
    "ClusterInUse",
    "ClusterNotRunning",
    "ClusterStartFailed",
    "Layout",
    "Owner",
    "Status",
    "cluster",
    "join",
    "reach",
    "status",
]
