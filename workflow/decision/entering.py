"""代录: entering an act from a paper, for a person of a unit that is off the network.

One supervisor enters it, another co-signs within three workdays, or it lapses. The act bears the date on
the paper, and the time at which it was recorded: late stays late, and history never un-happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..calendar import parse_duration
from ..definition.cursor import as_day
from ..definition.model import Fact
from ..errors import BadValue, NotAllowed
from ..people import Actor
from ..task import Entry
from ..text import Text
from .authority import SUPERVISOR, role_of
from .case import Case
from .values import check_covered, check_value

if TYPE_CHECKING:
    from .acts import Act

COSIGN_WITHIN = parse_duration("3 workdays")
ENTRY = Text("代录", "enter on behalf")
_PAPER = Fact(name="paper", type="file", label=Text("纸质依据", "Paper"))
_EFFECTIVE = Fact(name="effective", type="date", label=Text("纸面日期", "Effective date"))


def entry_of(case: Case, act: Act) -> Entry | None:
    """On whose behalf and on what paper an act is entered, if it is; only a supervisor may."""
    if not _is_entry(act):
        return None
    if act.person_id is None or SUPERVISOR not in case.book.definition.roles:
        raise NotAllowed(
            f"代录只能由角色 {SUPERVISOR} 办理，而本类事项没有这个角色。请在流程定义的 roles 中加上它。",
            f"Only the role {SUPERVISOR} enters on behalf of others; this kind of task has none. Add it "
            "to the roles of the definition.",
        )
    _, actor = role_of(case, [SUPERVISOR], act.person_id, ENTRY)
    return _checked(case, act, actor)


def _is_entry(act: Act) -> bool:
    """Whether an act is entered for somebody else; a paper or its date alone are refused."""
    if act.entered_for is not None:
        return True
    if act.paper is not None or act.effective is not None:
        raise BadValue(
            "未被接受：有纸质依据或纸面日期，却没有写明替谁代录（entered_for）。",
            "Refused: a paper or its date was given, but not for whom it is entered (entered_for).",
        )
    return False


def _checked(case: Case, act: Act, actor: Actor) -> Entry:
    """What an entry rests on. Raises BadValue, NotAllowed."""
    if act.entered_for in (actor.person_id, actor.on_behalf):
        raise NotAllowed(
            "不能为自己代录。能上网的人请直接办理。",
            "Nobody enters on behalf of themselves. Whoever is on the network acts directly.",
        )
    if act.paper is None or act.effective is None:
        raise BadValue(
            "代录未被接受：须附纸质依据的扫描件（paper）并写明纸面日期（effective）。",
            "The entry was refused: give the scan of the paper (paper) and the date on it (effective).",
        )
    paper = check_value(_PAPER, act.paper)
    return Entry(
        entered_by=actor.person_id,
        on_behalf=actor.on_behalf,
        paper=paper,
        effective=_past(case, check_value(_EFFECTIVE, act.effective)),
    )


def _past(case: Case, effective: str) -> str:
    check_covered(_EFFECTIVE, effective, case.view.calendar)
    day, today = as_day(effective), case.view.calendar.day_of(case.now)
    if day is None or day > today:
        raise BadValue(
            f"代录未被接受：纸面日期 {effective} 在今天（{today}）之后。请核对纸质件。",
            f"The entry was refused: the date on the paper, {effective}, is after today ({today}). "
            "Check the paper.",
        )
    return effective
