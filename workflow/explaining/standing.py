"""Where a task stands, and why it has its light."""

from __future__ import annotations

from collections.abc import Iterator

from ..decision.joint import lacking, still_to_sign
from ..definition.model import LIGHT_LABELS, LIGHTS
from ..people import Actor, Resolved
from ..reading.words import Words
from ..task import Episode
from ..text import Text, join, same
from .conditions import condition
from .subject import Subject


def state(subject: Subject) -> tuple[Text, ...]:
    """Where the task stands, since when, and who is waited for."""
    task, words = subject.loaded.task, subject.words
    since, label = words.when(task.state_since), words.state(task.state)
    if task.ended_at is not None:
        ended = words.when(task.ended_at)
        return (Text(f"已结束：{label.zh}（{ended}）", f"It has ended: {label.en} ({ended})"),)
    lines = [Text(f"处于“{label.zh}”，自 {since}", f"It is {label.en} since {since}")]
    role = subject.definition.states[task.state].waits_for
    if role is None:
        lines.append(
            Text("不等任何人，等系统或其他事项", "It waits for nobody, but for the machine or other tasks")
        )
    else:
        lines.append(_waits(words.role(role), subject.case.resolve(role), words))
    lines.extend(_teams(subject))
    lines.extend(_pending(subject))
    return tuple(lines)


def _teams(subject: Subject) -> Iterator[Text]:
    """Who was chosen, until when, and who of them must not act."""
    case, words = subject.case, subject.words
    for name, chosen in subject.loaded.task.teams.items():
        role = subject.definition.roles[name]
        people = join([words.names.person(one) for one in chosen.members])
        end = words.when(chosen.until) if chosen.until is not None else None
        until = Text(f"，至 {end}", f", until {end}") if end else same("")
        yield Text(f"{role.label.zh}：{people.zh}{until.zh}", f"{role.label.en}: {people.en}{until.en}")
        there = {*case.around.directory.members(role, case.task, case.now)}
        out = there & case.around.directory.recused(role, case.task, case.now)
        for one in chosen.members:
            person = words.names.person(one)
            if one in out:
                yield Text(f"  {person.zh}须回避：有利害关系", f"  {person.en} must not act: has an interest")
            elif one not in there:
                yield Text(f"  {person.zh}已不在该单位任职", f"  {person.en} holds no post there any more")


def _pending(subject: Subject) -> Iterator[Text]:
    """What waits for other people: who has signed, and who still must."""
    case, words = subject.case, subject.words
    for one in subject.loaded.task.pending:
        transition = subject.definition.transitions[one.transition]
        label, by = transition.label, words.names.person(one.asked_by)
        if one.stage != "quorum":
            what = Text("会签", "a co-signature") if one.stage == "entry" else Text("确认", "confirmation")
            until = words.when(one.expires_at) if one.expires_at is not None else "…"
            yield Text(
                f"“{label.zh}”（{by.zh}）等待{what.zh}，至 {until}",
                f"{label.en}, by {by.en}, waits for {what.en} until {until}",
            )
            continue
        signed = join([words.names.actor(Actor(sign.person_id, sign.on_behalf)) for sign in one.signed])
        left = [found for _, found in still_to_sign(case, transition, one.signed)]
        people = [words.names.actor(actor) for found in left for actor in found.actors]
        still = join(list(dict.fromkeys(people))) if people else Text("无人", "nobody")
        yield Text(
            f"“{label.zh}”共同签署：已签 {signed.zh}；待签 {still.zh}",
            f"{label.en} is signed jointly: signed by {signed.en}; waits for {still.en}",
        )
        short = lacking(case, transition, one.signed)
        if short:
            yield Text(
                f"  还缺 {short} 人而无人可签：请另选工作组，或否决（refuse:{one.transition}）",
                f"  {short} more needed and nobody is there: choose another team, or refuse:{one.transition}",
            )


def _waits(role: Text, found: Resolved, words: Words) -> Text:
    people = join([words.names.actor(one) for one in found.actors])
    if not found.actors:
        return Text(
            f"等{role.zh}，但该角色及其替补全部空缺，没有人会收到通知",
            f"It waits for the {role.en}, but that role and all that step in are vacant: nobody hears of it",
        )
    if not found.vacant:
        return Text(f"等{role.zh}：{people.zh}", f"It waits for the {role.en}: {people.en}")
    instead = words.role(found.role)
    vacant = join([words.role(name) for name in found.vacant])
    return Text(
        f"等{role.zh}；{vacant.zh}空缺，由{instead.zh}{people.zh}代行",
        f"It waits for the {role.en}; nobody holds {vacant.en}, so the {instead.en} steps in: {people.en}",
    )


def light(subject: Subject) -> tuple[Text, ...]:
    """Why the task has its light: the gravest episode that shines, and each that stands."""
    task, shown = subject.loaded.task, LIGHT_LABELS[subject.loaded.task.light]
    shining = [one for one in subject.loaded.episodes if one.shines]
    if not shining:
        return (Text(f"{shown.zh}：没有亮着的预警", f"{shown.en}: no episode stands"),)
    gravest = max(shining, key=lambda one: LIGHTS.index(one.light))
    rule = subject.words.rule(gravest.rule)
    head = Text(
        f"{shown.zh}：最重的预警是“{rule.zh}”",
        f"{shown.en}: the gravest episode is {rule.en}",
    )
    if LIGHTS.index(gravest.light) != LIGHTS.index(task.light):
        wrong = Text(
            "台账上的灯色与预警不符，请运行 duban doctor", "The ledger's light differs: run duban doctor"
        )
        return head, wrong
    return head, *(line for one in shining for line in _standing(subject, one))


def _standing(subject: Subject, episode: Episode) -> Iterator[Text]:
    rule, since = subject.words.rule(episode.rule), subject.words.when(episode.opened_at)
    shown = LIGHT_LABELS[episode.light]
    over = Text("，由更重的规则处置", ", a graver rule acts") if episode.superseded else same("")
    yield Text(f"“{rule.zh}”{shown.zh}，自 {since}{over.zh}", f"{rule.en}: {shown.en} since {since}{over.en}")
    for line in condition(subject, subject.definition.rules[episode.rule].when):
        yield Text(f"  {line.zh}", f"  {line.en}")
