"""The organisation changes while the campaign runs: units merge, people leave, a year ends."""

from __future__ import annotations

import pytest

from tests.stories.conftest import Tell
from tests.stories.teller import Story, instant, local
from tests.stories.variants import varied
from tests.storing import Counting, opened, raw
from workflow.definition import Pack
from workflow.doctor import Finding, Patient, examine
from workflow.engine.batches import Batches
from workflow.engine.handing import HandOver, hand_over
from workflow.engine.merging import Merged, merge_units, rename_unit
from workflow.engine.yearly import roll_over, would_roll_over
from workflow.errors import BadValue, DubanError, NotAllowed, NotNow, Unknown
from workflow.store import interests, units
from workflow.text import Text


def merges(story: Story, unit: str, into: str, who: str = "supervisor_one") -> Merged:
    """A unit merges into another; then the daemon does what follows."""
    merged = merge_units(story.engine.batches, unit, into, story.person(who), story.now)
    story.run()
    return merged


def hands_over(
    story: Story,
    leaver: str,
    successor: str,
    *,
    on: str = "",
    dry_run: bool = False,
    who: str = "bureau_head",
) -> HandOver:
    begin = instant(on) if on else story.now
    people = story.person(leaver), story.person(successor)
    return hand_over(story.engine.batches, *people, begin, story.person(who), story.now, dry_run=dry_run)


def examined(story: Story) -> list[Finding]:
    """What the doctor finds."""
    return examine(Patient(port=story.port, library=story.engine.library, now=story.now))


def unit_of(story: Story, task: int) -> str:
    with story.port.read() as tx:
        codes = {one.id: one.code for one in units.nodes(tx).values()}
    return codes[story.task(task).unit_id]


# --- units that merge -------------------------------------------------------------------------------


def test_a_unit_that_merges_takes_its_open_tasks_and_its_people_along(story: Story) -> None:
    check = story.the("self_check", "chenguang")
    tasks = [check, *story.find("creation_task", "chenguang")]
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)
    handler = story.person("chenguang_handler")
    merged = merges(story, "chenguang", "wanghe")

    assert merged.units == 2  # and its leading group
    assert sorted(merged.tasks.done) == sorted(tasks)
    assert {unit_of(story, one) for one in tasks} == {"wanghe"}
    for one in tasks:
        (moved,) = story.happened(one, "transferred")
        assert moved.header["why"] == "units merged"
    story.does("chenguang_handler", "report", check, progress=10)
    story.does("wanghe_handler", "report", check, progress=20)
    assert story.task(check).actors["report"] == [handler, story.person("wanghe_handler")]


def test_nothing_is_handed_to_it_any_more(tell: Tell, spring: Pack) -> None:
    def monthly(source: dict) -> None:  # type: ignore[type-arg]
        rounds = source["campaign.yaml"]["rounds"]
        source["campaign.yaml"]["rounds"] = {
            "hand_out_checks": rounds["hand_out_checks"] | {"at": "day 10 09:00"}
        }

    story = tell(varied(spring, monthly))
    story.at("2026-03-05 09:00")
    merges(story, "chenguang", "wanghe")
    story.at("2026-03-10 09:00")
    assert len(story.find("self_check")) == 9
    assert len(story.find("self_check", "wanghe")) == 1


def test_what_is_proposed_later_comes_on_the_draft_of_the_other_unit(checks: Story) -> None:
    """Both have a shared draft when they merge: there is one for each unit, and the old one stays a draft."""
    story = checks
    story.at("2026-03-20 09:00")
    before = story.find("dispatch", "chenguang"), story.find("dispatch", "wanghe")
    assert [len(found) for found in before] == [1, 1]
    merges(story, "chenguang", "wanghe")
    assert len(story.find("dispatch", "wanghe")) == 2
    story.at("2026-03-23 09:00")
    assert {story.task(one).state for one in story.find("dispatch", "wanghe")} == {"to_sign"}


def test_a_merger_that_was_broken_off_goes_on_where_it_was(checks: Story, database_url: str) -> None:
    story = checks
    node = story.person("supervisor_one")

    class Crash(Exception):
        pass

    def breaking(moment: str, text: str) -> None:
        if moment == "after" and text == "COMMIT":
            raise Crash

    with opened(database_url, breaking) as broken:
        batches = Batches(broken, story.engine.library, story.engine.batches.salts, 250)
        with pytest.raises(Crash):
            merge_units(batches, "chenguang", "wanghe", node, story.now)
    assert "merger" in [one.about for one in examined(story) if one.level == "waits"]
    merged = merges(story, "chenguang", "wanghe")
    assert merged.units == 0
    assert len(merged.tasks.done) == 1
    assert merges(story, "chenguang", "wanghe").tasks.done == []
    assert [one.about for one in examined(story) if one.about in ("merger", "projection")] == []


