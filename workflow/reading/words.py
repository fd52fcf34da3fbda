"""Values, instants and events in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..calendar import Calendar, parse_duration
from ..clock import span
from ..decision import fact_named
from ..definition.checklist import INDICATOR
from ..definition.model import LIGHT_LABELS, Definition, Fact
from ..definition.sentences import milestone
from ..text import Text, join, same
from . import everyday
from .names import Names

LATE = 15 * 60 * 1000  # ms; what is recorded later than this is marked late
_YES_NO = {"yes": Text("是", "yes"), "no": Text("否", "no")}
WHY_ENDED = {
    "cleared": Text("条件不再成立", "its condition no longer holds"),
    "ended": Text("事项已结束", "the task has ended"),
    "lifted": Text("已免除", "it was lifted"),
    "until": Text("所交办的事项已结束", "what it opened has ended"),
    "migrated": Text("新版本没有这条规则", "the new version has no such rule"),
}


def moment(calendar: Calendar, instant: int) -> str:
    """An instant on the wall: the day alone where it is the day's last millisecond."""
    if instant == calendar.end_of(calendar.day_of(instant)):
        return calendar.day_of(instant).isoformat()
    local = calendar.local(instant)
    return f"{local:%Y-%m-%d %H:%M}" if local.second == 0 else f"{local:%Y-%m-%d %H:%M:%S}"


def value_text(fact: Fact | None, value: Any, names: Names) -> Text:
    """A reported value as a person reads it."""
    kind = fact.type if fact is not None else "text"
    if kind == "percent":
        return same(f"{value}%")
    if kind == "yes/no":
        return _YES_NO.get(str(value), same(str(value)))
    if kind in ("unit", "person") and isinstance(value, int):
        return names.unit(value) if kind == "unit" else names.person(value)
    return same(f"{str(value)[:12]}…" if kind == "file" else str(value))


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the words of one task's definition are called, and how its history reads."""

    definition: Definition | None  # None: its version can't be read, names stand for themselves
    kinds: Mapping[str, Text]  # kind -> label, of the whole pack
    names: Names
    calendar: Calendar
    number: Callable[[int], str]  # of a task
    others: Mapping[int, Definition] = field(default_factory=dict)  # of the tasks whose rules it speaks of

    # --- what things are called -------------------------------------------------------------------

    def kind(self, name: str) -> Text:
        """A kind of task."""
        return self.kinds.get(name, same(name))

    def state(self, name: str) -> Text:
        """A state."""
        return self._label("states", name)

    def role(self, name: str) -> Text:
        """A role."""
        return self._label("roles", name)

    def rule(self, name: str) -> Text:
        """An escalation rule."""
        return self._label("rules", name)

    def rule_of(self, task: int, name: str) -> Text:
        """An escalation rule of another task."""
        found = self.others[task].rules.get(name) if task in self.others else None
        return found.label if found is not None else same(name)

    def transition(self, name: str) -> Text:
        """A transition."""
        return self._label("transitions", name)

    def list(self, name: str) -> Text:
        """A list."""
        return self._label("lists", name)

    def fact(self, name: str) -> Fact | None:
        """A fact that the definition declares, or that needs no declaration."""
        try:
            return fact_named(self.definition, name) if self.definition is not None else None
        except KeyError:
            return None

    def fact_label(self, name: str) -> Text:
        """What a fact is called."""
        fact = self.fact(name)
        return fact.label if fact is not None else _NOTES.get(name, same(name))

    def _label(self, group: str, name: str) -> Text:
        found = getattr(self.definition, group).get(name) if self.definition is not None else None
        return found.label if found is not None else same(name)

    def when(self, instant: int) -> str:
        """An instant in the campaign's zone."""
        return moment(self.calendar, instant)

    def basis(self, words: str) -> Text:
        """What a deadline rests on."""
        fixed = {
            "given": Text("交办时给定", "given when it was opened"),
            "none": Text("无期限", "no deadline"),
            "month end": Text("当月月末", "the end of the month"),
        }
        if words in fixed:
            return fixed[words]
        if words.startswith("campaign "):
            named = milestone(words.removeprefix("campaign "), self.kinds)
            return Text(f"专项行动节点“{named.zh}”", f"the campaign's milestone {named.en}")
        try:
            length = parse_duration(words.removesuffix(" after opened")).text
        except ValueError:
            return self.fact_label(words)
        return Text(f"{length.zh}内", f"within {length.en}")

    # --- what was reported ------------------------------------------------------------------------

    def values(self, values: Mapping[str, Any]) -> Iterator[Text]:
        """The values of an event, one text each."""
        for name, value in values.items():
            if name.endswith("[]"):
                yield from (self.row(name[:-2], row) for row in value)
            else:
                label, shown = self.fact_label(name), value_text(self.fact(name), value, self.names)
                yield Text(f"{label.zh}：{shown.zh}", f"{label.en}: {shown.en}")

    def row(self, name: str, row: Mapping[str, Any]) -> Text:
        """A row of a list."""
        label = self.list(name)
        cells = [self._cell(name, column, value) for column, value in row.items() if column != "id"]
        told = join(cells, "，", "; ")
        return Text(f"{label.zh}：{told.zh}", f"{label.en}: {told.en}")

    def _cell(self, name: str, column: str, value: Any) -> Text:
        """A value of a row; an indicator by what it is called."""
        rows = self.definition.lists.get(name) if self.definition is not None else None
        if rows is not None and column == INDICATOR and value in rows.indicators:
            return rows.indicators[value].label
        return value_text(self.columns(name).get(column), value, self.names)

    def shown(self, fact: Fact | None, value: Any) -> Text:
        """A value of a fact as a person reads it."""
        return value_text(fact, value, self.names)

    def columns(self, name: str) -> Mapping[str, Fact]:
        """The columns of a list."""
        rows = self.definition.lists.get(name) if self.definition is not None else None
        return rows.columns if rows is not None else {}

    # --- what happened ----------------------------------------------------------------------------

    def event(self, kind: str, header: Mapping[str, Any]) -> Text:
        """An event as a sentence; what it opened and what was late with it follow in brackets."""
        teller = _TELLERS.get(kind)
        told = teller(self, header) if teller is not None else same(kind)
        notes = [
            *_with(self, header),
            *self._opened(header, kind),
            *self._vacant(header),
            *self._late(header),
        ]
        for note in notes:
            told = Text(f"{told.zh}；{note.zh}", f"{told.en}; {note.en}")
        return told

    def _opened(self, header: Mapping[str, Any], kind: str) -> Iterator[Text]:
        opened = header.get("tasks", ())
        if opened and kind != "joined":
            shown = join([self._task(one) for one in opened])
            yield Text(f"交办或并入 {shown.zh}", f"opened or joined {shown.en}")

    def _task(self, task: int | str) -> Text:
        """A task that exists by its number, one that is only foreseen by its kind."""
        return self.kind(task) if isinstance(task, str) else same(self.number(task))

    def _vacant(self, header: Mapping[str, Any]) -> Iterator[Text]:
        roles = [self.role(name) for name in dict.fromkeys(header.get("vacant", ()))]
        if roles:
            named = join(roles)
            yield Text(f"{named.zh}空缺", f"nobody holds {named.en}")

    def _late(self, header: Mapping[str, Any]) -> Iterator[Text]:
        lag = header.get("recorded", 0) - header.get("at", 0)
        if "recorded" in header and lag > LATE:
            zh, en = span(lag)
            yield Text(f"迟 {zh} 记录", f"recorded {en} late")

    def who(self, header: Mapping[str, Any]) -> Text:
        """Who acted, as what, and for whom."""
        if "actor" not in header:
            name = header.get("round")
            return Text(f"轮次 {name}", f"round {name}") if name else Text("系统", "the system")
        person, role = self.names.person(header["actor"]), self.role(header.get("role", ""))
        if header.get("on_behalf") is None:
            return Text(f"{person.zh}（{role.zh}）", f"{person.en} ({role.en})")
        other = self.names.person(header["on_behalf"])
        return Text(f"{person.zh}（代{other.zh}，{role.zh}）", f"{person.en} (for {other.en}, {role.en})")


