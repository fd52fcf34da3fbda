"""What a page must stand: no scrolling sideways, nothing serious found by axe, no complaint."""

from __future__ import annotations

from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from .site import is_too_wide

_GRAVE = ("serious", "critical")
_OPTIONS = {"resultTypes": ["violations"]}


def faults(page: Page, *, axe: bool = True) -> Iterator[str]:
    """Everything that is wrong with the page that is looked at."""
    if is_too_wide(page):
        yield f"too wide: {widest(page)}"
    yield from page.complaints  # type: ignore[attr-defined]
    if page.locator("h1, h2").count() == 0:
        yield "no heading"
    if axe:
        yield from _found_by_axe(page)


def _found_by_axe(page: Page) -> Iterator[str]:
    for one in Axe().run(page, options=_OPTIONS).response["violations"]:
        if one["impact"] in _GRAVE:
            where = "; ".join(node["html"][:160] for node in one["nodes"][:3])
            yield f"{one['id']} ({one['impact']}): {where}"


def widest(page: Page) -> str:
    """What sticks out, for whoever has to mend it."""
    return str(
        page.evaluate(
            "[...document.querySelectorAll('body *')]"
            ".filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll'))"
            ".slice(0, 3).map((one) => one.outerHTML.slice(0, 120)).join(' | ')"
        )
    )
