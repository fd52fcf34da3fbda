"""The channel that writes files instead of sending."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from notifier.channel import Outcome
from notifier.content import Content, Envelope, Parcel, Picture
from notifier.folder import FolderChannel, FolderSettings, folder_channel

CONTENT = Content(
    language="zh",
    subject="RG-12 逾期",
    text="RG-12 逾期 3 天。",
    html='<!DOCTYPE html><html><img src="cid:trend" alt="x"></html>',
    phrases=("RG-12 逾期", "共 3 天"),
    pictures=(Picture(id="trend", data=b"PNG", alt="x"),),
)
ENVELOPE = Envelope(
    delivery_id=7,
    address="../../etc/passwd",
    name="../someone",
    message_id="<../x>",
    class_="formal",
    about="notice",
    date=0,
    zone="UTC",
)


def channel(folder: Path, **changes: Any) -> FolderChannel:
    return folder_channel("files", FolderSettings.model_validate({"folder": folder, **changes}))


def sent(made: FolderChannel) -> Outcome:
    body = made.write(CONTENT, ENVELOPE)
    parcel = Parcel(delivery_id=7, address=ENVELOPE.address, message_id=ENVELOPE.message_id, body=body)
    with made.session() as send:
        send(parcel)
        return send(parcel)


@pytest.mark.parametrize(
    ("changes", "name", "content"),
    [
        ({}, "7.txt", "RG-12 逾期\n\nRG-12 逾期 3 天。\n"),
        ({"serves": "sms"}, "7.txt", "RG-12 逾期\n\nRG-12 逾期\n共 3 天\n"),
        (
            {"serves": "mail", "form": "html"},
            "7.html",
            '<!DOCTYPE html><html><img src="data:image/png;base64,UE5H" alt="x"></html>',
        ),
    ],
)
def test_a_message_is_one_file_named_by_its_delivery(
    tmp_path: Path, changes: dict[str, Any], name: str, content: str
) -> None:
    made = channel(tmp_path / "out", **changes)
    assert sent(made) == Outcome.accepted(reference=name)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")] == [f"out/{name}"]
    assert (tmp_path / "out" / name).read_text(encoding="utf-8") == content
    assert made.kind == changes.get("serves", "folder")
    assert made.receipts(lambda _receipt: None) == 0


def test_a_folder_that_cannot_be_written_to_is_tried_later(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    outcome = sent(channel(tmp_path / "file"))
    assert outcome.end == "unreachable"
    assert outcome.why is not None
    assert "disk" in outcome.why.en


def test_half_a_character_does_not_stop_a_preview(tmp_path: Path) -> None:
    made = channel(tmp_path)
    assert made.write(Content(language="zh", subject="\ud83d", text="x"), ENVELOPE) == b"?\n\nx\n"


def test_settings_are_strict(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        channel(tmp_path, serves="pigeon")
