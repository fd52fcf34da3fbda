"""Rounds that open a task for each pair of a draw, made by a person or by the round itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import main
from tests.packs import CAMPAIGN, ERRAND, PEOPLE, changed, problems_of, small_pack, write_pack
from tests.stories.teller import Story, told
from workflow import draws, rounds
from workflow.clock import VirtualClock
from workflow.definition import Pack, load_pack
from workflow.doctor import Patient, examine
from workflow.evidence import Folder
from workflow.pairing import Pair, faults_of
from workflow.text import Text

Tell = Callable[..., Story]
HAND_OUT = "hand_out: {at: start, opens: {errand: {each: region}}}"
CHECKS = "checks: {at: day 1 09:00, opens: {mutual: {each: pair}}}"
MUTUAL = changed(
    changed(ERRAND, "task: errand", "task: mutual"),
    "parties: {unit: region}\ndeadline: campaign completion",
    "parties: {unit: region, checker: region}\ndeadline: 10 workdays after opened",
)


@pytest.fixture
def tell(database_url: str) -> Iterator[Tell]:
    with ExitStack() as stack:
        yield lambda pack, at="2026-03-15 12:00", batch=250: stack.enter_context(
            told(database_url, pack, at=at, batch=batch)
        )


def campaign(*rounds_: str, regions: int = 6) -> str:
    more = "".join(
        f"      r{number}: {{zh: 第{number}区, en: Region {number}}}\n" for number in range(regions - 2)
    )
    text = changed(CAMPAIGN, "west: {zh: 西区, en: West}\n", "west: {zh: 西区, en: West}\n" + more)
    return changed(text, HAND_OUT, "\n  ".join(rounds_))


def pack_with(folder: Path, *rounds_: str, regions: int = 6) -> Pack:
    own = {"campaign": campaign(*rounds_, regions=regions), "mutual": MUTUAL, "people": PEOPLE}
    return load_pack(write_pack(folder, errand=ERRAND, **own))


def pairs_of(story: Story, since: int = 0) -> set[tuple[int, int]]:
    """(checker, checked) of every task that was opened in pairs."""
    found = (one.parties for one in story.all_tasks() if one.kind == "mutual" and one.id > since)
    return {(parties["checker"], parties["unit"]) for parties in found}


def stored(story: Story, name: str = "checks") -> list[draws.StoredDraw]:
    with story.port.read() as tx:
        return draws.draws_of(tx, 1, name)


# --- the round draws --------------------------------------------------------------------------------


def test_a_round_draws_its_pairs_itself_from_a_seed_that_everybody_knows(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path, CHECKS)).at("2026-04-01 08:59")
    assert story.all_tasks() == []
    story.at("2026-04-01 09:00")
    (draw,) = stored(story)
    assert draw.seed == "trial/checks/2026-04-01 09:00"
    assert (draw.person_id, draw.status) == (None, "drawn")
    assert faults_of(draw.to_problem(), draw.pairs) == ()
    pairs = pairs_of(story)
    assert len(pairs) == 6
    assert {unit for _, unit in pairs} == {who for who, _ in pairs}
    assert all(who != unit and (unit, who) not in pairs for who, unit in pairs)
    (moment,) = story.moments("checks")[-1:]
    assert (moment["status"], moment["total"], moment["cursor"]) == ("done", 6, 6)


def test_no_pair_comes_again_in_the_next_round(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path, CHECKS)).at("2026-04-01 09:00")
    first, newest = pairs_of(story), max(one.id for one in story.all_tasks())
    story.at("2026-05-06 12:00")
    second = pairs_of(story, since=newest)
    assert len(second) == 6
    assert not first & second
    last = [one for one in stored(story) if one.moment_id is not None]
    assert set(map(tuple, last[1].problem["last"])) == set(last[0].pairs)


def test_pairs_and_other_tasks_of_one_round_are_all_opened(tell: Tell, tmp_path: Path) -> None:
    """Batches end before a draw: nothing of it is skipped."""
    both = "checks: {at: day 1 09:00, opens: {errand: {each: region}, mutual: {each: pair, of: region}}}"
    text = changed(
        campaign(both), "prefix: TR", "prefix: TR\ntracks: {a: {zh: 甲, en: A}, b: {zh: 乙, en: B}}"
    )
    text = changed(text, "of: region}}}", "of: region}}, track: [a, b]}")
    errand = changed(ERRAND, "campaign completion", "10 workdays after opened")
    pack = load_pack(write_pack(tmp_path, campaign=text, errand=errand, mutual=MUTUAL, people=PEOPLE))
    story = tell(pack, batch=4).at("2026-04-01 09:00")
    assert len(story.find("errand")) == 12
    assert len(story.find("mutual")) == 12
    assert len(pairs_of(story)) == 6


def test_a_group_inside_another_does_not_check_it(tell: Tell, tmp_path: Path) -> None:
    text = changed(
        campaign(CHECKS), "units:\n", "units:\n  town: {kind: region, in: east, label: {zh: 镇, en: T}}\n"
    )
    pack = load_pack(write_pack(tmp_path, campaign=text, errand=ERRAND, mutual=MUTUAL, people=PEOPLE))
    story = tell(pack).at("2026-04-01 09:00")
    (draw,) = stored(story)
    barred = {(checker, checked) for checker, checked, *_ in draw.problem["barred"]}
    assert barred == {("east", "town"), ("town", "east")}
    assert not barred & set(draw.pairs)


# --- a person draws ---------------------------------------------------------------------------------


def person_draws(story: Story, seed: str, **wishes: object) -> draws.Outcome:
    """What `duban pairing draw` does."""
    with story.port.write("people") as tx:
        frame = story.engine.library.frame(tx, story.now)
        pack = frame.version(frame.campaigns[1].version_id).pack
        place = draws.Place(campaign_id=1, campaign="trial", round="checks", kind="mutual", label="")
        opening, wanted = pack.campaign.rounds["checks"].opens[0], draws.Wishes(**wishes)  # type: ignore[arg-type]
        outcome = draws.solve(draws.problem_for(tx, pack, opening, place, seed, wanted), draws.names_of(tx))
        draws.record(tx, place, outcome, 1, story.now)
    return outcome


def test_a_draw_that_a_person_made_is_used_and_the_newest_counts(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path, CHECKS))
    person_draws(story, "notice 1")
    barred = {Pair("east", "west"): Text("亲属", "kin")}
    newest = person_draws(story, "notice 2", barred=barred)
    story.at("2026-04-01 09:00")
    first, second = stored(story)
    assert (first.moment_id, second.seed) == (None, "notice 2")
    assert second.moment_id == story.moments("checks")[-1]["id"]
    assert newest.drawn is not None
    assert second.pairs == newest.drawn.pairs
    assert ("east", "west") not in second.pairs


def test_a_pair_of_the_round_before_comes_again_only_if_a_person_lets_it(tell: Tell, tmp_path: Path) -> None:
    """Three regions have two draws: one was made, and a recusal forbids the other."""
    story = tell(pack_with(tmp_path, CHECKS, regions=3)).at("2026-04-01 09:00")
    (made,) = stored(story)
    other = min({("east", "west"), ("west", "east")} - set(made.pairs))
    barred = {Pair(*other): Text("亲属", "kin")}
    refused = person_draws(story, "second", barred=barred)
    assert refused.conflict is not None
    assert "no pair of the round before" in refused.conflict.text.en
    agreed = person_draws(story, "second", barred=barred, allowed=frozenset(made.pairs))
    assert agreed.drawn is not None
    assert agreed.drawn.pairs == made.pairs


def test_two_regions_cant_be_drawn_and_no_other_round_waits_for_them(tell: Tell, tmp_path: Path) -> None:
    daily = "again: {at: workdays 10:00, opens: {errand: {each: region}}}"
    errand = changed(ERRAND, "campaign completion", "10 workdays after opened")
    text = campaign(CHECKS, daily, regions=2)
    pack = load_pack(write_pack(tmp_path, campaign=text, errand=errand, mutual=MUTUAL, people=PEOPLE))
    story = tell(pack, at="2026-03-31 12:00").at("2026-04-01 12:00")
    moment = story.moments("checks")[-1]
    assert moment["status"] == "set aside"
    assert "nobody checks the unit that checks it" in moment["note"]
    assert "任何两个单位不互相检查" in moment["note"]
    assert story.find("errand")
    assert story.find("mutual") == []
    assert [one.status for one in stored(story)] == ["impossible"]
    patient = Patient(
        port=story.port,
        library=story.engine.library,
        now=story.now,
        folder=Folder(tmp_path / "evidence"),
        synchronised=True,
    )
    assert "No draw is possible" in str(examine(patient))

    more = campaign(CHECKS, daily, regions=5)
    mended = load_pack(write_pack(tmp_path, campaign=more, errand=errand, mutual=MUTUAL, people=PEOPLE))
    story.engine.load(mended, story.now)
    with story.port.write("people") as tx:
        assert rounds.release_named(tx, "checks", "2026-04-01 09:00") == 1
    story.run()
    assert story.moments("checks")[-1]["status"] == "set aside"  # it stays on its version: a person draws
    person_draws(story, "with the new ones")
    with story.port.write("people") as tx:
        assert rounds.release_named(tx, "checks", "2026-04-01 09:00") == 1
    story.run()
    assert story.moments("checks")[-1]["status"] == "done"
    assert len(story.find("mutual")) == 5


# --- the language -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{mutual: {each: pair}}", "{errand: {each: pair}}", "a kind with two parties"),
        ("{mutual: {each: pair}}", "{mutual: {each: pair, of: bureau}}", "as unit (region)"),
        ("{mutual: {each: pair}}", "{mutual: {each: pair, of: nothing}}", "kind of unit"),
        ("{mutual: {each: pair}}", "{mutual: {each: region, of: region}}", "one of: each"),
    ],
)
def test_what_cant_be_drawn_is_refused_when_the_pack_is_read(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    text = changed(campaign(CHECKS), old, new)
    found = problems_of(write_pack(tmp_path, campaign=text, errand=ERRAND, mutual=MUTUAL, people=PEOPLE))
    assert any(expected in one.to_text().en for one in found), [one.to_text().en for one in found]


def test_such_a_pack_may_run(tmp_path: Path) -> None:
    pack = small_pack(tmp_path, campaign=campaign(CHECKS), errand=ERRAND, mutual=MUTUAL, people=PEOPLE)
    assert pack.campaign.rounds["checks"].opens[0].each == "pair"


# --- the command line -------------------------------------------------------------------------------


class Desk:
    """The command line over a story's database."""

    def __init__(self, story: Story, url: str, clock: VirtualClock) -> None:
        self._story, self._url, self._clock = story, url, clock

    def call(self, *args: str, lang: str = "en") -> Result:
        self._clock.set(self._story.now)
        return CliRunner().invoke(main.app, [*args, "--database", self._url, "--lang", lang])


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Story, Desk]]:
    clock = VirtualClock(0)
    monkeypatch.setattr(main, "CLOCK", clock)
    with told(sqlite_url, pack_with(tmp_path, CHECKS), at="2026-03-15 12:00") as story:
        yield story, Desk(story, sqlite_url, clock)


