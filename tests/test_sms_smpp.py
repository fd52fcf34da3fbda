"""Text messages by SMPP, against a message centre of our own that shares no code with the channel."""

from __future__ import annotations

import random
import socket
import struct
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channel import Outcome, Receipt, Unwritten
from notifier.content import Content, Envelope, Parcel
from notifier.sms.reports import answered_id, read_report, same_id
from notifier.sms.settings import SmppSettings
from notifier.sms.smpp import SmppChannel, smpp_channel
from tests.smsc import STEPS, Smsc, Step, report, smsc
from workflow.errors import Overtaken, UsageError

NUMBER = "+8613800000000"
SHORT = ("RG-12 逾期 3 天",)
LONG = ("督" * 60 + "，", "办" * 60 + "。")


def channel(centre: Smsc, **changes: object) -> SmppChannel:
    given_settings = {
        "host": "127.0.0.1", "port": centre.port, "system_id": "duban", "signature": "督办", "timeout": 5,
        "receipt_wait": 0.2, **changes,
    }  # fmt: skip
    return SmppChannel("text", SmppSettings.model_validate(given_settings), "secret")


def parcel(made: SmppChannel, phrases: tuple[str, ...] = SHORT, delivery: int = 7) -> Parcel:
    content = Content(language="zh", subject="x", text="x", phrases=phrases)
    envelope = Envelope(
        delivery_id=delivery,
        address=NUMBER,
        name="",
        message_id=f"<d{delivery}.x@duban.example>",
        class_="formal",
        about="notice",
        date=0,
        zone="Asia/Shanghai",
    )
    return Parcel(
        delivery_id=delivery,
        address=NUMBER,
        message_id=envelope.message_id,
        body=made.write(content, envelope),
    )


def sent(made: SmppChannel, *parcels: Parcel) -> list[Outcome]:
    with made.session() as send:
        return [send(one) for one in parcels]


# ---------------------------------------------------------------- what the centre sees


def test_a_short_text_is_one_submission_that_asks_for_a_report() -> None:
    with smsc() as centre:
        made = channel(centre)
        [outcome] = sent(made, parcel(made))
    assert outcome == Outcome.accepted(code="ESME_ROK", reference="1")
    [one] = centre.submitted
    assert (one.words, one.destination) == ("【督办】RG-12 逾期 3 天", "8613800000000")
    assert (one.registered, one.data_coding, one.esm_class) == (1, 8, 0)
    assert centre.binds == [("transceiver", "duban", "secret")]


def test_a_long_text_goes_in_segments_that_a_phone_joins() -> None:
    with smsc() as centre:
        made = channel(centre)
        [outcome] = sent(made, parcel(made, LONG))
    assert outcome.reference == "1 2"
    assert centre.texts() == ["【督办】" + "".join(LONG)]
    assert [one.header for one in centre.submitted] == [(7, 2, 1), (7, 2, 2)]
    assert all(len(one.octets) <= 140 for one in centre.submitted)


def test_english_goes_at_seven_bits_unless_the_centre_knows_unicode_only() -> None:
    with smsc() as centre:
        for unicode_only in (False, True):
            made = channel(centre, signature=None, unicode_only=unicode_only)
            sent(made, parcel(made, ("RG-12 is late",)))
    assert [(one.data_coding, one.words) for one in centre.submitted] == [
        (0, "RG-12 is late"), (8, "RG-12 is late"),
    ]  # fmt: skip


def test_a_number_is_national_where_the_centre_wants_it() -> None:
    with smsc() as centre:
        made = channel(centre, receiver_ton=2)
        sent(made, parcel(made))
    assert centre.submitted[0].destination == "13800000000"


def test_a_session_binds_once_for_all_its_messages() -> None:
    with smsc() as centre:
        made = channel(centre)
        outcomes = sent(made, *(parcel(made, delivery=number) for number in range(1, 6)))
    assert [one.end for one in outcomes] == ["accepted"] * 5
    assert len(centre.binds) == 1


