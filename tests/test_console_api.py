"""The API: who is let in, what is answered, acting once, and refusals that programs can read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from console.accounts import administering, tokens
from console.accounts.signing_in import hashed
from console.store import accounts
from console.store import tokens as kept_tokens
from tests.programs import API, Programs, act
from tests.stories.teller import Story
from tests.storing import Counting
from workflow.definition import Pack, load_pack
from workflow.errors import BadValue, NotNow
from workflow.evidence import Folder
from workflow.store.organisation import PERSON
from workflow.store.sql import Statement

from .test_console_evidence import photo
from .test_reading import CHECK, PACK, copied

DAY = 86_400_000


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(morning: Path, tmp_path: Path, pack: Pack) -> Iterator[Story]:
    _, found = copied(morning, tmp_path / "ledger", pack)
    yield found
    found.verify()
    found.close()


@pytest.fixture
def programs(story: Story, tmp_path: Path) -> Programs:
    return Programs(story, tmp_path / "evidence")


def problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    """A refusal, as RFC 9457 says."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    said: dict[str, Any] = answer.json()
    assert (said["type"], said["status"]) == (f"urn:duban:problem:{kind}", status)
    assert said["title"]
    assert said["detail"]
    return said


# --- who is let in ----------------------------------------------------------------------------------


def test_only_a_bearer_of_a_token_is_let_in(programs: Programs) -> None:
    stranger = TestClient(programs.app)
    for headers in (
        {},
        {"authorization": "Bearer duban_00"},
        {"authorization": "Bearer nothing"},
        {"authorization": "Basic YTpi"},
    ):
        answer = stranger.get(f"{API}/me", headers=headers)
        problem(answer, 401, "no-entry")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    me = programs.of("handler of beiwan").get(f"{API}/me").json()
    assert me["today"] == "2026-03-02"


def test_a_session_of_the_pages_opens_nothing_here(programs: Programs) -> None:
    """A cookie would let every other site act in its owner's name."""
    browser = TestClient(programs.app)
    browser.cookies.set("duban", programs.token("handler of beiwan"))
    problem(browser.get(f"{API}/me"), 401, "no-entry")


def test_a_token_ends_when_it_expires_is_revoked_or_its_owners_account_closes(programs: Programs) -> None:
    port, own = programs.story.port, programs.account("handler of beiwan")
    expiring, revoked = programs.token("handler of beiwan", days=1), programs.token("handler of beiwan")
    closing = programs.token("handler of beiwan")
    clients = [programs.with_token(one) for one in (expiring, revoked, closing)]
    assert [one.get(f"{API}/me").status_code for one in clients] == [200, 200, 200]
    tokens.revoke(port, own, 2, programs.clock.now())
    programs.clock.advance(DAY)
    assert [one.get(f"{API}/me").status_code for one in clients] == [401, 401, 200]
    keeper = programs.account("leader of wanghe", "security")
    administering.close(port, keeper, own.login, programs.clock.now())
    assert clients[2].get(f"{API}/me").status_code == 401


def test_a_token_does_not_work_while_somebody_else_knows_the_password(programs: Programs) -> None:
    client, own = programs.of("handler of beiwan"), programs.account("handler of beiwan")
    with programs.story.port.write("people") as tx:
        accounts.set_password(tx, own, "given", programs.story.now, must_change=True)
    problem(client.get(f"{API}/me"), 401, "no-entry")


def test_a_token_is_kept_as_a_hash_and_says_when_it_was_used(programs: Programs) -> None:
    token = programs.token("handler of beiwan")
    with programs.story.port.read() as tx:
        (kept,) = kept_tokens.of_account(tx, programs.account("handler of beiwan").id, programs.story.now)
    assert (kept.hash, kept.used_at) == (hashed(token), None)
    programs.with_token(token).get(f"{API}/me")
    with programs.story.port.read() as tx:
        (kept,) = kept_tokens.of_account(tx, programs.account("handler of beiwan").id, programs.story.now)
    assert kept.used_at == programs.clock.now()


def test_a_token_needs_a_name_and_lasts_a_year_at_most(programs: Programs) -> None:
    own, port = programs.account("handler of beiwan"), programs.story.port
    for purpose, label, days in (
        ("act", "x", 366),
        ("act", "x", 0),
        ("act", " ", 9),
        ("act", "a\nb", 9),
        ("all", "x", 9),
    ):
        with pytest.raises(BadValue):
            tokens.make(port, own, purpose, label, days, "00", 0)
    for n in range(20):
        tokens.make(port, own, "read", "x", 9, f"{n:02}", 0)
    with pytest.raises(NotNow, match="Revoke"):
        tokens.make(port, own, "read", "x", 9, "99", 0)


