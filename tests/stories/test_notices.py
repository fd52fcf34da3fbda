"""Every notice as it is read, in both languages, against the files in tests/golden/notices (`make golden`).

The stories are told with packs that stay as they are, so only the notices can change.
"""

from __future__ import annotations

import pytest

from notifier.content import Gathered
from tests.golden_files import same_as_file
from tests.letters import everything, heard, in_both, letter, part
from tests.stories.customs import reviews, submits, unit_id
from tests.stories.teller import Story
from workflow.engine.handing import hand_over


@pytest.fixture
def tell_checks(checks: Story) -> Story:
    """The first morning of the self-checks, with nothing read yet."""
    checks._read = 0
    return checks


def compare(name: str, story: Story, one: Gathered) -> None:
    """The letter as text, HTML and text message, as it is kept in the files."""
    for language, content in in_both(story, one).items():
        subject = f"{content.subject}\n\n{content.text}"
        sms = "\n".join(content.phrases) + "\n"
        for ending, text in (("txt", subject), ("html", content.html or ""), ("sms", sms)):
            same_as_file(f"notices/{name}.{language}.{ending}", text)


def signed(story: Story, unit: str) -> int:
    check = story.the("self_check", unit)
    story.does(f"handler of {unit}", "sign_for", check)
    return check


def test_the_first_step(tell_checks: Story) -> None:
    story = tell_checks
    check = story.the("self_check", "chenguang")
    compare(
        "assigned",
        story,
        letter(story, heard(story, "handler of chenguang", check, "assigned"), to="handler of chenguang"),
    )


def test_a_step_that_somebody_else_has_taken(tell_checks: Story) -> None:
    story = tell_checks
    check = story.the("self_check", "chenguang")
    first = heard(story, "handler of chenguang", check, "assigned")
    story.does("handler of chenguang", "sign_for", check)
    submits(story, "chenguang", check, "台账缺项")
    compare("assigned_moved_on", story, letter(story, first, to="handler of chenguang"))


def test_requests_and_their_answers(tell_checks: Story) -> None:
    story = tell_checks
    for unit in ("chenguang", "wanghe", "xinhe"):
        check = signed(story, unit)
        story.does(f"handler of {unit}", "extend", check, until="2026-05-20", reason="暴雨致入户核查推迟")
    one, two, three = (story.the("self_check", unit) for unit in ("chenguang", "wanghe", "xinhe"))
    asked = heard(story, "supervisor_one", one, "to confirm")
    compare("to_confirm", story, letter(story, asked, to="supervisor_one"))
    story.at("2026-03-02 11:00").does("supervisor_one", "confirm:extend", one)
    story.does("supervisor_two", "refuse:extend", two, reason="可先报阶段进展")
    compare("to_confirm_settled", story, letter(story, asked, to="supervisor_one"))
    compare(
        "answered_agreed",
        story,
        letter(story, heard(story, "handler of chenguang", one, "answered"), to="handler of chenguang"),
    )
    compare(
        "answered_refused",
        story,
        letter(story, heard(story, "handler of wanghe", two, "answered"), to="handler of wanghe"),
    )
    story.at("2026-03-06 09:00")
    compare(
        "lapsed",
        story,
        letter(story, heard(story, "handler of xinhe", three, "lapsed"), to="handler of xinhe"),
    )


def test_everyday_acts(tell_checks: Story) -> None:
    story = tell_checks
    check, other = signed(story, "chenguang"), signed(story, "wanghe")
    story.at("2026-03-12 15:00").does("supervisor_one", "urge:", check, reason="请于本周内反馈")
    compare(
        "urged",
        story,
        letter(story, heard(story, "handler of chenguang", check, "urged"), to="handler of chenguang"),
    )
    story.does("supervisor_one", "copy:", check, persons=story.people("bureau_head"), reason="请阅")
    compare("copied", story, letter(story, heard(story, "bureau_head", check, "copied"), to="bureau_head"))
    story.does("supervisor_one", "merge:", check, into=other, reason="两区合并自查")
    compare(
        "merged", story, letter(story, heard(story, "supervisor_two", other, "merged"), to="supervisor_two")
    )
    third = signed(story, "xinhe")
    story.does("supervisor_one", "transfer:", third, unit=unit_id(story, "beiwan"), reason="区划调整")
    compare(
        "transferred",
        story,
        letter(story, heard(story, "handler of beiwan", third, "transferred"), to="handler of beiwan"),
    )
    compare(
        "given_away",
        story,
        letter(story, heard(story, "handler of xinhe", third, "transferred"), to="handler of xinhe"),
    )


