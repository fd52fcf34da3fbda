"""What holds of every notice: its cost, its bounds, and that nothing in a name or a reason gets through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from notifier.content import Attachment, Class, Content, Gathered, Part, Site, Unwritable, Wish
from notifier.notices import class_of, write_notices
from notifier.notices.facts import SHOWN
from tests.letters import SITE, everything, heard, letter, write, written
from tests.stories.conftest import Tell
from tests.stories.teller import Story
from tests.storing import Counting, opened, raw
from workflow.decision.outcome import Reason
from workflow.definition import Pack
from workflow.engine import Library
from workflow.reading.outgoing import REASONS

CLASSES: tuple[Class, ...] = ("formal", "information")
HOSTILE = "<script>alert(1)</script>{{7*7}}{unit}%s\r\nBcc: x@y.z\u202e\u2066💥‮\u2028</td>&amp;\x00'\""


@pytest.fixture
def late(checks: Story) -> Story:
    """Self-checks of which some have grown late, with nothing read."""
    checks._read = 0
    return checks.at("2026-05-15 09:00")


def all_letters(story: Story, *, one_each: bool) -> list[Gathered]:
    """Everything that anybody was told: one letter for each person, or for each message."""
    people = sorted({one.person_id for one in story.unread() if one.person_id is not None})
    found: list[tuple[int, Class, tuple[Part, ...]]] = []
    for person in people:
        for class_ in CLASSES:
            parts = tuple(
                Part(
                    outgoing_id=one.id,
                    task_id=one.task_id,
                    seq=one.seq,
                    role=one.role,
                    reason=one.reason,
                    rule=one.rule,
                    created_at=story.now,
                )
                for one in story.unread()
                if one.person_id == person and class_of(one.reason) == class_
            )
            found += [(person, class_, some) for some in ([(one,) for one in parts] if one_each else [parts])]
    return [
        Gathered(
            delivery_id=number,
            person_id=person,
            kind="mail",
            language="zh",
            class_=class_,
            parts=some,
        )
        for number, (person, class_, some) in enumerate(found, 1)
        if some
    ]


# --- cost -------------------------------------------------------------------------------------------


def test_many_letters_cost_as_many_statements_as_a_few(late: Story, database_url: str) -> None:
    letters, counting = all_letters(late, one_each=True), Counting()
    assert len(letters) > 100
    with opened(database_url, counting) as port:
        library, counts = Library(), {}
        for count in (len(letters), 4, len(letters)):  # the first finds the caches empty
            counting.clear()
            with port.read() as tx:
                found = write_notices(library.frame(tx, late.now), letters[:count], SITE)
            assert all(isinstance(one, Content) for one in found.values())
            counts[count] = counting.total
    assert counts[len(letters)] <= counts[4] + 2  # a look for what nobody in the few had
    assert counts[len(letters)] <= 40


def test_no_letters_cost_nothing(late: Story) -> None:
    assert write(late, []) == {}


def test_a_letter_shows_the_gravest_and_counts_the_others(late: Story) -> None:
    parts = everything(late, "supervisor_one")
    tasks = {part.task_id for part in parts}
    assert len(tasks) > SHOWN
    found = written(late, letter(late, *parts, to="supervisor_one"))
    assert f"{len(tasks)}件" in found.subject
    assert f"另有{len(tasks) - SHOWN}件" in found.text
    assert found.text.count("\n1. 【■ 红灯】") == 1
    assert "[红灯]" in found.subject
    assert len(found.text) < 10_000


# --- what a name may hold ---------------------------------------------------------------------------


def poisoned(story: Story, database_url: str) -> Story:
    """Units, people and a reason that would do harm if anything let them."""
    with raw(database_url) as connection:
        name = HOSTILE.replace("\x00", "") if database_url.startswith("postgres") else HOSTILE
        mark = "%s" if database_url.startswith("postgres") else "?"
        for table in ("unit", "person"):
            connection.execute(f"UPDATE {table} SET zh = {mark}, en = {mark}", (name, name))
    story.engine.library._caches = None
    check = story.the("self_check", "chenguang")
    reason = HOSTILE.replace("\x00", "")
    story.does("supervisor_one", "urge:", check, reason=reason)
    return story


class Tags(HTMLParser):
    """Which tags and links a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links.update(value or "" for name, value in attrs if name in ("href", "src"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_names_come_out_inert(checks: Story, database_url: str, language: str) -> None:
    checks._read = 0
    story = poisoned(checks, database_url)
    check = story.the("self_check", "chenguang")
    urged = heard(story, "handler of chenguang", check, "urged")
    found = written(story, replace(letter(story, urged, to="handler of chenguang"), language=language))  # type: ignore[arg-type]
    page = Tags()
    page.feed(found.html or "")
    assert "script" not in page.tags
    assert all(one.startswith("https://duban.example/") for one in page.links)
    for text in (found.subject, found.text, found.html or "", *found.phrases, *found.values.values()):
        assert "49" not in text
        assert not {"\r", "\x00", "\u202e", "\u2066", "\u2028"} & set(text)
        assert "{{7*7}}" in text or "7*7" not in text  # as it was written, nothing evaluated
    assert "\n" not in found.subject
    assert not any("\n" in one for one in found.phrases)
    assert not any(line.startswith("Bcc:") for line in found.text.splitlines())
    assert "💥" in found.text


def test_the_subject_and_texts_hold_no_personal_data(late: Story) -> None:
    names = {one.name.to(language) for one in late.pack.people for language in ("zh", "en")}
    for language in ("zh", "en"):
        letters = [replace(one, language=language) for one in all_letters(late, one_each=True)]
        for found in write(late, letters).values():
            assert isinstance(found, Content)
            said = "\n".join((found.subject, *found.phrases, *found.values.values()))
            assert not [name for name in names if name in said]


# --- what can't be written, and what nobody knows ---------------------------------------------------


@contextmanager
def unreadable(url: str, task: int) -> Iterator[None]:
    """For a while the data of a task are broken."""
    with raw(url) as connection:
        (body,) = connection.execute(f"SELECT body FROM task WHERE id = {task}").fetchone()
        connection.execute(f"UPDATE task SET body = '{{' WHERE id = {task}")
        yield
        mark = "%s" if url.startswith("postgres") else "?"
        connection.execute(f"UPDATE task SET body = {mark} WHERE id = {task}", (body,))


def test_a_task_that_cannot_be_read_makes_its_own_letter_unwritable(late: Story, database_url: str) -> None:
    letters = all_letters(late, one_each=True)
    broken = late.the("self_check", "wanghe")
    with unreadable(database_url, broken):
        found = write(late, letters)
    for one in letters:
        answer = found[one.delivery_id]
        if one.parts[0].task_id == broken:
            assert isinstance(answer, Unwritable)
            assert "duban doctor" in answer.why.zh
        else:
            assert isinstance(answer, Content)


def test_among_several_tasks_one_that_cannot_be_read_is_told_by_its_number(
    late: Story, database_url: str
) -> None:
    parts = everything(late, "supervisor_one")
    broken = late.the("self_check", "wanghe")
    with unreadable(database_url, broken):
        found = written(late, letter(late, *parts, to="supervisor_one"))
    assert f"SFD-{broken} 望河区" in found.text
    assert "暂无法读取" in found.text


def test_every_reason_of_the_engine_has_a_sentence_and_an_unknown_one_is_formal(late: Story) -> None:
    check = late.the("self_check", "wanghe")
    known = heard(late, "leader of wanghe", check, "very_late")
    for reason in (*REASONS, "of another kind"):
        found = written(late, letter(late, replace(known, reason=reason), to="leader of wanghe"))
        assert "地区自查" in found.subject or "岗位已移交" in found.subject
    assert class_of("of another kind") == "formal"
    assert set(REASONS) == set(Reason.__args__)  # type: ignore[attr-defined]


# --- what comes along -------------------------------------------------------------------------------


def test_without_a_site_there_are_no_links(late: Story) -> None:
    check = late.the("self_check", "chenguang")
    for one in all_letters(late, one_each=False)[:6]:
        found = written(late, one, Site())
        assert "http" not in found.text
        assert "href" not in (found.html or "")
    assert check


def test_a_link_is_only_for_an_act_that_belongs_to_the_step(late: Story) -> None:
    acts: set[str] = set()

    def mint(wish: Wish) -> str:
        acts.add(wish.act)
        return "https://duban.example/a/1"

    site = replace(SITE, mint=mint)
    write(late, all_letters(late, one_each=True), site)
    assert acts == {"sign_for", "sign", "completed"}  # never to withdraw, nor what needs figures


def test_a_text_message_has_no_page_and_no_link(late: Story) -> None:
    def mint(wish: Wish) -> str:
        raise AssertionError(f"nobody needs a link for {wish.act}")

    letters = [replace(one, kind="sms") for one in all_letters(late, one_each=False)]
    for found in write(late, letters, replace(SITE, mint=mint)).values():
        assert isinstance(found, Content)
        assert found.html is None
        assert not any("http" in one for one in found.phrases)


def test_attachments_of_the_event_go_along_once(late: Story) -> None:
    check = late.the("self_check", "wanghe")
    told = heard(late, "leader of wanghe", check, "very_late")
    paper = Attachment(name="督办函.docx", type="application/msword", data=b"-")
    site = replace(SITE, attachments=lambda _, events: dict.fromkeys(events, (paper,)))
    found = written(late, letter(late, told, told, to="leader of wanghe"), site)
    assert found.attachments == (paper,)
    assert "附件：督办函.docx" in found.text


def test_formal_notices_offer_no_way_to_switch_them_off(late: Story) -> None:
    for one in all_letters(late, one_each=False):
        found = written(late, one)
        assert ("/u/" in found.text) is (one.class_ == "information")


def test_a_deadline_that_rests_on_an_unpublished_year_says_so(tell: Tell, spring: Pack) -> None:
    story = tell(spring)
    story._read = 0
    story.at("2026-03-02 09:00")
    check = story.the("self_check", "chenguang")
    story.does("handler of chenguang", "sign_for", check)
    told = heard(story, "handler of chenguang", check, "assigned")
    assert "暂定" not in written(story, letter(story, told, to="handler of chenguang")).text
    story.does("handler of chenguang", "extend", check, until="2028-02-29", reason="跨年")
    story.does("supervisor_one", "confirm:extend", check)
    assert "2028年2月29日（周二）24:00" in written(story, letter(story, told, to="handler of chenguang")).text
