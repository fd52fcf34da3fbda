"""Nothing in the engine knows about veterans, audits, hazards or nights on call.

The words of a field are gathered from the packs: what they call their kinds of task, states, facts,
lists, posts, units and kinds of units, in English and in Chinese; and some roots that packs write in
longer sentences. None of them may stand in the code, neither as a name nor in a text or a remark.

If this test meets a word that is an everyday word of English or Chinese in the code, and no field's, add
it to EVERYDAY; else write the code without it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflow.definition import Definition, Pack, load_pack
from workflow.schema import schema_of_packs
from workflow.text import Text

ROOT = Path(__file__).resolve().parents[1]
PACKS = [load_pack(one.parent) for one in sorted((ROOT / "definitions").glob("*/campaign.yaml"))]
WRITTEN = (".py", ".html", ".txt", ".yaml")  # code, templates, sentences
ROOMS = ("workflow", "notifier", "console", "commands")
RECORDS = ("definition/model.py", "definition/terms.py", "task.py", "models.py")

# Words that a field took from everybody's language, or that are Duban's own (DESIGN §1).
_EVERYDAY = """
    acknowledged acting action actions answer answered applying at_work audit auditor authority checking
    claimed clause collecting commitment company compared comparing completed content corrected design drafted
    dropped effective explanation finding findings firing fixed following found hand_over
    handed_over handler handover held labour lead leader level listed looked_at looked_at_again
    matter measure observing office part_of_a_task place placed planning prepared problem programme
    progress project promised proposal proposed purpose quality reading refused request resolved
    replied result review running search service shift site started statement struck_off submitted supervisor
    to_agree to_be_co_signed to_be_confirmed to_be_read to_be_signed to_sign to_verify too_few under_way
    verifying what_was_done withdrawn working writing
    办理中 原因 填报中 已公布 已办结 已关闭 已取消 已撤回 已撤销 已消除 已答复 已签发 已销号
    待交办 待会签 待批准 待确认 活动 草稿 运行中 进度 问题 问题清单
"""
EVERYDAY = frozenset(_EVERYDAY.split())
ROOTS = (
    *("退役", "军人", "军分区", "双拥", "部队", "驻地", "示范点", "走访", "慰问", "帮扶", "就业", "优待"),
    *("服务站", "旗县", "民政", "隐患", "安委", "告警", "值班", "值守", "复盘", "不符合项", "审核员"),
    *("veteran", "garrison", "soldier", "military", "banner", "hazard", "depot", "incident", "on-call"),
    *("pager", "postmortem", "nonconformity", "corrective", "iso 9001", "self-check", "cross-check"),
)
# The demonstration is started by the name of its folder, and says nothing else of it.
FOLDERS = {"commands/demo.py": "demonstration_site"}


def said(name: str, label: Text | None) -> Iterator[str]:
    yield name
    if label is not None:
        yield label.zh
        yield re.sub(r"[ -]+", "_", label.en.lower())


def words_of(pack: Pack) -> Iterator[str]:
    campaign = pack.campaign
    yield from said(campaign.name, campaign.label)
    for name, label in campaign.tracks.items():
        yield from said(name, label)
    for unit in campaign.units.values():
        yield unit.kind
        yield from said(unit.code.partition(".")[0], unit.label)
    for one in pack.definitions.values():
        yield from _words_of_kind(one)


def _words_of_kind(one: Definition) -> Iterator[str]:
    yield from said(one.kind, one.label)
    yield from (role.post for role in one.roles.values())
    for group in (one.states, one.facts, one.lists):
        for name, each in group.items():
            yield from said(name, each.label)


def of_the_language() -> set[str]:
    """The words of definitions, and those that the engine's own records are made of."""
    found = set(re.findall(r"[a-z]+", str(schema_of_packs())))
    for file in RECORDS:
        for node in ast.walk(ast.parse((ROOT / "workflow" / file).read_text(encoding="utf-8"))):
            name = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "name", None)
            found.update(re.findall(r"[a-z]+", str(name).lower()))
    return found


def field_words() -> set[str]:
    found = {word for pack in PACKS for word in words_of(pack)}
    own = of_the_language()
    return {word for word in found if word not in EVERYDAY and word not in own and len(word) > 1}


def pattern_of(word: str) -> re.Pattern[str]:
    """Chinese anywhere; English as a whole word, in any spelling, in the singular or plural."""
    if not word.isascii():
        return re.compile(re.escape(word))
    parts = r"[ _-]?".join(map(re.escape, re.split(r"[ _-]", word)))
    return re.compile(rf"(?<![a-z0-9]){parts}s?(?![a-z0-9])", re.IGNORECASE)


def code() -> dict[str, str]:
    files = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.*")) if file.suffix in WRITTEN]
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


def test_no_word_of_any_field_stands_in_the_code() -> None:
    patterns = {word: pattern_of(word) for word in (*field_words(), *ROOTS)}
    found = []
    for file, text in code().items():
        known = text.replace(FOLDERS.get(file, "\0"), "")
        met = {word: one.search(known) for word, one in patterns.items()}
        found += [
            f"{file}:{known.count(chr(10), 0, at.start()) + 1}: {word}" for word, at in met.items() if at
        ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('if task.kind == "self_check":', "self_check"),
        ("# a self-check, say", "self_check"),
        ("for region in regions:", "region"),
        ('"服务站窗口无专人值守"', "服务站"),
        ("class SpotCheck: ...", "spot_check"),
    ],
)
def test_a_word_is_found_however_it_is_written(line: str, word: str) -> None:
    assert word in field_words() | {*ROOTS}
    assert pattern_of(word).search(line)


def test_there_are_packs_from_several_fields_to_take_words_from() -> None:
    assert len(PACKS) >= 4
    assert len(field_words()) > 150
