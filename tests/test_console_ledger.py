"""The ledger in the browser: filters, pages, views, files, the import, the search."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from starlette.testclient import TestClient

from commands.books import DeskBooks
from console.web import create_app, importing, ledger
from tests.stories.teller import Story, told
from tests.storing import Counting
from tests.test_console_tasks import HERE, Browsers, number
from tests.test_reading import CHECK, PACK
from workflow.definition import load_pack
from workflow.searching import Indexing

SUPERVISOR, HANDLER = "supervisor of bureau", "handler of beiwan"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    from workflow.store import migrate

    url = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'duban.db'}"
    migrate(url)
    with told(url, load_pack(PACK), at="2026-03-02 08:00") as found:
        yield found.at("2026-03-02 09:00")


class Desk(Browsers):
    """Browsers that stay signed in, with workbooks."""

    def __init__(self, story: Story) -> None:
        super().__init__(story)
        place = self.app.state.place
        self.place = place.__class__(**{**vars(place), "books": DeskBooks(story.engine)})
        self.app = create_app(self.place)
        self._kept: dict[str, TestClient] = {}

    def of(self, who: str) -> TestClient:
        if who not in self._kept:
            self._kept[who] = super().of(who)
        return self._kept[who]


@pytest.fixture(scope="module")
def desk(story: Story) -> Desk:
    return Desk(story)


def numbers(page: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'href="/tasks/([A-Z]+-[0-9]+)"', page)))


def secret(browser: TestClient, path: str = "/ledger") -> str:
    found = re.search(r'name="csrf" value="([^"]*)"', browser.get(path).text)
    assert found is not None
    return found[1]


def post(browser: TestClient, path: str, **form: str) -> Any:
    return browser.post(path, data={"csrf": secret(browser), **form}, headers=HERE)


# --- asking -----------------------------------------------------------------------------------------


def test_everything_asked_for_stands_in_the_address_and_in_the_form(desk: Desk) -> None:
    asked = {
        "words": "beiwan",
        "kind": CHECK,
        "unit": "city",
        "tree": "yes",
        "state": "issued",
        "waits": "handler",
        "due_from": "2026-03-01",
        "due_to": "2026-12-31",
        "late": "no",
        "columns": ["unit", "opened"],
    }
    page = desk.of(SUPERVISOR).get("/ledger", params=asked).text
    assert len(numbers(page)) == 1
    assert 'value="2026-12-31"' in page
    assert "Beiwan" in page
    heads = re.findall(r'<th scope="col">([^<]*)</th>', page)
    assert heads == ["Light", "No.", "Unit", "Opened"]


@pytest.mark.parametrize(
    "query",
    ["kind=nothing", "unit=nowhere", "due_from=1.3.2026", "year=x", "fact=progress", "after=x", "campaign=x"],
)
def test_what_cannot_be_asked_for_is_said_and_stays_in_the_form(desk: Desk, query: str) -> None:
    answer = desk.of(SUPERVISOR).get(f"/ledger?{query}")
    assert answer.status_code == 422
    assert "Not done" in answer.text
    assert numbers(answer.text) == []


def test_pages_follow_each_other_until_all_were_seen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = desk.of(SUPERVISOR)
    whole = numbers(browser.get("/ledger").text)
    monkeypatch.setattr(ledger, "MOST", 7)
    path, seen = "/ledger", list[str]()
    while path:
        page = browser.get(path).text
        seen += numbers(page)
        onwards = re.search(r'href="([^"]*)" rel="next"', page)
        path = onwards[1].replace("&amp;", "&") if onwards else ""
    assert seen == whole
    assert len(whole) > 7


def test_a_page_of_the_ledger_is_small_and_takes_a_fixed_number_of_statements(
    desk: Desk, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, counting = desk.of(SUPERVISOR), Counting()
    paths = (f"/ledger?kind={CHECK}&unit=beiwan&tree=yes", f"/ledger?kind={CHECK}&unit=city&tree=yes")
    for path in paths:
        browser.get(path)  # the posts of these units are known from here on
    monkeypatch.setattr(story.port, "_probe", counting)
    counts, sizes = [], []
    for path in paths:
        counting.clear()
        sizes.append(len(browser.get(path).content))
        counts.append(counting.total)
    assert counts[0] == counts[1] <= 26
    assert max(sizes) < 60_000


# --- views ------------------------------------------------------------------------------------------


def test_a_view_is_kept_shared_with_the_unit_and_deleted_by_its_owner_alone(desk: Desk) -> None:
    owner, colleague, other = (desk.of(one) for one in (HANDLER, "leader of beiwan", "handler of wanghe"))
    unit = re.search(r'<option value="([0-9]+)">Beiwan', owner.get("/ledger").text)
    assert unit is not None
    query = f"light=green&kind={CHECK}&columns=unit"
    assert post(owner, "/ledger/views", name="<b>本周</b>", query=query, unit=unit[1]).status_code == 303
    assert post(owner, "/ledger/views", name="私人", query="light=red").status_code == 303
    page = owner.get(f"/ledger?{query}").text
    assert "&lt;b&gt;本周" in page
    assert "私人" in page
    assert f'href="/ledger?light=green&amp;kind={CHECK}&amp;columns=unit" aria-current' in page
    shared = colleague.get("/ledger").text
    assert "&lt;b&gt;本周" in shared
    assert "私人" not in shared
    assert "本周" not in other.get("/ledger").text
    drop = re.search(r"/ledger/views/([0-9]+)/drop", page)
    assert drop is not None
    assert post(colleague, drop[0]).status_code == 404
    assert post(owner, drop[0]).status_code == 303
    assert "本周" not in colleague.get("/ledger").text


def test_a_view_of_the_same_name_takes_the_place_of_the_one_before(desk: Desk) -> None:
    browser = desk.of(SUPERVISOR)
    for query in ("light=red", "light=yellow"):
        post(browser, "/ledger/views", name="同名", query=query)
    page = browser.get("/ledger").text
    assert page.count("同名") == 1
    assert 'href="/ledger?light=yellow"' in page


def test_a_view_cannot_be_shared_with_a_unit_of_others_nor_lead_elsewhere(desk: Desk) -> None:
    browser = desk.of("handler of wanghe")
    assert post(browser, "/ledger/views", name="x", query="", unit="1").status_code == 403
    assert post(browser, "/ledger/views", name=" ", query="light=red").status_code == 422
    post(browser, "/ledger/views", name="elsewhere", query="//evil.example/&next=//evil&light=red")
    page = browser.get("/ledger").text
    assert "evil" not in page
    assert 'href="/ledger?light=red"' in page


# --- files ------------------------------------------------------------------------------------------


def test_an_export_holds_what_is_listed_and_opens_as_expected(desk: Desk) -> None:
    browser = desk.of(HANDLER)
    listed = numbers(browser.get("/ledger").text)
    answer = browser.get("/ledger/export.xlsx")
    assert "attachment" in answer.headers["content-disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert sorted(str(row[0]) for row in rows[1:]) == sorted(listed)
    assert (sheet.freeze_panes, sheet.page_setup.orientation) == ("B2", "landscape")
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.print_area
    light = rows[0].index("Light") + 1
    cell = sheet.cell(row=2, column=light)
    assert cell.value
    assert cell.fill.fgColor.rgb != "00000000"


def test_a_csv_has_the_columns_that_were_chosen(desk: Desk) -> None:
    answer = desk.of(HANDLER).get("/ledger/export.csv?columns=unit&columns=waits")
    heads = next(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert heads == ["No.", "Unit", "Light", "Waits for", "Who that is", "Remark"]


def test_no_other_file_can_be_had(desk: Desk) -> None:
    assert desk.of(HANDLER).get("/ledger/export.exe").status_code == 404


# --- the import -------------------------------------------------------------------------------------


def book(browser: TestClient, folder: Path, *lines: tuple[Any, ...]) -> Path:
    """A template that was filled in."""
    kind = re.findall(r'<option value="([a-z_]+/creation_task)"', browser.get("/ledger/import").text)[0]
    made = openpyxl.load_workbook(io.BytesIO(browser.get(f"/ledger/import/template?kind={kind}").content))
    for line in lines:
        made.worksheets[0].append(line)
    made.save(folder / "book.xlsx")
    return folder / "book.xlsx"


def send(browser: TestClient, file: Path | bytes, name: str = "book.xlsx") -> Any:
    page = browser.get("/ledger/import").text
    kind = re.findall(r'<option value="([a-z_]+/creation_task)"', page)[0]
    content = file if isinstance(file, bytes) else file.read_bytes()
    form = {"csrf": secret(browser, "/ledger/import"), "kind": kind}
    return browser.post("/ledger/import", data=form, files={"workbook": (name, content)}, headers=HERE)


def digest(page: str) -> str:
    found = re.search(r'name="sha256" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def count(story: Story) -> int:
    return len(story.all_tasks())


def test_a_workbook_is_checked_then_imported_as_it_was_checked(
    desk: Desk, story: Story, tmp_path: Path
) -> None:
    browser, before = desk.of(SUPERVISOR), count(story)
    file = book(browser, tmp_path, ("A-1", "beiwan", "employment"), ("A-2", "wanghe", "employment"))
    checked = send(browser, file)
    assert checked.status_code == 200, checked.text
    assert "Import these 2 tasks" in checked.text
    assert count(story) == before, "nothing is imported yet"
    first = digest(checked.text)
    other = book(browser, tmp_path, ("A-3", "xinhe", "employment"))
    second = digest(send(browser, other).text)
    assert post(browser, "/ledger/import/take", sha256=first).status_code == 409, "another was checked since"
    assert post(desk.of(HANDLER), "/ledger/import/take", sha256=second).status_code == 409, "not theirs"
    answer = post(browser, "/ledger/import/take", sha256=second)
    assert answer.headers["location"] == "/ledger/import?done=1&lines=1"
    assert count(story) == before + 1
    assert post(browser, "/ledger/import/take", sha256=second).status_code == 409, "only once"
    assert count(story) == before + 1


def test_every_wrong_cell_is_shown_and_marked_and_nothing_is_imported(
    desk: Desk, story: Story, tmp_path: Path
) -> None:
    browser, before = desk.of(SUPERVISOR), count(story)
    file = book(browser, tmp_path, ("B-1", "beiwan", "employment"), ("B-2", "nowhere", "=1+1", "3/2/2026"))
    checked = send(browser, file)
    assert checked.status_code == 422
    for cell in ("B3", "C3", "D3"):
        assert f'<th scope="row">{cell}</th>' in checked.text
    assert "nowhere" in checked.text
    assert "Import these" not in checked.text
    own = digest(checked.text)
    copy = openpyxl.load_workbook(io.BytesIO(post(browser, "/ledger/import/marked", sha256=own).content))
    assert copy.worksheets[0]["B3"].comment is not None
    assert post(browser, "/ledger/import/take", sha256=own).status_code == 422
    assert count(story) == before


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no workbook", "no Excel workbook"),
        (b"", "no Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls"),
    ],
)
def test_what_is_no_workbook_is_refused_with_its_own_message(desk: Desk, content: bytes, why: str) -> None:
    answer = send(desk.of(SUPERVISOR), content)
    assert answer.status_code == 422
    assert why in answer.text


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "LARGEST", 1_000)
    answer = send(desk.of(SUPERVISOR), b"x" * 1_001)
    assert answer.status_code == 422
    assert "larger than" in answer.text


def test_only_who_may_import_has_a_workbook_checked(desk: Desk, tmp_path: Path) -> None:
    file = book(desk.of(SUPERVISOR), tmp_path, ("C-1", "beiwan", "employment"))
    assert send(desk.of(HANDLER), file).status_code == 403


# --- the search -------------------------------------------------------------------------------------


def test_what_was_written_is_found_and_marked_and_never_run(desk: Desk, story: Story) -> None:
    task = story.the(CHECK, "beiwan")
    story.does(HANDLER, "comment:", task, text="<script>alert(1)</script> 水务部门未回复")
    Indexing(story.port).work(story.now)
    page = desk.of(HANDLER).get("/search", params={"q": "水务部门"}).text
    assert "<mark>水务部门</mark>" in page
    assert "<script>" not in page
    assert number(story, task) in page
    other = desk.of("handler of wanghe").get("/search", params={"q": "水务部门"}).text
    assert "Nothing was found" in other
    short = desk.of(HANDLER).get("/search", params={"q": "水"})
    assert short.status_code == 422
    assert desk.of(HANDLER).get("/search").status_code == 200