# --- one teller for each kind of event --------------------------------------------------------------

Header = Mapping[str, Any]


def _opened(words: Words, header: Header) -> Text:
    kind, unit = words.kind(header["of_kind"]), words.names.unit(header["unit"])
    why = _origin(words, header)
    due = header.get("deadline")
    until = Text(f"，期限 {words.when(due)}", f", due {words.when(due)}") if due is not None else same("")
    return Text(
        f"交办“{kind.zh}”给{unit.zh}{until.zh}{why.zh}", f"{kind.en} opened for {unit.en}{until.en}{why.en}"
    )


def opener_of(header: Header) -> int | None:
    """The task whose rule opened this one, or put it on a draft."""
    found: int | None = header.get("episode_of", header.get("proposed_by"))
    return found


def _origin(words: Words, header: Header) -> Text:
    if "import" in header:
        bringer = words.names.person(header["actor"])
        return Text(
            f"（{bringer.zh}导入，工作表第 {header['line']} 行）",
            f" (imported by {bringer.en}, row {header['line']})",
        )
    if "actor" in header:
        who = words.who(header)
        return Text(f"（{who.zh}开立）", f" (by {who.en})")
    if "round" in header:
        return Text(f"（轮次 {header['round']}）", f" (round {header['round']})")
    about = opener_of(header)
    if about is not None:
        number, rule = words.number(about), words.rule_of(about, header.get("rule", ""))
        return Text(f"（因 {number} 的预警“{rule.zh}”）", f" (because of {rule.en} on {number})")
    return same("")


