"""Debian's Chromium: found, installed where that may be done, or missing loudly."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

MISSING = "no Chromium"  # what the last lines of a run look for
PACKAGES = ("chromium", "fonts-wqy-microhei")
SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_PATIENCE = 300  # seconds for an installation


class NoChromium(Exception):
    """It is not there, and could not be had."""


@cache
def chromium() -> str:
    """The program.

    Raises:
        NoChromium: it is not there, and could not be installed.
    """
    with (Path(tempfile.gettempdir()) / "duban-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several workers one installs
        return _found() or _installed()


def _found() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def _installed() -> str:
    wish = f"{MISSING}: apt-get install {' '.join(PACKAGES)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoChromium(wish)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES)
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE, env=environ)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoChromium(f"{wish} ({error})") from error
    found = _found()
    if found is None:
        raise NoChromium(wish)
    return found
