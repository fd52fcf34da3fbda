"""Campaigns, draws and the list between two sides, as the people of different units see them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from commands.console import _bulletins
from console.web import create_app
from notifier.documents import keep_bulletin, make_bulletin
from tests.stories.teller import Story, instant, told
from tests.storing import Counting
from tests.test_draws import CHECKS, pack_with
from workflow import draws
from workflow.definition import load_pack
from workflow.pairing import Pair
from workflow.reading import Wanted, ledger, tally
from workflow.reading.frozen import freeze, keep
from workflow.reading.scope import Scope
from workflow.reading.two_sided import dual_list, two_sided
from workflow.text import Text

from .test_console_board import words
from .test_console_tasks import Browsers
from .test_reading import PACK, looking

SHIPPED = Path(__file__).resolve().parents[1] / "definitions"
LIST, FRIDAY = "dual_list_item", "2026-03-20"


def begun(template: Path, folder: Path) -> str:
    shutil.copytree(template, folder)
    return f"sqlite:///{folder / 'duban.db'}"


# --- a campaign -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def story(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The campaign that ships, a week old: three things are asked between sides, a ledger is frozen."""
    url = begun(sqlite_template, tmp_path_factory.mktemp("campaigns") / "ledger")
    with told(url, load_pack(SHIPPED / "demonstration_site"), at="2026-03-02 08:00") as found:
        found.at("2026-03-09 10:00")
        asked = {
            "解决家属就业": ("subdistrict_handler", "chenguang", "subdistrict"),
            "参加植树": ("supervisor_one", "subdistrict", "chenguang"),
            "修一条路": ("supervisor_one", "wanghe", "armed_police"),
        }
        items = {
            what: found.opens(
                who, LIST, doer=doer, asker=asker, deadline="2026-03-20", facts={"content": what}
            )
            for what, (who, doer, asker) in asked.items()
        }
        found.does("handler of chenguang", "claim", items["解决家属就业"])
        found.does("handler of wanghe", "claim", items["修一条路"])
        found.does("handler of wanghe", "finish", items["修一条路"], result="已通车", evidence=1)
        supervisor = found.person("supervisor of bureau")
        with found.port.write("people") as tx:
            frame = found.engine.library.frame(tx, found.now)
            wanted = Wanted(limit=1_000)
            keep(tx, *freeze(frame, "week_1", wanted, ledger(frame, wanted), supervisor))
        yield found


@pytest.fixture(scope="module")
def browsers(story: Story) -> Browsers:
    return Browsers(story)


@pytest.fixture(scope="module")
def supervisor(browsers: Browsers) -> TestClient:
    return browsers.of("supervisor of bureau")


@pytest.fixture(scope="module")
def leader(browsers: Browsers) -> TestClient:
    return browsers.of("leader of chenguang")


def test_a_campaign_shows_its_basis_milestones_rounds_and_formula(supervisor: TestClient) -> None:
    assert "/campaigns/demonstration_site" in supervisor.get("/campaigns").text
    answer = supervisor.get("/campaigns/demonstration_site")
    page = words(answer.text)
    assert "0.2 × self + 0.2 × cross + 0.4 × bureau + 0.2 × veterans" in page
    assert "2026-06-30 end" in page
    assert page.count("Chenguang District") == 1  # in the ranking
    assert "hand out checks" in page.split("Past")[1]
    assert "weekly dispatch" in page.split("Past")[0]
    assert answer.text.count("<circle") == 7
    assert len(answer.content) < 60_000
    assert supervisor.get("/campaigns/nothing").status_code == 404


def test_a_unit_sees_its_own_line_of_the_ranking(leader: TestClient) -> None:
    page = words(leader.get("/campaigns/demonstration_site").text)
    assert "Chenguang District" in page
    assert "Wanghe District" not in page
    assert "9 more units in the ranking" in page