def test_rules_and_what_they_set_in_motion(tell_checks: Story) -> None:
    story = tell_checks
    check, late = signed(story, "chenguang"), story.the("self_check", "wanghe")
    story.at("2026-03-05 09:00")
    compare(
        "escalation_unsigned",
        story,
        letter(story, heard(story, "leader of wanghe", late, "unsigned"), to="leader of wanghe"),
    )
    story.at("2026-04-28 09:00").does("handler of chenguang", "report", check, progress=95)
    compare(
        "escalation_near",
        story,
        letter(story, heard(story, "handler of chenguang", check, "near"), to="handler of chenguang"),
    )
    dispatch = story.find("dispatch", "wanghe")[0]
    compare(
        "to_sign",
        story,
        letter(story, heard(story, "supervisor_one", dispatch, "assigned"), to="supervisor_one"),
    )
    story.does("supervisor_one", "sign", dispatch, agenda="三日内报送自查进度")
    compare(
        "dispatched",
        story,
        letter(story, heard(story, "leader of wanghe", dispatch, "assigned"), to="leader of wanghe"),
    )
    story.at("2026-05-15 09:00")
    compare(
        "escalation_red",
        story,
        letter(story, heard(story, "leader of wanghe", late, "very_late"), to="leader of wanghe"),
    )
    compare(
        "escalation_red_supervisor",
        story,
        letter(story, heard(story, "supervisor_one", late, "very_late"), to="supervisor_one"),
    )
    compare(
        "repeat",
        story,
        letter(story, heard(story, "handler of wanghe", late, "repeat"), to="handler of wanghe"),
    )
    own = everything(story, "leader of wanghe")
    compare(
        "several_of_one_task",
        story,
        letter(story, *(one for one in own if one.task_id == late), to="leader of wanghe"),
    )
    compare("many", story, letter(story, *everything(story, "supervisor_one"), to="supervisor_one"))
    compare(
        "many_information",
        story,
        letter(story, *everything(story, "supervisor_two")[:40], to="supervisor_two", class_="information"),
    )


def test_what_was_returned(tell_checks: Story) -> None:
    story = tell_checks
    check = signed(story, "chenguang")
    submits(story, "chenguang", check, "台账缺项")
    reviews(story, "supervisor_one", check, 86)
    story.does("supervisor_one", "return", check, reason="第3项无佐证，请补充")
    compare(
        "returned",
        story,
        letter(story, heard(story, "handler of chenguang", check, "assigned"), to="handler of chenguang"),
    )


def test_whoever_stands_in_reads_for_whom(tell_checks: Story) -> None:
    story = tell_checks
    story.goes_on_leave("handler of chenguang", "2026-04-01 00:00", delegate="wanghe_handler")
    story.leaves_post("xinhe_handler", "handler", "xinhe")
    story.at("2026-03-05 09:00")
    away, vacant = story.the("self_check", "chenguang"), story.the("self_check", "xinhe")
    compare(
        "on_behalf",
        story,
        letter(story, heard(story, "wanghe_handler", away, "unsigned"), to="wanghe_handler"),
    )
    compare(
        "vacant",
        story,
        letter(story, heard(story, "leader of xinhe", vacant, "unsigned"), to="leader of xinhe"),
    )
    compare(
        "in_their_place",
        story,
        letter(
            story,
            heard(story, "leader of beiwan", story.the("self_check", "beiwan"), "unsigned"),
            to="beiwan_group",
        ),
    )


def test_posts_that_were_handed_over(tell_checks: Story) -> None:
    story = tell_checks
    leaver, successor = story.people("chenguang_handler", "chenguang_deputy")
    hand_over(story.engine.batches, leaver, successor, None, story.person("bureau_head"), story.now)
    told = next(one for one in story.unread() if one.reason == "handed over")
    compare("handed_over", story, letter(story, part(story, told), to="chenguang_deputy"))


def test_a_team_is_chosen_and_its_term_ends(checking: Story) -> None:
    story = checking
    check = story.opens("pan", "cross_check", checked="east", checker="west", deadline="2026-06-30")
    story.does("west_head", "staff", check, inspector=story.people("an", "bei"))
    compare("chosen", story, letter(story, heard(story, "an", check, "chosen"), to="an"))
    story.at("2026-05-02 00:00")
    compare(
        "team_ended", story, letter(story, heard(story, "west_head", check, "team ended"), to="west_head")
    )
