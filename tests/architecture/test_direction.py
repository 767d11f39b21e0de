"""What the house agreed on and a machine can see."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

OTHERS = ("LICENSE", "package-lock.json")


def tracked(*patterns: str) -> list[Path]:
    """The files under version control; everything, where there is no version control."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        files = [f for pattern in patterns for f in ROOT.rglob(pattern)]
        return [f for f in files if ".venv" not in f.parts and "node_modules" not in f.parts]
    listed = subprocess.run(
        [git, "-c", f"safe.directory={ROOT}", "ls-files", "-z", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def lines(files: list[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        try:
            content = file.read_text("utf-8")
        except UnicodeDecodeError:  # a picture
            continue
        for number, line in enumerate(content.splitlines(), 1):
            yield f"{file.relative_to(ROOT)}:{number}", line


def found(pattern: str, files: list[Path]) -> list[str]:
    sought = re.compile(pattern)
    return [f"{place}: {line.strip()[:120]}" for place, line in lines(files) if sought.search(line)]


def test_imports_go_in_one_direction():
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_file_names_a_package_registry():
    # Written apart, so that this file does not name them either.
    hosts = "|".join(
        re.escape(host + ending)
        for host, ending in [
            ("registry.npmjs", ".org"),
            ("registry.yarnpkg", ".com"),
            ("pypi", ".org"),
            ("files.pythonhosted", ".org"),
            ("deb.debian", ".org"),
            ("archive.ubuntu", ".com"),
        ]
    )
    assert found(hosts, tracked("*")) == []


def test_no_file_knows_the_machine_it_was_written_on():
    # Folders of people and of build machines; the brackets keep this line from finding itself.
    machine = r"(?<![\w.])/(?:[w]ork|[h]ome/\w+|[U]sers/\w+|[r]oot/\.)(?=/|\b)"
    assert found(machine, tracked("*")) == []


def test_locks_have_hashes_and_no_addresses():
    locks = [f for f in tracked("requirements/*.txt", "package-lock.json") if f.is_file()]
    assert {f.name for f in locks} >= {"dev.txt", "runtime.txt", "uv.txt", "package-lock.json"}
    assert found(r"--(?:extra-)?index-url|--find-links|\"resolved\"", locks) == []
    for lock in tracked("requirements/*.txt"):
        packages = re.findall(r"^[a-z0-9._-]+==.*\n(.*)", lock.read_text("utf-8"), re.MULTILINE)
        assert packages and all("--hash=sha256:" in following for following in packages), lock


SCREENS = ("maps/*.py", "maps/*.html", "maps/*.js", "maps/*.css", "api/*.py", "api/*.html")
# Names that are no addresses: namespaces that a format prescribes.
NAMESPACES = (
    "http://www.w3.org/",
    "http://www.opengis.net/",
    "https://www.opengis.net/",
    "https://json-schema.org/",
    "urn:",
)


def test_screens_load_nothing_from_outside():
    loads = re.compile(
        r"""(?:src|href|action|url|import|from|fetch|@import)\s*[=(:]?\s*\(?["'`]?\s*(https?:)?//\w"""
    )
    outside = [
        f"{place}: {line.strip()[:120]}"
        for place, line in lines(tracked(*SCREENS))
        if loads.search(line) and not any(name in line for name in NAMESPACES)
    ]
    assert outside == []


def test_no_content_network_is_named():
    networks = r"(?:cdn\.|unpkg\.|jsdelivr|cdnjs|googleapis|gstatic|cloudflare)"
    assert found(networks, tracked(*SCREENS)) == []


def test_the_screens_own_their_assets():
    """Every vendor file that a screen names is one that the set-up brings."""
    sys.path.insert(0, str(ROOT / "requirements"))
    try:
        from copy_assets import ASSETS  # noqa: PLC0415
    finally:
        sys.path.pop(0)
    named = {
        match
        for _, line in lines(tracked(*SCREENS))
        for match in re.findall(r"vendor/([\w./-]+\.(?:js|css|png))", line)
    }
    assert named <= set(ASSETS.values())


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


# A benchmark is no test: it has to pace the load that it sends.
TESTS = [file for file in tracked("tests/*.py") if file.parent.name != "bench"]


@pytest.mark.parametrize("file", TESTS, ids=lambda f: str(f.relative_to(ROOT)))
def test_a_test_mocks_patches_and_sleeps_nowhere(file):
    tree = ast.parse(file.read_text("utf-8"))
    assert not [name for name in imported(tree) if name.startswith(("unittest.mock", "mock"))]
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not called & {"monkeypatch.setattr", "monkeypatch.setitem", "time.sleep", "sleep"}
    assert not called & {"asyncio.sleep", "page.wait_for_timeout"}


def test_every_folder_of_code_is_a_package():
    folders = {f.parent for f in tracked("dispatch/*.py", "gis/*.py", "api/*.py", "maps/*.py")}
    assert [str(f) for f in folders if not (f / "__init__.py").exists()] == []
