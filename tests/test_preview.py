"""The preview: every notice as files, from a demonstration that leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

from notifier.content import Content
from notifier.preview import preview
from workflow.definition import load_pack
from workflow.reading.outgoing import REASONS
from workflow.store import Port

SPRING = Path(__file__).parent / "definitions" / "spring"


def more(port: Port, now: int) -> list[tuple[str, Content]]:
    """What others add to a preview."""
    return [("daily.en", Content(language="en", subject="No. 1", text=f"{now > 0}\n"))]


def test_every_reason_is_there_in_both_languages_and_listed(tmp_path: Path) -> None:
    pages = preview(tmp_path / "out", load_pack(SPRING), days=20, extra=[more])
    names = {one.name for one in pages}
    wanted = {reason.replace(" ", "_") for reason in REASONS} | {"many_formal", "many_information"}
    assert names == {f"{name}.{language}" for name in wanted for language in ("zh", "en")} | {"daily.en"}
    index = (tmp_path / "out" / "index.html").read_text("utf-8")
    for one in pages:
        for ending in one.endings:
            assert (tmp_path / "out" / f"{one.name}.{ending}").stat().st_size > 0
            assert f'href="{one.name}.{ending}"' in index
    assert {"txt", "html", "sms.txt"} == {*pages[0].endings}
    urged = (tmp_path / "out" / "urged.zh.txt").read_text("utf-8")
    assert "催办，请抓紧办理" in urged
    assert (tmp_path / "out" / "daily.en.txt").read_text("utf-8") == "No. 1\n\nTrue\n"
