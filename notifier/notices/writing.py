"""All letters of a batch at once: a fixed number of statements, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workflow.engine import Frame
from workflow.reading.ledger import Line, lines_of
from workflow.reading.outgoing import REASONS
from workflow.reading.words import same
from workflow.store import tasks
from workflow.text import Text

from ..content import Content, Gathered, Part, Site, Unwritable

Written = Mapping[int, Content | Unwritable]


def write_notices(frame: Frame, letters: Sequence[Gathered], _site: Site) -> Written:
    """What each letter says, by its delivery."""
    wanted = sorted({part.task_id for letter in letters for part in letter.parts})
    lines = {line.id: line for line in lines_of(frame, tasks.read_these(frame.tx, wanted))}
    return {letter.delivery_id: _write(letter, lines) for letter in letters}


def _write(letter: Gathered, lines: Mapping[int, Line]) -> Content | Unwritable:
    missing = [part.task_id for part in letter.parts if part.task_id not in lines]
    if missing or not letter.parts:
        return Unwritable(
            why=Text(
                f"事项 {missing} 不存在，无法成文。请运行 duban doctor。",
                f"Tasks {missing} aren't there; nothing can be written. Run duban doctor.",
            )
        )
    told = [_sentence(part, lines[part.task_id]) for part in letter.parts]
    first = told[0].to(letter.language)
    return Content(
        language=letter.language,
        subject=first,
        text="\n".join(one.to(letter.language) for one in told) + "\n",
        phrases=(first,),
    )


def _sentence(part: Part, line: Line) -> Text:
    reason = REASONS.get(part.reason, same(part.reason))
    return Text(
        f"{line.number} {line.unit.zh}{line.kind_label.zh}：{reason.zh}",
        f"{line.number} {line.kind_label.en}, {line.unit.en}: {reason.en}",
    )
