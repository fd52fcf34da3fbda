"""Installs the peers: `python -m tests.e2e.install`. Says what it does, and loudly what it can't.

Debian packages by apt-get, as root; node-smpp by npm, into this folder, as its lock file says. The
services that the packages bring are not started: every test run starts its own, on ports of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SMSC: Final = Path(__file__).parent / "smsc"
# package -> a file by which it is known to be there
PACKAGES: Final = {
    "postfix": "/usr/sbin/postfix",
    "dovecot-imapd": "/usr/lib/dovecot/imap",
    "dovecot-lmtpd": "/usr/lib/dovecot/lmtp",
    "libmail-dkim-perl": "/usr/share/perl5/Mail/DKIM/Verifier.pm",
    "kannel": "/usr/sbin/bearerbox",
    "kannel-extras": "/usr/lib/kannel/test/fakesmsc",
    "nodejs": "/usr/bin/node",
    "npm": "/usr/bin/npm",
    "openssl": "/usr/bin/openssl",
}


def missing() -> list[str]:
    """Packages that are not there. A node of another origin will do."""
    return [
        name
        for name, file in PACKAGES.items()
        if not Path(file).exists() and shutil.which(Path(file).name) is None
    ]


def main() -> int:
    """Install what is missing; 0 if everything is there then."""
    if os.geteuid() != 0:
        return _refuse("Postfix and Dovecot change users, which only root may: run make e2e as root.")
    if wanted := missing():
        print(f"Installing by apt-get 正在安装: {' '.join(wanted)}", flush=True)
        if not (_run(["apt-get", "update", "-q"]) and _run(_apt(wanted))):
            return _refuse(f"apt-get did not install {' '.join(wanted)}.")
    if not (SMSC / "node_modules" / "smpp").exists():
        print("Installing by npm 正在安装: smpp (tests/e2e/smsc)", flush=True)
        if not _run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=SMSC):
            return _refuse("npm did not install node-smpp.")
    if left := missing():
        return _refuse(f"Not there after all: {' '.join(left)}.")
    print("All peers are installed. 对端均已就绪。")
    return 0


def _apt(wanted: Sequence[str]) -> list[str]:
    return ["apt-get", "install", "-q", "-y", "--no-install-recommends", *wanted]


def _run(command: Sequence[str], cwd: Path | None = None) -> bool:
    """Quiet unless it fails. No service may start, no question may be asked."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    try:
        ran = subprocess.run(command, cwd=cwd, env=quiet, capture_output=True, text=True, check=False)
    except OSError as error:
        print(error, file=sys.stderr)
        return False
    if ran.returncode:
        print(ran.stdout[-2000:], ran.stderr[-2000:], sep="\n", file=sys.stderr)
    return ran.returncode == 0


def _refuse(why: str) -> int:
    bar = "!" * 78
    chinese = "make e2e 无法运行：需要 root 权限的 Debian 系统和软件源。"
    print(bar, f"make e2e CANNOT RUN: {why}", chinese, bar, sep="\n", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
