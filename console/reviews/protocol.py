"""The record of a count as a Word document: how many ballots, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO

import docx

from workflow.text import Text

from .casting import Subject


def protocol(subject: Subject, returned: int, means: Mapping[str, str], now: int) -> BytesIO:
    """The record that is attached to the act that reports the totals."""
    document = docx.Document()
    document.core_properties.author = ""
    document.core_properties.created = document.core_properties.modified = datetime.fromtimestamp(
        now // 1000, UTC
    ).replace(tzinfo=None)
    document.add_heading("计票记录 Record of the count", level=1)
    table = document.add_table(rows=0, cols=2)
    for label, value in _lines(subject, returned, means):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = f"{label.zh} {label.en}", value
    found = BytesIO()
    document.save(found)
    found.seek(0)
    return found


def _lines(subject: Subject, returned: int, means: Mapping[str, str]) -> list[tuple[Text, str]]:
    facts = subject.definition.facts
    kind, few = subject.definition.label, subject.ballot.at_least
    too_few = Text(f"不足 {few} 份，不予显示", f"fewer than {few}: not shown")
    return [
        (Text("事项", "Review"), f"{kind.zh} {kind.en}"),
        (Text("单位", "Unit"), f"{subject.unit.zh} {subject.unit.en}"),
        (Text("起止", "From and to"), f"{subject.first} – {subject.last}"),
        (facts[subject.ballot.returned].label, str(returned)),
        *(
            (facts[name].label, means[name] if means else f"{too_few.zh} {too_few.en}")
            for name in subject.ballot.gives
        ),
    ]