def _act(words: Words, header: Header) -> Text:
    who, label = words.who(header), words.transition(header["transition"])
    files = len(header.get("evidence", ()))
    attached = Text(f"，附佐证 {files} 份", f", with {files} file(s) of evidence") if files else same("")
    moved = _moved(words, header)
    number = _numbered(header)
    return Text(
        f"{who.zh}“{label.zh}”{moved.zh}{attached.zh}{number.zh}",
        f"{who.en}: {label.en}{moved.en}{attached.en}{number.en}",
    )


def _with(words: Words, header: Header) -> Iterator[Text]:
    """Who else took part, and who was chosen."""
    if len(header.get("signed", ())) > 1:
        people = join([words.names.person(one) for one in header["signed"]])
        yield Text(f"共同签署：{people.zh}", f"signed by {people.en}")
    if "entered_by" in header:
        yield _paper(words, header)
    chosen = {name: one["members"] for name, one in header.get("teams", {}).items()}
    for name, members in {**chosen, **header.get("wanted", {})}.items():
        role, people = words.role(name), join([words.names.person(one) for one in members])
        yield Text(f"{role.zh}：{people.zh}", f"{role.en}: {people.en}")


def _paper(words: Words, header: Header) -> Text:
    by, day, paper = words.names.person(header["entered_by"]), header["effective"], header["paper"][:12]
    told = Text(
        f"{by.zh}代录，纸面日期 {day}，依据 {paper}…", f"entered by {by.en} from a paper of {day} ({paper}…)"
    )
    if "cosigned_by" not in header:
        return told
    second = words.names.person(header["cosigned_by"])
    return Text(f"{told.zh}，{second.zh}会签", f"{told.en}, co-signed by {second.en}")


def _entered(words: Words, header: Header) -> Text:
    who, label = words.who(header), words.transition(header["transition"])
    whom, until = words.names.person(header["entered_for"]), words.when(header["expires_at"])
    return Text(
        f"{who.zh}替{whom.zh}代录“{label.zh}”，待会签，{until} 失效",
        f"{who.en} entered {label.en} for {whom.en}; to be co-signed by {until}",
    )


def _signed(words: Words, header: Header) -> Text:
    who, label = words.who(header), words.transition(header["transition"])
    short = header.get("lacking", 0)
    lack = (
        Text(f"，还缺 {short} 人而无人可签", f"; {short} more needed, and nobody is there")
        if short
        else same("")
    )
    return Text(f"{who.zh}签署“{label.zh}”{lack.zh}", f"{who.en} signed {label.en}{lack.en}")


def _team_ended(words: Words, header: Header) -> Text:
    role, people = words.role(header["role"]), join([words.names.person(one) for one in header["members"]])
    return Text(f"{role.zh}任期届满：{people.zh}", f"the term of the {role.en} has ended: {people.en}")


def _numbered(header: Header) -> Text:
    if "number" not in header:
        return same("")
    return Text(f"，编号 {header['number']}", f", number {header['number']}")


def _moved(words: Words, header: Header) -> Text:
    if header.get("from") == header.get("to"):
        return same("")
    start, end = words.state(header["from"]), words.state(header["to"])
    return Text(f"：{start.zh} → {end.zh}", f" ({start.en} → {end.en})")


def _asked(words: Words, header: Header) -> Text:
    who, label = words.who(header), words.transition(header["transition"])
    until = words.when(header["expires_at"])
    return Text(
        f"{who.zh}提出“{label.zh}”，待确认，{until} 失效",
        f"{who.en} asked for {label.en}; to be confirmed by {until}",
    )


def _confirmed(words: Words, header: Header) -> Text:
    who, label, asker = _answered(words, header)
    return Text(
        f"{who.zh}同意{asker.zh}提出的“{label.zh}”", f"{who.en} confirmed {label.en}, asked by {asker.en}"
    )


def _refused(words: Words, header: Header) -> Text:
    who, label, asker = _answered(words, header)
    return Text(
        f"{who.zh}不同意{asker.zh}提出的“{label.zh}”", f"{who.en} refused {label.en}, asked by {asker.en}"
    )


def _answered(words: Words, header: Header) -> tuple[Text, Text, Text]:
    return words.who(header), words.transition(header["transition"]), words.names.person(header["asked_by"])


def _lapsed(words: Words, header: Header) -> Text:
    label = words.transition(header["transition"])
    left = header.get("why") == "left"
    why = (
        Text("事项已离开该状态", "the task has left that state")
        if left
        else Text("无人答复", "nobody answered")
    )
    return Text(f"等待确认的“{label.zh}”失效：{why.zh}", f"{label.en} lapsed: {why.en}")


