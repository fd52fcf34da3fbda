"""Signed, numbered, drawn up once, sent along; what happens later doesn't rewrite it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import docx
import pytest

from notifier.content import Attachment
from notifier.documents import DOCX, Documents, checked, draft, draw_up
from notifier.store import documents as store
from notifier.store.documents import Document
from tests.stories.conftest import Begun
from tests.stories.teller import Story
from tests.storing import Counting, opened, raw
from workflow.engine import Frame, Library
from workflow.errors import HistoryBroken, NotNow


@contextmanager
def looking(story: Story) -> Iterator[Frame]:
    with story.port.read() as tx:
        yield story.engine.library.frame(tx, story.now)


def office(story: Story) -> Documents:
    return Documents(story.port, story.engine.library)


def text_of(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


def supervised(story: Story, unit: str = "chenguang", track: str | None = "service") -> tuple[int, int]:
    """A creation task that was verified at 60, and the letter that this has brought, to be signed."""
    ((task, letter),) = all_supervised(story, unit, track=track)
    return task, letter


def all_supervised(story: Story, *units: str, track: str | None = "service") -> list[tuple[int, int]]:
    """One of each of several units."""
    story.at("2026-03-24 10:00")
    found = [_found_poor(story, unit, track) for unit in units]
    story.at("2026-04-01 10:00")
    for _, letter in found:
        story.expect_state(letter, "to_sign")
    return found


def _found_poor(story: Story, unit: str, track: str | None) -> tuple[int, int]:
    handler, task = f"handler of {unit}", story.the("creation_task", unit, track=track)
    story.does(handler, "sign_for", task, goal="三项成果", commitment="按期完成")
    story.does(handler, "submit", task, progress=100, result="成果", evidence=1)
    story.does("supervisor_one", "review", task, verified_score=60, effective="yes")
    return task, story.the("special_supervision", unit)


def signed(story: Story, letter: int) -> int:
    """The supervisor signs; the number of the line in the history."""
    story.does(
        "supervisor_two", "sign", letter, requirements="立即整改\n每周报送", exit_conditions="核定 80 分以上"
    )
    (event,) = story.happened(letter, "act", transition="sign")
    return event.seq


def stored(story: Story, task: int) -> list[Document]:
    with story.port.read() as tx:
        return store.of_tasks(tx, [task])


def test_a_signed_letter_is_numbered_drawn_up_once_and_attached(campaign: Begun) -> None:
    story = campaign()
    task, letter = supervised(story)
    assert office(story).run_once(story.now).drawn == ()
    seq = signed(story, letter)

    ran = office(story).run_once(story.now)
    assert ran.drawn == (f"SFD-{letter}-{seq}",)
    assert not ran.left
    (document,) = stored(story, letter)
    said = text_of(checked(document).body)
    for wanted in ("督办函〔2026〕1号", "晨光区：", "立即整改", "每周报送", "核定 80 分以上", f"SFD-{task}"):
        assert wanted in said, wanted
    assert "■ 红灯" in said
    assert "质量标准不高" in said
    assert "2026年4月1日" in said
    assert "草稿" not in said

    with looking(story) as frame:
        found = office(story).attachments(frame, [(letter, seq), (letter, 1), (task, 1)])
    assert found == {
        (letter, seq): (Attachment(name="督办函〔2026〕1号.docx", type=DOCX, data=document.body),)
    }

    story.fast_forward("10 days")
    assert office(story).run_once(story.now).drawn == (), "no second one, however often it is asked for"
    assert office(story).run_once(story.now).drawn == ()
    assert stored(story, letter) == [document]


def test_a_letter_goes_along_even_if_the_message_is_faster_than_its_drawing_up(campaign: Begun) -> None:
    story = campaign()
    _, letter = supervised(story)
    seq = signed(story, letter)
    with looking(story) as frame:
        early = office(story).attachments(frame, [(letter, seq)])
    office(story).run_once(story.now)
    with looking(story) as frame:
        assert office(story).attachments(frame, [(letter, seq)]) == early


def test_a_later_change_of_posts_names_or_facts_rewrites_nothing(campaign: Begun, database_url: str) -> None:
    story = campaign()
    task, letter = supervised(story)
    seq = signed(story, letter)
    with looking(story) as frame:
        before = draw_up(frame, letter, seq)
    story.at("2026-04-02 10:00")
    story.leaves_post("supervisor_two", "supervisor", "bureau")
    story.does("leader of chenguang", "answer", letter, measures="主要负责人督战", evidence=1)
    story.does("supervisor_one", "review", task, verified_score=85, effective="yes")
    with looking(story) as frame:  # drawn up a day late it says the same
        after = draw_up(frame, letter, seq)
    assert after.body == before.body
    assert after.sha256 == before.sha256
    office(story).run_once(story.now)
    with raw(database_url) as connection:
        connection.execute("UPDATE person SET zh = '另名' WHERE code = 'supervisor_two'")
    (document,) = stored(story, letter)
    assert document.sha256 == before.sha256
    assert "另名" not in text_of(document.body)


def test_two_daemons_draw_up_one_letter(campaign: Begun) -> None:
    story = campaign()
    _, letter = supervised(story)
    signed(story, letter)
    first, second = office(story), office(story)
    story.together(lambda: first.run_once(story.now), lambda: second.run_once(story.now))
    assert len(stored(story, letter)) == 1


def test_before_the_signature_there_is_a_draft_and_it_is_never_attached(campaign: Begun) -> None:
    story = campaign()
    _, letter = supervised(story)
    newest = (letter, story.task(letter).seq)
    with looking(story) as frame:
        seen = draft(frame, letter)
        assert office(story).attachments(frame, [newest]) == {}
    assert "〔草稿，未编号〕" in text_of(seen.body)
    heads = [one.text for one in docx.Document(io.BytesIO(seen.body)).sections[0].header.paragraphs]
    assert "草稿 · 未签发，不具效力" in heads
    with pytest.raises(NotNow):
        office(story).letters(letter, story.now)
    signed(story, letter)
    with looking(story) as frame, pytest.raises(NotNow):
        draft(frame, letter)
    (found,) = office(story).letters(letter, story.now)
    assert "草稿" not in text_of(found.body)


@pytest.mark.parametrize(
    ("unit", "addressee"),
    [
        ("chenguang", "晨光区退役军人事务工作领导小组："),
        ("subdistrict", "示例市退役军人事务工作领导小组："),  # a force has no group of its own
    ],
)
def test_a_referral_is_addressed_to_the_group_of_the_unit_or_to_the_citys(
    campaign: Begun, unit: str, addressee: str
) -> None:
    story = campaign()
    _, letter = supervised(story, unit, track=None if unit == "subdistrict" else "service")
    signed(story, letter)
    story.at("2026-04-15 10:00")
    referral = story.the("referral", unit)
    story.does("supervisor_one", "completed", referral, situation="未答复", request="重点指导")
    story.does("leader of bureau", "sign", referral)
    (found,) = office(story).letters(referral, story.now)
    said = text_of(found.body)
    assert addressee in said
    assert "督办函〔2026〕1号" in said, "what it is about, by its own number"
    assert "未答复" in said
    assert len(stored(story, letter)) == 0, "that one waits for the next run"
    assert len(office(story).run_once(story.now).drawn) == 1


def test_one_that_cannot_be_drawn_up_stops_no_other_and_is_tried_again(
    campaign: Begun, database_url: str
) -> None:
    story = campaign()
    (_, first), (_, second) = all_supervised(story, "chenguang", "beiwan")
    signed(story, first)
    seq = signed(story, second)
    with raw(database_url) as connection:
        ((body,),) = connection.execute(f"SELECT body FROM task WHERE id = {first}").fetchall()
        connection.execute(f"UPDATE task SET body = 'no json' WHERE id = {first}")
    ran = office(story).run_once(story.now)
    assert ran.drawn == (f"SFD-{second}-{seq}",)
    ((event, why),) = ran.left.items()
    assert event[0] == first
    assert "can't be drawn up" in why.en
    story.now += 3_600_000  # long settled: the run before has looked past it
    with raw(database_url) as connection:
        connection.execute("UPDATE task SET body = '" + body.replace("'", "''") + f"' WHERE id = {first}")
    assert len(office(story).run_once(story.now).drawn) == 1
    assert office(story).run_once(story.now).left == {}
    assert len(stored(story, first)) == 1


def test_an_idle_run_writes_nothing(campaign: Begun, database_url: str) -> None:
    story = campaign()
    probe = Counting()
    with opened(database_url, probe) as port:
        Documents(port, Library()).run_once(story.now)
        assert not [text for text in probe.texts if text.startswith(("INSERT", "UPDATE", "BEGIN IMM"))]


def test_ten_letters_take_as_many_statements_as_one(campaign: Begun, database_url: str) -> None:
    story = campaign()
    letters = [letter for _, letter in all_supervised(story, "chenguang", "wanghe", "xinhe", "beiwan")]
    events = [(one, signed(story, one)) for one in letters]
    counts = []
    for some in (events[:1], events):
        probe = Counting()
        with opened(database_url, probe) as port, port.read() as tx:
            frame = Library().frame(tx, story.now)
            frame.campaign(next(iter(frame.campaigns.values())).version_id)
            before = probe.total
            assert len(Documents(port, Library()).attachments(frame, some)) == len(some)
            counts.append(probe.total - before)
    assert counts[0] == counts[1]


def test_a_letter_that_somebody_changed_is_given_to_nobody(campaign: Begun, database_url: str) -> None:
    story = campaign()
    _, letter = supervised(story)
    signed(story, letter)
    office(story).run_once(story.now)
    with raw(database_url) as connection:
        connection.execute("UPDATE document SET sha256 = 'ab'")
    with pytest.raises(HistoryBroken):
        office(story).letters(letter, story.now)