def test_administrators_see_nothing_here(programs: Programs) -> None:
    client = programs.of("leader of beiwan", duty="audit")
    for path in ("me", "tasks", "to-do", "people", "units", "definitions"):
        problem(client.get(f"{API}/{path}"), 403, "not-allowed")


def test_a_token_for_reading_reads_and_does_nothing(programs: Programs, story: Story) -> None:
    client, number = programs.of("handler of beiwan", "read"), programs.number(story.the(CHECK, "beiwan"))
    assert client.get(f"{API}/tasks/{number}").status_code == 200
    problem(act(client, number, "sign_for"), 403, "not-allowed")
    problem(client.post(f"{API}/tasks/{number}/evidence"), 403, "not-allowed")
    assert story.task(story.the(CHECK, "beiwan")).state == "issued"


# --- what is answered -------------------------------------------------------------------------------


def test_what_waits_for_me_is_to_do_and_nothing_else(programs: Programs, story: Story) -> None:
    found = programs.of("handler of beiwan").get(f"{API}/to-do").json()
    numbers = {one["number"] for one in found["items"]}
    assert programs.number(story.the(CHECK, "beiwan")) in numbers
    assert {one["waits_for"] for one in found["items"]} == {"handler"}
    assert programs.number(story.the(CHECK, "wanghe")) not in numbers


def test_the_ledger_is_read_page_by_page_to_its_end(programs: Programs) -> None:
    client = programs.of("supervisor of bureau")
    whole = client.get(f"{API}/tasks", params={"limit": 200}).json()
    assert whole["next"] is None
    found: list[str] = []
    cursor = None
    for _ in range(100):
        page = client.get(f"{API}/tasks", params={"limit": 7} | ({"cursor": cursor} if cursor else {})).json()
        found += [one["number"] for one in page["items"]]
        assert len(page["items"]) <= 7
        cursor = page["next"]
        if cursor is None:
            break
    assert found == [one["number"] for one in whole["items"]]
    assert len(set(found)) == len(found) > 40


def test_the_ledger_is_filtered_by_what_is_asked_for(programs: Programs, story: Story) -> None:
    client = programs.of("supervisor of bureau")
    found = client.get(f"{API}/tasks", params={"kind": CHECK, "unit": "beiwan"}).json()["items"]
    assert [one["number"] for one in found] == [programs.number(story.the(CHECK, "beiwan"))]
    assert client.get(f"{API}/tasks", params={"open": "no"}).json()["items"] == []
    story.does("handler of beiwan", "sign_for", story.the(CHECK, "beiwan"))
    story.does("handler of beiwan", "report", story.the(CHECK, "beiwan"), progress=35)
    found = client.get(f"{API}/tasks", params={"fact": "progress=35"}).json()["items"]
    assert [one["number"] for one in found] == [programs.number(story.the(CHECK, "beiwan"))]
    for wrong in (
        {"kind": "nothing"},
        {"unit": "nowhere"},
        {"light": "pink"},
        {"limit": 201},
        {"limit": 0},
        {"cursor": "x"},
        {"cursor": "aWQ6LTE"},
        {"fact": "progress"},
        {"fact": "progress=a lot"},
        {"year": 10**30},
        {"waits_for": "nobody"},
    ):
        problem(client.get(f"{API}/tasks", params=wrong), 422, "bad-value")


def test_a_task_is_answered_with_all_that_its_page_shows(programs: Programs, story: Story) -> None:
    check, client = story.the(CHECK, "beiwan"), programs.of("handler of beiwan")
    story.does("handler of beiwan", "sign_for", check)
    story.does("handler of beiwan", "report", check, progress=35)
    path = f"{API}/tasks/{programs.number(check)}"
    found = client.get(path).json()
    assert found["task"]["state"] == "working"
    assert found["task"]["due_at"] == "2026-04-30T15:59:59.999000Z"
    assert [(one["name"], one["value"]) for one in found["facts"]] == [("progress", 35)]
    assert {one["name"] for one in found["roles"]} >= {"handler", "supervisor"}
    why = client.get(f"{path}/explanation").json()
    assert "2026-04-30" in " ".join(one["en"] for one in why["deadline"])
    past = client.get(f"{path}/history").json()["items"]
    assert [one["kind"] for one in past] == [one.kind for one in story.history(check)]
    first = client.get(f"{path}/history", params={"limit": 1}).json()
    assert first["next"] == first["items"][0]["seq"]
    rest = client.get(f"{path}/history", params={"after": first["next"]}).json()["items"]
    assert [*first["items"], *rest] == past
    ahead = client.get(f"{path}/forecast").json()["parts"]
    assert ahead[0]["title"]["en"].startswith("If nobody acts")