def _machine(words: Words, header: Header) -> Text:
    label, moved = words.transition(header["transition"]), _moved(words, header)
    number = _numbered(header)
    return Text(
        f"系统自动“{label.zh}”{moved.zh}{number.zh}", f"by the machine: {label.en}{moved.en}{number.en}"
    )


def _abandoned(words: Words, header: Header) -> Text:
    moved = _moved(words, header)
    return Text(f"草稿作废：所依据的预警均已解除{moved.zh}", f"draft abandoned, no episode is left{moved.en}")


def _episode_opened(words: Words, header: Header) -> Text:
    rule, light = words.rule(header["rule"]), LIGHT_LABELS[header["light"]]
    told = Text(f"预警“{rule.zh}”，{light.zh}", f"episode: {rule.en}, {light.en}")
    graver = header.get("superseded_by")
    if graver is None:
        return told
    by = words.rule(graver)
    return Text(f"{told.zh}（由更重的“{by.zh}”处置）", f"{told.en} (the graver {by.en} acts)")


def _episode_repeated(words: Words, header: Header) -> Text:
    rule = words.rule(header["rule"])
    return Text(f"预警“{rule.zh}”再次提醒", f"told again: {rule.en}")


def _episode_ended(words: Words, header: Header) -> Text:
    rule, why = words.rule(header["rule"]), WHY_ENDED.get(header["why"], same(header["why"]))
    return Text(f"预警“{rule.zh}”结束：{why.zh}", f"episode over: {rule.en}, {why.en}")


def _lifted(words: Words, header: Header) -> Text:
    rule = words.rule(header["rule"])
    if header.get("why") == "until":
        return Text(f"预警“{rule.zh}”解除：所交办的事项已结束", f"{rule.en} lifted: what it opened has ended")
    who = words.who(header)
    return Text(f"{who.zh}免除预警“{rule.zh}”", f"{who.en} lifted {rule.en}")


def _row_closed(words: Words, header: Header) -> Text:
    label, by = words.list(header["list"]), words.number(header["by"])
    return Text(
        f"{label.zh}第 {header['row']} 条销号（{by}）", f"{label.en}: row {header['row']} closed by {by}"
    )


def _deadline(words: Words, header: Header) -> Text:
    old, new, basis = header.get("old"), words.when(header["new"]), words.basis(header["basis"])
    before = "—" if old is None else words.when(old)
    return Text(f"期限由 {before} 改为 {new}（{basis.zh}）", f"deadline {before} → {new} ({basis.en})")


def _recomputed(words: Words, header: Header) -> Text:
    told = _deadline(words, header)
    if "replan" in header:
        return Text(f"节点改期，{told.zh}", f"re-planned: {told.en}")
    if "migrated" in header:
        return Text(f"版本变更，{told.zh}", f"another version: {told.en}")
    return Text(f"日历变动，{told.zh}", f"calendar changed: {told.en}")


def _migrated(words: Words, header: Header) -> Text:
    who, version, moved = words.names.person(header["actor"]), header["version"][:12], _moved(words, header)
    return Text(f"{who.zh}迁到版本 {version}{moved.zh}", f"{who.en} moved it to version {version}{moved.en}")


def _joined(words: Words, header: Header) -> Text:
    shown = join([same(words.number(one)) for one in header["about"]])
    return Text(f"并入事项 {shown.zh}", f"now also concerns {shown.en}")


def _left(words: Words, header: Header) -> Text:
    shown = join([same(words.number(one)) for one in header["about"]])
    return Text(f"移出事项 {shown.zh}", f"no longer concerns {shown.en}")


def _set_aside(_words: Words, _header: Header) -> Text:
    return Text("数据无法处理，搁置待查", "set aside: its data can't be handled")


def _released(_words: Words, _header: Header) -> Text:
    return Text("已放行", "released")


# What lies beside a line that no fact of the definition names.
_NOTES = {
    "why": Text("原因", "Why"),
    "by": Text("放行人", "Agreed by"),
    "basis": Text("依据", "Basis"),
    **everyday.NOTES,
}
_TELLERS: Mapping[str, Callable[[Words, Header], Text]] = {
    "opened": _opened,
    "act": _act,
    "asked": _asked,
    "entered": _entered,
    "signed": _signed,
    "confirmed": _confirmed,
    "refused": _refused,
    "lapsed": _lapsed,
    "machine": _machine,
    "abandoned": _abandoned,
    "episode_opened": _episode_opened,
    "episode_repeated": _episode_repeated,
    "episode_ended": _episode_ended,
    "lifted": _lifted,
    "row_closed": _row_closed,
    "deadline_set": _deadline,
    "deadline_recomputed": _recomputed,
    "joined": _joined,
    "left": _left,
    "team_ended": _team_ended,
    "migrated": _migrated,
    "set_aside": _set_aside,
    "released": _released,
    **everyday.TELLERS,
}
