"""A storm: many tasks whose deadline was the same moment, and that tell again every minute."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from workflow.calendar import default_calendar
from workflow.definition import load_pack
from workflow.engine import Engine
from workflow.simulation.dice import Dice
from workflow.store import migrate, open_port

UNITS = 20
MINUTE = 60_000
CALENDAR = default_calendar()
BEGIN = CALENDAR.instant(date(2026, 3, 2), 8)
DUE = CALENDAR.end_of(date(2026, 3, 6))

_UNITS = "\n".join(f"      u{n}: {{zh: 单位{n}, en: Unit {n}}}" for n in range(UNITS))
_CAMPAIGN = """
campaign: storm
prefix: ST
label: {{zh: 风暴, en: Storm}}
basis: {{document: none, decided_by: bureau, on: 2026-03-01}}
tracks:
{tracks}
units:
  bureau: {{kind: bureau, label: {{zh: 局, en: Bureau}}}}
  units:
    kind: region
    in: bureau
    members:
{units}
milestones: {{start: 2026-03-02, due: 2026-03-06}}
rounds:
  hand_out: {{at: start 09:00, opens: {{check: {{each: region}}}}, track: [{names}]}}
"""
_CHECK = """
task: check
label: {zh: 检查, en: Check}
parties: {unit: region}
deadline: campaign due
roles:
  handler:    {label: {zh: 承办人, en: Handler}, is: handler at unit, else: supervisor}
  supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau}
facts:
  progress: {type: percent, label: {zh: 进度, en: Progress}}
states:
  working: {label: {zh: 办理中, en: Working}, waits_for: handler}
  closed:  {label: {zh: 已销号, en: Closed}, final: accepted}
transitions:
  report: {label: {zh: 反馈, en: Report}, from: working, by: handler, asks: progress}
  close:  {label: {zh: 销号, en: Close}, from: working, to: closed, by: supervisor}
escalations:
  late: {when: overdue, light: yellow, tells: handler, opens: answer, again: every 1 minute}
"""
_ANSWER = """
task: answer
label: {zh: 说明, en: Answer}
parties: {unit: region}
deadline: none
roles:
  handler: {label: {zh: 承办人, en: Handler}, is: handler at unit}
states:
  asked:  {label: {zh: 待说明, en: Asked}, waits_for: handler}
  closed: {label: {zh: 已说明, en: Answered}, final: accepted}
transitions:
  answer: {label: {zh: 说明, en: Answer}, from: asked, to: closed, by: handler}
"""


def prepare(url: str, folder: Path, tasks: int) -> None:
    """A database with so many open tasks, all of which are due just after `DUE`."""
    migrate(url)
    port = open_port(url)
    try:
        engine = Engine(port, salts=Dice(0).salt)
        engine.load(load_pack(_pack(folder, tasks)), BEGIN)
        engine.run_once(CALENDAR.instant(date(2026, 3, 2), 9))
    finally:
        port.close()


def _pack(folder: Path, tasks: int) -> Path:
    names = [f"t{n}" for n in range(max(1, tasks // UNITS))]
    people = [f"  p{n}: {{name: {{zh: 甲{n}, en: P{n}}}, posts: [handler at u{n}]}}" for n in range(UNITS)]
    boss = "  boss: {name: {zh: 乙, en: Boss}, posts: [supervisor at bureau]}"
    files = {
        "campaign": _CAMPAIGN.format(
            tracks="\n".join(f"  {name}: {{zh: {name}, en: {name}}}" for name in names),
            units=_UNITS,
            names=", ".join(names),
        ),
        "check": _CHECK,
        "answer": _ANSWER,
        "people": "\n".join(["people:", *people, boss]),
    }
    pack = folder / "pack"
    pack.mkdir()
    for name, text in files.items():
        (pack / f"{name}.yaml").write_text(text.strip() + "\n", encoding="utf-8")
    return pack
