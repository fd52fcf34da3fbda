"""The words of `campaign.yaml` and `people.yaml`."""

from __future__ import annotations

from ..definition.campaign import MISSED, ON_HOLIDAY
from ..definition.checklist import MOST
from ..definition.model import LIGHTS, PAIR, SECTIONS
from .sentences import AGAIN, DATE, MOMENT
from .shapes import (
    A_NAME,
    BILINGUAL,
    NAME,
    NUMBER,
    NUMERIC,
    SOME,
    TEXT,
    Shape,
    enum,
    named,
    pattern,
    several,
    words,
)
from .task import LABEL, SHARED_RULE

_ANY_NAME = "[a-z][a-z0-9_]*"

_BASIS = words(
    {
        "document": (TEXT, "文号。", "Its number."),
        "decided_by": (TEXT, "决定机关。", "Who decided it."),
        "on": (DATE, "日期。", "When."),
    },
    ("document", "decided_by", "on"),
)
_INSIDE = (TEXT, "上级单位。", "The unit above it.")
_KIND = (A_NAME, "单位类别，自己起名。", "What sort of unit; the word is yours.")
_UNIT = words({"kind": _KIND, "label": LABEL, "in": _INSIDE}, ("kind", "label"))
_MEMBERS = words(
    {
        "kind": _KIND,
        "in": _INSIDE,
        "members": (named(BILINGUAL), "成员：代码: 名称。", "The units of a kind, by code."),
    },
    ("kind", "members"),
)
_GROUP = words(
    {
        "of each": (A_NAME, "每个这类单位设一个。", "One at each unit of this kind."),
        "label": (BILINGUAL, "名称，{unit} 代单位名。", "Its name; {unit} becomes the unit's."),
    },
    ("of each", "label"),
)
_UNITS: Shape = {
    "if": {"type": "object", "required": ["of each"]},
    "then": _GROUP,
    "else": {"if": {"type": "object", "required": ["members"]}, "then": _MEMBERS, "else": _UNIT},
}
_MISSED = (
    enum(*MISSED),
    "错过的时刻：合并补一次、逐次补、略过。",
    "What becomes of moments that were missed.",
)
_ON_HOLIDAY = (enum(*ON_HOLIDAY), "遇假日。", "What if it falls on a day off.")
_DEFAULTS = words(
    {
        "missed": _MISSED,
        "on_holiday": _ON_HOLIDAY,
        "again": (AGAIN, "规则未写时，再次预警的间隔。", "For rules that say nothing themselves."),
    }
)
_EACH = (
    A_NAME,
    "每个这类单位一件；pair 为抽签的每一对。",
    "One for each unit of this kind; pair: for each pair drawn.",
)
_OF = (A_NAME, "只在这类单位中抽签。", "Draw among units of this kind only.")
_OPENING: Shape = {
    "if": {"type": "object", "properties": {"each": {"const": PAIR}}, "required": ["each"]},
    "then": words({"each": _EACH, "of": _OF}, ("each",)),
    "else": words({"each": _EACH}, ("each",)),
}
_ROUND = words(
    {
        "at": (MOMENT, "何时。", "When."),
        "opens": (
            named(_OPENING, least=1),
            "开立：事项类型: {each: 单位类别}。",
            "Which kinds of task, for whom.",
        ),
        "completes": (A_NAME, "送签：这类事项的草稿。", "Takes every draft of that kind to be signed."),
        "track": (several(A_NAME), "专项任务。", "For which lines of work; one task for each."),
        "missed": _MISSED,
        "on_holiday": _ON_HOLIDAY,
    },
    ("at",),
    oneOf=[{"required": ["opens"]}, {"required": ["completes"]}],
)
_READERS = pattern(rf"{NAME}(?: at [a-z0-9_.]+)?", "owner", "owner at town")
_DIGEST = words(
    {
        "label": LABEL,
        "for": (
            several(_READERS),
            "给谁：岗位，或 岗位 at 单位|单位类别。",
            "Who reads it: POST, or POST at UNIT or KIND of unit.",
        ),
        "at": (MOMENT, "何时。", "When."),
        "shows": (
            several({**A_NAME, "examples": list(SECTIONS)}),
            f"栏目：{'、'.join(SECTIONS)}，或事项类型。",
            f"Its sections: {', '.join(SECTIONS)}, or a kind of task.",
        ),
    },
    ("label", "for", "at", "shows"),
)
_NOTICES = words(
    {
        "at_any_hour": (
            enum(*LIGHTS[1:]),
            "从这种灯起，通知不受免打扰时段限制。",
            "From this light on a notice breaks quiet hours.",
        )
    },
    ("at_any_hour",),
)
_MILESTONES: Shape = {**named(DATE), "required": ["start"]}