def test_an_idle_link_is_asked_whether_it_is_there() -> None:
    with smsc() as centre:
        made = channel(centre, idle=1e-9)
        sent(made, parcel(made), parcel(made))
    assert centre.enquired == 1


# ---------------------------------------------------------------- how a try ends


@pytest.mark.parametrize(
    ("status", "end", "code"),
    [
        (0x0E, "unauthorised", "ESME_RINVPASWD"),
        (0x0D, "unauthorised", "ESME_RBINDFAIL"),
        (0x0F, "unauthorised", "ESME_RINVSYSID"),
        (0x58, "later", "ESME_RTHROTTLED"),
        (0x05, "later", "ESME_RALYBND"),
        (0x01, "later", "ESME_RINVMSGLEN"),  # of the bind: not the message's fault
    ],
)
def test_a_bind_that_fails(status: int, end: str, code: str) -> None:
    with smsc(bind_status=status) as centre:
        made = channel(centre)
        [outcome] = sent(made, parcel(made))
    assert (outcome.end, outcome.code) == (end, code)
    assert outcome.why is not None
    assert code in outcome.why.zh
    assert centre.submitted == []


@pytest.mark.parametrize(
    ("status", "end", "code"),
    [
        (0x58, "later", "ESME_RTHROTTLED"),
        (0x14, "later", "ESME_RMSGQFUL"),
        (0x08, "later", "ESME_RSYSERR"),
        (0x45, "later", "ESME_RSUBMITFAIL"),
        (0x0B, "refused", "ESME_RINVDSTADR"),
        (0x65, "refused", "ESME_RX_P_APPN"),
        (0x0A, "unauthorised", "ESME_RINVSRCADR"),
        (0x04, "later", "ESME_RINVBNDSTS"),
        (0x401, "later", "0x00000401"),
    ],
)
def test_a_submission_that_fails(status: int, end: str, code: str) -> None:
    with smsc(submit_statuses=[status]) as centre:
        made = channel(centre)
        first, second = sent(made, parcel(made), parcel(made))
    assert (first.end, first.code) == (end, code)
    assert second.end == "accepted"


@pytest.mark.parametrize("status", [0x58, 0x0B, 0x0A])
def test_a_text_of_which_only_a_part_was_accepted_is_in_doubt(status: int) -> None:
    with smsc(submit_statuses=[0, status]) as centre:
        made = channel(centre)
        [outcome] = sent(made, parcel(made, LONG))
    assert outcome.end == "unknown"
    assert outcome.why is not None
    assert "1" in outcome.why.en


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    made = channel(Smsc(port=port))
    [outcome] = sent(made, parcel(made))
    assert (outcome.end, outcome.code) == ("unreachable", "ConnectionRefusedError")


ENDS: dict[Step, tuple[str, str]] = {  # of a text in one segment, in two
    "connect": ("unreachable", "unreachable"),
    "bind": ("unreachable", "unreachable"),
    "bind_resp": ("unknown", "unknown"),
    "read": ("unknown", "unknown"),
    "submit": ("unknown", "unknown"),
    "between": ("accepted", "unknown"),
    "resp": ("accepted", "accepted"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("phrases", "which"), [(SHORT, 0), (LONG, 1)])
def test_a_centre_that_dies_at_each_step(step: Step, phrases: tuple[str, ...], which: int) -> None:
    """Bound and hung up at once, it may be noticed before the submission or after it."""
    with smsc([step]) as centre:
        made = channel(centre)
        [outcome] = sent(made, parcel(made, phrases))
    if step in ("bind_resp", "between"):
        assert outcome.end in (ENDS[step][which], "unreachable", "accepted" if which == 0 else "unknown")
    else:
        assert outcome.end == ENDS[step][which]
    if outcome.end == "unreachable":
        assert centre.submitted == []


def test_a_centre_that_never_answers_leaves_it_in_doubt() -> None:
    with smsc(mute=True) as centre:
        made = channel(centre, timeout=0.2)
        [outcome] = sent(made, parcel(made))
    assert (outcome.end, outcome.code) == ("unknown", "TimeoutError")


@pytest.mark.parametrize(
    "lie",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        struct.pack(">I", 5) + b"x",
        struct.pack(">I", 2**31) + b"x" * 100,
        struct.pack(">IIII", 16, 0x0BAD, 0, 1),
        struct.pack(">IIII", 20, 0x80000004, 0, 2) + b"abcd",
    ],
    ids=["http", "too short", "endless", "no command", "no end of string"],
)
def test_a_centre_that_speaks_something_else_leaves_it_in_doubt(lie: bytes) -> None:
    with smsc(instead=lie) as centre:
        made = channel(centre, timeout=0.5)
        [outcome] = sent(made, parcel(made))
    assert outcome.end in ("unknown", "accepted")
    assert outcome.end == "unknown" or b"abcd" in lie  # an id without its end is an id


