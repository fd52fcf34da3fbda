"""Every page of the console: where it is, and who is shown it. A new page is a line here."""

from __future__ import annotations

from dataclasses import dataclass

WORKERS = ("leader", "supervisor", "handler")
ADMINISTRATORS = ("system", "security", "audit")
ROLES = ("", *WORKERS, *ADMINISTRATORS)  # empty: nobody is signed in


@dataclass(frozen=True, kw_only=True, slots=True)
class PageOf:
    """A page, with {task}, {kind}, {act} and {campaign} to be filled in."""

    path: str
    shown_to: tuple[str, ...] = WORKERS
    main: bool = False  # looked at in every run, the others in the long one


PAGES = (
    PageOf(path="/sign-in", shown_to=ROLES, main=True),
    PageOf(path="/account", shown_to=(*WORKERS, *ADMINISTRATORS)),
    PageOf(path="/accounts", shown_to=("security", "audit"), main=True),
    PageOf(path="/", main=True),
    PageOf(path="/board", main=True),
    PageOf(path="/ledger", main=True),
    PageOf(path="/ledger?light=red&open=all"),
    PageOf(path="/ledger/import"),
    PageOf(path="/search"),
    PageOf(path="/search?q=自查"),
    PageOf(path="/tasks/{task}", main=True),
    PageOf(path="/tasks/{task}/do/{act}", main=True),
    PageOf(path="/tasks/{task}/history"),
    PageOf(path="/campaigns"),
    PageOf(path="/campaigns/{campaign}", main=True),
    PageOf(path="/campaigns/{campaign}/draws"),
    PageOf(path="/dual-list"),
    PageOf(path="/definitions"),
    PageOf(path="/definitions/{kind}", main=True),
    PageOf(path="/organisation", main=True),
    PageOf(path="/deliveries", shown_to=(*WORKERS, "system")),  # here nothing sends messages: it says so
    PageOf(path="/search?q=2026", main=True),
    PageOf(path="/account/tokens"),
    PageOf(path="/settings", shown_to=(*WORKERS, "system")),
    PageOf(path="/r", shown_to=ROLES),
    PageOf(path="/nothing-here", shown_to=()),
)