def test_of_a_frozen_ledger_everybody_sees_their_own_lines(
    supervisor: TestClient, leader: TestClient, story: Story
) -> None:
    path = "/campaigns/demonstration_site/frozen/week_1"
    assert path in leader.get("/campaigns/demonstration_site").text
    everything, own = words(supervisor.get(path).text), words(leader.get(path).text)
    assert "its lines fit the hash" in own
    assert "Wanghe District" in everything
    assert "Wanghe District" not in own
    assert "Chenguang District" in own
    assert leader.get("/campaigns/demonstration_site/frozen/none").status_code == 404


def test_bulletins_are_handed_out_as_they_were_drawn_up(story: Story, browsers: Browsers) -> None:
    assert (
        "No bulletins are kept here"
        in browsers.of("handler of chenguang").get("/campaigns/demonstration_site").text
    )
    person = story.person("supervisor of bureau")
    with looking(story) as frame:
        own = next(iter(frame.campaigns.values()))
        drawn = make_bulletin(frame, own, "week_10", person=person, language="zh")
    with story.port.write("people") as tx:
        keep_bulletin(tx, drawn)
    browsers.app = create_app(replace(browsers.app.state.place, bulletins=_bulletins()))
    browser = browsers.of("leader of bureau")
    assert drawn.sha256 in browser.get("/campaigns/demonstration_site").text
    answer = browser.get("/campaigns/demonstration_site/bulletins/week_10")
    assert sha256(answer.content).hexdigest() == drawn.sha256
    assert answer.headers["content-disposition"].startswith("attachment")
    assert browser.get("/campaigns/demonstration_site/bulletins/none").status_code == 404