def test_definitions_and_the_organisation_are_answered(programs: Programs) -> None:
    client = programs.of("handler of beiwan")
    kinds = [one["kind"] for one in client.get(f"{API}/definitions").json()["items"]]
    assert CHECK in kinds
    found = client.get(f"{API}/definitions/{CHECK}").json()
    assert next(one["name"] for one in found["states"]) == "issued"
    assert {one["name"] for one in found["acts"]} >= {"sign_for", "report"}
    assert found["escalations"]
    problem(client.get(f"{API}/definitions/nothing"), 404, "unknown")
    units = client.get(f"{API}/units").json()["items"]
    assert "beiwan" in {one["code"] for one in units}
    first = client.get(f"{API}/people", params={"limit": 3}).json()
    rest = client.get(f"{API}/people", params={"after": first["next"]}).json()
    codes = [one["code"] for one in (*first["items"], *rest["items"])]
    assert codes == sorted(set(codes))
    assert len(first["items"]) == 3


# --- acting -----------------------------------------------------------------------------------------


def test_acts_are_listed_with_what_they_ask_for_and_why_not(programs: Programs, story: Story) -> None:
    check, client = story.the(CHECK, "beiwan"), programs.of("handler of beiwan")
    found = client.get(f"{API}/tasks/{programs.number(check)}/acts").json()
    acts = {one["name"]: one for one in found["items"]}
    assert acts["sign_for"]["may"]
    assert not acts["approve"]["may"]
    assert acts["approve"]["why_not"]["en"]
    report = acts["report"]["fields"]
    assert [(one["name"], one["type"], one["needed"]) for one in report] == [("progress", "percent", True)]
    assert {one["name"] for one in acts["submit"]["lists"]} == {"problems"}
    assert [one["name"] for one in acts["submit"]["lists"][0]["columns"]] == ["what", "due"]
    assert acts["comment:"]["fields"][0]["name"] == "text"


def test_an_act_is_done_once_however_often_it_is_sent(programs: Programs, story: Story) -> None:
    check, client = story.the(CHECK, "beiwan"), programs.of("handler of beiwan")
    number = programs.number(check)
    assert act(client, number, "sign_for").json()["state"] == "working"
    seen = story.task(check).revision
    first = act(client, number, "report", revision=seen, key="report-of-monday", facts={"progress": 35})
    again = act(client, number, "report", revision=seen, key="report-of-monday", facts={"progress": 35})
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    assert {**first.json(), "repeated": None} == {**again.json(), "repeated": None}
    assert story.task(check).revision == seen + 1
    said = problem(
        act(client, number, "report", revision=seen, key="report-of-monday", facts={"progress": 36}),
        422,
        "bad-value",
    )
    assert "Idempotency-Key" in said["detail"]
    assert story.task(check).facts["progress"] == 35


def test_two_people_may_draw_the_same_key(programs: Programs, story: Story) -> None:
    for unit in ("beiwan", "wanghe"):
        number = programs.number(story.the(CHECK, unit))
        answer = act(programs.of(f"handler of {unit}"), number, "sign_for", key="same-key-1")
        assert (answer.status_code, answer.json()["repeated"]) == (200, False)


def test_a_refused_act_may_be_sent_again_with_its_key(programs: Programs, story: Story) -> None:
    client, number = programs.of("handler of beiwan"), programs.number(story.the(CHECK, "beiwan"))
    seen = story.task(story.the(CHECK, "beiwan")).revision
    body: dict[str, Any] = {"revision": seen, "key": "too-early-1", "facts": {"progress": 35}}
    problem(act(client, number, "report", **body), 409, "not-now")
    act(client, number, "sign_for")
    problem(act(client, number, "report", **body), 409, "stale")