def test_a_link_that_broke_between_two_messages_is_made_again() -> None:
    with smsc(["resp"]) as centre:
        made = channel(centre)
        outcomes = sent(made, parcel(made), parcel(made), parcel(made))
    assert outcomes[0].end == "accepted"
    assert outcomes[-1].end == "accepted"
    assert len(centre.binds) == 2


# ---------------------------------------------------------------- nothing is lost


def storm(runs: int, seed: int) -> None:
    """As the office does it: each message again until it is accepted, however the centre dies."""
    chance = random.Random(seed)
    for number in range(1, runs + 1):
        dies = [chance.choice(STEPS) for _ in range(chance.randint(0, 4))]
        phrases = chance.choice((SHORT, LONG))
        with smsc(dies) as centre:
            made = channel(centre)
            one = parcel(made, phrases, number)
            ends = Counter[str]()
            while not ends["accepted"]:
                ends[sent(made, one)[0].end] += 1
        assert set(ends) <= {"accepted", "unknown", "unreachable"}
        whole = len(centre.submitted) // (1 if phrases == SHORT else 2)
        assert centre.texts()[0] == "【督办】" + "".join(phrases)
        assert 1 <= whole <= 1 + ends["unknown"]


def test_a_centre_that_dies_loses_nothing_and_doubles_only_what_is_in_doubt() -> None:
    storm(100, seed=1)


@pytest.mark.long
def test_a_centre_that_dies_2000_times() -> None:
    storm(2_000, seed=2)


# ---------------------------------------------------------------- receipts


def test_a_report_is_answered_only_after_it_was_kept() -> None:
    with smsc(deliver=[report("1", "DELIVRD"), report("2", "UNDELIV", "034")]) as centre:
        kept: list[tuple[Receipt, int]] = []
        count = channel(centre).receipts(lambda one: kept.append((one, len(centre.answered))))
    assert count == 2
    assert [(one.reference, one.end, one.code) for one, _ in kept] == [
        ("1", "delivered", "DELIVRD 000"), ("2", "bounced", "UNDELIV 034"),
    ]  # fmt: skip
    assert kept[0][1] == 0
    assert centre.answered == [0, 0]


def test_a_report_that_could_not_be_kept_is_not_answered() -> None:
    def full(_receipt: Receipt) -> None:
        raise OSError("full")

    with smsc(deliver=[report("1", "DELIVRD")]) as centre, pytest.raises(OSError, match="full"):
        channel(centre).receipts(full)
    assert centre.answered == []


def test_a_report_that_comes_too_early_is_asked_for_again_and_holds_up_no_other() -> None:
    kept: list[str] = []

    def keep(receipt: Receipt) -> None:
        if receipt.reference == "1":
            raise Overtaken("尚未", "not yet")
        kept.append(receipt.reference)

    reports = [report("1", "DELIVRD"), report("2", "DELIVRD")]
    with smsc(deliver=reports) as centre, pytest.raises(Overtaken):
        channel(centre).receipts(keep)
    assert kept == ["2"]
    assert centre.answered == [0x64, 0]  # ESME_RX_T_APPN: once more, later


def test_what_people_write_back_is_answered_and_left() -> None:
    with smsc(deliver=[b"thank you", report("1", "DELIVRD")]) as centre:
        kept: list[Receipt] = []
        assert channel(centre).receipts(kept.append) == 1
    assert centre.answered == [0, 0]


