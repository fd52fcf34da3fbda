"""Escalation rules: which episodes open, end, repeat; and what an opening sets off."""

from __future__ import annotations

from ..calendar import Duration
from ..condition import Look, Looker, crossing, earliest, next_end, unstopped
from ..definition.model import Rule
from ..task import Episode, Related
from .case import Case
from .outcome import EventDraft, Link, NewTask


def look_at_rules(case: Case, at: int) -> int | None:
    """Open, end and repeat episodes as of `at`; the next instant at which any of it may change."""
    if case.task.ended_at is not None:
        return _look_at_remaining(case, at)
    changes: int | None = None
    for rule, look in case.book.rules:
        if rule.states and case.task.state not in rule.states:
            truth, change = False, None
        else:
            found, change = look(case.view)
            truth = found is True
        episode = case.live.get(rule.name)
        if episode is not None and not truth and episode.epoch != case.around.epoch:
            truth, change = _as_it_opened(case, rule, look, episode, change)
        if episode is None:
            again = _open_if_due(case, rule, at) if truth else None
        else:
            again = _follow(case, rule, episode, truth, at)
        changes = earliest(changes, change, again)
    return changes


def _as_it_opened(
    case: Case, rule: Rule, look: Looker, episode: Episode, change: int | None
) -> tuple[bool, int | None]:
    """An episode is judged by the calendar it opened under, too: importing a notice never un-fires."""
    ours, view = case.view.calendar, case.view
    calendar = case.around.calendars.get(episode.epoch, ours)
    if calendar is ours or (rule.states and case.task.state not in rule.states):
        return False, change
    view.calendar = calendar
    found, other = look(view)
    view.calendar = ours
    return found is True, earliest(change, other)


def _look_at_remaining(case: Case, at: int) -> int | None:
    """After the end only `until` keeps an episode, and only while what it opened goes on."""
    changes: int | None = None
    for episode in list(case.live.values()):
        if episode.inert_at is not None:
            case.end_episode(episode, at, episode.inert_by or "lifted")
            continue
        opened = case.opened_by(episode)
        if _until_holds(case, episode, opened):
            case.end_episode(episode, at, "until")
        changes = earliest(changes, next_end(opened, case.view.now))
    return changes


def _open_if_due(case: Case, rule: Rule, at: int) -> int | None:
    """Open an episode unless a cool-down forbids it; then say when the cool-down ends."""
    last = case.task.last_opened.get(rule.name)
    if last is not None and rule.again.how == "never":
        return None
    if last is not None and rule.again.how == "after" and rule.again.duration is not None:
        cooled = _since(case, rule, last, rule.again.duration)
        if not cooled.truth:
            return cooled.changes_at
    return _next_repeat(case, rule, _open(case, rule, at))


def _since(case: Case, rule: Rule, start: int, span: Duration) -> Look:
    """Whether `span` has passed since `start`, in the time in which the rule itself is reckoned.

    What comes true as a day ends bears the first millisecond of the next. It is counted from the one
    before, or `every 5 workdays` would come every 6.
    """
    end = case.view.calendar.add(start - 1, span)
    return unstopped(case.view, end) if rule.name in case.book.of_step else crossing(case.view, start, end)


def _open(case: Case, rule: Rule, at: int) -> Episode:
    episode = Episode(
        id=0, rule=rule.name, light=rule.light, opened_at=at, told_at=case.now, epoch=case.around.epoch
    )
    case.live[rule.name] = episode
    case.new_episodes.append(episode)
    # A new dict: the original task shares the old one.
    case.task.last_opened = {**case.task.last_opened, rule.name: at}
    event = case.record("episode_opened", at, rule=rule.name, light=rule.light)
    case.fresh.append((rule, episode, event))
    return episode


def _follow(case: Case, rule: Rule, episode: Episode, truth: bool, at: int) -> int | None:
    """What becomes of an episode that stands."""
    if episode.inert_at is not None:
        if not truth:
            case.end_episode(episode, at, "cleared")
        return None
    opened = case.opened_by(episode)
    if opened:
        return _follow_until(case, episode, opened, truth, at)
    if not truth:
        case.end_episode(episode, at, "cleared")
        return None
    return _repeat(case, rule, episode, at)


