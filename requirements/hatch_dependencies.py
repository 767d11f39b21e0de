"""Reads the package's dependencies from runtime.in, so that they are named in one place."""

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class CustomMetadataHook(MetadataHookInterface):
    """Fill `dependencies` from requirements/runtime.in."""

    def update(self, metadata: dict[str, object]) -> None:
        """Add the names that runtime.in lists."""
        lines = (Path(self.root) / "requirements" / "runtime.in").read_text("utf-8").splitlines()
        metadata["dependencies"] = [line for line in lines if line and not line.startswith("#")]
