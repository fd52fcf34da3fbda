"""Pictures of mails as a browser shows them, for people to look at: `python -m tests.looking FOLDER`.

Every .html of the folder is shown 360 and 800 pixels wide, light and dark, in headless Chromium (Debian:
`apt-get install chromium fonts-wqy-microhei`). No test compares pictures: golden files compare the text.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.chromium import chromium

WIDTHS = (360, 800)
_HEIGHT = 1600
# Chromium's own window is never narrower than 500 pixels, a frame inside it may be.
_FRAME = '<body style="margin:0"><iframe src="{page}" width="{width}" height="{height}" style="border:0">'


def shoot(page: Path, picture: Path, width: int, *, dark: bool = False, height: int = _HEIGHT) -> None:
    """A picture of a page, so many pixels wide."""
    browser = chromium()
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "frame.html"
        frame.write_text(_FRAME.format(page=page.resolve().as_uri(), width=width, height=height), "utf-8")
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}",
        ]
        if dark:
            options.append("--blink-settings=preferredColorScheme=0")
        subprocess.run(
            [
                *(browser, *options, f"--window-size={max(width, 500)},{height}"),
                *(f"--screenshot={picture.resolve()}", frame.as_uri()),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )


def main() -> None:
    """Every page of a folder, at every width."""
    folder = Path(sys.argv[1])
    for page in sorted(folder.glob("*.html")):
        for width in WIDTHS:
            shoot(page, page.with_suffix(f".{width}.png"), width)
        shoot(page, page.with_suffix(".dark.png"), WIDTHS[0], dark=True)


if __name__ == "__main__":
    main()