def test_whoever_was_faster_is_named(programs: Programs, story: Story) -> None:
    client, number = programs.of("handler of beiwan"), programs.number(story.the(CHECK, "beiwan"))
    act(client, number, "sign_for")
    said = problem(act(client, number, "report", revision=0, facts={"progress": 1}), 409, "stale")
    assert "was faster" in said["detail"]
    problem(act(client, number, "report", revision=9, facts={"progress": 1}), 422, "bad-value")


def test_a_request_without_a_key_or_a_revision_does_nothing(programs: Programs, story: Story) -> None:
    client, number = programs.of("handler of beiwan"), programs.number(story.the(CHECK, "beiwan"))
    path = f"{API}/tasks/{number}/acts/sign_for"
    said = problem(client.post(path, json={"revision": 0}), 422, "bad-value")
    assert said["errors"][0]["where"] == "header.Idempotency-Key"
    keyed = {"idempotency-key": "one-key-more"}
    for body in ({}, {"revision": "0x"}, {"revision": 0, "nonsense": 1}, {"revision": 0, "facts": {"a": {}}}):
        problem(client.post(path, json=body, headers=keyed), 422, "bad-value")
    problem(client.post(path, content=b"{", headers=keyed), 422, "bad-value")
    assert story.task(story.the(CHECK, "beiwan")).state == "issued"


