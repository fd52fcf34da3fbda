"""Who may decide for a whole campaign or the organisation: whoever supervises, or steps in for who does."""

from __future__ import annotations

from collections.abc import Sequence

from ..decision.authority import SUPERVISOR
from ..definition.model import Definition, Role
from ..errors import NotAllowed
from ..store import organisation, posts
from ..store.organisation import CampaignInForce
from ..text import Text
from .surroundings import Frame


def check_authority(frame: Frame, person: int, what: Text, campaign: CampaignInForce | None = None) -> None:
    """Refuse whoever holds none of the posts of a role `supervisor`, nor of a role behind its `else`.

    Where nothing declares such a role there is no post to ask for, and nobody is refused.

    Args:
        campaign: the only one whose supervisors may; any of them, if left out.

    Raises:
        NotAllowed: they hold none now.
    """
    roles = _supervisors(frame, list(frame.campaigns.values()) if campaign is None else [campaign])
    held = posts.held(frame.tx, person, frame.now)
    at = organisation.unit_ids(frame.tx, sorted({one.seat.unit for one in roles if one.seat.unit}))
    for role in roles:
        if any(name == role.post and role.seat.unit in (None, *_codes(at, unit)) for name, unit in held):
            return
    if roles:
        raise NotAllowed(
            f"不能由你“{what.zh}”：须由督办员（角色 {SUPERVISOR}）或其上级办理。",
            f"You may not {what.en!r}: it is for the role {SUPERVISOR}, or a role above it. Ask them.",
        )


def _codes(at: dict[str, int], unit: int) -> list[str]:
    return [code for code, ident in at.items() if ident == unit]


def _supervisors(frame: Frame, campaigns: Sequence[CampaignInForce]) -> list[Role]:
    found: dict[tuple[str, str | None], Role] = {}
    for campaign in campaigns:
        for book in frame.version(campaign.version_id).books.values():
            for role in _chain(book.definition):
                found[role.post, role.seat.unit] = role
    return list(found.values())


def _chain(definition: Definition) -> list[Role]:
    """The role `supervisor` and whoever steps in for it."""
    chain: list[Role] = []
    name: str | None = SUPERVISOR
    while name is not None and name in definition.roles and definition.roles[name] not in chain:
        chain.append(definition.roles[name])
        name = definition.roles[name].otherwise
    return chain
