"""Who may see which page: one line for every route of the console. A route without a line fails.

    "GET /tasks/{number}": OF_THE_UNIT,

`{number}` becomes a task of the unit that `OF_THE_UNIT` names; what else stands in braces is filled from
`FILLED`. Whoever isn't named is refused (401, 403, or 404 for what they may not know of).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from starlette.routing import Mount

NOBODY: Final = "nobody"
OWN: Final = ("handler of beiwan", "leader of beiwan")
OTHER: Final = ("handler of wanghe", "leader of wanghe")
WATCHING: Final = ("supervisor of bureau",)
DUTIES: Final = ("system", "security", "audit")
ROLES: Final = (NOBODY, *OWN, *OTHER, *WATCHING, *DUTIES)

ANYBODY: Final = frozenset(ROLES)
SIGNED_IN: Final = ANYBODY - {NOBODY}
WORKING: Final = frozenset((*OWN, *OTHER, *WATCHING))  # whoever works with tasks: sees what their units have
OF_THE_UNIT: Final = frozenset((*OWN, *WATCHING))  # whoever may see the task
ACCOUNTS: Final = frozenset(("security", "audit"))
SECURITY: Final = frozenset(("security",))
SYSTEM: Final = frozenset(("system",))
MESSAGES: Final = SYSTEM | frozenset(WATCHING)  # whoever sees to messages
AUDIT: Final = frozenset(("audit",))
NO_ROLE: Final[frozenset[str]] = frozenset()  # opened by something else: a token, the first account

PAGES: Final[Mapping[str, frozenset[str]]] = {
    "GET /static/{mark}/{name}": ANYBODY,
    "GET /robots.txt": ANYBODY,
    "GET /sign-in": ANYBODY,
    "POST /sign-in": ANYBODY,
    "GET /sign-in/oidc": NO_ROLE,  # there is none in a plain installation: tests/test_console_oidc.py
    "GET /sign-in/oidc/back": NO_ROLE,
    "POST /sign-in/oidc/code": NO_ROLE,
    "POST /sign-in/typed": SIGNED_IN,
    "POST /sign-out": SIGNED_IN,
    "POST /language": ANYBODY,
    "GET /account": SIGNED_IN,
    "POST /account/password": SIGNED_IN,
    "POST /account/second-factor": SIGNED_IN,
    "POST /account/second-factor/confirm": SIGNED_IN,
    "GET /account/sessions": SIGNED_IN,
    "POST /account/sessions/end": SIGNED_IN,
    "GET /account/tokens": WORKING,
    "POST /account/tokens": WORKING,
    "POST /account/tokens/revoke": WORKING,
    "GET /accounts": ACCOUNTS,
    "GET /accounts/log": AUDIT,
    "GET /accounts/log/export": AUDIT,
    "POST /accounts/appoint": NO_ROLE,
    "POST /accounts/open": SECURITY,
    "POST /accounts/reset": SECURITY,
    "POST /accounts/unlock": SECURITY,
    "POST /accounts/link": NO_ROLE,  # see /sign-in/oidc
    "POST /accounts/close": SECURITY,
    "POST /accounts/second-factor": ACCOUNTS,
    "GET /": SIGNED_IN,  # administrators are led to their own
    "GET /ledger": WORKING,
    "GET /tasks/{number}": OF_THE_UNIT,
    "GET /tasks/{number}/do/{act}": OF_THE_UNIT,
    "POST /tasks/{number}/do/{act}": OF_THE_UNIT,
    "GET /tasks/{number}/evidence/{sha256}": OF_THE_UNIT,
    "GET /tasks/{number}/evidence/{sha256}/small": OF_THE_UNIT,
    "GET /tasks/{number}/history": OF_THE_UNIT,
    "GET /tasks/{number}/diagram.svg": OF_THE_UNIT,
    "GET /tasks/{number}/enter/{act}": frozenset(WATCHING),
    # Who of them may is judged with what was sent: a form without its paper is a 422 for all.
    "POST /tasks/{number}/enter/{act}": OF_THE_UNIT,
    "POST /together": WORKING,
    "GET /board": WORKING,
    "GET /campaigns": WORKING,
    "GET /campaigns/{name}": WORKING,
    "GET /campaigns/{name}/bulletins/{bulletin}": WORKING,
    "GET /campaigns/{name}/draws": WORKING,
    "GET /campaigns/{name}/draws/{ident}": WORKING,
    "GET /campaigns/{name}/frozen/{snapshot}": WORKING,
    "GET /definitions/{kind}/differences": WORKING,
    "GET /dual-list": WORKING,
    "GET /search": WORKING,
    "GET /ledger/export{ending}": WORKING,
    "GET /ledger/import": WORKING,
    "GET /ledger/import/template": WORKING,
    "POST /ledger/import": WORKING,
    "POST /ledger/import/marked": WORKING,
    "POST /ledger/import/take": WORKING,
    "POST /ledger/views": WORKING,
    "POST /ledger/views/{view}/drop": WORKING,
    "GET /account/notices": WORKING,
    "POST /account/notices": WORKING,
    "GET /settings": WORKING | SYSTEM,
    "POST /settings/calendar/preview": SYSTEM,
    "POST /settings/calendar/import": SYSTEM,
    "GET /deliveries": WORKING | SYSTEM,
    "GET /deliveries/{ident}": WORKING | SYSTEM,
    "POST /deliveries/release-all": MESSAGES,
    "POST /deliveries/{ident}/{act}": MESSAGES,
    "POST /deliveries/channels/{name}/pause": MESSAGES,
    "POST /deliveries/channels/{name}/resume": MESSAGES,
    "POST /demonstration/pace": NO_ROLE,
    "GET /a/{token}": ANYBODY,
    "GET /a/{token}/done": ANYBODY,
    "POST /a/{token}": ANYBODY,
    "GET /u/{token}": ANYBODY,
    "POST /u/{token}": ANYBODY,
    "POST /receipts/{channel}": NO_ROLE,
    "POST /receipts/{channel}/{secret}": NO_ROLE,
    "GET /definitions": WORKING,
    "GET /definitions/{kind}": WORKING,
    "GET /definitions/{kind}.svg": WORKING,
    "GET /organisation": WORKING,
    "POST /organisation/away": WORKING,
    "POST /organisation/back": WORKING,
    "GET /r": ANYBODY,
    "POST /r": ANYBODY,
    "GET /r/{token}": ANYBODY,
    "POST /r/{token}": ANYBODY,
    "GET /calendar/{token}.ics": NO_ROLE,
    "GET /healthz": ANYBODY,
    "GET /readyz": ANYBODY,
    "GET /metrics": NO_ROLE,
    "MOUNT /api/v1": NO_ROLE,  # tests/test_console_api_matrix.py looks at each of its paths
}
FROM_ANYWHERE: Final = (
    "POST /r",
    "POST /r/{token}",
    "POST /u/{token}",
    "POST /receipts/{channel}",
    "POST /receipts/{channel}/{secret}",
)  # worth nothing without the secret in them
# Of these nothing is there in a plain installation, which is said (409) before anybody is asked who they
# are; tests of those rooms look at who may.
ABSENT: Final = ("/demonstration",)
NO_SECRET: Final = (
    "POST /sign-in",
    "POST /sign-in/oidc/code",
    "POST /sign-in/typed",
    "POST /language",
    "POST /a/{token}",
    *FROM_ANYWHERE,
)  # of people without a session
FILLED: Final[Mapping[str, str]] = {
    "kind": "self_check",
    "act": "sign_for",
    "sha256": "0" * 64,
    "ident": "1",
    "view": "1",
    "snapshot": "1",
    "ending": ".xlsx",
}


def routes_of(app: FastAPI) -> list[str]:
    """`METHOD /path/{template}` of every route of an application, mounted ones by their prefix."""
    return sorted(_routes(app.routes))


def _routes(found: Iterable[Any]) -> Iterator[str]:
    for one in found:
        if hasattr(one, "effective_candidates"):
            yield from _routes(one.effective_candidates())
        elif isinstance(one, Mount):
            yield f"MOUNT {one.path}"
        else:
            yield from (f"{method} {one.path}" for method in one.methods or () if method != "HEAD")