def test_the_everyday_acts_take_people_and_units_by_code(programs: Programs, story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    client, number = programs.of("supervisor of bureau"), programs.number(check)
    assert act(client, number, "comment:", facts={"text": "looked at"}).status_code == 200
    with story.port.read() as tx:
        rows = tx.all(Statement(select(PERSON.c.code, PERSON.c.id)))
    code = next(code for code, ident in rows if ident == story.person("leader of beiwan"))
    assert act(client, number, "copy:", facts={"persons": [code]}).status_code == 200
    assert act(client, number, "transfer:", facts={"unit": "wanghe", "reason": "moved"}).status_code == 200
    problem(act(client, number, "copy:", facts={"persons": "nobody-at-all"}), 422, "bad-value")
    assert [one.kind for one in story.history(check)][-3:] == ["commented", "copied", "transferred"]


def test_values_that_no_form_could_send_are_refused(programs: Programs, story: Story) -> None:
    client, number = programs.of("handler of beiwan"), programs.number(story.the(CHECK, "beiwan"))
    act(client, number, "sign_for")
    for value in (True, ["a", "b"], "a\x00b", 1e308, 10**400, "", "NaN", {"a": 1}, None):
        problem(act(client, number, "report", facts={"progress": value}), 422, "bad-value")
    path = f"{API}/tasks/{number}/acts/comment:"
    headers = {"idempotency-key": "surrogate-1", "content-type": "application/json"}
    for half in (b'{"text": "\\ud800"}', b'{"\\ud800": 1}', b'{"text": ["\\udfff"]}'):
        raw = b'{"revision": 0, "facts": ' + half + b"}"
        problem(client.post(path, content=raw, headers=headers), 422, "bad-value")


# --- evidence ---------------------------------------------------------------------------------------


def upload(client: TestClient, number: str, content: bytes, **form: str) -> Any:
    files = {"evidence": ("a person's name.jpg", content)}
    return client.post(f"{API}/tasks/{number}/evidence", files=files, data=form)


DECLARED = {"nothing_classified": "yes"}


def test_a_file_is_sent_attached_and_fetched(programs: Programs, story: Story) -> None:
    check, client = story.the(CHECK, "beiwan"), programs.of("handler of beiwan")
    number = programs.number(check)
    act(client, number, "sign_for")
    taken = upload(client, number, photo(), **DECLARED)
    assert taken.status_code == 201
    (one,) = taken.json()["items"]
    assert one["media_type"] == "image/jpeg"
    done = act(
        client,
        number,
        "submit",
        facts={"own_score": 88},
        rows={"problems": [{"what": "a leak", "due": "2026-04-10"}]},
        evidence=[one["sha256"]],
    )
    assert done.status_code == 200, done.text
    assert client.get(f"{API}/tasks/{number}").json()["evidence"] == [one["sha256"]]
    fetched = client.get(f"{API}/tasks/{number}/evidence/{one['sha256']}")
    assert fetched.content == photo()
    assert (
        fetched.headers["content-disposition"] == f'attachment; filename="{number}-{one["sha256"][:8]}.jpg"'
    )
    assert fetched.headers["x-content-type-options"] == "nosniff"
    problem(client.get(f"{API}/tasks/{number}/evidence/{'0' * 64}"), 404, "unknown")


def test_files_are_refused_undeclared_empty_or_of_another_kind(programs: Programs, story: Story) -> None:
    client, number = programs.of("handler of beiwan"), programs.number(story.the(CHECK, "beiwan"))
    problem(upload(client, number, photo()), 422, "bad-value")
    problem(upload(client, number, b"", **DECLARED), 422, "bad-value")
    problem(upload(client, number, b"MZ program", **DECLARED), 422, "bad-value")
    problem(client.post(f"{API}/tasks/{number}/evidence", json={}), 422, "bad-value")
    assert isinstance(programs.place.folder, Folder)
    assert not list(programs.place.folder.root.rglob("?" * 64))


def test_a_hash_opens_nobody_elses_file(programs: Programs, story: Story) -> None:
    """Whoever knows the hash of another unit's file can't attach it here to read it."""
    other, mine = (programs.number(story.the(CHECK, unit)) for unit in ("wanghe", "beiwan"))
    sha256 = upload(programs.of("handler of wanghe"), other, photo(), **DECLARED).json()["items"][0]["sha256"]
    client = programs.of("handler of beiwan")
    act(client, mine, "sign_for")
    rows: dict[str, Any] = {"problems": []}
    said = problem(
        act(client, mine, "submit", facts={"own_score": 88}, rows=rows, evidence=[sha256]), 422, "bad-value"
    )
    assert "was not uploaded for this task" in said["detail"]
    problem(client.get(f"{API}/tasks/{mine}/evidence/{sha256}"), 404, "unknown")


def test_who_can_attach_nothing_sends_nothing(programs: Programs, story: Story) -> None:
    number = programs.number(story.the(CHECK, "beiwan"))
    leader = programs.of("leader of beiwan")
    assert leader.get(f"{API}/tasks/{number}").status_code == 200
    problem(upload(leader, number, photo(), **DECLARED), 403, "not-allowed")


# --- refusals, limits, statements -------------------------------------------------------------------


def test_refusals_are_in_the_language_that_is_accepted(programs: Programs) -> None:
    client = programs.of("handler of beiwan")
    english = client.get(f"{API}/tasks/SFD-999999")
    chinese = client.get(f"{API}/tasks/SFD-999999", headers={"accept-language": "zh-CN,en;q=0.5"})
    assert problem(english, 404, "unknown")["title"] == "There is none"
    assert problem(chinese, 404, "unknown")["title"] == "没有这个对象"
    assert (english.headers["content-language"], chinese.headers["content-language"]) == ("en", "zh-CN")


def test_what_is_no_path_no_method_or_too_large_is_a_problem_too(programs: Programs) -> None:
    client = programs.of("handler of beiwan")
    problem(client.get(f"{API}/nothing"), 404, "unknown")
    problem(client.delete(f"{API}/tasks"), 405, "method")
    big = b"x" * (1024 * 1024 + 1)
    problem(client.post(f"{API}/tasks/SFD-1/acts/report", content=big), 413, "too-large")
    problem(client.post(f"{API}/tasks/SFD-1/acts/report", content=iter([b"x"])), 411, "no-length")
    problem(client.get(f"{API}/tasks/not a number"), 422, "bad-value")
    problem(client.get(f"{API}/tasks/%0A"), 422, "bad-value")
    problem(client.get(f"{API}/%0A/x"), 404, "unknown")


def test_nothing_that_is_read_changes_anything(programs: Programs, story: Story) -> None:
    client, number = programs.of("supervisor of bureau"), programs.number(story.the(CHECK, "beiwan"))
    before = story.everything()
    for path in ("", "/explanation", "/history", "/forecast", "/acts"):
        assert client.get(f"{API}/tasks/{number}{path}").status_code == 200
    for path in ("me", "to-do", "tasks", "definitions", f"definitions/{CHECK}", "units", "people"):
        assert client.get(f"{API}/{path}").status_code == 200
    assert story.everything() == before


def test_a_page_takes_as_many_statements_for_many_tasks_as_for_few(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, counting = programs.of("supervisor of bureau"), Counting()
    client.get(f"{API}/tasks")  # the posts of every unit are known from here on
    monkeypatch.setattr(programs.story.port, "_probe", counting)
    counts = []
    for limit in (1, 200):
        counting.clear()
        assert client.get(f"{API}/tasks", params={"limit": limit}).status_code == 200
        counts.append(counting.total)
    assert counts[0] == counts[1] <= 20
