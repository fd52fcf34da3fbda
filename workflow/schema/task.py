"""The words of `KIND.yaml`: what one kind of task goes through."""

from __future__ import annotations

import re

from ..definition.facts import TYPES
from ..definition.model import ALL, ANYONE, BACK, LIGHTS, OF_PARENT, OPENED
from ..definition.numbering import LONGEST, YEAR, N
from ..definition.opening import MILESTONE
from ..definition.task import ANY_OPEN
from .sentences import A_CONDITION, A_MILESTONE, AGAIN, DAY, DEADLINE, DURATION, SET_DEADLINE
from .shapes import (
    A_NAME,
    BILINGUAL,
    NAME,
    NUMERIC,
    SOME,
    TEXT,
    TWO,
    WHOLE,
    YES_NO,
    Shape,
    Words,
    either,
    enum,
    named,
    pattern,
    several,
    words,
)

LABEL = (BILINGUAL, "名称，中英两份。", "What people call it, in both languages.")
_NAMES = several(A_NAME)
_STOPPED = enum("stopped")

_ROLE = words(
    {
        "label": LABEL,
        "is": (
            pattern(rf"{NAME} at (?:{NAME} of )?{NAME}", "owner at unit", "team at unit"),
            "找谁：岗位 at 当事方、单位，或当事方的组；team at … 为选定的工作组。",
            "Who: a post at a party, a unit, or a party's group; a team is chosen.",
        ),
        "else": (A_NAME, "空缺时由哪个角色接。", "The role that steps in while nobody holds the post."),
        "recused": (
            several(pattern(rf"interest in {NAME}", "interest in unit")),
            "回避：与该当事方有利害关系的人视为缺位。",
            "Whoever has an interest in that party counts as absent.",
        ),
        "min": (SOME, "工作组至少几人。", "Of a team: so many."),
        "term": (DURATION, "工作组任期。", "Of a team: how long the choice holds."),
    },
    ("label", "is"),
    **{
        "if": {"properties": {"is": {"pattern": "^team at "}}, "required": ["is"]},
        "else": {"properties": {"min": False, "term": False}},
    },
)
_CHOICES: Shape = {
    "type": "array",
    "items": {"type": ["string", "number"], "pattern": r"^\S+$"},
    "minItems": 2,
    "uniqueItems": True,
}


def _fact(*types: str) -> Shape:
    return words(
        {
            "type": (enum(*types), "类型。", "What it holds."),
            "label": LABEL,
            "min": (NUMERIC, "最小值，只用于数字。", "The least value, of numbers only."),
            "max": (NUMERIC, "最大值，只用于数字。", "The greatest value, of numbers only."),
            "choices": (_CHOICES, "选项，由轻到重。", "What can be chosen, the least first."),
        },
        ("type", "label"),
        **_FITTING,
    )


_FITTING: Shape = {
    "if": {"properties": {"type": {"const": "choice"}}, "required": ["type"]},
    "then": {"required": ["choices"]},
    "else": {"properties": {"choices": False}},
    "allOf": [
        {
            "if": {"properties": {"type": {"enum": ["number", "percent", "count"]}}, "required": ["type"]},
            "else": {"properties": {"min": False, "max": False}},
        }
    ],
}
_FACT = _fact(*TYPES)
_COLUMNS: Shape = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": f"^(?:{NAME})$"},
    "properties": {
        name: either(enum(*(one for one in TYPES if one != "choice")), _FACT)
        for name in ("what", "due", "who")
    },
    "additionalProperties": _FACT,
}
_ROWS = words(
    {
        "label": LABEL,
        "columns": (
            _COLUMNS,
            "列：每条说些什么。what、due、who 只写类型，其余写全。",
            "What each row says. what, due and who need only a type; others are written out like facts.",
        ),
        "closed_by": (
            A_NAME,
            "由哪类事项销号：该事项办结销号，这一条即销号。",
            "The kind of task that closes a row when it ends accepted.",
        ),
    },
    ("label", "columns"),
)
_SCORED = words(
    {
        "label": LABEL,
        "scores": (
            enum("indicators"),
            "为评价指标评分：每条一个指标。",
            "The rows are the campaign's indicators that this kind scores.",
        ),
        "into": (A_NAME, "汇入：加权平均分记入的填报项。", "The fact that becomes their weighted mean."),
    },
    ("label", "scores", "into"),
)
_LIST: Shape = {"if": {"type": "object", "required": ["scores"]}, "then": _SCORED, "else": _ROWS}