def test_who_supervises_at_a_unit_that_merged_supervises_on(tell: Tell, spring: Pack) -> None:
    """The campaign names the bureau: tasks that wait there wait at the unit that stands for it."""

    def second(source: dict) -> None:  # type: ignore[type-arg]
        label = {"zh": "示例市第二局", "en": "Second Bureau"}
        source["campaign.yaml"]["units"]["second"] = {"kind": "bureau", "in": "city", "label": label}

    story = tell(varied(spring, second)).at("2026-03-02 10:00")
    check = story.the("self_check", "chenguang")
    story.does("handler of chenguang", "sign_for", check)
    story.does("handler of chenguang", "submit", check, own_score=90, rows={"problems": []}, evidence=1)
    merged = merges(story, "bureau", "second")
    assert merged.tasks.done == []
    with story.port.read() as tx:
        known = units.nodes(tx)
    assert story.task(check).waits_unit == known["second"].id
    story.does("supervisor_one", "review", check, verified_score=90, rows={"problems": []})
    merges(story, "chenguang", "wanghe")


def test_an_interest_in_a_unit_is_one_in_the_unit_it_merged_into(checks: Story) -> None:
    story = checks
    who, leader = story.person("seconded"), story.person("chenguang_leader")
    with story.port.read() as tx:
        known = units.nodes(tx)
    with story.port.write("people") as tx:
        interests.declare(tx, who, known["chenguang"].id, 0, None, "亲属任职", story.now)
    merges(story, "chenguang", "wanghe")
    with story.port.read() as tx:
        found = interests.interests(tx, [known["wanghe"].id])[known["wanghe"].id]
    assert {who, leader} <= {one.person_id for one in found}


@pytest.mark.parametrize(
    ("unit", "into", "error"),
    [
        ("chenguang", "chenguang", BadValue),
        ("city", "bureau", BadValue),  # it lies below it
        ("chenguang", "subdistrict", BadValue),
        ("leading_group.chenguang", "leading_group.wanghe", BadValue),
        ("chenguang", "nowhere", Unknown),
        ("nowhere", "chenguang", Unknown),
    ],
)
def test_what_can_not_be_merged_stays_as_it_was(
    checks: Story, unit: str, into: str, error: type[DubanError]
) -> None:
    before = checks.everything()
    with pytest.raises(error):
        merges(checks, unit, into)
    assert checks.everything() == before


def test_a_unit_merges_once(checks: Story) -> None:
    merges(checks, "chenguang", "wanghe")
    for unit, into in (("chenguang", "xinhe"), ("xinhe", "chenguang")):
        with pytest.raises(NotNow):
            merges(checks, unit, into)
    merges(checks, "wanghe", "xinhe")
    with checks.port.read() as tx:
        known = units.nodes(tx)
    assert known["chenguang"].merged_into == known["xinhe"].id


def test_only_a_supervisor_or_above_changes_the_organisation(checks: Story) -> None:
    story = checks
    with pytest.raises(NotAllowed):
        merges(story, "chenguang", "wanghe", who="chenguang_leader")
    with pytest.raises(NotAllowed):
        rename_unit(story.engine.batches, "xinhe", Text("甲", "A"), story.person("xinhe_leader"), story.now)
    with pytest.raises(NotAllowed):
        roll_over(story.engine.batches, 2026, story.person("xinhe_leader"), story.now)
    with pytest.raises(NotAllowed):
        hands_over(story, "xinhe_handler", "xinhe_leader", who="xinhe_leader")
    merges(story, "chenguang", "wanghe", who="bureau_head")


def test_the_pack_is_loaded_again_after_units_merged_and_were_renamed(checks: Story) -> None:
    """It is older than what the database knows: nothing of it comes back."""
    story = checks
    merges(story, "chenguang", "wanghe")
    former = rename_unit(
        story.engine.batches, "xinhe", Text("新禾市", "Xinhe City"), story.person("bureau_head"), story.now
    )
    assert former == Text("新禾区", "Xinhe District")
    loading = story.engine.load(story.pack, story.now)
    assert (loading.units, loading.people, loading.posts, loading.relabelled) == (0, 0, 0, 0)
    with story.port.read() as tx:
        node = units.nodes(tx)["xinhe"]
        (change,) = units.changes(tx, node.id)
    assert node.name == Text("新禾市", "Xinhe City")
    assert change == ("renamed", former, None, story.now)


def test_a_merger_takes_as_many_statements_for_many_tasks_as_for_few(
    tell: Tell, spring: Pack, database_url: str
) -> None:
    story = tell(spring)
    story.at("2026-03-02 09:00")
    counts = []
    for unit, into in (("chenguang", "wanghe"), ("wanghe", "xinhe")):  # 4 tasks, then 8
        probe = Counting()
        with opened(database_url, probe) as counted:
            batches = Batches(counted, story.engine.library, story.engine.batches.salts, 250)
            merge_units(batches, unit, into, story.person("supervisor_one"), story.now)
        counts.append(probe.total)
        story.run()
    assert counts[0] == counts[1]