def test_drawing_showing_and_verifying(desk: tuple[Story, Desk], tmp_path: Path) -> None:
    story, line = desk
    draw = ("pairing", "draw", "checks", "--seed", "示退役发〔2026〕8号", "--as", "li")
    trial = line.call(*draw, "--dry-run")
    assert trial.exit_code == 0, trial.stderr
    assert "nothing was kept" in trial.stdout
    assert stored(story) == []
    kept = line.call(*draw, "--forbid", "east:west=亲属", lang="zh")
    assert "已保存，供轮次 checks（2026-04-01 09:00）使用" in kept.stdout
    shown = line.call("pairing", "show", "checks").stdout
    assert "Seed: 示退役发〔2026〕8号" in shown
    assert json.loads(line.call("pairing", "show", "checks", "--json").stdout)[0]["status"] == "drawn"
    verified = line.call("pairing", "verify", "checks")
    assert (verified.exit_code, "6 pairs, drawn again alike" in verified.stdout) == (0, True)


def test_only_a_supervisor_draws(desk: tuple[Story, Desk]) -> None:
    story, line = desk
    refused = line.call("pairing", "draw", "checks", "--seed", "s", "--as", "wang")
    assert (refused.exit_code, "for the role supervisor" in refused.stderr) == (1, True)
    assert stored(story) == []


