"""Gateways that call back: who they are is checked, and one bad report loses none of the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select, update
from starlette.testclient import TestClient

from console.web.receipts import LONGEST
from notifier.settings import SettingsError
from notifier.sms import callbacks
from notifier.sms.settings import AliyunSettings, TencentSettings
from notifier.store import queue
from notifier.store.deliveries import DELIVERY, NewDelivery, draw_deliveries, new_deliveries
from tests.stories.teller import Story
from workflow.definition import Pack, load_pack
from workflow.errors import BadValue, DatabaseFull, UsageError
from workflow.store.sql import Statement

from .messaging import IN_HEADER, SECRET, Connected, copy_of, settings
from .test_reading import PACK

PATH = f"/receipts/text/{SECRET}"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(morning: Path, tmp_path: Path, pack: Pack) -> Iterator[Story]:
    with copy_of(morning, tmp_path, pack) as found:
        yield found


@pytest.fixture
def gateway(story: Story, tmp_path: Path) -> TestClient:
    """It knows no cookie, no origin, no form of ours."""
    return TestClient(Connected(story, settings(tmp_path)).app)


def sent(story: Story, reference: str, status: str = "accepted") -> int:
    """A text that the gateway has taken."""
    person = story.person("handler of beiwan")
    with story.port.write("clock") as tx:
        (ident,) = draw_deliveries(tx, 1)
        row = NewDelivery(
            id=ident,
            person_id=person,
            channel="text",
            kind="sms",
            address="+8613800005678",
            language="zh",
            class_="formal",
            about="notice",
            due_at=story.now,
            created_at=story.now,
            message_id=f"<d{ident}.x@duban.example.org>",
            body=b"x",
        )
        new_deliveries(tx, [row])
        changed = {
            "status": status,
            "reference": reference,
            "accepted_at": story.now,
            "claimed_at": story.now,
        }
        tx.run(Statement(update(DELIVERY).where(DELIVERY.c.id == ident).values(**changed)))
    return ident


def states(story: Story, *idents: int) -> list[str]:
    with story.port.read() as tx:
        rows = tx.all(Statement(select(DELIVERY.c.id, DELIVERY.c.status)))
    return [dict(rows)[one] for one in idents]


def tells(gateway: TestClient, *reports: Any, path: str = PATH, **headers: str) -> Any:
    body = json.dumps({"reports": reports}).encode()
    return gateway.post(path, content=body, headers={"content-type": "application/json", **headers})


def report(reference: str, status: str = "1") -> dict[str, str]:
    return {"id": reference, "status": status}


def test_what_a_gateway_reports_is_kept(story: Story, gateway: TestClient) -> None:
    one, two = sent(story, "A"), sent(story, "B")
    answer = tells(gateway, report("A"), report("B", "2"))
    assert (answer.status_code, answer.text) == (200, "OK")
    assert states(story, one, two) == ["delivered", "bounced"]
    assert tells(gateway, report("A", "2")).status_code == 200  # told again, otherwise: nothing changes
    assert states(story, one) == ["delivered"]


def test_a_bad_report_loses_none_of_the_others(story: Story, gateway: TestClient) -> None:
    one, two = sent(story, "A"), sent(story, "B")
    bad: tuple[Any, ...] = (None, 7, [], {}, {"id": {}, "status": "1"}, {"id": "A"}, report("nobody's"))
    assert tells(gateway, report("A"), *bad, report("B")).status_code == 200
    assert states(story, one, two) == ["delivered", "delivered"]


def test_a_report_that_breaks_something_loses_none_of_the_others(
    story: Story, gateway: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = sent(story, "A"), sent(story, "B")
    right = queue.receipted

    def breaks(tx: Any, channel: str, reference: str) -> Any:
        if reference == "A":
            raise RuntimeError
        return right(tx, channel, reference)

    monkeypatch.setattr(queue, "receipted", breaks)
    assert tells(gateway, report("A"), report("B")).status_code == 200
    assert states(story, one, two) == ["accepted", "delivered"]


def test_a_report_that_comes_before_its_outcome_must_come_again(story: Story, gateway: TestClient) -> None:
    one, two = sent(story, "A"), sent(story, "B", "sending")
    answer = tells(gateway, report("A"), report("C"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert states(story, one, two) == ["delivered", "sending"]


def test_a_full_disk_asks_for_all_of_them_again(
    story: Story, gateway: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise DatabaseFull("满", "full")

    one = sent(story, "A")
    monkeypatch.setattr(queue, "receipted", full)
    assert tells(gateway, report("A")).status_code == 503
    assert states(story, one) == ["accepted"]


def test_a_form_and_a_query_are_read_too(story: Story, tmp_path: Path) -> None:
    browsers = Connected(story, settings(tmp_path))
    gateway, ids = TestClient(browsers.app), [sent(story, one) for one in "AB"]
    assert gateway.post(PATH, data=report("A")).status_code == 200
    assert gateway.post(PATH, params=report("B")).status_code == 200
    assert states(story, *ids) == ["delivered", "delivered"]


def test_nobody_else_reports(story: Story, gateway: TestClient) -> None:
    one = sent(story, "A")
    for path in (
        "/receipts/text/wrong",
        "/receipts/text",
        f"/receipts/files/{SECRET}",
        f"/receipts/x/{SECRET}",
    ):
        assert tells(gateway, report("A"), path=path).status_code == 403, path
    assert gateway.get(PATH).status_code == 405
    assert states(story, one) == ["accepted"]


def test_a_secret_in_a_header_is_taken_from_nowhere_else(story: Story, tmp_path: Path) -> None:
    one, gateway = sent(story, "A"), TestClient(Connected(story, settings(tmp_path, callback=IN_HEADER)).app)
    assert tells(gateway, report("A")).status_code == 403
    assert tells(gateway, report("A"), path="/receipts/text", **{"X-Gateway": "wrong"}).status_code == 403
    assert tells(gateway, report("A"), path="/receipts/text", **{"X-Gateway": SECRET}).status_code == 200
    assert states(story, one) == ["delivered"]


def test_too_much_is_not_read(gateway: TestClient) -> None:
    assert gateway.post(PATH, content=b"[" + b" " * LONGEST).status_code == 413

    def chunks() -> Iterator[bytes]:
        for _ in range(LONGEST // 65_536 + 1):
            yield b" " * 65_536

    assert gateway.post(PATH, content=chunks()).status_code == 413
    assert tells(gateway, *([report("A")] * (callbacks.MOST + 1))).status_code == 422


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 50_000, b'"text"', b"null", b"NaN"])
def test_whatever_comes_is_answered(gateway: TestClient, body: bytes) -> None:
    assert gateway.post(PATH, content=body).status_code in (200, 422)


def test_no_log_holds_the_secret(gateway: TestClient) -> None:
    with structlog.testing.capture_logs() as logs:
        tells(gateway, {}, path=PATH)
        tells(gateway, path=PATH + "x")
        gateway.post(PATH, content=b"{")
    assert len(logs) == 3
    assert SECRET not in str(logs)


def test_a_secret_that_anybody_could_guess_is_refused(story: Story, tmp_path: Path) -> None:
    own = settings(tmp_path)
    (tmp_path / "secret").write_text("short", encoding="utf-8")
    with pytest.raises((UsageError, SettingsError)):
        Connected(story, own)


def test_clouds_are_read_and_answered_as_they_expect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", SECRET)
    both = {"templates": {}, "callback": {"secret": "env:OURS"}}
    keys = {"access_key_id": "env:OURS", "access_key_secret": "env:OURS"}
    aliyun = callbacks.callback_of("a", AliyunSettings.model_validate({**both, **keys}))
    keys = {"secret_id": "env:OURS", "secret_key": "env:OURS", "app": "1"}
    tencent = callbacks.callback_of("t", TencentSettings.model_validate({**both, **keys}))
    assert aliyun is not None
    assert tencent is not None
    body = json.dumps([{"biz_id": "9", "success": True}, {"biz_id": "8", "success": False}]).encode()
    found = callbacks.read_reports(aliyun, "application/json", body, {})
    assert [(one.reference, one.end) for one in found.receipts] == [("9", "delivered"), ("8", "bounced")]
    body = json.dumps([{"sid": "5000:1", "report_status": "SUCCESS"}]).encode()
    assert callbacks.read_reports(tencent, "application/json", body, {}).receipts[0].end == "delivered"
    assert json.loads(aliyun.answer)["code"] == json.loads(tencent.answer)["result"] == 0
    with pytest.raises(BadValue):
        callbacks.read_reports(tencent, "text/xml", b"<x/>", {})