# --- somebody leaves --------------------------------------------------------------------------------


def test_the_successor_has_the_posts_and_hears_once(story: Story) -> None:
    check = story.the("self_check", "chenguang")
    story.at("2026-03-05 10:00").everybody_has_read()
    found = hands_over(story, "chenguang_handler", "chenguang_deputy")
    assert len(found.tasks) == 4
    story.expect_told("chenguang_deputy", found.tasks[0], "handed over")
    story.expect_no_more_messages()
    (line,) = story.happened(found.tasks[0], "handed_over")
    assert (line.header["count"], line.header["successor"]) == (4, story.person("chenguang_deputy"))
    story.expect_refused(NotAllowed, "chenguang_handler", "sign_for", check)
    story.does("chenguang_deputy", "sign_for", check)


def test_handed_over_from_a_day_on_nobody_is_without_the_post(story: Story) -> None:
    check = story.the("self_check", "chenguang")
    story.at("2026-03-05 10:00")
    hands_over(story, "chenguang_handler", "chenguang_deputy", on="2026-03-09 00:00")
    story.expect_refused(NotAllowed, "chenguang_deputy", "sign_for", check)
    story.does("chenguang_handler", "sign_for", check)
    story.at("2026-03-09 09:00").does("chenguang_deputy", "report", check, progress=5)
    story.expect_refused(NotAllowed, "chenguang_handler", "report", check, progress=5)


def test_a_dry_run_shows_what_would_pass_and_changes_nothing(checks: Story) -> None:
    story = checks
    check = story.the("self_check", "chenguang")
    story.at("2026-03-05 10:00").does("chenguang_handler", "sign_for", check)
    story.does("chenguang_handler", "extend", check, until="2026-05-20", reason="汛情")
    before = story.everything()
    found = hands_over(story, "chenguang_handler", "chenguang_deputy", dry_run=True)
    assert (found.tasks, found.asked) == ((check,), (check,))
    assert [one.name for one in found.posts] == ["handler"]
    assert story.everything() == before
    story.does("chenguang_handler", "report", check, progress=5)


def test_a_team_with_the_leaver_in_it_is_named_for_it_passes_to_nobody(
    checks: Story, database_url: str
) -> None:
    story = checks
    check, who = story.the("self_check", "wanghe"), story.person("chenguang_handler")
    team = f'"teams":{{"handler":{{"members":[{who}],"since":0,"until":null}}}}'
    with raw(database_url) as connection:
        connection.execute(
            f"UPDATE task SET body = replace(body, '\"teams\":{{}}', '{team}') WHERE id = {check}"
        )
    assert hands_over(story, "chenguang_handler", "chenguang_deputy", dry_run=True).teams == (check,)
    assert hands_over(story, "xinhe_handler", "xinhe_leader", dry_run=True).teams == ()


def test_what_can_not_be_handed_over_is_refused(checks: Story) -> None:
    story = checks
    with pytest.raises(BadValue):
        hands_over(story, "chenguang_handler", "chenguang_handler")
    with pytest.raises(BadValue):
        hands_over(story, "chenguang_handler", "chenguang_deputy", on="2026-03-01 00:00")
    hands_over(story, "chenguang_handler", "chenguang_deputy")
    with pytest.raises(NotNow):
        hands_over(story, "chenguang_handler", "chenguang_deputy")


# --- a year ends ------------------------------------------------------------------------------------


def test_what_is_open_and_was_due_before_the_year_is_carried_over_once(checks: Story) -> None:
    story, head = checks, checks.person("bureau_head")
    late = story.find("self_check")
    due = local(story.task(late[0]).due_at)
    story.sleep_through(until="2027-01-04 09:00")
    wanted = would_roll_over(story.engine.batches, 2027, head, story.now)
    assert set(late) <= set(wanted)
    changed = roll_over(story.engine.batches, 2027, head, story.now)
    assert sorted(changed.done) == sorted(wanted)
    assert roll_over(story.engine.batches, 2027, head, story.now).done == []
    assert would_roll_over(story.engine.batches, 2027, head, story.now) == []
    task = story.task(late[0])
    assert (task.plan_year, local(task.due_at)) == (2027, due)
    assert [one.header["old"] for one in story.happened(late[0], "rolled_over")] == [2026]


def test_it_is_carried_into_this_year_or_the_next_and_no_other(checks: Story) -> None:
    for year in (2025, 2028, 20266):
        with pytest.raises(BadValue):
            roll_over(checks.engine.batches, year, checks.person("bureau_head"), checks.now)
