"""What a message centre reports of a message that it has accepted (SMPP 3.4, appendix B). Pure.

id:0123456789 sub:001 dlvrd:001 submit date:2611231200 done date:2611231201 stat:DELIVRD err:000 text:…
"""

from __future__ import annotations

import re
from typing import Final, Literal

from workflow.text import Text

from ..channel import Receipt

Form = Literal["same", "decimal", "hex"]
End = Literal["delivered", "bounced", "later"]

_ID: Final = re.compile(r"\bid:\s*(\S+)", re.IGNORECASE)
_STAT: Final = re.compile(r"\bstat:\s*([A-Za-z]+)", re.IGNORECASE)
_ERR: Final = re.compile(r"\berr:\s*(\w+)", re.IGNORECASE)

_STATES: Final = {  # message_state (5.2.28)
    1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN",
    8: "REJECTD",
}  # fmt: skip
_ENDS: Final[dict[str, End]] = {
    "DELIVRD": "delivered", "EXPIRED": "bounced", "DELETED": "bounced", "UNDELIV": "bounced",
    "REJECTD": "bounced",
}  # fmt: skip
_WHY: Final = {
    "EXPIRED": Text("有效期内未能送达", "it could not be delivered in its time"),
    "DELETED": Text("已被运营商删除", "the operator deleted it"),
    "UNDELIV": Text("无法送达", "it can't be delivered"),
    "REJECTD": Text("被运营商拒收", "the operator rejected it"),
}


def read_report(text: str, receipted: str | None, state: int | None, form: Form) -> Receipt | None:
    """The receipt in a deliver_sm; None: it is none.

    Args:
        text: its short message.
        receipted: the field receipted_message_id, where the centre gives it; it counts before the text.
        state: the field message_state, likewise.
        form: in what the text writes ids, if answers to submit_sm write them otherwise.
    """
    identity, status = _ID.search(text), _STAT.search(text)
    reference = receipted or (same_id(identity[1], form) if identity else None)
    word = _STATES.get(state or 0) or (status[1].upper() if status else None)
    if not reference or word is None:
        return None
    error = _ERR.search(text)
    code = " ".join(filter(None, (word, error[1] if error else None)))
    return Receipt(reference=reference, end=_ENDS.get(word, "later"), why=_why(word), code=code)


def same_id(written: str, form: Form) -> str:
    """An id of a report as the answer to submit_sm wrote it: in the other number system, if it must be."""
    try:
        if form == "decimal":
            return format(int(written), "x")
        return str(int(written, 16)) if form == "hex" else written
    except ValueError:
        return written


def answered_id(written: str, form: Form) -> str:
    """An id of an answer, in the one spelling that `same_id` gives: no zeros ahead, small letters."""
    return written if form == "same" else (written.lower().lstrip("0") or "0")


def _why(word: str) -> Text | None:
    known = _WHY.get(word)
    if known is None:
        return None
    return Text(
        f"短信未送达：{known.zh}（{word}）。请核对号码。",
        f"The text message did not arrive: {known.en} ({word}). Check the number.",
    )