def test_these_pages_take_no_more_statements_later_in_a_campaign(
    story: Story, supervisor: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting()
    paths = ("/campaigns/demonstration_site", "/campaigns/demonstration_site/draws", "/dual-list")
    for path in paths:
        supervisor.get(path)
    monkeypatch.setattr(story.port, "_probe", counting)
    for path in paths:
        counting.clear()
        assert supervisor.get(path).status_code == 200
        assert counting.total <= 32, counting.texts


# --- the list between two sides ---------------------------------------------------------------------


def test_a_kind_is_two_sided_where_the_side_that_asked_confirms_what_the_other_did() -> None:
    found = {
        (path.name, name)
        for path in SHIPPED.iterdir()
        if (path / "campaign.yaml").exists()
        for name, one in load_pack(path).definitions.items()
        if two_sided(1, one) is not None
    }
    assert found == {("demonstration_site", LIST)}


def test_each_side_sees_what_it_asked_and_what_it_was_asked(
    leader: TestClient, browsers: Browsers, supervisor: TestClient
) -> None:
    page = words(leader.get("/dual-list").text)
    assert "Asked for by us 1" in page
    assert "Asked of us 1" in page
    assert "修一条路" not in page
    assert page.index("参加植树") < page.index("Asked of us") < page.index("解决家属就业")
    other = words(browsers.of("leader of subdistrict").get("/dual-list").text)
    assert other.index("解决家属就业") < other.index("Asked of us") < other.index("参加植树")
    everything = words(supervisor.get("/dual-list").text)
    assert "Between others 3" in everything
    assert "done, to be confirmed" in everything.split("修一条路")[1]


def test_how_far_things_have_come_is_counted_in_both_directions(story: Story) -> None:
    with looking(story) as frame:
        kinds = {one.id: frozenset([LIST]) for one in frame.campaigns.values()}
        found = dual_list(frame, Scope(person=0, units=frozenset(), kinds=kinds))
    counted = {(one.asker.en, one.doer.en): (dict(one.counts), dict(one.back)) for one in found.between}
    garrison, region = "Sample Garrison Sub-district", "Chenguang District"
    both = counted.get((garrison, region)) or counted[region, garrison][::-1]
    assert both == ({"claimed": 1}, {"asked": 1})
    assert ({"done": 1}, {}) in counted.values()


def test_without_such_a_kind_the_page_says_so(sqlite_url: str) -> None:
    with told(sqlite_url, load_pack(PACK), at="2026-02-02 08:00") as other:
        browser = Browsers(other).of("leader of beiwan")
        assert "No campaign in force has a kind" in browser.get("/dual-list").text
        assert (
            "Nothing has been drawn yet" in browser.get(f"/campaigns/{other.pack.campaign.name}/draws").text
        )


# --- draws ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Somebody has drawn twice: once in vain, once with a recusal less."""
    url = begun(sqlite_template, tmp_path_factory.mktemp("draws") / "ledger")
    pack = pack_with(tmp_path_factory.mktemp("pack") / "p", CHECKS, regions=6)
    with told(url, pack, at="2026-03-15 12:00") as found:
        opening = pack.campaign.rounds["checks"].opens[0]
        place = draws.Place(
            campaign_id=1,
            campaign=pack.campaign.name,
            round="checks",
            kind="mutual",
            label="2026-04-01 09:00",
        )
        others = [f"r{number}" for number in range(4)] + ["east"]
        why = Text("亲属关系", "relatives")
        for barred in (others, others[:1]):
            wishes = draws.Wishes(barred={Pair(one, "west"): why for one in barred})
            with found.port.read() as tx:
                problem = draws.problem_for(tx, pack, opening, place, "2026年第8号", wishes)
                names = draws.names_of(tx)
            with found.port.write("people") as tx:
                draws.record(tx, place, draws.solve(problem, names), None, found.now)
        yield found


@pytest.fixture(scope="module")
def reader(drawn: Story) -> TestClient:
    return Browsers(drawn).of("handler of east")


def test_a_draw_shows_all_that_is_needed_to_repeat_it(drawn: Story, reader: TestClient) -> None:
    browser, root = reader, f"/campaigns/{drawn.pack.campaign.name}/draws"
    listed = browser.get(root).text
    assert "impossible" in listed
    assert "2 / 2" in words(listed)
    page = browser.get(f"{root}/2").text
    lots = 0
    with drawn.port.read() as tx:
        pairs = draws.draws_of(tx, 1, "checks")[1].pairs
    assert len(pairs) == 6
    for pair in pairs:
        line = f"duban pairing 1\n2026年第8号\n{pair.checker}\n{pair.checked}"
        lot = int.from_bytes(sha256(line.encode()).digest()[:5], "big")
        assert f"<td>{lot}</td>" in page
        lots += lot
    assert f"<strong>{lots}</strong>" in page
    assert "relatives" in page
    assert "alike" in browser.get(f"{root}/2?check=yes").text


def test_a_draw_without_a_result_says_which_constraints_conflict(drawn: Story, reader: TestClient) -> None:
    browser, root = reader, f"/campaigns/{drawn.pack.campaign.name}/draws"
    page = words(browser.get(f"{root}/1").text)
    assert "No draw is possible" in page
    assert "relatives" in page
    assert "Combinations that were refused : 5" in page or "Combinations that were refused: 5" in page
    assert browser.get(f"{root}/99").status_code == 404


# --- both databases ---------------------------------------------------------------------------------


def test_both_databases_count_alike(database_url: str) -> None:
    with told(database_url, load_pack(SHIPPED / "demonstration_site"), at="2026-03-02 08:00") as both:
        both.at("2026-03-23 10:00")
        with looking(both) as frame:
            found = tally.tally(frame)
            sides = dual_list(frame, Scope(person=0, units=frozenset([1, 2, 3])))
        tasks = [one for one in both.all_tasks() if one.ended_at is None]
    assert sum(map(sum, found.now.values())) == len(tasks) == sum(many for many, _ in found.standing.values())
    assert sum(sum(one.due) for one in found.flow.values()) == sum(one.due_at is not None for one in tasks)
    before = [one for one in tasks if one.opened_at <= instant("2026-03-16 10:00")]
    assert sum(map(sum, found.before.values())) == len(before) > 0
    assert sides.between == ()