def _follow_until(case: Case, episode: Episode, opened: list[Related], truth: bool, at: int) -> int | None:
    """`until` replaces the condition; if that holds still, the episode stays on, inert."""
    if not _until_holds(case, episode, opened):
        return next_end(opened, case.view.now)
    case.still(episode, at, "until")
    case.record("lifted", at, rule=episode.rule, why="until")
    if not truth:
        case.end_episode(episode, at, "until")
    return None


def _repeat(case: Case, rule: Rule, episode: Episode, at: int) -> int | None:
    """`again: every D` tells once more and opens nothing."""
    due = _next_repeat(case, rule, episode)
    if due is None or due > at:
        return due
    episode.told_at = case.now  # one telling for all that was missed
    case.touch(episode)
    event = case.record("episode_repeated", at, rule=rule.name)
    case.tell(event, rule.tells, "repeat", rule.name)
    return _next_repeat(case, rule, episode)


def _next_repeat(case: Case, rule: Rule, episode: Episode) -> int | None:
    if rule.again.how != "every" or rule.again.duration is None or episode.superseded:
        return None
    look = _since(case, rule, episode.told_at, rule.again.duration)
    return case.view.now if look.truth else look.changes_at


def _until_holds(case: Case, episode: Episode, opened: list[Related]) -> bool:
    until = case.book.definition.rules[episode.rule].until
    return until is not None and bool(opened) and all(one.has(until.status, case.view.now) for one in opened)


# --- what an opening sets off -----------------------------------------------------------------------


def act_on_fresh(case: Case) -> bool:
    """Let the episodes that opened in this pass act; whether a condition asks about what they opened.

    Of one ladder the gravest acts; for the others only the light counts, and the record. What opened
    and ended again in between is on record and does nothing.
    """
    fresh, case.fresh = [one for one in case.fresh if one[1].ended_at is None], []
    gravest = _gravest(fresh)
    before = len(case.opens)
    for rule, episode, event in fresh:
        if rule.ladder is not None and gravest[rule.ladder] is not rule:
            episode.superseded = 1
            event.header["superseded_by"] = gravest[rule.ladder].name
            continue
        _act_on(case, rule, episode, event)
    return any(new.kind in case.book.watched for new in case.opens[before:])


def _gravest(fresh: list[tuple[Rule, Episode, EventDraft]]) -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for rule, _, _ in fresh:
        if rule.ladder is not None:
            standing = found.get(rule.ladder)
            if standing is None or rule.gravity >= standing.gravity:
                found[rule.ladder] = rule
    return found


def _act_on(case: Case, rule: Rule, episode: Episode, event: EventDraft) -> None:
    origin = {"rule": rule.name, "episode_of": case.task.id}
    for opening in rule.opens:
        if not _join(case, opening.kind, episode, event):
            for task in case.open_all([opening], event, origin):
                case.links.append(Link(target=task, episode=episode))
    if rule.proposes is not None and not _join(case, rule.proposes, episode, event):
        case.links.append(Link(target=case.propose(rule.proposes, event, rule.name), episode=episode))
    case.tell(event, rule.tells, "escalation", rule.name)


def _join(case: Case, kind: str, episode: Episode, event: EventDraft) -> bool:
    """While an open task of that kind already concerns this one, an episode joins it."""
    for link in case.links:
        if isinstance(link.target, NewTask) and link.target.kind == kind:
            case.links.append(Link(target=link.target, episode=episode))
            event.tasks.append(link.target)
            return True
    for concern in case.loaded.concerning:
        open_still = concern.ended_at is None and not concern.removed
        if concern.kind == kind and open_still and concern.episode_id is not None:
            case.links.append(Link(target=concern.task_id, episode=episode))
            event.tasks.append(concern.task_id)
            return True
    return False