def test_a_report_on_a_session_waits_for_who_keeps_it() -> None:
    with smsc(interrupting=True) as centre:
        made = channel(centre)
        kept: list[Receipt] = []
        with made.session() as send:
            assert send(parcel(made)).end == "accepted"
            assert centre.answered == []
            assert made.receipts(kept.append) == 1
    assert [one.reference for one in kept] == ["earlier"]
    assert centre.answered == [0]


def test_a_centre_may_want_one_bind_to_send_and_one_for_reports() -> None:
    with smsc(deliver=[report("1", "DELIVRD")]) as centre:
        made = channel(centre, bind="separate")
        sent(made, parcel(made))
        assert made.receipts(lambda _receipt: None) == 1
    assert [how for how, _, _ in centre.binds] == ["transmitter", "receiver"]


@pytest.mark.parametrize("trouble", [{"bind_status": 0x0E}, {"dies": ["connect"]}])
def test_a_centre_that_cannot_be_asked_has_nothing_to_say(trouble: dict[str, object]) -> None:
    with smsc(**trouble) as centre:  # type: ignore[arg-type]
        assert channel(centre).receipts(lambda _receipt: None) == 0


@pytest.mark.parametrize(
    ("stat", "end"),
    [
        ("DELIVRD", "delivered"),
        ("UNDELIV", "bounced"),
        ("EXPIRED", "bounced"),
        ("REJECTD", "bounced"),
        ("DELETED", "bounced"),
        ("ACCEPTD", "later"),
        ("ENROUTE", "later"),
        ("UNKNOWN", "later"),
        ("MA:0001", "later"),
    ],
)
def test_what_a_report_means(stat: str, end: str) -> None:
    receipt = read_report(report("a1", stat).decode(), None, None, "same")
    assert receipt is not None
    assert (receipt.reference, receipt.end) == ("a1", end)


def test_fields_of_a_report_count_before_its_text() -> None:
    receipt = read_report(report("1", "ENROUTE").decode(), "abc", 2, "same")
    assert receipt == Receipt(reference="abc", end="delivered", code="DELIVRD 000")


@given(st.integers(0, 2**63))
def test_ids_are_the_same_in_either_number_system(number: int) -> None:
    assert same_id(str(number), "decimal") == answered_id(f"{number:08X}", "decimal")
    assert same_id(f"{number:x}", "hex") == answered_id(f"{number:010d}", "hex")


@given(
    st.text(), st.none() | st.text(), st.none() | st.integers(), st.sampled_from(("same", "hex", "decimal"))
)
def test_no_report_brings_anything_down(
    text: str, receipted: str | None, state: int | None, form: str
) -> None:
    receipt = read_report(text, receipted, state, form)  # type: ignore[arg-type]
    assert receipt is None or receipt.reference


# ---------------------------------------------------------------- settings


def test_a_password_is_named_and_short_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = {"host": "smsc.example", "system_id": "duban"}
    monkeypatch.setenv("SMSC", "longer than eight")
    with pytest.raises(UsageError, match="8 ASCII"):
        smpp_channel("text", SmppSettings.model_validate({**settings, "password": "env:SMSC"}))
    with pytest.raises(UsageError, match="env:NAME"):
        SmppSettings.model_validate({**settings, "password": "literal"})
    with pytest.raises(UsageError, match="certificates"):
        smpp_channel(
            "text",
            SmppSettings.model_validate({**settings, "tls": True, "certificates": str(tmp_path / "no.pem")}),
        )


def test_a_wrong_number_is_not_written() -> None:
    made = channel(Smsc(port=1))
    content = Content(language="en", subject="x", text="x", phrases=("x",))
    envelope = Envelope(
        delivery_id=1,
        address="nobody",
        name="",
        message_id="<x>",
        class_="formal",
        about="notice",
        date=0,
        zone="UTC",
    )
    with pytest.raises(Unwritten):
        made.write(content, envelope)
