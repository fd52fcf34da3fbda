"""What stands in the boxes: clocks, acts and rules in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..definition.facts import BUILT_IN
from ..definition.model import (
    ALL,
    ANYONE,
    OF_PARENT,
    OPENED,
    Again,
    Ballot,
    Confirmation,
    Deadline,
    Definition,
    Opening,
    Role,
    Rule,
    Setting,
    State,
    Transition,
)
from ..definition.sentences import Labels, files_of, labels_of, milestone, sentence
from ..text import Text, join, same

OUTCOMES: Mapping[str, Text] = {
    "accepted": Text("终结：办结销号", "ends it: accepted"),
    "abandoned": Text("终结：撤销", "ends it: abandoned"),
}

_STOPS = Text("，期限停计", ", the deadline's clock stands still")


class Wording:
    """One definition's names, and its parts as lines of text."""

    def __init__(self, definition: Definition, kinds: Labels) -> None:
        self.definition = definition
        built_in = {name: fact.label for name, fact in BUILT_IN.items()}
        teams = {name: role.label for name, role in definition.roles.items() if role.team is not None}
        self._kinds = kinds
        self._labels: Labels = {**built_in, **teams, **labels_of(definition, kinds)}

    # --- the kind ----------------------------------------------------------------------------------

    def header(self) -> Iterator[Text]:
        """What it rests on, and by when."""
        if self.definition.basis:
            yield Text(f"依据：{self.definition.basis}", f"Basis: {self.definition.basis}")
        due = self._deadline(self.definition.deadline)
        yield Text(f"期限：{due.zh}", f"Deadline: {due.en}")
        if self.definition.opened_by:
            who = join(map(self._role, self.definition.opened_by), "或", " or ")
            yield Text(f"可由{who.zh}开立", f"May be opened by {who.en}")
        for role in self.definition.roles.values():
            if role.team is not None or role.recused:
                yield self._who_counts(role)
        if self.definition.ballot is not None:
            yield _vote(self.definition.ballot)

    def _who_counts(self, role: Role) -> Text:
        """How many a team has at least and for how long; whose interests count as absence."""
        parts = [role.label]
        if role.team is not None:
            parts.append(Text(f"工作组，至少 {role.team.least} 人", f"a team of {role.team.least} or more"))
        if role.team is not None and role.team.term is not None:
            length = role.team.term.text
            parts.append(Text(f"任期{length.zh}", f"for {length.en}"))
        if role.recused:
            parties = join(map(same, role.recused), "、", " or ")
            parts.append(Text(f"与 {parties.zh} 有利害关系者回避", f"without interest in {parties.en}"))
        return join(parts, "，", ", ")

    def _deadline(self, deadline: Deadline) -> Text:
        if deadline.how == "span" and deadline.span is not None:
            length = deadline.span.text
            return Text(f"交办后{length.zh}", f"{length.en} after it was opened")
        named = milestone(deadline.milestone or "", self._kinds)
        fixed = {
            "given": Text("交办时给定", "given when it is opened"),
            "none": Text("无", "none"),
            "month end": Text("当月月末", "the end of the month"),
            "milestone": Text(f"专项行动节点“{named.zh}”", f"the milestone {named.en}"),
        }
        return fixed.get(deadline.how, same(str(deadline)))

    # --- states ------------------------------------------------------------------------------------

    def state(self, state: State) -> Iterator[Text]:
        """Whose turn it is, how long that may take, which clocks stand still, what is opened."""
        if state.draft:
            yield Text("草稿", "a draft")
        if state.waits_for is not None:
            who = self._role(state.waits_for)
            yield Text(f"等：{who.zh}", f"waits for: {who.en}")
        if state.within is not None:
            length = state.within.text
            yield Text(f"限：{length.zh}", f"within: {length.en}")
        if state.stops_deadline:
            yield Text("期限停计", "the deadline's clock stands still")
        if state.opens:
            opened = self._openings(state.opens)
            yield Text(f"进入时开立：{opened.zh}", f"opens on entry: {opened.en}")
        if state.final is not None:
            yield OUTCOMES[state.final]

    # --- acts --------------------------------------------------------------------------------------

    def act(self, act: Transition) -> Iterator[Text]:
        """Who may, on what condition, what must be reported, and who must agree."""
        if act.after is not None:
            when = sentence(act.after, self._labels)
            yield Text(f"自动：{when.zh}", f"by itself: {when.en}")
        if act.by:
            yield join(map(self._role, act.by), "或", " or ")
        if act.when is not None:
            when = sentence(act.when, self._labels)
            yield Text(f"须：{when.zh}", f"if: {when.en}")
        if act.quorum is not None:
            yield _jointly(act.quorum)
        yield from self._reported(act)
        if act.not_by:
            yield self._recused(act.not_by)
        yield from (self._setting(one) for one in act.sets)
        if act.confirmed_by is not None:
            yield self._confirmed(act.confirmed_by)
        if act.number is not None:
            yield Text(f"编号：{act.number}", f"gives the number {act.number}")
        if act.opens:
            opened = self._openings(act.opens)
            yield Text(f"开立：{opened.zh}", f"opens: {opened.en}")

    def _reported(self, act: Transition) -> Iterator[Text]:
        if act.asks:
            asked = join(map(self._name, act.asks))
            yield Text(f"填报：{asked.zh}", f"asks for: {asked.en}")
        if act.optional:
            asked = join(map(self._name, act.optional))
            yield Text(f"选填：{asked.zh}", f"may report: {asked.en}")
        if act.evidence.most:
            files = files_of(self.definition, act.evidence)
            yield Text(f"佐证至少 {files.zh} 份", f"evidence, at least: {files.en}")

    def _recused(self, names: tuple[str, ...]) -> Text:
        found = join(map(self._excluded, names))
        return Text(f"回避：{found.zh}的人", f"not by who {found.en}")

    def _excluded(self, name: str) -> Text:
        """Whoever did that: an act, any act, the opening, or an act on the parent task."""
        fixed = {ANYONE: Text("办理过", "ever acted"), OPENED: Text("开立", "opened it")}
        if name in fixed:
            return fixed[name]
        act = self._name(name.removesuffix(OF_PARENT))
        where = Text("上级事项", " of the parent") if name.endswith(OF_PARENT) else same("")
        return Text(f"{where.zh}{act.zh}", f"did {act.en}{where.en}")

    def _setting(self, setting: Setting) -> Text:
        target = Text("期限", "deadline") if setting.target == "deadline" else self._name(setting.target)
        if setting.at_least is not None:
            length = setting.at_least.text
            value = Text(f"至少再{length.zh}", f"at least {length.en} from then")
        elif setting.span is not None:
            length = setting.span.text
            value = Text(f"此后{length.zh}", f"{length.en} from then")
        elif setting.source is not None:
            value = self._copied(setting.source, setting.child)
        else:
            value = same(str(setting.value))
        return Text(f"设{target.zh}：{value.zh}", f"sets {target.en}: {value.en}")

    def _copied(self, fact: str, child: str | None) -> Text:
        """A fact of this task, or of the newest task of a kind that it opened."""
        if child is None:
            return self._name(fact)
        kind = self._name(child)
        return Text(f"{kind.zh}的 {fact}", f"{fact} of {kind.en}")

    def _confirmed(self, confirmation: Confirmation) -> Text:
        who, length = self._role(confirmation.role), confirmation.within.text
        stop = _STOPS if confirmation.stops_deadline else same("")
        return Text(
            f"须{who.zh}批准，限{length.zh}，逾期失效{stop.zh}",
            f"confirmed by {who.en} within {length.en}, else it lapses{stop.en}",
        )

    # --- rules -------------------------------------------------------------------------------------

    def rule(self, rule: Rule) -> Iterator[Text]:
        """When it holds, where, and what follows."""
        when = sentence(rule.when, self._labels)
        yield Text(f"当：{when.zh}", f"when: {when.en}")
        if rule.states:
            where = join(self.definition.states[name].label for name in rule.states)
            yield Text(f"限于：{where.zh}", f"only in: {where.en}")
        if rule.tells:
            who = join(map(self._role, rule.tells))
            yield Text(f"告知：{who.zh}", f"tells: {who.en}")
        if rule.proposes is not None:
            kind = self._name(rule.proposes)
            yield Text(f"拟入草稿：{kind.zh}", f"proposes: {kind.en}")
        if rule.opens:
            opened = self._openings(rule.opens)
            yield Text(f"开立：{opened.zh}", f"opens: {opened.en}")
        yield from self._lasts(rule)

    def _lasts(self, rule: Rule) -> Iterator[Text]:
        if rule.until is not None:
            kind = self._name(rule.until.kind)
            end = Text("办结", "accepted") if rule.until.status == "accepted" else Text("结束", "ended")
            yield Text(f"直到：{kind.zh}{end.zh}", f"until: {kind.en} {end.en}")
        yield _again(rule.again)
        if rule.ladder is not None:
            yield Text(f"阶梯：{rule.ladder}", f"ladder: {rule.ladder}")

    # --- names -------------------------------------------------------------------------------------

    def _openings(self, openings: tuple[Opening, ...]) -> Text:
        return join(map(self._opening, openings))

    def _opening(self, opening: Opening) -> Text:
        kind, parts = self._name(opening.kind), list(self._for_whom(opening))
        if not parts:
            return kind
        told = join(parts, "，", ", ")
        return Text(f"{kind.zh}（{told.zh}）", f"{kind.en} ({told.en})")

    def _for_whom(self, opening: Opening) -> Iterator[Text]:
        if opening.each is not None:
            each = self._name(opening.each)
            yield Text(f"每条{each.zh}一件", f"one for each of {each.en}")
        if opening.where is not None and opening.each is not None:
            columns = self.definition.lists[opening.each].columns
            where = sentence(opening.where, {name: one.label for name, one in columns.items()})
            yield Text(f"其中{where.zh}", f"where {where.en}")
        if opening.units is not None:
            yield Text(f"每个 {opening.units} 一件", f"one for each {opening.units}")
        if opening.party is not None:
            yield Text(f"交给 {opening.party}", f"for {opening.party}")

    def _role(self, name: str) -> Text:
        return self.definition.roles[name].label

    def _name(self, name: str) -> Text:
        return self._labels.get(name, same(name))


def _jointly(quorum: int | str) -> Text:
    if quorum == ALL:
        return Text("联签：每个角色一人，工作组全员", "jointly: one of each role, everybody of a team")
    return Text(f"联签：{quorum} 人", f"jointly, by {quorum} people")


def _vote(ballot: Ballot) -> Text:
    invited = Text("全体", "everybody")
    if ballot.sample:
        invited = Text(f"每单位 {ballot.sample} 人", f"{ballot.sample} of each unit")
    span = f"{ballot.start} – {ballot.end}"
    return Text(
        f"评议：{span}，邀请{invited.zh}，少于 {ballot.at_least} 份不显示",
        f"Vote: {span}, {invited.en} invited, told from {ballot.at_least} ballots on",
    )


def _again(again: Again) -> Text:
    if again.duration is None:
        return Text("只预警一次", "once only")
    length = again.duration.text
    if again.how == "every":
        return Text(f"每{length.zh}再告知", f"tells again every {length.en}")
    return Text(f"再次预警：相隔{length.zh}", f"again after {length.en}")