_OPENING = words(
    {
        "each": (
            A_NAME,
            "每条、每个：清单名，每条未销号的开一件；或单位类别，每个单位一件。",
            "A list: one task for each open row. Or a kind of unit: one for each unit.",
        ),
        "where": (A_CONDITION, "其中：只取各列符合的条目。", "Of a list: only rows of which this holds."),
        "for": (
            A_NAME,
            "交给：哪个当事方成为新事项的被督办单位。",
            "Which party becomes the supervised one; the first if left out.",
        ),
        "pass": (
            named(pattern(rf"(?:{MILESTONE})?{NAME}")),
            "传递，写作 对方的名字: 本事项的名字、单位或 campaign 节点。",
            "What the new task is given, written theirs: ours; or a unit, or campaign MILESTONE.",
        ),
    },
    dependentRequired={"where": ["each"]},
)
OPENS = either(A_NAME, named(_OPENING, least=1))

_STATE = words(
    {
        "label": LABEL,
        "waits_for": (A_NAME, "等谁：角色。", "Whose turn it is: a role."),
        "within": (
            DURATION,
            "本环节时限，自进入时起算。",
            "How long this step may take.",
        ),
        "deadline": (_STOPPED, "在此期间事项的期限停计。", "The task's other clocks stand still here."),
        "opens": (OPENS, "进入时开立。", "What it opens on entry."),
        "final": (
            enum("accepted", "abandoned"),
            "终结：accepted 销号，abandoned 撤销。",
            "Ends the task: accepted or abandoned.",
        ),
        "draft": (YES_NO, "草稿；每类事项最多一个。", "Here it is a draft; one state of a kind at most."),
    },
    ("label",),
    dependentRequired={"within": ["waits_for"]},
    **{
        "if": {"required": ["final"]},
        "then": {"properties": dict.fromkeys(("waits_for", "within", "deadline", "opens", "draft"), False)},
    },
)