def test_what_the_command_line_refuses(desk: tuple[Story, Desk], tmp_path: Path) -> None:
    _, line = desk
    draw = ("pairing", "draw", "checks", "--seed", "s", "--as", "li")
    for more, code, expected in (
        (("--forbid", "east"), 2, "CHECKER:CHECKED=WHY"),
        (("--forbid", "eats:west"), 1, "Did you mean east?"),
        (("--within", "5"), 2, "--distances"),
        (
            (
                "--most",
                "1",
                *(w for r in range(4) for w in ("--forbid", f"r{r}:east")),
                "--forbid",
                "west:east",
            ),
            1,
            "recused",
        ),
    ):
        refused = line.call(*draw, *more)
        assert (refused.exit_code, expected in refused.stderr) == (code, True), refused.stderr
    assert line.call("pairing", "show", "nothing").exit_code == 1
    near = tmp_path / "km.csv"
    near.write_text("east,west,12\neast,west,13\n")
    assert "Keep one" in line.call(*draw, "--distances", str(near)).stderr


# --- the year's moments -----------------------------------------------------------------------------


def test_rounds_shows_the_moments_of_a_year_and_what_they_would_open(desk: tuple[Story, Desk]) -> None:
    story, line = desk
    story.at("2026-05-06 12:00")
    told_ = line.call("rounds", "--until", "2026-12-31")
    assert told_.exit_code == 0, told_.stderr
    past, coming = told_.stdout.partition("have passed")[2].split("to come")
    assert "done 6" in past
    assert "2026-05-06 09:00" in past
    assert "moved from 2026-05-01 (" in past
    assert "2026-06-01 09:00  checks  will 6" in coming
    assert "2026-10-08 09:00" in coming  # the national holiday moves it
    assert "2027" not in coming
    chinese = line.call("rounds", "--until", "2026-12-31", lang="zh").stdout
    assert "错过的合并补办一次" in chinese
    assert "遇假日顺延" in chinese
    found = json.loads(line.call("rounds", "--json").stdout)
    assert {one["status"] for one in found["moments"]} >= {"done", "coming"}
    assert found["rounds"][0]["name"] == "checks"
    assert line.call("rounds", "--until", "2020-01-01").exit_code == 1
