"""The preview: every notice and digest as files, from a demonstration that leaves nothing behind."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from notifier.preview import preview
from tests.digesting import DIGESTS, with_digests
from workflow.definition import load_pack
from workflow.reading.outgoing import REASONS

SPRING = Path(__file__).parent / "definitions" / "spring"
DAILY = {name: DIGESTS[name] for name in ("daily_work", "daily_supervision", "weekly_overview")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preview of 20 days."""
    out = tmp_path_factory.mktemp("preview") / "out"
    pages = preview(out, with_digests(load_pack(SPRING), **DAILY), days=20)
    index = (out / "index.html").read_text("utf-8")
    for one in pages:
        assert one.subject in index.replace("&#34;", '"').replace("&#39;", "'")
        assert {"txt", "html", "sms.txt", "eml"} == {*one.endings}
        for ending in one.endings:
            assert (out / f"{one.name}.{ending}").stat().st_size > 0
            assert f'href="{one.name}.{ending}"' in index
    return out


def test_every_reason_and_digest_is_there_in_both_languages_and_listed(folder: Path) -> None:
    wanted = {reason.replace(" ", "_") for reason in REASONS} | {"many_formal", "many_information"}
    wanted |= {f"digest_{name}" for name in DAILY}
    names = {one.name.removesuffix(".eml") for one in folder.glob("*.eml")}
    assert names == {f"{name}.{language}" for name in wanted for language in ("zh", "en")}
    index = (folder / "index.html").read_text("utf-8")
    assert "多件并为一封（正式）" in index
    assert "Daily supervision" in index
    assert "催办，请抓紧办理" in (folder / "urged.zh.txt").read_text("utf-8")


def test_a_digest_is_numbered_compared_and_shows_its_picture_by_itself(folder: Path) -> None:
    daily = (folder / "digest_daily_work.zh.txt").read_text("utf-8")
    assert "上一期为第" in daily
    page = (folder / "digest_weekly_overview.en.html").read_text("utf-8")
    assert "data:image/png;base64," in page
    assert "cid:" not in page


@pytest.mark.parametrize(
    ("name", "may"),
    [("escalation", False), ("copied", True), ("many_information", True), ("digest_daily_work", True)],
)
def test_a_mail_bears_the_headers_of_its_class(folder: Path, name: str, may: bool) -> None:
    mail = message_from_bytes((folder / f"{name}.en.eml").read_bytes(), policy=policy.default)
    assert ("List-Unsubscribe" in mail) is may
    assert mail["To"].addresses[0].addr_spec == "reader@duban.example"