_CONFIRMATION = words(
    {
        "role": (A_NAME, "由哪个角色批准。", "The role that must agree."),
        "within": (DURATION, "时限。", "How long that may take."),
        "else": (enum("lapse"), "逾期失效。", "After that it lapses."),
        "deadline": (
            _STOPPED,
            "等待期间期限停计，每个期限一次。",
            "Clocks stand still meanwhile.",
        ),
    },
    ("role", "within", "else"),
)
_PERSONS = ("by", "asks", "optional", "confirmed_by", "not_by", "evidence", "when", "quorum")
_SETS: Shape = {
    "type": "object",
    "properties": {"deadline": SET_DEADLINE},
    "propertyNames": {"pattern": f"^(?:{NAME})$"},
    "additionalProperties": TEXT,
}
_YEARS = rf"(?:[^{{}}]|{re.escape(YEAR)})*"
_NUMBER: Shape = {
    **pattern(rf"{_YEARS}{re.escape(N)}{_YEARS}", "督办函〔{year}〕{n}号"),
    "maxLength": LONGEST,
}
_TIERS: Shape = {
    "type": "object",
    "propertyNames": {"pattern": f"^(?:{NAME})$"},
    "additionalProperties": {"type": "object", "additionalProperties": WHOLE, "minProperties": 1},
    "minProperties": 1,
    "maxProperties": 1,
}
_TRANSITION = words(
    {
        "label": LABEL,
        "from": (
            either(enum(ANY_OPEN), _NAMES),
            "从哪个状态；any open 为任一未办结状态。",
            "Where it may be done; any open is every state that is not final.",
        ),
        "to": (
            A_NAME,
            f"到哪个状态；不写则停在原处，{BACK} 回到来处。",
            f"Where it leads; {BACK}: where it came from.",
        ),
        "by": (_NAMES, "由谁：角色，其中任一。", "The roles that may do it, any of them."),
        "when": (A_CONDITION, "前提。", "A condition that must hold."),
        "asks": (_NAMES, "必填：填报项、清单、reason、until。", "What must be reported with it."),
        "optional": (_NAMES, "选填。", "What may be reported with it."),
        "sets": (_SETS, "设定期限或填报项。", "Sets the deadline or a fact."),
        "confirmed_by": (_CONFIRMATION, "须经批准。", "A second person must agree first."),
        "not_by": (
            several(pattern(rf"{NAME}(?:{OF_PARENT})?", ANYONE, OPENED)),
            f"回避：做过这些流转的人；{ANYONE} 为办理过的任何人，{OPENED} 为开立的人。",
            f"Not by anyone who did these; {ANYONE}: who ever acted on it; {OPENED}: who opened it.",
        ),
        "quorum": (
            either(enum(ALL), TWO),
            "联签：几人，或 all（每个角色一人，工作组全员）。",
            "Signed jointly by so many, or by all: one for each role, and everybody of a team.",
        ),
        "evidence": (
            either(WHOLE, _TIERS),
            "佐证材料至少几份；也可按某个选项定，如 {level: {low: 1, high: 3}}。",
            "How many files must be attached; or how many for each choice of a fact.",
        ),
        "after": (
            A_CONDITION,
            "自动流转：条件成立时由系统办理。",
            "The machine does it once this holds.",
        ),
        "opens": (OPENS, "办理后开立。", "What it opens when it is done."),
        "number": (
            _NUMBER,
            "编号格式，如 督办函〔{year}〕{n}号；{n} 为序号。",
            "The number that it gives; {n} counts, {year} is the year.",
        ),
    },
    ("from",),
    **{
        "if": {"required": ["after"]},
        "then": {"required": ["to"], "properties": dict.fromkeys(_PERSONS, False)},
        "else": {"required": ["by", "label"]},
    },
)

_RULE_WORDS: Words = {
    "label": (
        BILINGUAL,
        "名称；不写则用事由或条件。",
        "Its name; else its reason or condition.",
    ),
    "when": (A_CONDITION, "条件。", "When it holds."),
    "in": (_NAMES, "只在这些状态。", "Only in these states."),
    "light": (enum(*LIGHTS[1:]), "亮灯：blue、yellow、red。", "The light: blue, yellow or red."),
    "tells": (_NAMES, "告知：角色。", "Which roles hear of it."),
    "proposes": (A_NAME, "拟入草稿：事项类型。", "Puts it on the unit's draft of that kind."),
    "opens": (OPENS, "开立。", "What it opens."),
    "until": (
        pattern(rf"{NAME} (?:ended|accepted)", "follow_up ended"),
        "直到所开立的事项结束或销号。",
        "Lasts until what it opened has ended, or was accepted.",
    ),
    "because": (BILINGUAL, "事由，台账按此归类。", "The reason, as people read and count it."),
    "ladder": (A_NAME, "阶梯：同名规则中最重的处置。", "Rules of one ladder: the gravest acts."),
    "again": (AGAIN, "再次预警：after 时限、every 时限、never。", "When it may open or tell again."),
}
_OF = (
    _NAMES,
    "适用于哪些事项类型；不写则适用于各类。",
    "The kinds for which it holds; all that fit if left out.",
)


def _rule(known: Words) -> Shape:
    follows = [{"required": [word]} for word in ("light", "tells", "proposes", "opens")]
    return words(known, ("when",), anyOf=follows)


_RULE = _rule(_RULE_WORDS)
SHARED_RULE = _rule({"of": _OF, **_RULE_WORDS})

