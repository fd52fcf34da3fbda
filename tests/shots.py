"""The pictures of docs/console.md: `make shots`. The same campaign, the same pictures, on every machine."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browser.site import DESK, LANGUAGES, PHONE, Site
from tests.chromium import SWITCHES, chromium
from workflow.definition import load_pack
from workflow.engine import Engine
from workflow.evidence import Folder
from workflow.reading import Wanted, ledger, people
from workflow.simulation import Dice, simulate
from workflow.store import life, open_port

PACK = Path(__file__).resolve().parent.parent / "definitions" / "demonstration_site"
DAYS = 110
_TALL = {DESK: 900, PHONE: 740}  # pixels
_SHOWN = {DESK: 1_000, PHONE: 360}  # pixels across, in the picture
_COLOURS = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """A picture: of a page with {red} or {mine} to be filled in, as somebody sees it."""

    name: str
    path: str
    who: str
    width: int = DESK
    languages: tuple[str, ...] = ("zh",)


SHOTS = (
    Shot(name="to-do", path="/", who="supervisor_one", languages=LANGUAGES),
    Shot(name="to-do-phone", path="/", who="{handler}", width=PHONE),
    Shot(name="task", path="/tasks/{red}", who="supervisor_one"),
    Shot(name="task-phone", path="/tasks/{mine}", who="{handler}", width=PHONE),
    Shot(name="board", path="/board", who="bureau_head"),
    Shot(name="ledger", path="/ledger", who="bureau_head", languages=("en",)),
    Shot(name="accounts", path="/accounts", who="security"),
)


def shoot(browser: Browser, site: Site, shot: Shot, language: str, filled: dict[str, str]) -> Image.Image:
    """One picture."""
    context = site.context(
        browser, shot.who.format(**filled), language=language, width=shot.width, device_scale_factor=1
    )
    page = context.new_page()
    page.set_viewport_size({"width": shot.width, "height": _TALL[shot.width]})
    page.goto(shot.path.format(**filled))
    taken = Image.open(BytesIO(page.screenshot()))
    context.close()
    return taken


def save(taken: Image.Image, file: Path, width: int) -> None:
    """Small enough for a repository."""
    shown = _SHOWN[width]
    size = (shown, taken.height * shown // taken.width)
    small = taken.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    small.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(file, optimize=True)


def filled_of(site: Site) -> dict[str, str]:
    """The gravest task of the supervised kind, and one that waits for somebody who handles tasks."""
    with site.place.frame() as frame:
        red = ledger(frame, Wanted(light="red", open=True, limit=1)).lines[0]
        waiting = {
            one.code: ledger(frame, Wanted(waits_for=one.id, limit=1))
            for one in people(frame)
            if one.code.endswith("_handler")
        }
    handler, most = max(waiting.items(), key=lambda one: one[1].total)
    return {"red": red.number, "kind": red.kind, "mine": most.lines[0].number, "handler": handler}


def main() -> None:
    """Every picture, into a folder."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        url = f"sqlite:///{scratch}/duban.db"
        evidence = Path(scratch) / "evidence"
        simulate(load_pack(PACK), days=DAYS, seed=1, url=url, evidence=evidence)
        port = open_port(url)
        with port.read() as tx:
            end = life.last_sign(tx)
        assert end is not None
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(SWITCHES))
        with Site(Engine(port, salts=Dice(2).salt), end, folder=Folder(evidence)).served() as site:
            filled = filled_of(site)
            for shot in SHOTS:
                for language in shot.languages:
                    file = folder / f"{shot.name}.{language}.png"
                    save(shoot(browser, site, shot, language, filled), file, shot.width)
        browser.close()
        port.close()


if __name__ == "__main__":
    main()
