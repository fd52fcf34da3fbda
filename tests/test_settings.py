"""The settings file: read strictly, every mistake said with its place and what was expected."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.console import place_of, table_of
from commands.desk import Desk
from notifier.addresses import address_of, minutes_of, quiet_of, topic_of, written
from notifier.settings import SettingsError, read_settings
from notifier.states import LABELS, MEANINGS, State
from workflow.clock import VirtualClock
from workflow.errors import BadValue
from workflow.text import Text

WHOLE = """
[site]
url = "https://duban.example.org/"
signature = "示例督办"
link_hours = 48

[manners]
quiet = "22:00-07:00"
workdays_only = true

[operators]
people = ["admin_one"]
unmask = true

[channels.files]
kind = "folder"
folder = "var/mail"

[channels.post]
kind = "mail"
host = "mail.example.org"
user = "duban"
password = "env:SMTP_PASSWORD"
sender = "duban@example.org"

[words]
"""


def read(tmp_path: Path, text: str) -> tuple[Text, ...]:
    """What is wrong with a file."""
    file = tmp_path / "duban.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_settings(file)
    assert str(file) in refused.value.text.zh
    assert str(file) in refused.value.text.en
    return refused.value.problems


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "duban.toml"
    file.write_text(WHOLE, encoding="utf-8")
    found = read_settings(file)
    assert found.site.url == "https://duban.example.org"
    assert found.domain == "duban.example.org"
    assert (found.site.link_hours, found.manners.workdays_only) == (48, True)
    assert sorted(found.channels) == ["files", "post"]


def test_how_the_web_is_served_is_said_in_one_table(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_METRICS", "seldom-told")
    file = tmp_path / "duban.toml"
    table = 'https = true\norganisation = "办"\nproxies = ["10.0.0.1"]\nmetrics_token = "env:OF_METRICS"\n'
    file.write_text(f"[console]\n{table}", encoding="utf-8")
    desk = Desk(
        language="en",
        url=sqlite_url,
        evidence=tmp_path,
        clock=VirtualClock(0),
        salts=lambda: b"0" * 16,
        settings_file=file,
    )
    found = place_of(desk, table_of(desk)).settings
    assert (found.https, found.organisation, found.metrics_token) == (True, "办", "seldom-told")
    assert (found.proxies, found.kept_days) == (frozenset({"10.0.0.1"}), 365)
    said = table_of(desk, https=False, organisation="another")
    assert (said.https, said.organisation, said.proxies) == (False, "another", ["10.0.0.1"])
    desk.port.close()


def test_an_empty_file_has_the_usual_settings(tmp_path: Path) -> None:
    file = tmp_path / "duban.toml"
    file.write_text("", encoding="utf-8")
    found = read_settings(file)
    assert (found.domain, found.manners.quiet, found.operators.unmask) == (
        "duban.invalid",
        "21:00-07:30",
        False,
    )


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("[sites]\n", "不认识“sites”，是否为 site", "'sites' is unknown; did you mean site"),
        (
            '[site]\nuri = "x"\n',
            "[site]：不认识“uri”，是否为 url",
            "[site]: 'uri' is unknown; did you mean url",
        ),
        ("[site]\nqqqqqq = 1\n", "可用 domain、link_hours、signature、url", "there are domain, link_hours"),
        ("site = 3\n", "[site]：应为一节", "[site]: expected a table"),
        (
            '[site]\nlink_hours = "72"\n',
            "[site] link_hours：应为整数",
            "[site] link_hours: expected a whole number",
        ),
        ("[site]\nlink_hours = 0\n", "不能小于 1", "must be 1 or more"),
        ("[site]\nlink_hours = 721\n", "不能大于 720", "must be 720 or less"),
        (
            '[site]\nurl = "http://duban.example.org"\n',
            "[site] url：应为 https://",
            "[site] url: expected an address",
        ),
        (
            '[site]\nurl = "https://u:p@duban.example.org"\n',
            "不带参数和账号",
            "without a query or an account",
        ),
        (
            '[console]\nproxies = ["proxy.example.org"]\n',
            "[console] proxies.0：应为 IP 地址",
            "[console] proxies.0: expected an IP address",
        ),
        ('[console]\norganisation = "a\\nb"\n', "一行至多 60 字", "one line of 60 characters"),
        ("[console]\naccess_days = 183\n", "不能小于 184", "must be 184 or more"),
        (
            '[console]\nmetrics_token = "plain"\n',
            "不得直接写出密码或密钥",
            "A secret must not stand in the settings",
        ),
        ('[site]\nsignature = "【督办】"\n', "不写方括号", "without their brackets"),
        ('[site]\ndomain = "no domain"\n', "应为域名", "expected a domain"),
        ('[manners]\nquiet = "21-7"\n', "[manners] quiet", "is no time of day"),
        ("[manners]\nworkdays_only = 1\n", "应为 true 或 false", "expected true or false"),
        (
            '[operators]\npeople = "li"\n',
            "[operators] people：应为数组",
            "[operators] people: expected an array",
        ),
        ("[channels]\npost = 3\n", "[channels.post]：应为一节", "[channels.post]: expected a table"),
        ("[channels.post]\n", "缺少 kind", "kind is missing: one of"),
        ('[channels.post]\nkind = "mial"\n', "是否为 mail", "did you mean mail"),
        ('[channels."Post Office"]\nkind = "folder"\nfolder = "x"\n', "通道名只用", "a channel's name takes"),
        ('[channels.files]\nkind = "folder"\n', "folder：缺少此项", "folder: it is missing"),
        ('[channels.files]\nkind = "folder"\nfoldr = "x"\n', "是否为 folder", "did you mean folder"),
        ("[site\n", "不是 TOML", "it is no TOML"),
        ("[site]\nurl = 1\nurl = 2\n", "不是 TOML", "it is no TOML"),
        ("[words]\nx = 3\n", "应为文本，或 {zh, en}", "expected a text, or {zh, en}"),
        ('[words.x]\nzh = "x"\n', "[words] x en：缺少此项", "[words] x en: it is missing"),
    ],
)
def test_every_mistake_names_its_place_and_what_was_expected(
    tmp_path: Path, text: str, zh: str, en: str
) -> None:
    found = read(tmp_path, text)
    assert any(zh in one.zh for one in found), found
    assert any(en in one.en for one in found), found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = '[site]\nuri = 1\nlink_hours = 0\n[manners]\nquiet = "x"\n[channels.a]\nkind = "b"\n'
    assert len(read(tmp_path, text)) == 4


@pytest.mark.parametrize("secret", ["hunter2", "env", "env:", "ENV:X", "${SMTP}"])
def test_a_secret_that_stands_in_the_file_is_refused_and_not_repeated(tmp_path: Path, secret: str) -> None:
    found = read(tmp_path, WHOLE.replace("env:SMTP_PASSWORD", secret))
    assert any("must not stand in the settings" in one.en for one in found)
    assert "hunter2" not in str(found)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="can't be read"):
        read_settings(tmp_path)
    (tmp_path / "duban.toml").write_bytes(b"[site]\nurl = '\xff'\n")
    with pytest.raises(SettingsError, match="UTF-8"):
        read_settings(tmp_path / "duban.toml")
    (tmp_path / "duban.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(SettingsError, match="larger than 1 MB"):
        read_settings(tmp_path / "duban.toml")


@given(st.text(max_size=200))
def test_whatever_stands_in_a_file_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.mktemp("any") / "duban.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(SettingsError):  # and no other error
        read_settings(file)


# --- addresses and wishes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("mail", " Wang.Wu+duban@Example.ORG ", "Wang.Wu+duban@example.org"),
        ("mail", "a@xn--fiqs8s.example", "a@xn--fiqs8s.example"),
        ("sms", "+86 138-0000-0000", "+8613800000000"),
        ("sms", "13800000000", "13800000000"),
        ("chat", "wecombot://key", "wecombot://key"),
        ("folder", "li_one", "li_one"),
    ],
)
def test_an_address_is_kept_as_its_kind_writes_it(kind: str, typed: str, kept: str) -> None:
    assert address_of(kind, typed) == kept
    assert address_of(kind, kept) == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("mail", "wang"),
        ("mail", "wang@localhost"),
        ("mail", "Wang <wang@example.org>"),
        ("mail", "wang@example.org\r\nBcc: all@example.org"),
        ("mail", "王@example.org"),
        ("mail", ".wang@example.org"),
        ("mail", "a" * 65 + "@example.org"),
        ("mail", "a@" + "b" * 60 + ("." + "c" * 60) * 4),
        ("mail", "a@b@example.org"),
        ("sms", "1380000000a"),
        ("sms", "１３８００００００００"),  # full-width digits
        ("sms", "110"),
        ("sms", "1" * 16),
        ("chat", "wecom"),
        ("chat", "https://a b"),
        ("folder", "../etc"),
        ("folder", "a/b"),
        ("folder", ""),
        ("pigeon", "coo"),
    ],
)
def test_what_can_be_no_address_is_refused(kind: str, typed: str) -> None:
    with pytest.raises(BadValue) as refused:
        address_of(kind, typed)
    assert "Bcc" not in str(refused.value)


def test_a_kind_that_is_mistyped_is_told_the_nearest() -> None:
    with pytest.raises(BadValue, match="did you mean mail"):
        address_of("mial", "a@example.org")


@given(st.integers(0, 24 * 60 - 1))
def test_a_time_of_day_is_read_as_it_is_written(minutes: int) -> None:
    assert minutes_of(written(minutes)) == minutes


@pytest.mark.parametrize("typed", ["24:00", "7:30", "07:60", "07：30", "", "07:30 "])
def test_what_is_no_time_of_day_is_refused(typed: str) -> None:
    with pytest.raises(BadValue):
        minutes_of(typed)


def test_quiet_hours_may_go_over_midnight() -> None:
    assert quiet_of("21:00-07:30") == (1260, 450)
    assert quiet_of("00:00 - 00:00") == (0, 0)
    with pytest.raises(BadValue):
        quiet_of("21:00")


@pytest.mark.parametrize("topic", ["formal", "digest:", "digest:A", "notices ", "escalation"])
def test_formal_notices_are_no_topic(topic: str) -> None:
    with pytest.raises(BadValue):
        topic_of(topic)


# --- what the guide says ----------------------------------------------------------------------------

GUIDE = (Path(__file__).resolve().parents[1] / "docs" / "notifier.md").read_text(encoding="utf-8")


def test_the_guide_shows_settings_that_can_be_used(tmp_path: Path) -> None:
    shown = GUIDE.partition("```toml\n")[2].partition("```")[0]
    file = tmp_path / "duban.toml"
    file.write_text(shown + '\n[channels.text]\nkind = "folder"\nfolder = "x"\n', encoding="utf-8")
    found = read_settings(file)
    assert (found.domain, found.budgets["text"].day, found.office.tries) == ("duban.example.org", 5000, 12)
    for table in ("site", "manners", "office", "operators"):
        for name in type(getattr(found, table)).model_fields:
            assert f"\n{name} = " in shown or f".{name}." in shown, name


@pytest.mark.parametrize("state", list(State))
def test_the_guide_says_what_each_state_means(state: State) -> None:
    assert (
        f"| `{state}` {LABELS[state].zh} {LABELS[state].en} | {MEANINGS[state].zh}{MEANINGS[state].en} |"
        in GUIDE
    )