_SOURCE = pattern(rf"{_ANY_NAME}\.{_ANY_NAME}", "review.score")
_PART = rf"\s*[0-9]{{1,9}}(?:\.[0-9]{{1,6}})?\s+{_ANY_NAME}\s*"
_FORMULA = pattern(rf"{_PART}(?:\+{_PART})*", "0.4 own + 0.6 other")
_BURDEN = words(
    {
        "counts": (several(A_NAME), "计入哪些事项类型。", "The kinds of task that count."),
        "per unit per month": (SOME, "每单位每月至多几次。", "How many a unit may have in a month."),
        "scope": (TEXT, "检查内容：哪个填报项。", "The text fact that says what is looked at."),
    },
    ("counts", "per unit per month"),
)
_INDICATOR = words(
    {
        "id": (
            {"type": ["string", "number"], "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"},
            "编号，不重复。",
            "Letters, digits, dots and dashes; each only once.",
        ),
        "label": LABEL,
        "chapter": (A_NAME, "属于哪一章。", "The chapter it belongs to."),
        "weight": (
            {**NUMERIC, "exclusiveMinimum": 0, "pattern": rf"^(?=.*[1-9])(?:{NUMBER})$"},
            "权重，大于 0。",
            "A number above 0.",
        ),
        "scored_by": (several(A_NAME), "由哪类事项评分。", "The kinds of task that give points for it."),
        "criterion": (BILINGUAL, "评分标准。", "What full marks ask for."),
    },
    ("id", "label", "chapter", "weight", "scored_by"),
)
INDICATORS = words(
    {
        "version": (TEXT, "版次。", "What people call this state of the checklist."),
        "chapters": (named(BILINGUAL), "章节，按顺序。", "Its chapters, in order."),
        "items": (
            {"type": "array", "items": _INDICATOR, "minItems": 1, "maxItems": MOST},
            "评价指标。",
            "The indicators.",
        ),
    },
    ("version", "chapters", "items"),
)

CAMPAIGN = words(
    {
        "campaign": (A_NAME, "专项行动的名字。", "The campaign's name."),
        "prefix": (
            pattern("[A-Z]{1,6}", "SFD"),
            "编号前缀，大写字母。",
            "In front of task numbers.",
        ),
        "label": LABEL,
        "basis": (_BASIS, "依据：没有依据不成专项行动。", "The decision on which it rests."),
        "zone": (TEXT, "时区，默认 Asia/Shanghai。", "Whose midnight counts; Asia/Shanghai by default."),
        "tracks": (named(BILINGUAL), "专项任务。", "The lines of work."),
        "units": (named(_UNITS, least=1), "单位。", "Who takes part."),
        "milestones": (_MILESTONES, "节点；start 必填。", "Named dates; start must be there."),
        "defaults": (_DEFAULTS, "默认。", "What rounds and rules do that say nothing themselves."),
        "rounds": (named(_ROUND), "轮次计划：什么事何时自动发生。", "What happens by itself, and when."),
        "digests": (named(_DIGEST), "摘要：每日、每周告诉谁什么。", "What is told at fixed times, to whom."),
        "notices": (_NOTICES, "通知。", "How notices behave."),
        "sources": (
            named(_SOURCE),
            "来源：名字: 事项类型.填报项。",
            "What kinds of task say of a unit: NAME: KIND.FACT.",
        ),
        "scores": (
            named(_FORMULA),
            "评分公式：单位类别: 权重 来源 + …；权重合计为 1。",
            "The published formula for a kind of unit; its weights add up to 1.",
        ),
        "indicators": (
            INDICATORS,
            "评价指标；也可写在 indicators.yaml。",
            "The checklist; or in indicators.yaml.",
        ),
        "escalations": (
            named(SHARED_RULE),
            "适用于多类事项的预警规则。",
            "Rules that hold for several kinds of task.",
        ),
        "burden": (
            _BURDEN,
            "检查减负：每单位每月的检查次数。",
            "How often a unit may be looked at in a month.",
        ),
    },
    ("campaign", "prefix", "label", "basis", "units", "milestones"),
)

_POST = pattern(rf"(?:deputy )?{NAME} at [a-z0-9_.]+", "owner at town", "deputy owner at town")
_PERSON = words(
    {
        "name": (BILINGUAL, "姓名，中英两份。", "In both languages."),
        "posts": (
            several(_POST, least=0),
            "岗位 at 单位；副职写 deputy。",
            "POST at UNIT; deputy POST at UNIT.",
        ),
    },
    ("name", "posts"),
)
PEOPLE = words(
    {"people": (named(_PERSON), "人员，以代码为名。", "All of them, by a code of your own.")}, ("people",)
)
