"""Messages, help and guides tell people what to type: every command and option that they name is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

import main

ROOT = Path(__file__).resolve().parent.parent
TREE: Any = get_command(main.app)
_ADJOINING = re.compile(r'"\s*\n\s*f?"')  # a sentence that goes on in the next line of the program
_NAMED = re.compile(r"\bduban ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)((?: --[a-z][a-z-]*)*)")
_PROSE = {"is", "link", "value"}  # prose, and what hashes begin with


def _files() -> Iterator[Path]:
    for room in ("commands", "notifier", "workflow", "console", "workbooks"):
        yield from (one for one in (ROOT / room).rglob("*") if one.suffix in {".py", ".yaml", ".html"})
    yield from (ROOT / "docs").glob("*.md")
    yield from ROOT.glob("README*.md")


def _wrong(words: list[str], options: list[str]) -> str | None:
    """What of this nobody can type."""
    found: Any = TREE
    known = {"--help", *_options(TREE)}
    for number, word in enumerate(words):
        below = getattr(found, "commands", {})
        if word not in below:
            if number == 0 and word not in _PROSE:
                return word
            break
        found = below[word]
    return next((one for one in options if one not in known | _options(found)), None)


def _options(command: Any) -> set[str]:
    return {name for one in command.params for name in (*one.opts, *one.secondary_opts)}


def test_what_people_are_told_to_type_is_there() -> None:
    named, wrong = 0, {}
    for file in _files():
        for one in _NAMED.finditer(_ADJOINING.sub("", file.read_text("utf-8"))):
            named += 1
            if (what := _wrong(one.group(1).split(), one.group(2).split())) is not None:
                wrong[f"{file.relative_to(ROOT)}: {one.group(0)}"] = what
    assert named > 100
    assert wrong == {}