_FILLED: Shape = {**TEXT, "pattern": r"^(?=[\s\S]*\S)(?:[^{}]|\{[^{}]*\})+$"}
_BALLOT = words(
    {
        "from": (A_MILESTONE, "起：campaign 节点。", "The first day: campaign MILESTONE."),
        "to": (A_MILESTONE, "止：campaign 节点。", "The last day: campaign MILESTONE."),
        "invites": (
            pattern(
                r"\s*sample\s+of\s+[1-9][0-9]{0,5}\s+per\s+unit\s*|everybody",
                "sample of 200 per unit",
                "everybody",
            ),
            "邀请：每单位抽取若干人，或全体。",
            "Who is invited: so many of each unit, or everybody.",
        ),
        "at_least": (TWO, "最少份数，少于此数不显示结果。", "Of fewer ballots nothing is ever shown."),
        "gives": (
            named(enum("mean"), least=1),
            "得出：填报项: mean（平均）。",
            "The facts that the votes make: FACT: mean.",
        ),
        "returned": (
            A_NAME,
            "收回份数：count 类型的填报项。",
            "The fact of type count that says how many were returned.",
        ),
    },
    ("from", "to", "invites", "at_least", "gives", "returned"),
)

_PLACED = words(
    {
        "zh": (_FILLED, "中文，可含占位符。", "In Chinese, with placeholders."),
        "en": (_FILLED, "英文，可含占位符。", "In English, with placeholders."),
    },
    ("zh", "en"),
)
_LETTER = words(
    {
        "label": LABEL,
        "title": (_PLACED, "标题，可含占位符。", "Its title, with placeholders such as {unit}."),
        "on": (
            A_NAME,
            "哪个流转办理后成文，一般是签发。",
            "The act that makes it final, usually the signature.",
        ),
        "to": (
            A_NAME,
            "主送：当事方，或角色所在的单位。",
            "To whom: a party, or a role, whose unit is meant.",
        ),
        "text": (
            _PLACED,
            "正文，一行一段；只可用占位符。",
            "What it says, a paragraph a line; placeholders and nothing else.",
        ),
        "template": (
            pattern(r"[^/\\]+\.docx", "letter.docx"),
            "本单位自备的 Word 模板，放在方案包文件夹里。",
            "The organisation's own Word template, a file of the pack.",
        ),
    },
    ("label", "title", "on", "to", "text"),
)

_POINTS: Shape = {
    "type": "object",
    "propertyNames": {"pattern": f"^(?:start|deadline|{DAY})$"},
    "additionalProperties": NUMERIC,
    "required": ["start"],
    "minProperties": 2,
}

TASK = words(
    {
        "task": (A_NAME, "事项类型，与文件同名。", "The kind of task, named like the file."),
        "label": LABEL,
        "basis": (TEXT, "依据：布置这项工作的那句话。", "The sentence that orders it."),
        "parties": (
            named(either(enum("any"), _NAMES), least=1),
            "当事方：名字: 单位类别。第一个是被督办单位。",
            "name: kind of unit. The first is the supervised one.",
        ),
        "deadline": (DEADLINE, "期限。", "By when."),
        "plan": (
            named(_POINTS),
            "进度计划：填报项: {start: 0, deadline: 100}。",
            "What a fact should reach by when.",
        ),
        "roles": (named(_ROLE), "角色：谁办、谁督办、空缺时谁接。", "Who acts, who hears, who steps in."),
        "opened_by": (_NAMES, "哪些角色可以手工开立。", "The roles that may open one by hand."),
        "facts": (named(_FACT), "填报项。", "What is reported."),
        "lists": (named(_LIST), "清单。", "Rows kept on the task."),
        "states": (
            named(_STATE, least=1),
            "状态；第一个是起点。",
            "The states; it begins in the first.",
        ),
        "transitions": (named(_TRANSITION), "流转。", "The acts."),
        "escalations": (named(_RULE), "预警规则。", "What follows if it is slow, late or poor."),
        "ballot": (
            _BALLOT,
            "评议：不记名评议的结果成为填报项。",
            "An anonymous vote whose totals become facts.",
        ),
        "letter": (
            _LETTER,
            "函件：签发后成文的 Word 文件。",
            "What is drawn up as a Word document once an act is done.",
        ),
    },
    ("task", "label", "parties", "deadline", "states"),
)
