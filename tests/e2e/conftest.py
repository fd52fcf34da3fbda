"""The peers of this run, and a notebook of what was measured. `DUBAN_E2E_WRITE=1` keeps it in docs/e2e.md."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests.e2e import mail_peers, text_peers
from tests.e2e.install import SMSC
from tests.e2e.mail_peers import MailPeers
from tests.e2e.processes import Program
from tests.e2e.text_peers import TextPeers

ROOT: Final = Path(__file__).resolve().parents[2]
_GROUPS: Final = {
    "test_mail": "Mail",
    "test_text": "Text messages",
    "test_office": "From an event to its reader",
}
_NOTES = pytest.StashKey[list[tuple[str, str]]]()
_VERSIONS: Final = (
    ("Postfix", ("postconf", "-d", "-h", "mail_version")),
    ("Dovecot", ("dovecot", "--version")),
    ("Mail::DKIM (Perl)", ("perl", "-MMail::DKIM", "-e", "print $Mail::DKIM::VERSION")),
    ("Kannel", ("dpkg-query", "-W", "-f", "${Version}", "kannel")),
    ("Node.js", ("node", "--version")),
)

Measured = Callable[[str], None]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NOTES] = []


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Note what was seen, after it has been checked."""
    group = _GROUPS[request.node.path.stem]
    return lambda text: request.config.stash[_NOTES].append((group, text))


def versions() -> list[tuple[str, str]]:
    """Which peers these are."""
    smpp = json.loads((SMSC / "node_modules" / "smpp" / "package.json").read_text())["version"]
    found = [(name, subprocess.run(run, capture_output=True, text=True).stdout) for name, run in _VERSIONS]
    return [(name, text.split()[0]) for name, text in found] + [("node-smpp", smpp)]


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    notes = config.stash[_NOTES]
    if not notes:
        return
    terminalreporter.section("peers that no one here wrote")
    peers = ", ".join(f"{name} {version}" for name, version in versions())
    for line in (peers, *(f"{group}: {text}" for group, text in notes)):
        terminalreporter.line(line)
    whole = not any(terminalreporter.stats.get(one) for one in ("failed", "error", "skipped"))
    if whole and os.environ.get("DUBAN_E2E_WRITE"):
        (ROOT / "docs" / "e2e.md").write_text(_page(notes), "utf-8")


def _page(notes: list[tuple[str, str]]) -> str:
    lines = [
        "# Peers that no one here wrote",
        "",
        "Written by `make e2e WRITE=1`, when every check has passed; nothing else stands here. Each line is",
        "one check and what it saw. The peers run on 127.0.0.1, with configuration made for the run.",
        "",
        f"Measured on {datetime.now(UTC):%Y-%m-%d}.",
        "",
        "| Peer | Version |",
        "|---|---|",
        *(f"| {name} | {version} |" for name, version in versions()),
    ]
    for group in dict.fromkeys(group for group, _ in notes):
        lines += ["", f"## {group}", "", *(f"- {text}" for own, text in notes if own == group)]
    return "\n".join(lines) + "\n"


# --- peers ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Where the peers live: other users must get into it, and the paths of sockets must be short."""
    made = Path(tempfile.mkdtemp(prefix="duban-e2e-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def mail(folder: Path) -> Iterator[MailPeers]:
    """Postfix and Dovecot."""
    own = folder / "mail"
    own.mkdir(mode=0o755)
    peers, running = mail_peers.write_files(own), list[Program]()
    try:
        running.append(mail_peers.start_dovecot(peers))
        running.append(mail_peers.start_postfix(peers))
        yield peers
    finally:
        for one in reversed(running):
            one.stop()


@pytest.fixture(scope="session")
def texts(folder: Path) -> Iterator[TextPeers]:
    """The SMPP message centre, and Kannel with both ways out."""
    own = folder / "texts"
    own.mkdir(mode=0o755)
    peers, running = text_peers.write_files(own), list[Program]()
    try:
        running.append(text_peers.start_smsc(peers))
        running += text_peers.start_kannel(peers)
        yield peers
    finally:
        for one in reversed(running):
            one.stop()
