"""Texts that are compared with files: `make golden` writes them anew after a change that is meant.

Look at the difference before it is committed: it is what people will read.
"""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def same_as_file(name: str, text: str) -> None:
    """The text is what stands in tests/golden/NAME."""
    file = GOLDEN / name
    if os.environ.get("GOLDEN") == "new":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    assert file.exists(), f"{name} is missing: make golden writes it"
    assert text == file.read_text("utf-8"), f"{name} is another: make golden renews it"
