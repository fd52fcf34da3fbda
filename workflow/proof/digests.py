"""A digest has readers: somebody can hold the post that it is for."""

from __future__ import annotations

from ..definition.model import Pack, Readers
from .report import Report


def check_digests(pack: Pack, report: Report) -> None:
    """The posts of each digest, where they are looked for."""
    posts = _posts(pack)
    for one in pack.campaign.digests.values():
        for readers in one.readers:
            key = f"digests.{one.name}.for"
            if readers.post not in posts:
                zh = f"有角色或人员担任的岗位（{'、'.join(sorted(posts))}）"
                en = f"a post that a role asks for or a person holds ({', '.join(sorted(posts))})"
                report.fail(key, str(readers), zh, en, word=readers.post, words=posts)
            elif pack.people and not _held(pack, readers):
                zh, en = "people.yaml 中有人担任的岗位", "a post that somebody in people.yaml holds there"
                report.fail(key, str(readers), zh, en)


def _posts(pack: Pack) -> set[str]:
    roles = (role for definition in pack.definitions.values() for role in definition.roles.values())
    held = {post.name for person in pack.people for post in person.posts}
    return held | {role.post for role in roles if role.team is None}


def _held(pack: Pack, readers: Readers) -> bool:
    """Among the people that the pack brings along: others may come, but it is more likely a slip."""
    units = pack.campaign.units
    return any(
        post.name == readers.post
        and readers.unit in (None, post.unit)
        and readers.unit_kind in (None, units[post.unit].kind)
        for person in pack.people
        for post in person.posts
    )
