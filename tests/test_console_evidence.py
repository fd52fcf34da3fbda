"""Evidence in the browser: sent with an act, kept only with it, and shown to whoever may see the task."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from console.web import create_app
from tests.stories.teller import Story, told
from workflow.definition import Pack, load_pack
from workflow.errors import BadValue
from workflow.evidence import Folder
from workflow.evidence_kinds import kind_of, thumbnail

from .test_console_tasks import HERE, Browsers, form_of, number
from .test_reading import CHECK, PACK

DECLARED = {"nothing_classified": "1"}
REPORT = {"fact.own_score": "88", "none.problems": "1"}


def photo(format_: str = "JPEG", size: tuple[int, int] = (600, 400), **extra: Any) -> bytes:
    target = BytesIO()
    Image.new("RGB", size, (90, 120, 40)).save(target, format_, **extra)
    return target.getvalue()


def office(part: str = "word/document.xml", content: bytes = b"<w/>", *more: str) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (part, *more):
            archive.writestr(name, content)
    return target.getvalue()


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(sqlite_url: str, pack: Pack) -> Iterator[Story]:
    with told(sqlite_url, pack, at="2026-03-02 08:00") as found:
        yield found.at("2026-03-02 09:00")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "evidence")


@pytest.fixture
def browsers(story: Story, folder: Folder) -> Browsers:
    found = Browsers(story)
    place = found.app.state.place
    settings = replace(place.settings, largest_file=200_000, most_files=2, largest_form=1_000_000)
    found.app = create_app(replace(place, folder=folder, settings=settings))
    return found


@pytest.fixture
def handler(story: Story, browsers: Browsers) -> TestClient:
    browser = browsers.of("handler of beiwan")
    path = f"/tasks/{number(story, story.the(CHECK, 'beiwan'))}/do/sign_for"
    assert browser.post(path, data=form_of(browser, path), headers=HERE).status_code == 303
    return browser


def kept(folder: Folder) -> list[str]:
    return sorted(one.name for one in folder.root.rglob("*") if one.is_file()) if folder.root.exists() else []


def submit(story: Story, browser: TestClient, *files: bytes, **more: str) -> Any:
    path = f"/tasks/{number(story, story.the(CHECK, 'beiwan'))}/do/submit"
    sent = [("evidence", (f"../../张三{n}.exe", one, "text/html")) for n, one in enumerate(files)]
    return browser.post(path, data={**form_of(browser, path), **REPORT, **more}, files=sent, headers=HERE)


def test_a_photo_and_a_letter_are_kept_with_the_act_and_served_as_attachments(
    story: Story, handler: TestClient, folder: Folder
) -> None:
    answer = submit(story, handler, photo(), b"%PDF-1.7 letter", **DECLARED)
    assert answer.status_code == 303, answer.text
    assert len(kept(folder)) == 2
    own = number(story, story.the(CHECK, "beiwan"))
    page = handler.get(f"/tasks/{own}").text
    assert "张三" not in page
    for sha256 in kept(folder):
        assert f"/tasks/{own}/evidence/{sha256}" in page
        served = handler.get(f"/tasks/{own}/evidence/{sha256}")
        assert served.content == folder.path_of(sha256).read_bytes()
        assert served.headers["x-content-type-options"] == "nosniff"
        disposition = served.headers["content-disposition"]
        assert disposition.startswith("attachment")
        assert sha256[:8] in disposition
        assert "exe" not in disposition
        for odd in (f"%0d%0a{own.lower()}%0d%0a", f"%e3%80%80{own}"):
            again = handler.get(f"/tasks/{odd}/evidence/{sha256}")
            assert again.headers["content-disposition"] == disposition


@pytest.mark.parametrize(
    ("files", "more", "said"),
    [
        ([photo()], {}, "Nothing classified"),
        ([photo()] * 3, DECLARED, "at most 2 files"),
        ([b"%PDF-" + b"x" * 200_001], DECLARED, "larger than"),
        ([b"MZ a program"], DECLARED, "only photos"),
        ([b""], DECLARED, "empty file"),
        ([photo()], {**DECLARED, "fact.own_score": "880"}, "880"),
    ],
)
def test_what_is_refused_keeps_no_file_and_everything_typed(
    story: Story,
    handler: TestClient,
    folder: Folder,
    files: list[bytes],
    more: dict[str, str],
    said: str,
) -> None:
    answer = submit(story, handler, *files, **more)
    assert answer.status_code == 422
    assert said in answer.text
    assert "choose them again" in answer.text
    assert f'value="{more.get("fact.own_score", "88")}"' in answer.text
    assert kept(folder) == []


def test_a_hundred_megabytes_are_refused_by_what_they_announce(story: Story, handler: TestClient) -> None:
    path = f"/tasks/{number(story, story.the(CHECK, 'beiwan'))}/do/submit"

    def body() -> Iterator[bytes]:
        yield b"--x\r\n"

    headers = {**HERE, "content-type": "multipart/form-data; boundary=x"}
    announced = handler.post(path, content=b"", headers={**headers, "content-length": str(100 << 20)})
    unsaid = handler.post(path, content=body(), headers=headers)
    for answer in (announced, unsaid):
        assert answer.status_code == 422
        assert "Not taken" in answer.text or "未接收" in answer.text


def test_nobody_sends_files_without_signing_in(story: Story, browsers: Browsers) -> None:
    browser = TestClient(browsers.app, follow_redirects=False)
    big = {"evidence": ("a.pdf", b"%PDF-" + b"x" * 3_000_000)}
    assert browser.post("/tasks/1/do/submit", files=big, headers=HERE).status_code == 422


def test_another_units_people_and_another_tasks_page_get_no_file(
    story: Story, browsers: Browsers, handler: TestClient, folder: Folder
) -> None:
    assert submit(story, handler, photo(), **DECLARED).status_code == 303
    (sha256,) = kept(folder)
    own, other = (number(story, story.the(CHECK, unit)) for unit in ("beiwan", "wanghe"))
    stranger = browsers.of("handler of wanghe")
    for end in ("", "/small"):
        assert handler.get(f"/tasks/{own}/evidence/{sha256}{end}").status_code == 200
        assert stranger.get(f"/tasks/{own}/evidence/{sha256}{end}").status_code == 403
        assert stranger.get(f"/tasks/{other}/evidence/{sha256}{end}").status_code == 404
        assert handler.get(f"/tasks/{own}/evidence/{'0' * 64}{end}").status_code == 404


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (photo(), "jpg"),
        (photo("PNG"), "png"),
        (photo("WEBP"), "webp"),
        (b"%PDF-1.4", "pdf"),
        (office(), "docx"),
        (office("xl/workbook.xml"), "xlsx"),
        (office("ppt/presentation.xml"), "pptx"),
    ],
)
def test_the_content_tells_what_a_file_is(content: bytes, ending: str) -> None:
    assert kind_of(BytesIO(content)).ending == ending


@pytest.mark.parametrize(
    "content",
    [
        b"<svg onload=alert(1)>",
        b"<html>",
        photo("GIF"),
        photo()[:40],
        office("anything.txt"),
        office("word/document.xml", b"<w/>", "word/vbaProject.bin"),
        office("word/document.xml", b"0" * 5_000_000),
        office()[:30],
        photo("PNG", (8000, 7000)),
    ],
    ids=["svg", "html", "gif", "half", "zip", "macro", "swelling", "broken", "pixels"],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(BadValue):
        kind_of(BytesIO(content))


def test_a_thumbnail_is_small_and_carries_nothing_of_where_the_photo_was_taken() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    small = thumbnail(BytesIO(photo(exif=exif)))
    assert b"taken at home" not in small
    with Image.open(BytesIO(small)) as image:
        assert max(image.size) == 240
        assert not image.getexif()


def test_how_many_files_is_said_before_the_act_and_refused_after_it(sqlite_url: str, folder: Folder) -> None:
    pack = load_pack(Path(__file__).resolve().parents[1] / "definitions" / "safety_hazard")
    with told(sqlite_url, pack, at="2026-03-02 08:00") as story:
        story.at("2026-04-02 10:00")
        rows = [{"what": "承重墙开裂", "place": "一号库", "due": "2026-04-20"}]
        patrol = story.find("patrol", "east_depot")[-1]
        story.does("officer of east_depot", "submit", patrol, rows={"hazards": rows}, evidence=1)
        (hazard,) = story.find("hazard", "east_depot")
        story.does("inspector_one", "grade", hazard, level="major")
        browsers = Browsers(story)
        browsers.app = create_app(replace(browsers.app.state.place, folder=folder))
        officer, own = browsers.of("officer of east_depot"), number(story, hazard)
        assert "needs evidence: 3" in officer.get(f"/tasks/{own}").text
        path = f"/tasks/{own}/do/fixed"
        assert "at least 3 files; by Level: general 1, major 3" in " ".join(officer.get(path).text.split())
        form = {**form_of(officer, path), **DECLARED, "fact.measure": "已加固"}
        sent = [("evidence", (f"{n}.jpg", photo(size=(60 + n, 40)), "image/jpeg")) for n in range(3)]
        answer = officer.post(path, data=form, files=sent[:2], headers=HERE)
        assert (answer.status_code, "(Level: major)" in answer.text) == (422, True)
        assert officer.post(path, data=form, files=sent, headers=HERE).status_code == 303
        assert story.task(hazard).state == "to_verify"


@pytest.mark.parametrize("typed", ["%0d%0a{id}", "%E3%80%80{id}", "{id}%20", "{prefix}-{id}%E2%80%A8"])
def test_a_file_is_named_by_the_tasks_number_and_not_by_what_was_typed(
    story: Story, handler: TestClient, folder: Folder, typed: str
) -> None:
    """Line ends would end the header, and what no header can hold would break the page."""
    assert submit(story, handler, photo(), **DECLARED).status_code == 303
    own = number(story, story.the(CHECK, "beiwan"))
    (sha256,), (prefix, _, ident) = kept(folder), own.partition("-")
    served = handler.get(f"/tasks/{typed.format(prefix=prefix, id=ident)}/evidence/{sha256}")
    assert served.status_code == 200
    assert served.headers["content-disposition"] == f'attachment; filename="{own}-{sha256[:8]}.jpg"'


# --- files that are made to cost --------------------------------------------------------------------


def test_a_photo_of_thousands_of_passes_is_refused() -> None:
    """One of 440 kB kept a processor busy for two minutes, each time that it was drawn small."""
    honest = photo(size=(3000, 3000), progressive=True)
    last = honest[honest.rindex(b"\xff\xda") : -2]
    assert kind_of(BytesIO(honest)).ending == "jpg"
    with pytest.raises(BadValue):
        kind_of(BytesIO(honest[:-2] + last * 300 + b"\xff\xd9"))


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_a_picture_that_swells_is_kept_but_not_drawn_small(format_: str) -> None:
    more: dict[str, Any] = {"lossless": True} if format_ == "WEBP" else {}
    source = BytesIO(photo(format_, (4100, 4000), **more))
    assert source.getbuffer().nbytes < 100_000
    assert kind_of(source).is_image
    with pytest.raises(BadValue):
        thumbnail(source)


def test_an_archive_of_nothing_but_names_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = office("word/document.xml", b"", *(f"{n}" for n in range(10_001)))
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(BadValue):
        kind_of(BytesIO(many))


def test_a_photo_with_broken_notes_is_refused_and_breaks_nothing(
    story: Story, handler: TestClient, folder: Folder
) -> None:
    """Pillow stumbles over them with whatever error comes."""
    notes = Image.Exif()
    notes[0x0112], notes[0x011A] = 6, 72.0
    broken = photo(exif=notes).replace(b"\x01\x1a\x00\x05", b"\x01\x1a\x00\x02")  # the ratio is a word
    assert submit(story, handler, broken, **DECLARED).status_code == 303
    own = number(story, story.the(CHECK, "beiwan"))
    (sha256,) = kept(folder)
    assert handler.get(f"/tasks/{own}/evidence/{sha256}/small").status_code == 422
