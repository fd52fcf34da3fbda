"""Virtual campaigns: repeatable, and going all the way up the ladder and down again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.hearing import HEARING
from tests.packs import write_pack
from workflow.calendar import default_calendar
from workflow.definition import Pack, load_pack
from workflow.errors import BadValue
from workflow.proof import check_pack
from workflow.simulation import Crowd, Report, grown, moved, simulate
from workflow.simulation.dice import Dice
from workflow.simulation.people import working_time
from workflow.store import open_port, tasks

PACK = Path(__file__).resolve().parent.parent / "definitions" / "demonstration_site"
CALENDAR = default_calendar()


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


def _play(pack: Pack, folder: Path, *, seed: int, days: int, people: Crowd = "mixed") -> Report:
    folder.mkdir(exist_ok=True)
    return simulate(pack, days=days, seed=seed, people=people, url=f"sqlite:///{folder / 'played.db'}")


def test_the_same_seed_gives_the_same_ledger_byte_for_byte(pack: Pack, tmp_path: Path) -> None:
    first = _play(pack, tmp_path / "a", seed=5, days=40)
    again = _play(pack, tmp_path / "b", seed=5, days=40)
    other = _play(pack, tmp_path / "c", seed=6, days=40)
    assert first.to_json() == again.to_json()
    assert first.ledger != other.ledger


def test_a_mixed_crowd_goes_up_the_ladder_and_down_again(pack: Pack, tmp_path: Path) -> None:
    report = _play(pack, tmp_path, seed=1, days=120)
    opened = {(one.kind, one.rule): one.opened for one in report.episodes}
    assert opened["creation_task", "slow"] > 0
    assert opened["creation_task", "very_late"] > 0
    assert report.by_state["dispatch"]["closed"] > 0
    assert report.by_state["special_supervision"]["closed"] > 0
    assert report.by_state["self_check"]["closed"] > 0
    assert report.by_state["rectification"]["closed"] > 0
    assert report.story is not None
    assert report.unaddressed == 0


def test_diligent_people_are_left_alone(pack: Pack, tmp_path: Path) -> None:
    report = _play(pack, tmp_path, seed=1, days=120, people="diligent")
    assert report.by_light.get("red", 0) <= 2
    assert report.by_state["creation_task"]["closed"] == 32


def test_lazy_people_get_red_lights(pack: Pack, tmp_path: Path) -> None:
    report = _play(pack, tmp_path, seed=1, days=120, people="lazy")
    assert report.by_light["red"] > 20


def test_on_postgresql_too(pack: Pack, postgresql_url: str) -> None:
    report = simulate(pack, days=40, seed=5, url=postgresql_url)
    assert report.tasks >= 42


def test_both_databases_tell_the_same_story(pack: Pack, tmp_path: Path, postgresql_url: str) -> None:
    here = _play(pack, tmp_path, seed=5, days=40).to_json()
    there = simulate(pack, days=40, seed=5, url=postgresql_url).to_json()
    assert here == there


def test_when_it_ends_the_clock_owes_nothing(pack: Pack, tmp_path: Path) -> None:
    _play(pack, tmp_path, seed=3, days=60)
    port = open_port(f"sqlite:///{tmp_path / 'played.db'}")
    with port.read() as tx:
        wake = tasks.next_wake(tx)
        nudged = tasks.any_nudge(tx)
    port.close()
    assert wake is None or wake > CALENDAR.instant(date(2026, 3, 2), 8) + 60 * 86_400_000
    assert not nudged


def test_every_date_moves_by_whole_months(pack: Pack) -> None:
    later = moved(pack, date(2026, 9, 20))
    assert later.campaign.milestones["start"] == date(2026, 9, 2)
    assert later.version != pack.version
    assert later.people == pack.people


def test_months_ends_stay_months_ends(pack: Pack) -> None:
    later = moved(pack, date(2025, 12, 1)).campaign.milestones
    assert later["self_check"] == date(2026, 1, 31)  # from 30 April
    assert later["completion"] == date(2026, 2, 28)  # from 31 May


def test_the_month_of_the_campaign_itself_moves_nothing(pack: Pack) -> None:
    assert moved(pack, date(2026, 3, 31)) is pack


def test_people_work_at_their_desks_on_working_days() -> None:
    friday = CALENDAR.instant(date(2026, 4, 17), 16)
    assert CALENDAR.local(working_time(CALENDAR, friday, 90)).isoformat()[:16] == "2026-04-20T09:30"


def test_chance_is_a_function_of_what_it_is_for() -> None:
    assert Dice(1).roll("delay", 7) == Dice(1).roll("delay", 7)
    assert Dice(1).roll("delay", 7) != Dice(2).roll("delay", 7)
    assert Dice(1).roll("delay", 7) != Dice(1).roll("delay", 8)


def test_a_grown_pack_has_more_units_each_staffed_like_one_that_was_there(pack: Pack) -> None:
    big = grown(pack, "region", 25)
    regions = [unit for unit in big.campaign.units.values() if unit.kind == "region"]
    assert len(regions) == 25
    assert big.version != pack.version
    assert pack.campaign.units.keys() < big.campaign.units.keys()
    held = {(post.name, post.unit) for person in big.people for post in person.posts}
    new = [unit.code for unit in regions if unit.code not in pack.campaign.units]
    assert all(("handler", code) in held and ("leader", f"leading_group.{code}") in held for code in new)
    codes = [person.code for person in big.people]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(("kind", "count"), [("region", 9), ("no_such_kind", 5), ("bureau", 2)])
def test_what_cannot_be_grown_is_said(pack: Pack, kind: str, count: int) -> None:
    with pytest.raises(BadValue, match=kind):
        grown(pack, kind, count)


def test_invented_people_choose_teams_and_sign_jointly(tmp_path: Path) -> None:
    panel = "  panel: {label: {zh: 小组, en: Panel}, is: team at unit, min: 2}\n"
    errand = HEARING["errand"].replace("roles:\n", f"roles:\n{panel}", 1)
    errand = errand.replace("by: handler, asks: progress}", "by: handler, asks: [progress, panel]}")
    rounds = "rounds: {hand_out: {at: start 09:00, opens: {errand: {each: region}}}}\n"
    files = {**HEARING, "errand": errand, "campaign": HEARING["campaign"] + rounds}
    report = _play(check_pack(write_pack(tmp_path, **files)), tmp_path, seed=1, days=40, people="diligent")
    assert report.by_state["errand"] == {"closed": 2}, "handed in by a handler and a leader each"
    with open_port(f"sqlite:///{tmp_path / 'played.db'}").read() as tx:
        played = [tasks.task_of(row) for row in tasks.read_these(tx, [1, 2])]
    assert all(len(set(one.teams["panel"].members)) >= 2 for one in played), "min: 2"
    assert all(len(one.actors["submit"]) == 2 for one in played)
