"""A review in the browser of whoever got a link or a code; and on the command line of whoever conducts it."""

from __future__ import annotations

import csv
import itertools
import json
import re
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

import main
from console.limits import Limits, Pace
from console.web import Place, create_app
from console.web.addresses import address_of
from tests.four_checks import BALLOT, FOUR_CHECKS
from tests.packs import small_pack
from tests.stories.teller import Story, told
from tests.storing import raw
from workflow.clock import VirtualClock
from workflow.definition import Pack
from workflow.redaction import shown_path
from workflow.store.postgresql import PostgresPort

SITE = "https://duban.example.org"
NEUTRAL = {"DUBAN_LANG": "", "DUBAN_DATABASE": "", "DUBAN_DEBUG": "", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return small_pack(tmp_path_factory.mktemp("pack"), **{**FOUR_CHECKS, "review": BALLOT})


class Hall:
    """A review of the east, the web it is held on, and the command line."""

    def __init__(self, url: str, story: Story, clock: VirtualClock, folder: Path) -> None:
        self.url, self.story, self.clock, self.folder = url, story, clock, folder
        self.task = story.the("review", "east")
        numbers = itertools.count(1)
        self.place = Place(
            engine=story.engine,
            clock=clock,
            randomness=lambda size: (next(numbers) * 0x9E3779B97F4A7C15).to_bytes(64, "big")[-size:],
        )
        self.app = create_app(self.place)

    @property
    def phone(self) -> TestClient:
        """Somebody's phone: no cookies, and a browser that says little of where a form comes from."""
        return TestClient(
            self.app, follow_redirects=False, headers={"accept-language": "en", "origin": "null"}
        )

    def call(self, *args: object) -> Result:
        self.clock.set(self.story.now)
        typed = [*map(str, args), "--database", self.url, "--lang", "en"]
        return CliRunner(env=NEUTRAL).invoke(main.app, typed)

    def does(self, *args: object) -> str:
        result = self.call(*args)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def refuses(self, *args: object) -> str:
        result = self.call(*args)
        assert result.exit_code in (1, 2), result.stdout + result.stderr
        return result.stderr

    def opens(self, *args: object) -> list[dict[str, str]]:
        """A review, and what it gives out."""
        out = self.folder / f"given-{len(list(self.folder.iterdir()))}.csv"
        self.does("ballot", "open", self.task, "--out", out, "--address", SITE, *args)
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        with out.open(encoding="utf-8-sig", newline="") as source:
            return list(csv.DictReader(source))

    def paths(self, *args: object) -> list[str]:
        return [one["link"].removeprefix(SITE) for one in self.opens(*args)]

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        with raw(self.url) as connection:
            return [tuple(row) for row in connection.execute(f"SELECT * FROM {table}").fetchall()]

    def until(self, local: str) -> None:
        self.clock.set(self.story.at(local).now)


@pytest.fixture(scope="module")
def handed_out(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    """A folder with a database in which the tasks are open already, to make copies of."""
    folder = tmp_path_factory.mktemp("handed_out") / "ledger"
    shutil.copytree(sqlite_template, folder)
    with told(f"sqlite:///{folder / 'duban.db'}", pack, at="2026-03-02 08:00") as story:
        story.at("2026-03-02 09:00")
    return folder


def held(
    url: str, pack: Pack, folder: Path, monkeypatch: pytest.MonkeyPatch, at: str = "2026-03-02 08:00"
) -> Iterator[Hall]:
    clock = VirtualClock(0)
    monkeypatch.setattr(main, "CLOCK", clock)
    monkeypatch.chdir(folder)
    with told(url, pack, at=at) as story:
        clock.set(story.at("2026-03-02 09:00").now)
        (folder / "files").mkdir()
        yield Hall(url, story, clock, folder / "files")


@pytest.fixture
def hall(handed_out: Path, pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    shutil.copytree(handed_out, tmp_path / "ledger")
    url = f"sqlite:///{tmp_path / 'ledger' / 'duban.db'}"
    yield from held(url, pack, tmp_path, monkeypatch, "2026-03-02 09:00")


@pytest.fixture
def either(database_url: str, pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    """On each database, by the story's time."""
    monkeypatch.setattr(PostgresPort, "now", lambda _: None)
    yield from held(database_url, pack, tmp_path, monkeypatch)


def vote(phone: TestClient, path: str, mark: str = "4", said: str = "") -> Any:
    return phone.post(path, data={"mark.satisfaction": mark, "said": said, "language": "en"})


# --- on a phone -------------------------------------------------------------------------------------


def test_a_link_a_mark_a_word_and_thanks(hall: Hall) -> None:
    (hall.folder / "people").write_text("\ufeff甲\n\n 乙 \n" + "\n".join(f"p{n}" for n in range(10)))
    given = hall.opens("--people", hall.folder / "people")
    assert [one["name"] for one in given[:2]] == ["甲", "乙"]
    path = given[0]["link"].removeprefix(SITE)
    page = hall.phone.get(path)
    assert page.status_code == 200
    assert "Confidential" in page.text
    assert "Anonymous" not in page.text
    assert page.text.count('type="radio"') == 5
    assert "no names" in page.text
    sent = vote(hall.phone, path, said="谢谢")
    assert (sent.status_code, sent.headers["location"]) == (303, f"{path}?language=en")
    for _ in range(2):  # thanks can be shown again
        thanks = hall.phone.get(sent.headers["location"])
        assert "Thank you" in thanks.text
        assert "<form" not in thanks.text
    again = vote(hall.phone, path, mark="0")
    assert again.status_code == 409
    assert "sent again" in again.text
    ((_, _, marks, said),) = hall.rows("ballot")
    assert (json.loads(marks), said) == ({"satisfaction": 100_000_000}, "谢谢")


def test_a_code_is_typed_as_it_is_printed(hall: Hall) -> None:
    code = hall.opens("--codes", 12)[3]
    assert re.fullmatch(r"(\w{4}-){2}\w{4}", code["code"])
    assert code["name"] == ""
    assert hall.phone.get("/r").status_code == 200
    found = hall.phone.post("/r", data={"code": f" {code['code'].lower()} ", "language": "en"})
    assert found.status_code == 303
    page = hall.phone.get(found.headers["location"])
    assert "Anonymous" in page.text
    assert "drawn by lot" in page.text
    assert "Confidential" not in page.text
    assert vote(hall.phone, code["link"].removeprefix(SITE)).status_code == 303


def test_fifty_posts_of_one_code_are_one_ballot(either: Hall) -> None:
    path = either.paths("--codes", 10)[0]
    with ThreadPoolExecutor(10) as pool:
        phones = [either.phone for _ in range(10)]
        statuses = list(pool.map(lambda n: vote(phones[n % 10], path).status_code, range(50)))
    assert sorted(statuses) == [303] + [409] * 49
    assert len(either.rows("ballot")) == 1


def test_nobody_who_is_signed_in_is_seen_voting(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session notes when it was seen last: beside a ballot that would say whose it is."""
    path, phone = hall.paths("--codes", 10)[0], hall.phone
    phone.cookies.set("duban", "f" * 64)
    monkeypatch.setattr(type(hall.place), "door", property(lambda _: pytest.fail("somebody looked")))
    assert phone.get("/r").status_code == 200
    assert phone.get(path).status_code == 200
    assert vote(phone, path).status_code == 303
    answer = phone.get(path)
    assert "set-cookie" not in answer.headers
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_figures_count_no_ballots(hall: Hall) -> None:
    """What scrapes them keeps them with their time: it would say when somebody voted."""
    path = hall.paths("--codes", 10)[0]
    here = TestClient(hall.app, client=("127.0.0.1", 1), follow_redirects=False)
    assert vote(here, path).status_code == 303
    here.get("/sign-in")
    figures = here.get("/metrics").text
    assert 'route="/sign-in"' in figures
    assert not re.search(r'route="/r[/"]', figures)


def test_a_slip_loses_nothing_that_was_typed(hall: Hall) -> None:
    path = hall.paths("--codes", 10)[0]
    missing = vote(hall.phone, path, mark="", said="地方好找")
    assert missing.status_code == 422
    assert "choose a mark" in missing.text
    assert "地方好找" in missing.text
    long = vote(hall.phone, path, mark="3", said="字" * 10_000)
    assert long.status_code == 422
    assert "10000 characters" in long.text
    assert len(long.content) < 200_000
    assert re.search(r'value="3" required checked', long.text)
    assert hall.rows("ballot") == []
    assert vote(hall.phone, path, said="好\x00\x1b[31m\u202e<b>").status_code == 303
    assert hall.rows("ballot")[0][3] == "好[31m<b>"


def test_what_leads_nowhere_says_so(hall: Hall) -> None:
    hall.opens("--codes", 10)
    for secret in ("0" * 12, "0" * 26, "x", "%00%0a", "A" * 3_000, "\u4e00"):
        for answer in (hall.phone.get(f"/r/{secret}"), vote(hall.phone, f"/r/{secret}")):
            assert answer.status_code == 404, secret
    assert hall.rows("ballot") == []


def test_before_and_after_the_window(hall: Hall) -> None:
    path = hall.paths("--codes", 10)[0]
    early = replace(hall.place, clock=VirtualClock(hall.clock.now() - 3 * 86_400_000))
    phone = TestClient(create_app(early), follow_redirects=False, headers={"accept-language": "en"})
    assert "has not begun" in phone.get(path).text
    assert vote(phone, path).status_code == 409
    hall.until("2026-06-01 00:00")
    assert "The review is over" in hall.phone.get(path).text
    assert vote(hall.phone, path).status_code == 409
    assert hall.rows("ballot") == []


def test_guessing_is_slowed_down_and_links_are_not(hall: Hall) -> None:
    paths = hall.paths("--codes", 10)
    phone, statuses = hall.phone, list[int]()
    for number in range(40):
        statuses.append(phone.post("/r", data={"code": f"{number:012}"}).status_code)
    assert statuses == [404] * 30 + [429] * 10
    assert phone.get(paths[0]).status_code == 429  # a right guess is not told apart meanwhile
    hall.clock.advance(2_000)
    assert phone.get(paths[0]).status_code == 200
    assert phone.get("/r/" + "0" * 26).status_code == 404


def test_ballots_are_slowed_down_too(hall: Hall) -> None:
    path = hall.paths("--codes", 10)[0]
    place = replace(hall.place, ballots=Limits(Pace(at_once=2, every=1_000)))
    phone = TestClient(create_app(place), follow_redirects=False)
    assert [vote(phone, path, mark="x").status_code for _ in range(4)] == [422, 422, 429, 429]
    hall.clock.advance(1_000)
    assert vote(phone, path).status_code == 303


class _Request:
    def __init__(self, peer: str, forwarded: str | None) -> None:
        self.headers = Headers({} if forwarded is None else {"x-forwarded-for": forwarded})
        self.client = type("Peer", (), {"host": peer})()


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxied", "expected"),
    [
        ("10.0.0.1", "1.2.3.4", False, "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", True, "1.2.3.4"),
        ("10.0.0.1", "nonsense", True, "10.0.0.1"),
        ("2001:db8::1:2", None, True, "2001:db8::"),
        ("testclient", None, False, "testclient"),
    ],
)
def test_from_where_tries_are_counted(peer: str, forwarded: str | None, proxied: bool, expected: str) -> None:
    assert address_of(_Request(peer, forwarded), proxied=proxied) == expected  # type: ignore[arg-type]


def test_no_log_says_which_link_was_opened() -> None:
    assert shown_path("/r/0123456789AB") == "/r/…"
    assert shown_path("/tasks/SFD-1") == "/tasks/SFD-1"


def test_both_languages_and_no_way_into_the_rest(hall: Hall) -> None:
    path = hall.paths("--codes", 10)[0]
    for language, word in (("zh", "提交"), ("en", "Send")):
        page = hall.phone.get(f"{path}?language={language}").text
        assert word in page
        links = set(re.findall(r'href="([^"]*)"', page)) - set(re.findall(r'"(/static/[^"]*)"', page))
        assert links == {f"{path}?language={'zh' if language == 'en' else 'en'}"}
        assert "style=" not in page
        assert "<script" not in page


# --- conducting it ----------------------------------------------------------------------------------


def test_from_opening_to_facts_on_the_command_line(hall: Hall) -> None:
    for path in hall.paths("--codes", 20)[:11]:
        vote(hall.phone, path, said="路灯不亮" if path else "")
    assert "runs until" in hall.refuses("ballot", "close", hall.task, "--as", "wang")
    assert "isn't counted" in hall.refuses("ballot", "results", hall.task)
    hall.until("2026-06-01 09:00")
    assert "11 ballots" in hall.does("ballot", "close", hall.task, "--as", "wang")
    assert hall.story.task(hall.task).facts == {"returned": 11, "satisfaction": 100}
    told_of = json.loads(hall.does("ballot", "results", hall.task, "--json"))
    assert told_of == {"returned": 11, "means": {"satisfaction": "100.00"}, "words": []}
    assert "路灯不亮" in hall.does("ballot", "results", hall.task, "--words")
    assert "11 ballots" in hall.does("ballot", "results")
    assert hall.rows("roll") == []


def test_nothing_is_opened_without_a_file_to_give_out(hall: Hall) -> None:
    out = hall.folder / "there"
    out.write_text("mine")
    given = ("ballot", "open", hall.task, "--codes", 10, "--address", SITE, "--out")
    assert "there already" in hall.refuses(*given, out)
    assert out.read_text() == "mine"
    assert "can't be written" in hall.refuses(*given, hall.folder / "no" / "such")
    assert hall.rows("review") == []
    hall.does(*given, hall.folder / "new")
    assert "voted on already" in hall.refuses(*given, hall.folder / "newer")
    assert not (hall.folder / "newer").exists()


def test_a_list_of_people_that_is_none(hall: Hall) -> None:
    people, out = hall.folder / "people", ("--address", SITE, "--out", hall.folder / "out")
    many = "\n".join(map(str, range(20)))
    for typed, why in (
        (f"a\nb\na\n{many}", "stands twice"),
        (f"{'x' * 101}\n{many}", "longer than 100"),
        ("a\nb\n\n", "of fewer than 10"),
        ("", "of fewer than 10"),
    ):
        people.write_text(typed)
        assert why in hall.refuses("ballot", "open", hall.task, "--people", people, *out)
    people.write_bytes(b"\xff\xfe")
    assert "no UTF-8" in hall.refuses("ballot", "open", hall.task, "--people", people, *out)
    assert "one of the two" in hall.refuses("ballot", "open", hall.task, *out)
    assert not (hall.folder / "out").exists()


def test_names_that_a_spreadsheet_would_reckon_with(hall: Hall) -> None:
    (hall.folder / "people").write_text("=1+1\n" + "\n".join(f"p{n}" for n in range(10)))
    assert hall.opens("--people", hall.folder / "people")[0]["name"] == "'=1+1"


def test_slips_to_be_printed(hall: Hall) -> None:
    hall.opens("--codes", 10)
    given, out = hall.folder / "given-0.csv", hall.folder / "slips.html"
    hall.does("ballot", "sheet", given, out, "--title", "评议 <2026>")
    page = out.read_text()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert page.count("<svg") == page.count('class="slip"') == 10
    assert "评议 &lt;2026&gt;" in page
    assert "http" not in re.sub(r"https://duban\.example\.org/r", "", page)
    assert "there already" in hall.refuses("ballot", "sheet", given, out)
    (hall.folder / "other").write_text("a,b\n1,2\n")
    assert "not what duban ballot open wrote" in hall.refuses(
        "ballot", "sheet", hall.folder / "other", hall.folder / "new"
    )
