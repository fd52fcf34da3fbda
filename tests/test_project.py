"""The project as others receive it: nothing of this machine in it, everything locked, everything shipped."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PINNED = re.compile(
    r"^(?P<name>[a-z0-9.-]+)==(?P<version>\S+)(?: ; [^\\\n]+)?"
    r"(?: \\\n +--hash=sha256:[0-9a-f]{64})+\n"
    r"(?:    #.*\n)*",
    re.MULTILINE,
)

# Put together from pieces, so that this file does not hold what it looks for.
OF_ONE_MACHINE = re.compile(
    "|".join(
        left + right
        for left, right in (
            ("py", r"pi\.org"),
            ("python", "hosted"),
            ("regi", r"stry\.npm"),
            ("de", r"b\.debian"),
            ("/ro", "ot/"),
            ("/wo", "rk/"),
            ("/fa", "rm/"),
            ("/ho", "me/[a-z]"),
            ("/opt/", "py"),
        )
    )
)


@pytest.fixture(scope="module")
def project_files() -> list[Path]:
    """What is tracked, and what would be with the next `git add`."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout: which files are tracked can't be told, so none was searched")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_registry_or_a_path_of_this_machine(project_files: list[Path]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in project_files
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if OF_ONE_MACHINE.search(line)
    ]
    assert found == []


def test_every_locked_package_has_a_version_and_hashes() -> None:
    rest = PINNED.sub("", LOCK.read_text())
    assert [line for line in rest.splitlines() if not line.startswith("#")] == []


def test_the_lock_holds_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = map(Requirement, project["project"]["dependencies"] + project["dependency-groups"]["dev"])
    locked = {match["name"]: match["version"] for match in PINNED.finditer(LOCK.read_text())}
    unfit = [
        str(one)
        for one in asked
        if (version := locked.get(canonicalize_name(one.name))) is None or not one.specifier.contains(version)
    ]
    assert unfit == [], "run `make lock`"


def test_the_wheel_ships_packs_and_migrations(project_files: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "source"
    for path in project_files:
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(tmp_path), str(copy)),
        ],
        check=True,
    )
    (wheel,) = tmp_path.glob("duban-*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        path.relative_to(ROOT).as_posix()
        for folder in ("definitions", "commands", "workflow", "notifier", "console")
        for path in project_files
        if path.is_relative_to(ROOT / folder)
    }
    assert expected - shipped == set()
    assert not any(name.startswith(("tests/", "bench/")) for name in shipped)
