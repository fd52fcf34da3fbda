"""Search: everything written is found by any part of it, nothing else is, and only by who may see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from tests.stories.teller import Story
from tests.storing import Counting
from tests.test_reading import CHECK, PACK, handed_out, looking
from workflow.definition import Pack, load_pack
from workflow.errors import BadValue
from workflow.reading import Scope, scope_of
from workflow.searching import Found, Indexing, asked, search, words
from workflow.searching.words import excerpt, holds
from workflow.store import searching
from workflow.store.applying import EVENT, VALUE
from workflow.store.sql import Statement

_TEXTS = Statement(select(searching.TEXT))
_WORDS = Statement(select(searching.WORD))


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    found = handed_out(database_url, pack)
    yield found
    found.close()


def find(story: Story, typed: str, who: str | None = None) -> Found:
    person = None if who is None else story.person(who)
    with looking(story) as frame:
        scope: Scope | None = None if person is None else scope_of(frame, person)
        return search(frame, typed, scope)


def index(story: Story) -> None:
    """Until nothing is left: on PostgreSQL others on the server may keep the settled id back."""
    indexing = Indexing(story.port)
    for _ in range(200):
        indexing.work(story.now)
        with story.port.read() as tx:
            if not searching.is_behind(tx):
                return


def says(story: Story, who: str, unit: str, text: str) -> int:
    task = story.the(CHECK, unit)
    story.does(who, "comment:", task, text=text)
    return task


def marked(found: Found) -> list[str]:
    return ["".join(text for text, is_it in hit.parts if is_it) for hit in found.hits]


# --- what is found ----------------------------------------------------------------------------------


def test_a_comment_is_found_by_any_part_of_it(story: Story) -> None:
    task = says(story, "handler of beiwan", "beiwan", "已与水务部门核对，Pump No. ７ 待检修。")
    assert not find(story, "水务").hits
    assert find(story, "水务").behind, "it is said that the newest is not searched yet"
    index(story)
    for typed in ("水务", "与水务部门", "检修", "pump", "PUMP 7", "no. 7", "水务 检修"):
        found = find(story, typed)
        assert [hit.line.id for hit in found.hits] == [task], typed
        assert not found.behind
    for typed in ("务水", "水部", "pum", "检修 防汛", "部门核对pump"):
        assert not find(story, typed).hits, typed
    assert marked(find(story, "水务部门")) == ["水务部门"]


def test_tasks_are_found_by_number_unit_and_kind(story: Story) -> None:
    (line,) = find(story, "北湾区 自查").tasks
    assert line.kind == CHECK
    assert [one.id for one in find(story, line.number).tasks] == [line.id]


@pytest.mark.parametrize("typed", ["", "  ", "县", "。，", "水务 区"])
def test_what_could_never_be_found_is_refused(typed: str) -> None:
    with pytest.raises(BadValue, match=r"search for|too short"):
        asked(typed)


def test_only_what_the_reader_may_see_is_found(story: Story) -> None:
    for unit in ("beiwan", "wanghe"):
        says(story, f"handler of {unit}", unit, f"{unit} 材料不全")
    index(story)
    assert len(find(story, "材料不全", "supervisor of bureau").hits) == 2
    (hit,) = find(story, "材料不全", "handler of beiwan").hits
    assert hit.line.id == story.the(CHECK, "beiwan")
    assert not find(story, "望河", "handler of beiwan").tasks


def test_what_is_erased_is_gone_from_the_index_in_the_same_transaction(story: Story) -> None:
    says(story, "handler of beiwan", "beiwan", "隐私内容不应保留")
    index(story)
    assert find(story, "隐私").hits
    with story.port.write("people") as tx:
        tx.run(Statement(delete(VALUE)))
    assert not find(story, "隐私").hits
    with story.port.read() as tx:
        assert (tx.all(_TEXTS), tx.all(_WORDS)) == ([], [])


def test_what_is_erased_before_it_is_indexed_never_comes_in(story: Story) -> None:
    says(story, "handler of beiwan", "beiwan", "隐私内容不应保留")
    with story.port.write("people") as tx:
        tx.run(Statement(delete(VALUE)))
    index(story)
    with story.port.read() as tx:
        assert tx.all(_TEXTS) == []


def test_pages_go_on_where_the_one_before_ended(story: Story) -> None:
    for number in range(5):
        says(story, "handler of beiwan", "beiwan", f"第{number}次检查情况")
    index(story)
    seen: list[str] = []
    before: int | None = None
    while True:
        with looking(story) as frame:
            page = search(frame, "检查情况", None, before=before, limit=2)
        seen += ["".join(text for text, _ in hit.parts) for hit in page.hits]
        before = page.further
        if before is None:
            break
    assert seen == [f"第{number}次检查情况" for number in range(4, -1, -1)]


def test_a_search_takes_as_many_statements_for_many_hits_as_for_few(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(story, "handler of beiwan", "beiwan", "首次检查")
    for unit in ("beiwan", "wanghe", "xinhe"):
        says(story, f"handler of {unit}", unit, "再次检查")
    index(story)
    find(story, "首次检查")
    counting, counts = Counting(), []
    monkeypatch.setattr(story.port, "_probe", counting)
    for typed in ("首次检查", "再次检查"):
        counting.clear()
        assert find(story, typed).hits
        counts.append(counting.total)
    assert counts[0] == counts[1]


def test_two_who_index_at_once_take_nothing_twice(story: Story) -> None:
    says(story, "handler of beiwan", "beiwan", "同时编入")
    one, two = Indexing(story.port), Indexing(story.port)
    index(story)
    story.together(lambda: one.work(story.now), lambda: two.work(story.now))
    assert len(find(story, "同时编入").hits) == 1


def test_an_index_made_anew_finds_the_same(story: Story) -> None:
    says(story, "handler of beiwan", "beiwan", "重新编入之后仍在")
    index(story)
    before = find(story, "重新编入")
    Indexing(story.port, batch=2).renew()
    assert not find(story, "重新编入").hits
    index(story)
    assert find(story, "重新编入") == before


# --- the model --------------------------------------------------------------------------------------

_ALPHABET = "水务部门检修防汛abAB1２　 ，.。\n"
_SEQ = count(1_000_000)


def _writes(story: Story, texts: Sequence[str]) -> dict[int, str]:
    """Events with these values, as the engine would write them; text by event."""
    task = story.the(CHECK, "beiwan")
    with story.port.write("people") as tx:
        tx.run(Statement(delete(VALUE)))
        ids = list(tx.draw("row_id", len(texts)))
        tx.insert(
            EVENT, [(one, task, next(_SEQ), story.now, story.now, "act", "{}", "{}", b"") for one in ids]
        )
        values: list[tuple[Any, ...]] = [
            (one, "reason", b"", orjson.dumps(text).decode()) for one, text in zip(ids, texts, strict=True)
        ]
        tx.insert(VALUE, values)
    return dict(zip(ids, texts, strict=True))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(st.sampled_from(_ALPHABET), min_size=1, max_size=12), min_size=1, max_size=8),
    queries=st.lists(st.text(st.sampled_from(_ALPHABET), min_size=1, max_size=5), min_size=1, max_size=6),
    cut=st.tuples(st.integers(0, 10), st.integers(2, 12)),
)
def test_everything_written_is_found_by_any_part_of_it_and_nothing_else_is(
    story: Story, texts: list[str], queries: list[str], cut: tuple[int, int]
) -> None:
    written = _writes(story, texts)
    index(story)
    parts = [text[cut[0] : cut[0] + cut[1]] for text in texts]
    for typed in (*queries, *parts):
        try:
            wanted = asked(typed)
        except BadValue:
            continue
        with story.port.read() as tx:
            words = sorted({word for piece in wanted.pieces for word in piece.words})
            pieces = [piece.text for piece in wanted.pieces]
            rows = searching.find(tx, pieces, words, [], {}, before=None, most=100)
        assert [one.event_id for one in rows] == [
            event for event, text in sorted(written.items(), reverse=True) if holds(wanted, text)
        ]


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=30), st.data())
def test_any_two_or_more_chinese_characters_of_a_text_are_found_in_it(text: str, data: Any) -> None:
    begin = data.draw(st.integers(0, len(text) - 2))
    part = text[begin : data.draw(st.integers(begin + 2, len(text)))]
    assert holds(asked(part), f"前。{text}")
    shown = excerpt(asked(part), text)
    assert part in "".join(one for one, is_it in shown if is_it) or len(part) > 1


def test_of_a_long_text_only_what_is_near_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes a book of one word could else keep everybody who searches for it waiting."""
    looked: list[str] = []
    fold = words._fold

    def counted(one: str) -> str:
        looked.append(one)
        return fold(one)

    monkeypatch.setattr(words, "_fold", counted)
    shown = excerpt(asked("道路中断"), "哈" * 400_000 + "道路中断" + "哈" * 400_000)
    assert ("道路中断", True) in shown
    assert len(looked) < 3 * words.LOOKED_AT


@given(st.text(max_size=60), st.text(min_size=1, max_size=6))
def test_an_excerpt_is_a_part_of_the_text_whatever_is_in_it(text: str, typed: str) -> None:
    try:
        wanted = asked(typed)
    except BadValue:
        return
    excerpt(wanted, text)
